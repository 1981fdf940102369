"""The part `model` of a job → the section `model` of a workload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsesim.errors import InputError, nearest
from wsesim.workload.problems import shown
from wsesim.workload.zoo.known import LORA, apart
from wsesim.workload.zoo.parts import ADAPTERS, JobPart
from wsesim.workload.zoo.tables import (
    ACTIVATIONS,
    BY_KEYS,
    ELSEWHERE,
    FAMILIES,
    FREE,
    MECHANISMS,
    MODEL,
    NOT_MODELLED,
    Apart,
    Only,
    To,
    ZooFamily,
)
from wsesim.workload.zoo.translation import Translation

MASKED = 0.15
"""Share of tokens that are masked, where the loader does not say how many (Devlin et al. 2018)."""
_NEEDED = ("hidden_size", "num_hidden_layers", "num_heads")


def read_model(made: Translation, length: int | None) -> None:
    """Put the model; *length* is that of a sequence, if the loader says it.

    Raises:
        InputError: a model, or a value of a key, that has no mechanism here.
    """
    given = made.parts.model
    name, family = _family(made, given)
    missing = [key for key in _NEEDED if given.values.get(key) is None]
    if missing:
        slip = made.slip(given, missing, MODEL)
        raise InputError([made.document.problem(f"{made.named(given, missing[0])} is missing{slip}", given.loc)])
    kept = {key: value for key, value in given.values.items() if value is not None} | _without_positions(given)
    part = JobPart(given.loc, {**family.defaults, **kept})
    made.filled += [f"{key} = {shown(value)}" for key, value in family.defaults.items() if key not in kept]
    made.put("model", "name", name, given, "name")
    made.put("model", "source", "a job of the Cerebras Model Zoo", given, "name")
    for key, value in family.fields.items():
        made.put("model", key, value, given, "name")
    for key in part.values:
        if key in MODEL:
            _translate(made, part, key)
    _activation(made, part)
    _attention(made, part)
    _experts(made, part)
    _adapters(made, part)
    _head(made, part, family, length)
    made.rest(given, FREE, ELSEWHERE | MODEL.keys())


def _family(made: Translation, part: JobPart) -> tuple[str, ZooFamily]:
    """Return the name of a model, and what it shares with others."""
    named = part.values.get("name", part.values.get("model_name"))
    guess = next((name for keys, name in BY_KEYS if keys & part.values.keys()), "")
    name = guess if named is None else named
    if named is None and not guess:
        message = f"the model has no name, and no key by which to know it{made.slip(part, _NEEDED, MODEL)}"
        raise InputError([made.document.problem(message, part.loc)])
    if isinstance(name, str) and name in MECHANISMS:
        key = "name" if named is not None else next(key for key in part.values if key in dict(_keys_of(name)))
        made.refuse(part, key, f"says that this model needs {MECHANISMS[name]}; that is not modelled")
    if not isinstance(name, str) or name not in FAMILIES:
        hint = nearest(name, FAMILIES) if isinstance(name, str) else ""
        known = ", ".join(sorted(FAMILIES))
        made.refuse(part, "name", f"= {shown(name)} is no family that is known here{hint}; known: {known}")
    return name, FAMILIES[name]


def _keys_of(name: str) -> list[tuple[str, None]]:
    return [(key, None) for keys, family in BY_KEYS if family == name for key in keys]


def _translate(made: Translation, part: JobPart, key: str) -> None:
    row, value = MODEL[key], part.values[key]
    if isinstance(row, To):
        made.put("model", row.field, made.word(part, key, row.words, NOT_MODELLED) if row.words else value, part, key)
    elif isinstance(row, Only) and value not in row.values:
        made.refuse(part, key, f"= {shown(value)}: {row.mechanism}, which is not modelled")
    elif isinstance(row, Apart) and value not in row.values:
        made.apart.append(f"{row.why} ({made.named(part, key)})")
    else:
        made.free.append(made.named(part, key))


def _activation(made: Translation, part: JobPart) -> None:
    key = "encoder_nonlinearity" if "encoder_nonlinearity" in part.values else "nonlinearity"
    made.put("model", "activation", made.word(part, key, ACTIVATIONS, {}), part, key)


def _attention(made: Translation, part: JobPart) -> None:
    """Heads, their width, and how many keys a token sees."""
    values = part.values
    heads = made.whole(part, "num_heads", values["num_heads"])
    module, extra = values.get("attention_module", "aiayn_attention"), values.get("extra_attention_params") or {}
    if module == "multiquery_attention":
        groups = extra.get("num_kv_groups", 1) if isinstance(extra, Mapping) else extra
        made.put("model", "kv_heads", groups, part, "attention_module", "extra_attention_params/num_kv_groups")
    elif module != "aiayn_attention":
        made.refuse(part, "attention_module", f"= {shown(module)} is not modelled")
    if "attention_inner_dim" in values:
        inner = made.whole(part, "attention_inner_dim", values["attention_inner_dim"])
        if inner % heads:
            made.refuse(part, "attention_inner_dim", f"= {inner} is not divided by num_heads = {heads}")
        made.put("model", "head_width", inner // heads, part, "attention_inner_dim")
    window, sinks = (values.get(f"attention_{key}") for key in ("sliding_window_length", "sink_tokens"))
    if window is not None and sinks:
        keys = sum(made.whole(part, f"attention_{key}", values[f"attention_{key}"])
                   for key in ("sliding_window_length", "sink_tokens"))  # fmt: skip
        made.put("model", "window", keys, part, "attention_sink_tokens", "attention_sliding_window_length")
    elif window is not None:
        made.put("model", "window", window, part, "attention_sliding_window_length")


def _experts(made: Translation, part: JobPart) -> None:
    name = "moe_params" if "moe_params" in part.values else "moe"
    moe = part.values.get(name) or {}
    if not isinstance(moe, Mapping):
        made.refuse(part, name, f"must be a mapping; got {shown(moe)}")
    if moe.get("num_shared_experts"):
        width = made.whole(part, "filter_size", part.values["filter_size"])
        shared = width * made.whole(part, f"{name}/num_shared_experts", moe["num_shared_experts"])
        made.put("model", "shared_width", shared, part, f"{name}/num_shared_experts")
    if moe.get("num_experts", 1) != 1:
        made.put("model", "experts", moe["num_experts"], part, f"{name}/num_experts")
        made.put("model", "experts_per_token", moe.get("top_k", 1), part, f"{name}/top_k")


def _without_positions(part: JobPart) -> dict[str, str]:
    """Return that there are no positions, where a file says so."""
    off = {"position_embedding_type": None, "use_position_embedding": False}
    told = any(key in part.values and part.values[key] is value for key, value in off.items())
    return {"position_embedding_type": "none"} if told else {}


def _adapters(made: Translation, part: JobPart) -> None:
    """Low ranks beside frozen weights (LoRA)."""
    part, name = part if made.parts.adapters is made.parts.model else made.parts.adapters, ADAPTERS
    held = part.values.get(name)
    if held is None:
        return
    if not isinstance(held, Mapping):
        made.refuse(part, name, f"must be one mapping, as adapters are alike here; got {shown(held)}")
    made.unknown += apart(held, (), LORA, f"{made.named(part, name)}.")[1]
    rank, alpha, targets = (held.get(key) for key in ("r", "alpha", "target_modules"))
    if not rank:
        made.free.append(made.named(part, name))
        return
    made.put("model", "adapter_rank", made.whole(part, f"{name}/r", rank), part, f"{name}/r")
    if isinstance(alpha, int | float):
        made.put("model", "adapter_scale", alpha / rank, part, f"{name}/alpha")
    attention = any(word in str(targets) for word in ("proj_", "attn", "Attention"))
    made.put("model", "adapted", "attention" if attention else "all", part, f"{name}/target_modules")
    made.apart.append(f"which matrices of {'attention' if attention else 'a layer'} have none ({part.loc[-1]}.{name})")


def _head(made: Translation, part: JobPart, family: ZooFamily, length: int | None) -> None:
    """What the model is trained to tell, and the tables that go with it."""
    task, values, loader = family.fields["task"], part.values, made.parts.loader
    if task == "lm":
        return
    nsp = not values.get("disable_nsp", False)
    if "num_segments" not in values:
        types = 2 if nsp and values.get("use_segment_embedding", True) else 0
        made.put("model", "token_types", types, part, "disable_nsp")
    if task in ("classify", "tag"):
        key = next((key for key in ("num_labels", "num_classes", "num_cls_classes") if key in values), "num_labels")
        made.put("model", "classes", values.get(key, 2), part, key)
        del made.data["model"]["sentence_head"]
        return
    positions = length or values["max_position_embeddings"]
    if "max_predictions_per_seq" in loader.values:
        made.put("model", "masked", loader.values["max_predictions_per_seq"], loader, "max_predictions_per_seq")
    elif type(positions) is int:
        made.put("model", "masked", max(1, round(_masked_share(loader.values) * positions)), loader, "masked_lm_prob")


def _masked_share(loader: Mapping[str, Any]) -> float:
    share = loader.get("masked_lm_prob", MASKED)
    return float(share) if isinstance(share, int | float) and 0 < share <= 1 else MASKED
