"""Joins the stages: workload → graph → program → played step → result."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from wsesim._version import __version__
from wsesim.errors import InputError
from wsesim.graph import Graph, with_training
from wsesim.hardware import Cluster
from wsesim.mapping import DoesNotFit, Program, Request, map_training
from wsesim.metrics import metrics_of
from wsesim.model import build_graph
from wsesim.result import Provenance, Result, SimulatorCost, Status, Verification
from wsesim.system import Played, play
from wsesim.units import show_bytes
from wsesim.workload import Workload

Progress = Callable[[str], None]

MOST_VERIFICATION_BYTES = 8 << 30
_SMALLER = "make verification.sequences, verification.length or the model smaller"
MODEL_FACTS = (
    "layers", "width", "heads", "kv_heads", "head_width", "ffn_width", "vocab", "max_length", "activation", "norm",
    "position", "block", "causal", "tied", "task", "source",
)  # fmt: skip
"""What a result says of the model; the resolved workload has the rest."""
NOT_MODELLED = (
    "Contention between colors, bank conflicts and stalls inside a core: kernels are closed forms.",
    "Uneven splits: a core holds width / columns features, although features are whole.",
    "Causal savings in attention: the full square of scores is computed.",
    "Power that depends on the clock or on what a core does: only whether the wafer computes counts.",
    "Defective cores, thermal throttling, and noise between systems.",
    "Compilation, device programming, checkpoints, evaluation and input pipelines slower than the wafer.",
    "Weight sparsity and mixture of experts.",
)


def _silent(message: str) -> None:
    """Report nothing."""


def build(workload: Workload) -> Graph:
    """Return the training graph of the batch of one system."""
    return with_training(
        build_graph(
            workload.model,
            sequences=workload.sequences_per_system,
            length=workload.length,
            precision=workload.precision,
        )
    )


def place(workload: Workload, graph: Graph) -> Program | DoesNotFit:
    """Map *graph* on the workload's machine."""
    return map_training(
        Request(
            graph=graph,
            cluster=workload.hardware.cluster,
            sequences=workload.sequences_per_system,
            length=workload.length,
            precision=workload.precision,
            micro_batch=workload.micro_batch,
            recompute=workload.recompute,
        )
    )


def run(workload: Workload, *, verify: bool = True, progress: Progress | None = None) -> Result:
    """Answer *workload*: how long a step takes, why, and whether the graph's numbers are right.

    Raises:
        InputError: text or weights that cannot be used (only when verifying).
    """
    say, started = progress or _silent, time.process_time()
    say("building the graph")
    graph = build(workload)
    say("mapping it to the wafer")
    program = place(workload, graph)
    played = None
    if isinstance(program, Program):
        say("simulating a training step")
        played = play(program)
    cost = SimulatorCost(
        events=played.events if played else 0,
        cpu_s=time.process_time() - started,
        peak_memory_bytes=_peak_memory_bytes(),
    )
    checked: Verification | None = None
    notes: tuple[str, ...] = ()
    if verify and workload.verification.enabled:
        checked, notes = _checked(workload, graph, fits=played is not None, progress=progress)
    return _result(workload, graph, program, played, checked, cost, notes)


def verify_numbers(workload: Workload, *, progress: Progress | None = None) -> Verification:
    """Execute the graph on the workload's text and compare with an independent float64 formulation.

    Raises:
        InputError: text or weights that cannot be used, or more memory needed than `MOST_VERIFICATION_BYTES`.
    """
    need = verification_bytes(workload, build(workload))
    if need > MOST_VERIFICATION_BYTES:
        raise InputError.at(f"verification would take {show_bytes(need)}; {_SMALLER}", file=workload.file)
    return _verify(workload, progress)


def _verify(workload: Workload, progress: Progress | None) -> Verification:
    from wsesim.numerics import verify_model

    settings = workload.verification
    return verify_model(
        workload.model,
        text=workload.text,
        sequences=settings.sequences,
        length=min(settings.length, workload.length),
        seed=settings.seed,
        weights=Path(settings.weights) if settings.weights else None,
        layers=settings.layers,
        progress=progress,
    )


def _checked(
    workload: Workload, graph: Graph, *, fits: bool, progress: Progress | None
) -> tuple[Verification | None, tuple[str, ...]]:
    """Verify, unless there is no answer to verify or no memory to do it in; then say so."""
    if not fits:
        return None, ("Not verified: the step does not fit.",)
    need = verification_bytes(workload, graph)
    if need > MOST_VERIFICATION_BYTES:
        return None, (f"Not verified: that takes {show_bytes(need)}; {_SMALLER}.",)
    return _verify(workload, progress), ()


def verification_bytes(workload: Workload, graph: Graph) -> int:
    """Return about how much memory verification takes: one block's weights and the logits, in fp32 and in float64."""
    settings = workload.verification
    largest = max(sum(graph.elements(tensor) for tensor in block.weights()) for block in graph.blocks)
    logits = settings.sequences * min(settings.length, workload.length) * workload.model.vocab
    return (4 + 8) * (largest + 2 * logits)


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
        model=_model_facts(workload, graph),
        machine=_machine_facts(workload.hardware.cluster, workload.precision),
        batch={
            "sequences": workload.sequences,
            "length": workload.length,
            "per_system": workload.sequences_per_system,
        },
        metrics=metrics_of(workload, program, played) if isinstance(program, Program) and played else None,
        placement=program.placement if isinstance(program, Program) else None,
        memory=program.memory,
        core_sram_bytes=workload.hardware.cluster.wafer.core.sram_bytes,
        ops=tuple(kernel for stage in program.stages for kernel in stage.kernels)
        if isinstance(program, Program)
        else (),
        timeline=played.intervals if played and workload.outputs.timeline else (),
        verification=checked,
        not_modelled=NOT_MODELLED,
        provenance=_provenance(workload),
        cost=cost,
        notes=notes,
    )


def _model_facts(workload: Workload, graph: Graph) -> Mapping[str, object]:
    model = asdict(workload.model)
    return {"name": model["name"], "parameters": graph.parameters(), **{name: model[name] for name in MODEL_FACTS}}


def _machine_facts(cluster: Cluster, precision: str) -> Mapping[str, object]:
    wafer = cluster.wafer
    return {
        "name": cluster.name,
        "systems": cluster.systems,
        "cores": wafer.cores,
        "columns": wafer.columns,
        "rows": wafer.rows,
        "clock_hz": wafer.core.clock_hz,
        "precision": precision,
        "peak_flops": wafer.peak_flops(precision),
        "peak_fp16_flops": wafer.peak_flops("fp16"),
        "sram_bytes": wafer.sram_bytes,
        "sram_bytes_per_s": wafer.cores
        * (wafer.core.sram_read_bytes_per_cycle + wafer.core.sram_write_bytes_per_cycle)
        * wafer.core.clock_hz,
        "io_bytes_per_s": wafer.io_bytes_per_s,
    }


def _provenance(workload: Workload) -> Provenance:
    figures = workload.hardware.figures
    inputs = {
        "version": __version__,
        "workload": workload.resolved,
        "figures": [[figure.name, figure.text] for figure in figures],
        "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(workload)],
    }
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=str)
    return Provenance(
        version=__version__,
        workload=workload.resolved,
        inputs_sha256=hashlib.sha256(text.encode()).hexdigest(),
        figures=figures,
        defaults=workload.defaults,
    )


def _files(workload: Workload) -> list[Path]:
    """Return the user's own files that the numbers depend on."""
    settings = workload.verification
    if not settings.enabled:
        return []
    text = [] if workload.text.startswith("sample:") else [Path(workload.text)]
    return text + ([Path(settings.weights)] if settings.weights else [])


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
