"""What is estimated of published rows, against what was measured, by series; and the series nearest to a question."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import log
from statistics import fmean, median

from wsesim.errors import SpecError
from wsesim.gpus.layout import Parallel
from wsesim.gpus.load import Fleet
from wsesim.gpus.measured import GpuRow, NotEstimated, fleet_of, layout_of, request_of, step_of
from wsesim.gpus.search import MICRO_BATCHES, DoesNotFitGpus, best_request, best_step
from wsesim.gpus.serving import estimate_request
from wsesim.gpus.specs import BITS, Practice
from wsesim.gpus.training import StepEstimate, StepTask, estimate_step

USUAL_MFU = 0.4
"""Of a GPU and precision of which no step was published."""
OTHER_GPU, OTHER_PRECISION, OTHER_WORK, OF_SCALE = 1.5, 0.7, 0.7, 0.2
"""What counts as far: another GPU, precision, adapters or not, a factor e in GPUs; a factor e in weights counts 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuScore:
    """A row's figure as measured and as estimated."""

    row: GpuRow
    unit: str
    """s, or tokens/s."""
    measured: float
    estimated: float | None
    at_constant: float | None = None
    """By one utilization for a GPU and precision, the median of all rows of it."""
    reason: str = ""
    """Why it was not estimated."""

    @property
    def error(self) -> float | None:
        """Estimated over measured, less one."""
        return None if self.estimated is None else self.estimated / self.measured - 1

    @property
    def constant_error(self) -> float | None:
        """The same of the constant utilization."""
        return None if self.at_constant is None else self.at_constant / self.measured - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesScore:
    """Rows of one publication, model, GPU and precision."""

    name: str
    timed: str
    """What: step | prompt | queue | request."""
    rows: int
    bias: float
    median: float
    worst: float
    worst_id: str
    constant_median: float | None


@cache
def packaged_rows() -> tuple[GpuRow, ...]:
    """Return the rows that come with the package."""
    text = (files(__package__) / "data" / "rows.csv").read_text("utf-8")
    return tuple(GpuRow(row) for row in csv.DictReader(text.splitlines()))


@cache
def packaged_scores() -> tuple[GpuScore, ...]:
    """Return the scores of the rows that come with the package."""
    return score_rows(packaged_rows())


def score_rows(rows: Iterable[GpuRow], practice: Practice | None = None) -> tuple[GpuScore, ...]:
    """Return each row's score, with other constants if *practice* gives them."""
    return tuple(score_row(row, practice) for row in rows)


def score_row(row: GpuRow, practice: Practice | None = None) -> GpuScore:
    """Return the score of a row."""
    column, unit = {"step": ("step_time_s", "s"), "queue": ("tokens_per_s", "tokens/s")}.get(
        row.timed, ("latency_s", "s")
    )  # fmt: skip
    measured = row.number(column)
    if not measured or measured <= 0:
        return GpuScore(row=row, unit=unit, measured=0.0, estimated=None, reason=f"the row gives no {column}")
    try:
        fleet = fleet_of(row)
        fleet = fleet if practice is None else replace(fleet, gpu=replace(fleet.gpu, practice=practice))
        estimated = _estimated(row, fleet)
    except (NotEstimated, SpecError) as error:
        return GpuScore(row=row, unit=unit, measured=measured, estimated=None, reason=str(error))
    return GpuScore(row=row, unit=unit, measured=measured, estimated=estimated, at_constant=_at_constant(row, fleet))


def _estimated(row: GpuRow, fleet: Fleet) -> float:
    if row.timed == "step":
        return _step(row, fleet).step_s
    task, layout = request_of(row), layout_of(row)
    found = estimate_request(task, fleet, layout) if row["tp"] else best_request(task, fleet)
    if isinstance(found, DoesNotFitGpus):
        raise NotEstimated(found.why)
    return {"queue": found.tokens_per_s, "prompt": found.prompt_s}.get(row.timed, found.total_s)


def _step(row: GpuRow, fleet: Fleet) -> StepEstimate:
    """Return the step of a row; what layout it leaves open is chosen."""
    task = step_of(row)
    if not row["tp"] and not row["pp"]:
        found = best_step(task, fleet)
        if isinstance(found, DoesNotFitGpus):
            raise NotEstimated(found.why)
        return found
    layout = layout_of(row)
    if row["micro_batch"]:
        return estimate_step(task, fleet, layout)
    estimates = [estimate_step(task, fleet, tried) for tried in _micro_batches(task, layout)]
    return min(estimates, key=lambda estimate: (not estimate.fits, estimate.step_s))


def _micro_batches(task: StepTask, layout: Parallel) -> list[Parallel]:
    each = max(1, task.sequences // layout.data)
    return [replace(layout, micro_batch=size) for size in MICRO_BATCHES if each % size == 0]


def flops_of(task: StepTask) -> float:
    """Return matrix FLOPs of a step: forward and twice back, attention in full, nothing computed again."""
    model = task.model
    ffn = (3 if model.gated else 2) * model.ffn_width * (model.experts_per_token if model.experts else 1)
    ffn += (3 if model.gated else 2) * model.shared_width
    weights = model.layers * model.width * (model.qkv_width + model.attention_width + ffn) + model.vocab * model.width
    scores = 2 * model.layers * model.attention_width * task.length
    times = (3 if task.trains_weights else 2) if task.learns else 1
    return 2 * (weights + scores) * times * task.tokens


@cache
def usual_mfu(gpu: str, bits: int) -> float:
    """Return the median utilization of published steps on a GPU, of products of so many bits."""
    found = [share for row in packaged_rows() if (share := _mfu(row, gpu, bits)) is not None]
    return median(found) if found else USUAL_MFU


def _mfu(row: GpuRow, gpu: str, bits: int) -> float | None:
    if row.timed != "step":
        return None
    try:
        fleet, measured = fleet_of(row), row.number("step_time_s")
        peak, multiplied = fleet.gpu.chip.peak(_bits(fleet))
        if fleet.gpu.key != gpu or multiplied != bits or not measured:
            return None
        return flops_of(step_of(row)) / (measured * fleet.count * peak)
    except (NotEstimated, SpecError):
        return None


def _bits(fleet: Fleet) -> int:
    return BITS[fleet.precision]


def step_at_constant_s(task: StepTask, fleet: Fleet) -> float:
    """Return the seconds of a step by one utilization for the GPU and precision."""
    peak, bits = fleet.gpu.chip.peak(_bits(fleet))
    return flops_of(task) / (fleet.count * peak * usual_mfu(fleet.gpu.key, bits))


def _at_constant(row: GpuRow, fleet: Fleet) -> float | None:
    return step_at_constant_s(step_of(row), fleet) if row.timed == "step" else None


def by_series(scores: Iterable[GpuScore]) -> tuple[SeriesScore, ...]:
    """Return the scores of series, in the order of their first rows."""
    found: dict[str, list[GpuScore]] = {}
    for score in scores:
        if score.error is not None:
            found.setdefault(score.row.series, []).append(score)
    return tuple(_series(name, members) for name, members in found.items())


def _series(name: str, members: list[GpuScore]) -> SeriesScore:
    errors = [score.error or 0.0 for score in members]
    constant = [abs(score.constant_error) for score in members if score.constant_error is not None]
    worst = max(members, key=lambda score: abs(score.error or 0.0))
    return SeriesScore(
        name=name, timed=members[0].row.timed, rows=len(members), bias=median(errors), median=median(map(abs, errors)),
        worst=abs(worst.error or 0.0), worst_id=worst.row["id"], constant_median=median(constant) if constant else None,
    )  # fmt: skip


def spread_of(series: Iterable[SeriesScore]) -> tuple[float, float]:
    """Return the median over series of their medians, and the mean of the worst quarter of them."""
    errors = sorted(one.median for one in series)
    return median(errors), fmean(errors[int(0.75 * len(errors)) :])


def nearest_series(timed: str, weights: float, fleet: Fleet, *, adapters: bool = False) -> SeriesScore | None:
    """Return the published series nearest to what is *timed* of so many *weights*, of which *adapters* alone learn."""
    rows = [row for row in packaged_rows() if row.timed == timed]
    if not rows:
        return None
    near = min(rows, key=lambda row: _distance(row, weights, fleet, adapters))
    return by_series(score_rows(row for row in rows if row.series == near.series))[0]


def _distance(row: GpuRow, weights: float, fleet: Fleet, adapters: bool) -> float:
    try:
        other, billions = fleet_of(row), row.number("n_params_b")
    except (NotEstimated, SpecError):
        return float("inf")
    if not billions:
        return float("inf")
    found = abs(log(billions * 1e9 / weights)) + OF_SCALE * abs(log(other.count / fleet.count))
    found += OTHER_WORK * (("LoRA" in row["phase"]) != adapters)
    found += OTHER_GPU * (other.gpu.key != fleet.gpu.key)
    return found + OTHER_PRECISION * (_bits(other) != _bits(fleet))
