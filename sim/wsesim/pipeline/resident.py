"""Weights that stay on the wafers: workload → placement → a request, or many → result."""

from __future__ import annotations

import time

from wsesim.errors import InputError, SpecError
from wsesim.mapping.resident import DoesNotFit, ResidentPlan, ResidentRequest, plan_resident
from wsesim.pipeline.checking import checked_numbers
from wsesim.pipeline.facts import Progress, build, cost_since, machine_facts, model_facts, provenance_of, silent
from wsesim.pipeline.request import RequestTimes, request_metrics, time_request
from wsesim.pipeline.service import largest_batch, serve_requests
from wsesim.result import Answers, Interval, OpTime, ResidentPlacement, Result, Status, Verification
from wsesim.workload import Workload

NOT_MODELLED = (
    "Contention between colors, and stalls inside a core: kernels are closed forms.",
    "How fast a prompt is read in small groups while weights stay is assumed: no such program is published.",
    "Defective cores, thermal throttling, and noise between systems.",
    "Choosing tokens by sampling, tokenizing, and the network between users and the machine.",
    "Power that depends on the clock or on what a core does: only whether it computes counts.",
)


def request_of(workload: Workload, *, batch: int) -> ResidentRequest:
    """Return what is asked of the placement, for *batch* sequences held at once.

    Raises:
        InputError: a grid, a stage count or a precision that cannot be.
    """
    asked = workload.asked
    try:
        return ResidentRequest(
            model=workload.model, cluster=workload.hardware.cluster,
            software=workload.software.for_inference(), precision=workload.precision,
            placement=asked.placement, prefill_grid=asked.prefill_grid, decode_grid=asked.decode_grid,
            wafers=None, stages=asked.stages, positions=workload.length, batch=batch, chunk=asked.chunk,
        )  # fmt: skip
    except SpecError as error:
        raise InputError.at(f"inference.{error}", file=workload.file) from None


def run_resident(workload: Workload, *, verify: bool, progress: Progress | None) -> Result:
    """Answer a workload whose weights stay: how long a request takes, or how many can be served.

    Raises:
        InputError: a trace that cannot be read, sizes that cannot be; text or weights likewise (when verifying).
    """
    say, started = progress or silent, time.process_time()
    say("placing the model")
    plan = placed(workload)
    metrics: Answers | None = None
    ops: tuple[OpTime, ...] = ()
    timeline: tuple[Interval, ...] = ()
    events, why = 0, plan.why if isinstance(plan, DoesNotFit) else ""
    notes: tuple[str, ...] = ()
    if isinstance(plan, ResidentPlan):
        if workload.serving is not None:
            metrics, events, notes = serve_requests(workload, plan, say)
        else:
            times: RequestTimes = time_request(workload, plan)
            metrics, ops, timeline = request_metrics(workload, plan, times), times.ops, times.timeline
            events = len(ops)
    cost = cost_since(started, events)
    checked: Verification | None = None
    graph = build(workload)
    if verify and workload.verification.enabled:
        checked, said = checked_numbers(workload, graph, fits=metrics is not None, progress=progress)
        notes = (*notes, *said)
    return Result(
        name=workload.name, title=workload.title, status=Status.OK if metrics else Status.DOES_NOT_FIT, why=why,
        model=model_facts(workload, graph), machine=machine_facts(workload.hardware.cluster, workload.precision),
        batch=_batch(workload), metrics=metrics,
        placement=_placement(plan) if isinstance(plan, ResidentPlan) else None, memory=plan.memory,
        core_sram_bytes=workload.hardware.cluster.wafer.core.sram_bytes, ops=ops,
        timeline=timeline if workload.outputs.timeline else (), verification=checked, not_modelled=NOT_MODELLED,
        provenance=provenance_of(workload), cost=cost, notes=notes,
    )  # fmt: skip


def placed(workload: Workload) -> ResidentPlan | DoesNotFit:
    """Return where the model lies; with as many sequences as fit, unless the workload says how many.

    Raises:
        InputError: as `request_of`.
    """
    asked = workload.asked
    if asked.batch is not None:
        return plan_resident(request_of(workload, batch=asked.batch))
    return largest_batch(lambda batch: plan_resident(request_of(workload, batch=batch)))


def _batch(workload: Workload) -> dict[str, int]:
    asked = workload.asked
    if workload.serving is not None:
        return {"requests": workload.serving.requests, "longest": workload.length}
    found = {"sequences": asked.batch or 1, "prompt": asked.prompt}
    found |= {"reused": asked.reused} if asked.reused else {}
    return found if workload.phase == "prefill" else found | {"generate": asked.generate}


def _placement(plan: ResidentPlan) -> ResidentPlacement:
    prompt, token = plan.prefill_stages[0], plan.stages[0]
    return ResidentPlacement(
        kind=plan.placement, wafers=plan.wafers, stages=len(plan.stages),
        layers_per_stage=max(stage.layers for stage in plan.stages), prefill_columns=prompt.columns,
        prefill_rows=prompt.rows, decode_columns=token.columns, decode_rows=token.rows, slots=plan.request.batch,
        capacity_tokens=plan.request.batch * plan.request.positions,
    )  # fmt: skip
