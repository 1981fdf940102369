"""Weights that stream: workload → graph → program → played step → result."""

from __future__ import annotations

import time

from wsesim.graph import Graph
from wsesim.mapping import DoesNotFit, Program, Request, map_training
from wsesim.metrics import metrics_of
from wsesim.pipeline.checking import checked_numbers
from wsesim.pipeline.facts import Progress, build, cost_since, machine_facts, model_facts, provenance_of, silent
from wsesim.pipeline.job import job_costs
from wsesim.result import JobCost, Result, SimulatorCost, Status, Verification
from wsesim.system import Played, play
from wsesim.workload import Workload

NOT_MODELLED = (
    "Contention between colors, bank conflicts and stalls inside a core: kernels are closed forms.",
    "Uneven splits: a core holds width / columns features, although features are whole.",
    "Causal savings in attention: the full square of scores is computed.",
    "Masks of sparse weights that change, and zeros that fall unevenly over columns of cores.",
    "Which token goes to which expert: every expert has the room and time of the busiest, model.expert_imbalance.",
    "Power that depends on the clock or on what a core does: only whether the wafer computes counts.",
    "Defective cores, thermal throttling, and noise between systems.",
    "Compilation: it takes minutes to an hour, and follows from software that is not described.",
)


def place(workload: Workload, graph: Graph) -> Program | DoesNotFit:
    """Map *graph* on the workload's machine."""
    return map_training(
        Request(
            graph=graph,
            cluster=workload.hardware.cluster,
            software=workload.software.for_training(),
            sequences=workload.sequences_per_system,
            length=workload.length,
            precision=workload.precision,
            micro_batch=workload.micro_batch,
            recompute=workload.recompute,
        )
    )


def _job(workload: Workload, graph: Graph) -> tuple[JobCost, ...]:
    software, trains = workload.software.for_training(), workload.phase == "training"
    return job_costs(graph, workload.hardware.cluster, software, trains=trains)


def run_step(workload: Workload, *, verify: bool, progress: Progress | None) -> Result:
    """Answer a workload whose weights stream: how long a step takes, why, and whether the graph's numbers are right.

    Raises:
        InputError: text or weights that cannot be used (only when verifying).
    """
    say, started = progress or silent, time.process_time()
    say("building the graph")
    graph = build(workload)
    say("mapping it to the wafer")
    program = place(workload, graph)
    played = None
    if isinstance(program, Program):
        say(f"simulating {'a training' if workload.phase == 'training' else 'an evaluation'} step")
        played = play(program)
    cost = cost_since(started, played.events if played else 0)
    checked: Verification | None = None
    notes: tuple[str, ...] = ()
    if verify and workload.verification.enabled:
        checked, notes = checked_numbers(workload, graph, fits=played is not None, progress=progress)
    return _result(workload, graph, program, played, checked, cost, notes)


def _result(
    workload: Workload,
    graph: Graph,
    program: Program | DoesNotFit,
    played: Played | None,
    checked: Verification | None,
    cost: SimulatorCost,
    notes: tuple[str, ...],
) -> Result:
    fits = isinstance(program, Program) and played is not None
    return Result(
        name=workload.name,
        title=workload.title,
        status=Status.OK if fits else Status.DOES_NOT_FIT,
        why="" if isinstance(program, Program) else program.why,
        model=model_facts(workload, graph),
        machine=machine_facts(workload.hardware.cluster, workload.precision),
        batch={
            "sequences": workload.sequences,
            "length": workload.length,
            "per_system": workload.sequences_per_system,
        },
        metrics=metrics_of(workload, program, played) if isinstance(program, Program) and played else None,
        placement=program.placement if isinstance(program, Program) else None,
        memory=program.memory,
        job=_job(workload, graph) if fits else (),
        core_sram_bytes=workload.hardware.cluster.wafer.core.sram_bytes,
        ops=tuple(kernel for stage in program.stages for kernel in stage.kernels)
        if isinstance(program, Program)
        else (),
        timeline=played.intervals if played and workload.outputs.timeline else (),
        verification=checked,
        not_modelled=NOT_MODELLED,
        provenance=provenance_of(workload),
        cost=cost,
        notes=notes,
    )
