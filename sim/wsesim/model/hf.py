"""Read a Hugging Face `config.json` from disk as a `ModelSpec`. Keys and their defaults: transformers 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wsesim.errors import SpecError, nearest
from wsesim.model.hf_families import FAMILIES
from wsesim.model.hf_file import HfConfig, shown
from wsesim.model.hf_packed import packed
from wsesim.model.hf_parts import NAMES, key_of, sizes
from wsesim.model.hf_refused import note_unread, refuse_of_others, refuse_types, refuse_unmodelled
from wsesim.model.hf_task import task_of
from wsesim.model.spec import ModelSpec

_TEXT_OF = {"gemma3": "gemma3_text", "mistral3": "mistral", "pixtral": "mistral", "llava": "llama",
            "llava_next": "llama", "idefics2": "mistral", "paligemma": "gemma"}  # fmt: skip
"""By the type of a model with images, that of its text model, where the file leaves it out."""
_TEXT_DEFAULTS: Mapping[str, Mapping[str, int]] = {
    "llama": {"num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "intermediate_size": 11008,
              "vocab_size": 32000, "max_position_embeddings": 2048},
    "mistral": {"num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "intermediate_size": 14336,
                "vocab_size": 32000, "max_position_embeddings": 131072},
}  # fmt: skip
"""What text models of published files with images leave out, as transformers fills it in."""


def read_hf_config(path: str | Path, *, task: str | None = None) -> ModelSpec:
    """Return the model that the `config.json` at *path* describes.

    The task is the one of its `architectures`, or *task*; what is not followed stands in the model's `notes`,
    what of it changes numbers in `differs`.

    Raises:
        InputError: the file is missing, over 1 MiB or not JSON; a key is missing or wrong; something is not supported.
    """
    config = _text_part(HfConfig.read(path))
    _refuse_other_files(config)
    refuse_unmodelled(config)
    kind = _known_type(config)
    refuse_types(config)
    family = FAMILIES[kind]
    keys = {name: key_of(config, name, family.usual) for name in NAMES}
    fields = family.read(config, sizes(config, family.usual, family.defaults))
    refuse_of_others(config)
    fields |= packed(config, fields["layers"], experts=bool(fields.get("experts")))
    fields |= task_of(config, family, causal=fields.get("causal", True), wanted=task)
    note_unread(config)
    try:
        return ModelSpec(
            name=_name(Path(path), kind),
            source=f"config.json of a {kind} model",
            notes=tuple(config.notes),
            differs=tuple(config.differs),
            **fields,
        )
    except SpecError as error:
        config.fail(_key_of(config, error.name, keys), error.message)


def _known_type(config: HfConfig) -> str:
    """Return the model type; of one that is not known, say how such a model is described by hand."""
    kind = config.value("model_type")
    if isinstance(kind, str) and kind not in FAMILIES:
        said = {name: config.data[keys[0]] for name, every in {**NAMES, **_ALSO}.items()
                if (keys := [key for key in every if type(config.data.get(key)) is int])}  # fmt: skip
        shape = ", ".join(f"{name}: {value}" for name, value in said.items()) or "layers: ..."
        config.fail(
            "model_type",
            f"= {shown(kind)} is no model type that is known{nearest(kind, FAMILIES)}; one without a family here is "
            f"described by hand, as `model: {{{shape}}}` and what its code is built of: {BY_HAND}",
        )
    return config.choice("model_type", {name: name for name in FAMILIES})


_ALSO: Mapping[str, tuple[str, ...]] = {
    "kv_heads": ("num_key_value_heads", "num_kv_heads"), "head_width": ("head_dim",),
    "experts": ("num_experts", "num_local_experts", "n_routed_experts"), "experts_per_token": ("num_experts_per_tok",),
    "window": ("sliding_window",),
}  # fmt: skip
BY_HAND = (
    "norm, norm_order, block, activation, position, bias, attention_bias, tied; head_norm or wide_norm, window and "
    "full_every, sinks, shared_width and router of experts, latent_rank where it has such; what is not among these has "
    "no mechanism here"
)
"""Keys of `model` that say what a model is built of."""


_OTHER: Mapping[str, tuple[str, ...]] = {
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv"), "rotary_width": ("rotary_dim",),
    "head_width": ("head_dim", "n_head", "num_attention_heads"),
    "experts": ("num_local_experts", "num_experts", "n_routed_experts"), "latent_rank": ("kv_lora_rank",),
    **dict.fromkeys(("dense_layers", "dense_width"),
                    ("first_k_dense_replace", "mlp_layer_types", "moe_layer_start_index")),
    "still_every": ("no_rope_layers", "no_rope_layer_interval"),
    "query_rank": ("q_lora_rank",), "value_width": ("v_head_dim",), "router_groups": ("n_group",),
    "router_groups_kept": ("topk_group",), "shared_width": ("n_shared_experts",),
    "experts_per_token": ("num_experts_per_tok",), "token_types": ("type_vocab_size",),
    "weight_format": ("quantization_config", "compression_config"),
}  # fmt: skip


def _key_of(config: HfConfig, name: str, keys: Mapping[str, str]) -> str:
    """Return the key that a field of the model was read from."""
    return keys.get(name) or (config.first(_OTHER[name]) if name in _OTHER else name)


def _text_part(config: HfConfig) -> HfConfig:
    """Return the text model of a file that has images or sound beside."""
    if config.has("thinker_config"):  # of a model that speaks: what thinks has the text model
        inside = config.inner("thinker_config")
        config = replace(inside, data={"architectures": config.data.get("architectures"), **inside.data})
    key = config.first(("text_config", "llm_config", "language_config"))
    if not config.has(key) or config.has("num_hidden_layers"):
        if "vision_config" in config.data:
            config.note("vision_config", "is left out: the text model is what is read")
        return config
    found, outer = config.inner(key), config.data
    config.note(key, "is what is read: the parts for images or sound are left out")
    kind = found.data.get("model_type") or _TEXT_OF.get(str(outer.get("model_type")))
    both = ("architectures", "tie_word_embeddings", "quantization_config", "compression_config")
    shared = {key: outer[key] for key in both if key in outer}
    usual = _TEXT_DEFAULTS.get(str(kind), {})
    if filled := [f"{key} {value:,}" for key, value in usual.items() if key not in found.data]:
        config.note(key, f"leaves out what its class has: {', '.join(filled)}")
    data: dict[str, Any] = {**usual, **shared, **found.data, **({"model_type": kind} if kind else {})}
    return replace(found, data=data, asked=set())


def _refuse_other_files(config: HfConfig) -> None:
    """Say of a file without a model type which one it seems to be."""
    if "model_type" in config.data:
        return
    for key, what in _OTHER_FILES.items():
        if key in config.data:
            config.fail(key, f"tells {what}, not a config.json of Hugging Face: give that of the model")
    named = shown(config.data.get("architectures"))
    ends = ("For", "LMHead", "Model")
    likely = [kind for kind, family in FAMILIES.items() if any(f'"{family.prefix}{end}' in named for end in ends)]
    if likely:
        config.fail("architectures", f'= {named}, but model_type is missing: add "model_type": "{likely[0]}"')


_OTHER_FILES: Mapping[str, str] = {
    "peft_type": "the file of an adapter", "lora_alpha": "the file of an adapter", "dim": "a params.json of weights "
    "as they were first published", "do_sample": "the settings of writing", "added_tokens_decoder": "a tokenizer",
    "weight_map": "the index of weights",
}  # fmt: skip
"""By a key of theirs, files that lie beside a config.json."""


def _name(path: Path, kind: str) -> str:
    """A file is named after its folder, as they are all called config.json."""
    name = path.parent.name if path.stem == "config" else path.stem
    return name if name.strip(".") else kind
