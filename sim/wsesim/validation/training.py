"""Rows of whole steps, run as workloads with weights that stream."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wsesim.errors import WsesimError
from wsesim.result import Metrics, Placement, Result
from wsesim.validation import naive
from wsesim.validation.rows import NotRunnable, result_key, with_figures, workload_of
from wsesim.validation.table import Measurement

_TOKENS = re.compile(r"([\d.]+)B tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrediction:
    """A row of whole steps, predicted."""

    value: float
    """In the row's unit."""
    naive: float | None
    """What a constant utilization says."""
    note: str = ""
    """What was simulated otherwise than the row says."""


def predict_step(row: Measurement, overrides: Mapping[str, object]) -> StepPrediction:
    """Return what the simulator makes of a row of training or evaluation.

    Raises:
        NotRunnable: sizes are missing, it does not fit, or the row is about something that is not modelled.
        WsesimError: the workload cannot be.
    """
    key = result_key(row)
    result, note = _run(row, overrides)
    metrics = _metrics(result)
    return StepPrediction(value=float(getattr(metrics, key)), naive=_naive(result, metrics, key), note=note)


def predict_flops(row: Measurement, overrides: Mapping[str, object]) -> StepPrediction:
    """Return the FLOPs of a whole training: those of a token by the model's graph, times the tokens of the row.

    Raises:
        NotRunnable: sizes are missing, or the row does not say how many tokens.
        WsesimError: the workload cannot be.
    """
    found = _TOKENS.search(row.cells["notes"])
    if found is None or row.unit != "FLOP":
        raise NotRunnable("the row says not over how many tokens")
    result, _ = _run(row, overrides)
    per_token = _metrics(result).flops_per_step / (result.batch["sequences"] * result.batch["length"])
    return StepPrediction(value=per_token * float(found[1]) * 1e9, naive=None)


def _run(row: Measurement, overrides: Mapping[str, object]) -> tuple[Result, str]:
    """Run with the micro-batch the row states; if that cannot be, with the one the mapping chooses, and say so."""
    data, stated = with_figures(row, workload_of(row), overrides), row.cells["micro_batch"]
    if not stated:
        return _simulate(row, data), ""
    batch = data["batch"]
    assert isinstance(batch, dict)
    try:
        result = _simulate(row, {**data, "batch": {**batch, "micro_batch": row.whole("micro_batch") or stated}})
        why = result.why
    except WsesimError as error:
        result, why = None, str(error).removeprefix(f"{row.id}: error: ")
    if result is not None and result.placement is not None:
        return result, ""
    result = _simulate(row, data)
    chosen = result.placement.micro_batch if isinstance(result.placement, Placement) else "none"
    return result, f"micro-batch {stated} stated, {chosen} simulated: {why}"


def _simulate(row: Measurement, data: dict[str, object]) -> Result:
    from wsesim import pipeline
    from wsesim.workload import build_workload

    return pipeline.run(build_workload(data, file=row.id, folder=Path(), document=None), verify=False)


def _metrics(result: Result) -> Metrics:
    if not isinstance(result.metrics, Metrics):
        raise NotRunnable(f"does not fit: {result.why}")
    return result.metrics


def _naive(result: Result, metrics: Metrics, key: str) -> float | None:
    systems = result.machine["systems"]
    assert isinstance(systems, int)
    step_s = naive.step_s(metrics, str(result.machine["name"]), systems=systems)
    if step_s is None:
        return None
    sequences = result.batch["sequences"]
    rates = {"samples_per_s": sequences / step_s, "tokens_per_s": sequences * result.batch["length"] / step_s}
    return rates.get(key, step_s)
