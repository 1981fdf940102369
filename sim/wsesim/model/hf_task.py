"""What a model of a config.json is for: by the class that its `architectures` names."""

from __future__ import annotations

from collections.abc import Mapping

from wsesim.model.hf_families import HfFamily
from wsesim.model.hf_file import HfConfig, shown
from wsesim.model.hf_parts import Fields

_WRITES = {"ForCausalLM": "lm", "LMHeadModel": "lm", "LMHead": "lm", "ForConditionalGeneration": "lm"}
_FILLS = {"ForPreTraining": "mlm", "ForMaskedLM": "mlm"}
_TELLS = {
    "ForSequenceClassification": "classify", "ForTokenClassification": "tag", "ForQuestionAnswering": "tag",
    "ForMultipleChoice": "classify", "ForNextSentencePrediction": "classify", "Model": "embed",
}  # fmt: skip
_FIXED = {"ForQuestionAnswering": 2, "ForMultipleChoice": 1, "ForNextSentencePrediction": 2}
"""Classes that a head has whatever the file says."""


def task_of(config: HfConfig, family: HfFamily, *, causal: bool, wanted: str | None = None) -> Fields:
    """Return task, classes and heads of a model that is *causal* or an encoder; the task is *wanted*, if that is said.

    Raises:
        InputError: the class is of another family, or for something else.
    """
    fields: Fields
    if wanted is not None:
        fields = {"task": wanted, "sentence_head": family.pools if wanted == "embed" else family.sentences}
        return fields | ({"classes": _classes(config)} if wanted in ("classify", "tag") else {})
    prefix = family.prefix
    known: Mapping[str, str] = {**(_WRITES if causal else _FILLS), **_TELLS}
    ending = _ending(config, prefix, known)
    if not ending:
        return {"task": "lm" if causal else "mlm", "sentence_head": family.sentences}
    task = known[ending]
    if task == "embed":
        other = "lm" if causal else "mlm"
        what = f"names a body without a head ({prefix}Model): hidden states are what it gives"
        config.note("architectures", f"{what}; model.task: {other} adds one")
    fields = {"task": task, "sentence_head": family.pools if task == "embed" else ending == "ForPreTraining"}
    if task in ("classify", "tag"):
        fields["classes"] = _FIXED.get(ending) or _classes(config)
    return fields


def _ending(config: HfConfig, prefix: str, known: Mapping[str, str]) -> str:
    """Return what follows the family's name in the class; nothing where the file names none."""
    named = config.value("architectures", [])
    if "architectures" in config.data and named in (None, []):
        config.note("architectures", "names no class: that of pre-training is meant; model.task says another")
    if named == []:
        return ""
    only = str(named[0]) if isinstance(named, list) and len(named) == 1 and isinstance(named[0], str) else ""
    only = _loaded(config, only, known)
    ending = next((end for end in known if only.endswith(end)), "")
    start = only.removesuffix(ending).lower()
    slip = not start.startswith(prefix.lower()) and only.startswith(_OTHERS)
    if not ending or slip or (ending == "Model" and start != prefix.lower()):
        wanted = ", ".join(f"{prefix}{end}" for end in known)
        config.fail("architectures", f"= {shown(named)} is not supported; supported: one of {wanted}")
    return ending


def _loaded(config: HfConfig, only: str, known: Mapping[str, str]) -> str:
    """Return the class *only*, or that which its own code loads in its place: ChatGLM's files name a body and mean a
    model with its head."""
    loaded = config.inner("auto_map").value("AutoModel", "") if isinstance(config.value("auto_map", {}), dict) else ""
    other = str(loaded).rpartition(".")[2]
    ending = next((end for end in known if other.endswith(end)), "")
    if not only.endswith("Model") or not ending or known[ending] == "embed" or known[ending] not in ("lm", "mlm"):
        return only
    config.note("architectures", f"names {only}, for which auto_map loads {other}: that is what is read")
    return other


_OTHERS = ("GPT2", "GPTJ", "GPTNeo", "Bert", "Roberta", "Bloom", "OPT", "T5", "Mixtral", "Gemma", "Qwen", "Phi")
"""Families whose class in a file of another is a slip; look-alikes have classes of names of their own."""


def _classes(config: HfConfig) -> int:
    labels = config.value("id2label", None)
    if labels is not None and not isinstance(labels, dict):
        config.fail("id2label", f"must be an object of labels, got {shown(labels)}")
    classes = config.integer("num_labels", len(labels) if labels is not None else 2)
    if labels is not None and classes != len(labels):
        config.fail("num_labels", f"= {classes} but id2label has {len(labels)} labels")
    return classes
