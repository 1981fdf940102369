"""Where the weights of a request or of a service lie."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from wsesim.answer import DoesNotFit
from wsesim.errors import SpecError
from wsesim.hardware import Cluster
from wsesim.mapping.resident import PlanGoal, ResidentPlan, ResidentRequest, plan_resident
from wsesim.model import ModelSpec
from wsesim.software import Inference


def placing_of(
    section: Mapping[str, Any],
    model: ModelSpec,
    cluster: Cluster,
    software: Inference,
    *,
    positions: int,
    batch: int,
    precision: str,
) -> ResidentRequest:
    """Return what the keys of an `inference` section ask of the placement, for *batch* sequences held at once.

    Raises:
        SpecError: a grid, a stage count or a number of wafers that cannot be; named by its key.
    """
    wafers = _unless_auto(section["wafers"])
    if (wafers or 1) > cluster.systems:
        raise SpecError("wafers", f"must be at most cluster.systems, which is {cluster.systems}; got {wafers}")
    replicas = _unless_auto(section["replicas"])
    if (replicas or 1) * (wafers or 1) > cluster.systems:
        each = f"of {wafers} wafers " if (wafers or 1) > 1 else ""
        message = f"{each}must be at most cluster.systems together, which is {cluster.systems}; got {replicas}"
        raise SpecError("replicas", message)
    grids = {name: _unless_auto(section.get(name)) for name in ("prefill_grid", "decode_grid")}
    if not grids.keys() <= section.keys():  # the squares for what is not done lie where the others do
        grids = dict.fromkeys(grids, grids["prefill_grid"] or grids["decode_grid"])
    return ResidentRequest(
        model=model, cluster=cluster, software=software, precision=precision, placement=section["placement"],
        wafers=wafers, replicas=replicas, stages=_unless_auto(section["stages"]), positions=positions,
        batch=batch, chunk=_unless_auto(section.get("chunk")), ends=section["ends"], must_fit=section["must_fit"],
        prefill_grid=grids["prefill_grid"], decode_grid=grids["decode_grid"],
    )  # fmt: skip


@cache
def placed(placing: ResidentRequest, goal: PlanGoal) -> ResidentPlan | DoesNotFit:
    """Return where the model lies; the same for all that ask for the same."""
    return plan_resident(placing, goal)


def _unless_auto(value: int | str | None) -> int | None:
    return value if isinstance(value, int) else None
