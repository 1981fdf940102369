"""An estimate of what GPU clusters take for what is asked of wafers: formulas, in a layout that is searched.

    GPUs by name ─► Fleet ┐
    model, batch ─► task ─┴─ best_step, best_request ─► time by cause, layout, power    (search ─► training, serving)
    published rows ─► score_rows ─► by_series ─► how near such estimates come            (measured, score)

A step or a request is products by their tiles (`kernels`), the rest of a layer (`layers`), collectives (`traffic`), and
what fits (`room`), at the clock that a board's limit leaves (`power`). A constant is one for all GPUs and models.
"""

from wsesim.gpus.layout import GpuProgram, Parallel
from wsesim.gpus.load import GPUS, Fleet, Gpu, fleet_named, gpu_named, gpu_names
from wsesim.gpus.measured import COLUMNS, GpuRow, NotEstimated
from wsesim.gpus.score import (
    GpuScore,
    SeriesScore,
    by_series,
    nearest_series,
    packaged_rows,
    packaged_scores,
    score_rows,
    spread_of,
    step_at_constant_s,
    usual_mfu,
)
from wsesim.gpus.search import DoesNotFitGpus, best_request, best_step
from wsesim.gpus.serving import RequestEstimate, RequestTask, estimate_request
from wsesim.gpus.specs import BITS, Chip, Practice
from wsesim.gpus.training import StepEstimate, StepTask, estimate_step

__all__ = [
    "BITS",
    "COLUMNS",
    "GPUS",
    "Chip",
    "DoesNotFitGpus",
    "Fleet",
    "Gpu",
    "GpuProgram",
    "GpuRow",
    "GpuScore",
    "NotEstimated",
    "Parallel",
    "Practice",
    "RequestEstimate",
    "RequestTask",
    "SeriesScore",
    "StepEstimate",
    "StepTask",
    "best_request",
    "best_step",
    "by_series",
    "estimate_request",
    "estimate_step",
    "fleet_named",
    "gpu_named",
    "gpu_names",
    "nearest_series",
    "packaged_rows",
    "packaged_scores",
    "score_rows",
    "spread_of",
    "step_at_constant_s",
    "usual_mfu",
]
