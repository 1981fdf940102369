"""From a measured row to a workload, by its columns alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wsesim.validation.table import Measurement


class NotRunnable(Exception):
    """A row that cannot be run; the message says why."""


@dataclass(frozen=True, slots=True)
class Family:
    """How models of a family are built, beside the sizes in the row."""

    name: str
    pattern: str
    """Matches the row's `model`, whatever the case."""
    shape: tuple[tuple[str, object], ...]


_ROTARY = (("position", "rotary"), ("norm", "rms_norm"), ("bias", False), ("attention_bias", False), ("tied", False))
_ENCODER = (("causal", False), ("norm_order", "post"), ("token_types", 2))
FAMILIES = (
    Family("BERT", r"bert", _ENCODER),
    Family("ESM", r"\besm", (("causal", False), ("position", "rotary"))),
    Family("GPT-J", r"gpt-?j", (("block", "parallel"), ("position", "rotary"), ("tied", False),
                                ("attention_bias", False), ("rotary_width", 64))),
    Family("Llama", r"llama|mistral|qwen", _ROTARY),
    Family("GPT", r"gpt", ()),
)  # fmt: skip
SMALL_GPT_PARAMETERS_B = 0.2
_SIZES = {
    "layers": "layers", "width": "d_model", "heads": "n_heads", "head_width": "d_head", "ffn_width": "d_ffn",
    "vocab": "vocab",
}  # fmt: skip
_ACTIVATIONS = {"gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_tanh": "gelu_tanh", "swiglu": "swiglu", "": "gelu"}
_BESIDE = re.compile(r"compil|overhead|programming|checkpoint|upload", re.IGNORECASE)
_UNITS = {"samples/s": "samples_per_s", "tokens/s": "tokens_per_s", "s": "step_s", "s/step": "step_s"}


def family_of(row: Measurement) -> Family:
    """Return the family a row's model belongs to; gated feed-forward layers make an unknown one a Llama."""
    for family in FAMILIES:
        if re.search(family.pattern, row.cells["model"], re.IGNORECASE):
            return family
    return FAMILIES[3] if row.cells["ffn_type"] == "swiglu" else FAMILIES[-1]


def group_of(row: Measurement) -> str:
    """Return the group a row is scored in: system, family, and for anything but training the phase."""
    name = f"{row.cells['system']} {family_of(row).name}"
    if not row.cells["layers"]:
        name = row.cells["system"]
    if name.endswith(" GPT") and (row.number("n_params_b") or 1) < SMALL_GPT_PARAMETERS_B:
        name += " small"
    return name if row.cells["phase"] == "training" else f"{name} {row.cells['phase']}"


def result_key(row: Measurement) -> str:
    """Return which figure of a result the row measured.

    Raises:
        NotRunnable: a phase, metric or unit that is not simulated.
    """
    if row.cells["phase"] != "training":
        raise NotRunnable(f"{row.cells['phase']}: only training is simulated")
    if row.unit not in _UNITS or _BESIDE.search(row.metric):
        raise NotRunnable(f"{row.metric} in {row.unit!r} is not a figure of a training run")
    return _UNITS[row.unit]


def workload_of(row: Measurement) -> dict[str, object]:
    """Return the row as the data of a workload file.

    Raises:
        NotRunnable: sizes are missing, or the row needs something that is not modelled.
    """
    sizes = {key: row.whole(column) for key, column in _SIZES.items()}
    missing = [_SIZES[key] for key, size in sizes.items() if size is None]
    length, sequences = row.whole("seq_len"), row.whole("batch_global")
    if missing or length is None or sequences is None:
        missing += [name for name, size in (("seq_len", length), ("batch_global", sequences)) if size is None]
        raise NotRunnable(f"the row gives no {', '.join(missing)}")
    if row.cells["sparsity"] and not re.match(r"(dense|none)\b", row.cells["sparsity"], re.IGNORECASE):
        raise NotRunnable(f"sparsity {row.cells['sparsity']!r} is not modelled")
    for column in ("n_systems", "n_kv_heads"):
        if row.cells[column] and not (row.whole(column) or 0) > 0:
            raise NotRunnable(f"{column} = {row.cells[column]!r} is not a whole number above zero")
    if row.cells["ffn_type"] not in _ACTIVATIONS:
        raise NotRunnable(f"ffn_type {row.cells['ffn_type']!r} is not modelled")
    model: dict[str, object] = {**sizes, "kv_heads": row.whole("n_kv_heads") or sizes["heads"], "max_length": length}
    model |= dict(family_of(row).shape)
    model["activation"] = _ACTIVATIONS[row.cells["ffn_type"]]
    model["task"] = _task(row)
    workload: dict[str, object] = {
        "name": re.sub(r"[^A-Za-z0-9._-]+", "-", row.id).lstrip("._-")[:100] or "row",
        "model": model,
        "batch": {"sequences": sequences, "length": length},
        "precision": _precision(row.cells["precision"]),
        "cluster": {"machine": row.cells["system"].lower(), "systems": row.whole("n_systems") or 1},
        "verification": {"enabled": False},
    }
    return workload


def _task(row: Measurement) -> str:
    words = f"{row.cells['model']} {row.cells['notes']}".lower()
    if "fine-tun" in words and family_of(row).name in ("BERT", "ESM"):
        return "classify"
    return "mlm" if family_of(row).name in ("BERT", "ESM") else "lm"


def _precision(text: str) -> str:
    words = text.lower()
    if "mixed" in words or not words:
        return "mixed"
    for name in ("16", "32"):
        if name in words:
            return f"fp{name}"
    raise NotRunnable(f"precision {text!r} is not modelled")
