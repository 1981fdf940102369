"""From a measured row to a workload, by its columns alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wsesim.ops import option_named, options
from wsesim.software import software_override_names
from wsesim.validation.table import Measurement
from wsesim.workload.phases import INFERENCE_STACK


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
_SIZES = {
    "layers": "layers", "width": "d_model", "heads": "n_heads", "head_width": "d_head", "ffn_width": "d_ffn",
    "vocab": "vocab",
}  # fmt: skip
_UNNAMED_ACTIVATION = "gelu"
_BESIDE = re.compile(r"compil|overhead|programming|checkpoint|upload", re.IGNORECASE)
_ANY_LENGTH = 2048
"""Of sequences where a row gives none, as it is about a whole job."""
_UNITS = {"samples/s": "samples_per_s", "tokens/s": "tokens_per_s", "s": "step_s", "s/step": "step_s"}


def family_of(row: Measurement) -> Family:
    """Return the family a row's model belongs to; gated feed-forward layers make an unknown one a Llama."""
    for family in FAMILIES:
        if re.search(family.pattern, row.cells["model"], re.IGNORECASE):
            return family
    return FAMILIES[3] if row.cells["ffn_type"] == "swiglu" else FAMILIES[-1]


def result_key(row: Measurement) -> str:
    """Return which figure of a result the row measured.

    Raises:
        NotRunnable: a metric or unit that is not simulated.
    """
    if row.unit not in _UNITS or _BESIDE.search(row.metric):
        raise NotRunnable(f"{row.metric} in {row.unit!r} is not a figure of a step")
    return _UNITS[row.unit]


def workload_of(row: Measurement) -> dict[str, object]:
    """Return a row of whole steps as the data of a workload file.

    Raises:
        NotRunnable: sizes are missing, or the row needs something that is not modelled.
    """
    _require(row, "seq_len", "batch_global")
    job = job_of(row)
    batch = {"sequences": row.whole("batch_global"), "length": row.whole("seq_len")}
    phase = "evaluation" if row.cells["phase"].startswith("evaluation") else "training"
    return job | {"phase": phase, "batch": batch, "precision": _precision(row.cells["precision"])}


def job_of(row: Measurement) -> dict[str, object]:
    """Return what a row says of model and machine as the data of a workload file; a batch is made up.

    Raises:
        NotRunnable: sizes are missing, or the row needs something that is not modelled.
    """
    _require(row, *_SIZES.values())
    for column in ("n_systems", "n_kv_heads"):
        if row.cells[column] and not (row.whole(column) or 0) > 0:
            raise NotRunnable(f"{column} = {row.cells[column]!r} is not a whole number above zero")
    activation = row.cells["ffn_type"] or _UNNAMED_ACTIVATION
    activation = option_named("activation").get(activation, activation)
    if activation not in options("activation"):
        raise NotRunnable(f"ffn_type {row.cells['ffn_type']!r} is not modelled")
    sizes = {key: row.whole(column) for key, column in _SIZES.items()}
    systems, length = row.whole("n_systems") or 1, row.whole("seq_len") or _ANY_LENGTH
    model: dict[str, object] = {**sizes, "kv_heads": row.whole("n_kv_heads") or sizes["heads"], "max_length": length}
    model |= dict(family_of(row).shape)
    model["activation"] = activation
    model["task"] = _task(row)
    model["sparsity"] = sparsity_of(row.cells["sparsity"])
    return {
        "name": re.sub(r"[^A-Za-z0-9._-]+", "-", row.id).lstrip("._-")[:100] or "row",
        "model": model,
        "batch": {"sequences": systems, "length": length},
        "cluster": {"machine": row.cells["system"].lower(), "systems": systems},
        "verification": {"enabled": False},
    }


TRAINING_STACK, SERVED_STACK = "release-2", "waferengine"
"""The vendor's release; and for served speeds, whose program is not published, one that was measured on a CS-3."""
_STACKS = {"WaferLLM": "waferllm", "WaferEngine": "waferengine"}


def stack_of(row: Measurement) -> str:
    """Return the software of a row: the vendor's for training, else the program that its source names first."""
    phase = row.cells["phase"]
    if re.match(r"training|evaluation|job", phase):
        return TRAINING_STACK
    if "served" in phase:
        return SERVED_STACK
    found = re.search("|".join(_STACKS), f"{row.cells['source']} {row.cells['notes']}")
    return _STACKS[found[0]] if found else INFERENCE_STACK


def split_overrides(overrides: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Return which figures to replace are of the hardware, and which of the software."""
    software = {name: value for name, value in overrides.items() if name in software_override_names()}
    return {name: value for name, value in overrides.items() if name not in software}, software


def with_figures(row: Measurement, data: Mapping[str, object], overrides: Mapping[str, object]) -> dict[str, object]:
    """Return a workload with the row's software, and with other figures if there are any."""
    hardware, software = split_overrides(overrides)
    return {**data, "hardware": hardware, "software": {"stack": stack_of(row), **software}}


def sparsity_of(text: str) -> float:
    """Return the share of weights that are zero: of `75%`, `0.75` or `80% unstructured`, and 0 of `dense` or nothing.

    Raises:
        NotRunnable: the text is none of these.
    """
    if not text or re.match(r"(dense|none)\b", text, re.IGNORECASE):
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(%?)(?:[\s,;(].*)?", text.strip())
    share = float(found[1]) / (100 if found[2] else 1) if found else 1.0
    if share >= 1:
        raise NotRunnable(f"sparsity {text!r} is not modelled")
    return share


def _require(row: Measurement, *columns: str) -> None:
    missing = [column for column in columns if row.whole(column) is None]
    if missing:
        raise NotRunnable(f"the row gives no {', '.join(missing)}")


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
