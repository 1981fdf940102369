"""A `ModelSpec` as a Hugging Face `config.json`: the way back from `read_hf_config`, for models of GPT-2's kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from wsesim.errors import SpecError
from wsesim.model.spec import ModelSpec
from wsesim.ops import option_named

_NOT_SHAPE = ("name", "source", "token_budget", "notes")
_UNREAD = ("masked", "sentence_head", "rotary_width", "rotary_pairs", "rotary_base")
"""Fields that make no difference to a GPT-2."""
_ARCHITECTURES = {"lm": "GPT2LMHeadModel", "classify": "GPT2ForSequenceClassification"}


def hf_config(model: ModelSpec) -> Mapping[str, object]:
    """Return what the config.json of *model* says; there is no dropout.

    Raises:
        SpecError: naming a field that GPT-2 has otherwise, so that the file could not say it.
    """
    _require_gpt2(model)
    written = {
        "model_type": "gpt2", "architectures": [_ARCHITECTURES[model.task]], "n_layer": model.layers,
        "n_head": model.heads, "n_embd": model.width, "n_inner": model.ffn_width, "n_positions": model.max_length,
        "vocab_size": model.vocab, "activation_function": _named(model.activation),
        "layer_norm_epsilon": model.norm_epsilon, "tie_word_embeddings": model.tied, "resid_pdrop": 0.0,
        "embd_pdrop": 0.0, "attn_pdrop": 0.0,
    }  # fmt: skip
    if model.task != "classify":
        return written
    labels = {str(number): f"LABEL_{number}" for number in range(model.classes)}
    return {**written, "id2label": labels, "label2id": {label: int(number) for number, label in labels.items()}}


def _require_gpt2(model: ModelSpec) -> None:
    """Refuse what a file of a gpt2 does not say and reading it would not bring back."""
    if model.width % model.heads:
        raise SpecError("heads", f"= {model.heads} does not divide the width {model.width}, as a gpt2's do")
    if model.task not in _ARCHITECTURES:
        raise SpecError("task", f"must be {' or '.join(_ARCHITECTURES)} in a config.json of a gpt2, got {model.task}")
    back = ModelSpec(
        name=model.name, layers=model.layers, width=model.width, heads=model.heads, kv_heads=model.heads,
        head_width=model.width // model.heads, ffn_width=model.ffn_width, vocab=model.vocab,
        max_length=model.max_length, activation=model.activation, norm_epsilon=model.norm_epsilon, tied=model.tied,
        task=model.task, classes=model.classes,
    )  # fmt: skip
    for each in fields(ModelSpec):
        wanted, found = getattr(back, each.name), getattr(model, each.name)
        if each.name not in (*_NOT_SHAPE, *_UNREAD) and wanted != found:
            raise SpecError(each.name, f"= {found} is not what a gpt2 has, {wanted}: its config.json cannot say it")


def _named(activation: str) -> str:
    known = option_named("activation", gated=False)
    names = [name for name, value in known.items() if value == activation]
    if not names:
        raise SpecError("activation", f"must be one of {', '.join(known.values())} in a gpt2, got {activation}")
    return names[0]
