"""Rows about a whole job: what it costs before and beside its steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from wsesim.validation.rows import NotRunnable, job_of, with_figures
from wsesim.validation.table import Measurement

_ITEMS = ((r"programming", "device programming"), (r"upload", "weight upload"), (r"checkpoint", "checkpoint"))
"""What a metric is called in the table, and in a result."""


def predict_job(row: Measurement, overrides: Mapping[str, object]) -> float:
    """Return the seconds of what the row measured.

    Raises:
        NotRunnable: sizes are missing, or it is something else that was measured.
        WsesimError: the model or the machine cannot be.
    """
    from wsesim.pipeline.facts import build
    from wsesim.pipeline.job import job_costs
    from wsesim.workload import build_workload

    item = next((name for pattern, name in _ITEMS if re.search(pattern, row.metric, re.IGNORECASE)), None)
    if item is None or row.unit != "s":
        raise NotRunnable(f"{row.metric} is not modelled")
    workload = build_workload(with_figures(row, job_of(row), overrides), file=row.id, folder=Path())
    software = workload.software.for_training()
    costs = job_costs(build(workload), workload.hardware.cluster, software, trains=True)
    return next(cost.seconds for cost in costs if cost.what == item)
