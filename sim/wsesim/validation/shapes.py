"""What a row says of its model: how it is built, by its name and its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log
from typing import Any

from wsesim.ops import option_named, options
from wsesim.validation.asking import NotAsked, named
from wsesim.validation.rows import SIZES, Measurement

_ADAPTERS = re.compile(r"\bLoRA\b(?:[\s,(]*(?:of )?(?:r|rank)\b\s*=?\s*(\d+))?", re.IGNORECASE)
_MERGED = re.compile(r"(?<!not )(?<!un)merged", re.IGNORECASE)
_IN_ATTENTION = re.compile(r"adapters? (?:on|in|of) attention|\bq(?:uery|ueries)?(?:,| and|/) ", re.IGNORECASE)
ADAPTER_RANK = 16
"""Of adapters whose row gives none: that of the rows which give one."""
_TIED = re.compile(r"\b(un)?tied\b", re.IGNORECASE)
_UNNAMED_ACTIVATION = "gelu"
MOST_OFF, TELLING = 1.4, 1.1
"""By which factor sizes of a row may miss the parameters that it gives, often those of a name, as 1B for 1.24; and by
which they have to for it to tell of two ways the other one."""


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """How models of a family are built, beside the sizes in the row."""

    name: str
    pattern: str
    """Matches the row's `model`, whatever the case."""
    shape: tuple[tuple[str, object], ...]


_ROTARY = (("position", "rotary"), ("norm", "rms_norm"), ("bias", False), ("attention_bias", False), ("tied", False))
_ENCODER = (("causal", False), ("norm_order", "post"), ("token_types", 2))
_PARALLEL = (("block", "parallel"), ("position", "rotary"))
FAMILIES = (
    ModelFamily("BERT", r"bert", _ENCODER),
    ModelFamily("ESM", r"\besm", (("causal", False), ("position", "rotary"))),
    ModelFamily("GPT-J", r"gpt-?j", (*_PARALLEL, ("tied", False), ("attention_bias", False), ("rotary_width", 64),
                                     ("rotary_pairs", "interleaved"), ("head_bias", True))),
    ModelFamily("Pythia", r"pythia|neo-?x", (*_PARALLEL, ("tied", False))),
    ModelFamily("Falcon", r"falcon", (*_PARALLEL, ("bias", False), ("attention_bias", False))),
    ModelFamily("BLOOM", r"bloom", (("position", "alibi"), ("embed_norm", True))),
    ModelFamily("Llama", r"llama|mistral|qwen", _ROTARY),
    ModelFamily("GPT", r"gpt", ()),
)  # fmt: skip
_LLAMA, _GPT = FAMILIES[-2], FAMILIES[-1]
_HEAD_NORM = re.compile(r"qwen-?3", re.IGNORECASE)
"""Models that norm queries and keys head by head."""


def family_of(row: Measurement) -> ModelFamily:
    """Return the family a row's model belongs to; gated feed-forward layers make an unknown one a Llama."""
    for family in FAMILIES:
        if re.search(family.pattern, row.cells["model"], re.IGNORECASE):
            return family
    return _LLAMA if _is_gated(row) else _GPT


def model_of(row: Measurement, *, length: int) -> dict[str, Any]:
    """Return what a row says of its model, as the section of a file; it knows *length* positions.

    Raises:
        NotAsked: sizes are missing, or the row needs something that is not modelled.
    """
    row.require(*SIZES.values())
    row.require_positive(*SIZES.values(), "n_kv_heads")
    sizes = {key: row.whole(column) for key, column in SIZES.items()}
    model: dict[str, Any] = {**sizes, "kv_heads": row.whole("n_kv_heads") or sizes["heads"], "max_length": length}
    model |= dict(family_of(row).shape)
    model |= {"head_norm": True} if _HEAD_NORM.search(row.cells["model"]) else {}
    model |= {"tied": tied} if (tied := _is_tied(row)) is not None else {}
    model |= adapters_of(row)
    return {"name": named(row.cells["model"], "model"), **model, "activation": _activation(row), "task": _task(row)}


def _is_tied(row: Measurement) -> bool | None:
    """Return whether the head's weights are those of the embedding: as the notes say, else as fits the row's count.

    None where neither tells.

    Raises:
        NotAsked: the sizes make another model than the count.
    """
    stated, counts = (row.number("n_params_b") or 0) * 1e9, [_parameters(row, tables) for tables in (1, 2)]
    off = [abs(log(count / stated)) for count in counts] if stated > 0 else [0.0, 0.0]
    if min(off) > log(MOST_OFF):
        sizes, given = (f"{count / 1e9:.3g}" for count in (counts[0], stated))
        raise NotAsked(f"its sizes make {sizes} billion parameters, the row says {given}")
    if found := _TIED.search(row.cells["notes"]):
        return not found[1]
    if max(off) < log(TELLING) or min(off) > max(off) / 2:
        return None
    return off[0] < off[1]


def _parameters(row: Measurement, tables: int) -> float:
    """Return the weights of all matrices, with so many *tables* as large as the vocabulary."""
    column = {name: row.whole(name) or 0 for name in (*SIZES.values(), "n_kv_heads")}
    heads = 2 * column["n_heads"] + 2 * (column["n_kv_heads"] or column["n_heads"])
    wide = heads * column["d_head"] + (3 if _is_gated(row) else 2) * column["d_ffn"]
    return float(column["d_model"] * (column["layers"] * wide + tables * column["vocab"]))


def adapters_of(row: Measurement) -> dict[str, Any]:
    """Return the keys of a model with adapters, that it learns or computes beside its weights; none where merged.

    They are in all linear layers, unless the row says that they are in attention.
    """
    said = " ".join(row.cells[column] for column in ("notes", "phase", "model", "metric"))
    if not _ADAPTERS.search(said) or _MERGED.search(said):
        return {}
    ranks = (found[1] for found in _ADAPTERS.finditer(said) if found[1])
    return {
        "adapter_rank": int(next(ranks, ADAPTER_RANK)),
        "adapted": "attention" if _IN_ATTENTION.search(said) else "all",
    }  # fmt: skip


def _activation(row: Measurement) -> str:
    stated = row.cells["ffn_type"] or _UNNAMED_ACTIVATION
    activation = option_named("activation", gated=False).get(stated, stated)
    if activation not in options("activation"):
        raise NotAsked(f"ffn_type {row.cells['ffn_type']!r} is not modelled")
    return activation


def _is_gated(row: Measurement) -> bool:
    return row.cells["ffn_type"].lower().endswith("glu")


def _task(row: Measurement) -> str:
    encodes = family_of(row).name in ("BERT", "ESM")
    if encodes and "fine-tun" in f"{row.cells['model']} {row.cells['notes']} {row.cells['phase']}".lower():
        return "classify"
    return "mlm" if encodes else "lm"


def sparsity_of(text: str) -> float:
    """Return the share of weights that are zero: of `75%`, `0.75` or `80% unstructured`, and 0 of `dense` or nothing.

    Raises:
        NotAsked: the text is none of these.
    """
    if not text or re.match(r"(dense|none)\b", text, re.IGNORECASE):
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)(?:[\s,;(].*)?", text.strip())
    share = float(found[1]) / (100 if found[2] else 1) if found else 1.0
    if share >= 1:
        raise NotAsked(f"sparsity {text!r} is not modelled")
    return share


_MIXED = re.compile(r"\b(?:mixed|half|(?:fp|f|float|bf|bfloat|cb|cbfloat)?16)\b")
_SINGLE = re.compile(r"\b(?:single|(?:fp|f|float)?32)\b")


def precision_of(text: str) -> str:
    """Return the number formats that a row of a step means: the vendor's software adds up 16-bit numbers in 32 bits.

    Raises:
        NotAsked: there are none of that name.
    """
    words = text.lower()
    if not words or _MIXED.search(words):
        return "mixed"
    if _SINGLE.search(words):
        return "fp32"
    raise NotAsked(f"precision {text!r} is not modelled")
