"""The baseline to beat: what somebody would say who knows a machine's peaks only.

Training, evaluation and prompts take their FLOPs at one utilization; a token takes the time to read every weight from
SRAM once, one stage after the other; hosts reach the wafer's whole bandwidth.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from wsesim.graph import is_linear, linear_tensors
from wsesim.validation.asking import RowAnswer, RowQuestion, answer_to

MFU = {"CS-2": 0.25, "CS-3": 0.20}
"""One utilization for everything a machine does, of its dense 16-bit peak."""
PEAK_FLOPS = {"CS-2": 7.5e15, "CS-3": 15.8e15}
"""Dense 16-bit peaks at 1.1 GHz, which those utilizations go with."""
OTHER_MFU = 0.25
"""Of a machine that is not in the table."""
VALUE_BYTES = 2
"""Of a weight or a cached value, with weights resident: fp16."""
LAYER = "layer"
"""Name of the block of a graph that stands for all layers."""


def value_of(asked: RowQuestion) -> float | None:
    """Return what the baseline says of a row, in the row's unit; None where it says nothing.

    Raises:
        NotAsked: the row has no answer, whose facts the baseline is calculated from.
    """
    baseline = _BASELINES.get(asked.figure)
    found = None if baseline is None else baseline(answer_to(asked))
    return None if found is None else asked.to_unit(found)


def _step_s(found: RowAnswer) -> float | None:
    machine = found.facts["machine"]
    name, flops = machine["name"], found.figures["flops_per_step"]
    if name not in MFU or flops is None:
        return None
    return float(flops / (machine["systems"] * PEAK_FLOPS[name] * MFU[name]))


def _samples_per_s(found: RowAnswer) -> float | None:
    step_s = _step_s(found)
    return None if step_s is None else float(found.facts["batch"]["sequences"] / step_s)


def _tokens_per_s(found: RowAnswer) -> float | None:
    rate = _samples_per_s(found)
    return None if rate is None else float(rate * found.facts["batch"]["length"])


def _prompt_s(found: RowAnswer) -> float:
    """Return the seconds of a prompt, on all cores that its placement uses."""
    place, core = found.facts["placement"], found.question.asked.hardware.cluster.wafer.core
    cores = place["stages"] * place["prefill_columns"] * place["prefill_rows"]
    peak = 2 * cores * core.fmac_fp16_per_cycle * core.clock_hz
    return float(found.flops["prefill"] / (peak * MFU.get(found.facts["machine"]["name"], OTHER_MFU)))


def _token_s(found: RowAnswer) -> float:
    """Return the seconds of a token, whose way leads through all stages; layers alone have no head."""
    place, graph = found.facts["placement"], found.question.graph()
    assert graph is not None, "a token is one of a model"
    ends = found.question.asked.resolved["inference"]["ends"]
    values = sum(
        block.repeat * graph.elements(block.tensors[linear_tensors(op)[1]])
        for block in graph.blocks
        if ends or block.name == LAYER
        for op in block.ops
        if is_linear(op)
    )
    return _read_cycles(found, values, cores=place["decode_columns"] * place["decode_rows"]) / _clock_hz(found)


def _request_s(found: RowAnswer) -> float:
    return _prompt_s(found) + float(found.facts["batch"]["generate"]) * _token_s(found)


def _cache_s(found: RowAnswer) -> float:
    place, model = found.facts["placement"], found.facts["model"]
    layers, values = place["stages"] * place["layers_per_stage"], 2 * model["kv_heads"] * model["head_width"]
    size_bytes = VALUE_BYTES * layers * values * place["capacity_tokens"]
    return float(size_bytes / found.question.asked.hardware.cluster.wafer.io_bytes_per_s)


def _product_s(found: RowAnswer) -> float:
    """Return the seconds in which the cores of a matrix-vector product read the matrix."""
    kernel = found.facts["kernel"]
    return _read_cycles(found, prod(kernel["shape"]), cores=prod(kernel["grid"])) / _clock_hz(found)


def _read_cycles(found: RowAnswer, values: int, *, cores: int) -> float:
    core = found.question.asked.hardware.cluster.wafer.core
    return values * VALUE_BYTES / (cores * core.sram_read_bytes_per_cycle)


def _clock_hz(found: RowAnswer) -> float:
    return found.question.asked.hardware.cluster.wafer.core.clock_hz


_BASELINES: dict[str, Callable[[RowAnswer], float | None]] = {
    "step_s": _step_s, "samples_per_s": _samples_per_s, "tokens_per_s": _tokens_per_s, "prompt_read_s": _prompt_s,
    "tpot_s": _token_s, "tokens_per_s_user": lambda found: 1 / _token_s(found), "total_s": _request_s,
    "interval_s": lambda found: _token_s(found) / found.facts["placement"]["stages"], "cache_in_s": _cache_s,
    "cache_out_s": _cache_s, "time_s": _product_s,
}  # fmt: skip
"""Seconds, or rates, by the figure they are held against."""
