"""Published times of GPUs, a row each: what a row says of model, GPUs, layout and program, and what is estimated of it.

A row says nothing of this estimator: what it leaves open (interleaving, recompute) is chosen as for anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import gcd

from wsesim.errors import SpecError
from wsesim.gpus.layout import NOW, THEN, GpuProgram, Parallel, Recompute
from wsesim.gpus.load import Fleet, gpu_named
from wsesim.gpus.serving import RequestTask
from wsesim.gpus.training import StepTask
from wsesim.model import ModelSpec

COLUMNS = (
    "id", "group", "gpu", "n_gpus", "gpus_per_node", "phase", "model", "n_params_b", "layers", "d_model", "n_heads",
    "n_kv_heads", "d_head", "d_ffn", "ffn_type", "experts_active", "vocab", "seq_len", "input_len", "output_len",
    "batch_global", "micro_batch", "tp", "pp", "vp", "cp", "ep", "dp", "sharding", "recompute", "precision", "schedule",
    "network", "software", "step_time_s", "latency_s", "tokens_per_s", "source", "date", "notes",
)  # fmt: skip
"""Columns that are read; a table may have more."""
_PRECISIONS = ((r"fp4|int4|w4", "fp4"), (r"fp8|int8|w8", "fp8"), (r"bf16|tf32|mixed", "bf16"), (r"fp16|half", "fp16"))
_TIMED = ((r"train|tuning", "step"), (r"prefill", "prompt"), (r"serving", "queue"))


class NotEstimated(Exception):
    """Why a row cannot be estimated."""


@dataclass(frozen=True, slots=True)
class GpuRow:
    """A row: every column as text."""

    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def number(self, column: str) -> float | None:
        """Return a cell as a number, or None."""
        try:
            return float(self.cells[column])
        except ValueError:
            return None

    def whole(self, column: str, default: int | None = None) -> int:
        """Return a cell as a whole number.

        Raises:
            NotEstimated: it is none, and there is no default.
        """
        number = self.number(column)
        if number is None or number != int(number):
            if default is None:
                raise NotEstimated(f"the row gives no {column}")
            return default
        return int(number)

    @property
    def series(self) -> str:
        """Model, GPU and precision: rows that differ in scale or release only."""
        words = re.sub(r"\s+", " ", f"{self['model']}, {self['gpu']}, {self['precision'].split(' ')[0]}")
        return f"{self['group']}: {words}"

    @property
    def timed(self) -> str:
        """What is timed: step | prompt | queue | request."""
        return next((timed for pattern, timed in _TIMED if re.search(pattern, self["phase"])), "request")


def model_of(row: GpuRow) -> ModelSpec:
    """Return the model of a row."""
    heads, width = row.whole("n_heads"), row.whole("d_model")
    gated = "glu" in row["ffn_type"]
    length = max(row.whole("seq_len", 1), row.whole("input_len", 0) + row.whole("output_len", 0))
    active = row.whole("experts_active", 1)
    experts = _experts(row, active) if active > 1 else 0
    try:
        return ModelSpec(
            name=row["model"], max_length=length, activation="swiglu" if gated else "gelu",
            position="rotary" if gated else "learned", bias=not gated, attention_bias=not gated,
            norm="rms_norm" if gated else "layer_norm", tied=not gated, layers=row.whole("layers"), width=width,
            heads=heads, kv_heads=row.whole("n_kv_heads", heads), head_width=row.whole("d_head", width // heads),
            ffn_width=row.whole("d_ffn"), vocab=row.whole("vocab"), experts=experts, experts_per_token=active,
        )  # fmt: skip
    except SpecError as error:
        raise NotEstimated(str(error)) from None


def _experts(row: GpuRow, active: int) -> int:
    """Return the experts of a layer: those of the row's weights, of which it says how many."""
    total = row.number("n_params_b")
    if not total:
        raise NotEstimated("the row does not say how many experts there are")
    width, ffn = row.whole("d_model"), row.whole("d_ffn")
    each = row.whole("layers") * width * ffn * (3 if "glu" in row["ffn_type"] else 2)
    return max(active, round((total * 1e9 - 2 * row.whole("vocab") * width) / each))


def fleet_of(row: GpuRow) -> Fleet:
    """Return the GPUs of a row, with the network that it states."""
    try:
        gpu = gpu_named(row["gpu"])
    except KeyError:
        raise NotEstimated(f"the GPU {row['gpu']!r} is not known") from None
    rate = _network(row["network"], row.whole("gpus_per_node", 8))
    return Fleet(
        gpu=gpu.with_network(rate) if rate else gpu, count=row.whole("n_gpus"), precision=_precision(row["precision"])
    )  # fmt: skip


_PORT = re.compile(r"(?:(?P<ports>\d+)x [^,;]*?)?(?<![\d-])(?P<rate>\d+) Gb/s(?P<rest>[^,;+]*)")
"""A network as rows state it: `8x HDR 200 Gb/s per node`, `1600 Gb/s RoCE per node`, `400 Gb/s per GPU`."""


def _network(text: str, per_node: int) -> float | None:
    """Return a GPU's share of a network, bytes/s; None where the text does not say it."""
    found = _PORT.search(text)
    if found is None or "not stated" in text:
        return None
    all_ports = int(found["ports"] or 1) * int(found["rate"]) / 8 * 1e9
    if "per GPU" in found["rest"]:
        return all_ports
    sharers = re.search(r"per (\d+) GPUs", text)
    if sharers or found["ports"] or "per node" in found["rest"]:
        return all_ports / (int(sharers[1]) if sharers else per_node)
    return None


def _precision(text: str) -> str:
    words = text.lower()
    for pattern, known in _PRECISIONS:
        if re.search(pattern, words):
            return known
    raise NotEstimated(f"precision {text!r} is not known")


def program_of(row: GpuRow) -> GpuProgram:
    """Return what the program of a row does, by its name and year."""
    named, year = f"{row['software']} {row['sharding']}".lower(), _year(row)
    if year >= 2024:
        return NOW
    if year < 2023 and "flash" not in named:
        return replace(THEN, overlaps="zero-3" in named)
    return GpuProgram(attention="first")


def _year(row: GpuRow) -> int:
    found = re.search(r"20\d\d", row["date"])
    return int(found[0]) if found else 2025


def layout_of(row: GpuRow) -> Parallel:
    """Return the layout of a row."""
    tensor, stages = row.whole("tp", 1), row.whole("pp", 1)
    context = row.whole("cp", 1)
    data = row.whole("dp", max(1, row.whole("n_gpus") // (tensor * stages * context)))
    expert = gcd(row.whole("ep", 1), tensor * context * data)
    sharding = row["sharding"].lower()
    everything = ("fsdp" in sharding or "zero-3" in sharding) and stages == 1
    divided = any(word in sharding for word in ("fsdp", "zero", "optimizer"))
    again = row["recompute"].lower()
    selective = "selective" in again
    recompute: Recompute = "attention" if selective else "all" if "full" in again else "none"
    pieces = row.whole("vp", 0) or _pieces(row, stages)
    modern = _year(row) >= 2023
    return Parallel(
        tensor=tensor, pipeline=stages, interleave=pieces, context=context,
        expert=expert, data=data, micro_batch=row.whole("micro_batch", 1),
        sharding="all" if everything else "optimizer" if divided or modern else "none",
        recompute=recompute, sequence_parallel=modern or selective,
    )  # fmt: skip


def _pieces(row: GpuRow, stages: int) -> int:
    """Return the pieces of a stage where they are not stated: its layers where programs interleave, else one."""
    interleaves = "interleaved" in row["schedule"] or (_year(row) >= 2024 and not row["schedule"])
    return max(1, row.whole("layers") // stages) if stages > 1 and interleaves else 1


def step_of(row: GpuRow) -> StepTask:
    """Return the training step of a row."""
    return StepTask(
        model=model_of(row), sequences=row.whole("batch_global"), length=row.whole("seq_len"),
        program=program_of(row), trains_weights="LoRA" not in row["phase"],
    )  # fmt: skip


def _waiting(row: GpuRow) -> int | None:
    """Return the requests of a queue, where the row says how many there were in all."""
    found = re.search(r"(\d+) requests", row["notes"].replace(",", ""))
    return row.whole("batch_global", 0) or (int(found[1]) if found else None)


def request_of(row: GpuRow) -> RequestTask:
    """Return the requests of a row; all at once where it says that they queue."""
    queue = row.timed == "queue"
    return RequestTask(
        model=model_of(row), prompt=row.whole("input_len"), generate=row.whole("output_len", 1),
        batch=None if queue else row.whole("batch_global", 0) or row.whole("micro_batch", 1), program=program_of(row),
        waiting=_waiting(row) if queue else None,
    )  # fmt: skip
