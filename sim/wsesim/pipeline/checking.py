"""Whether a workload's numbers are right: a small run of its graph against an independent formulation."""

from __future__ import annotations

from pathlib import Path

from wsesim.errors import InputError
from wsesim.graph import Graph
from wsesim.pipeline.facts import Progress, build
from wsesim.result import Verification
from wsesim.units import show_bytes
from wsesim.workload import Workload

MOST_VERIFICATION_BYTES = 8 << 30
_SMALLER = "make verification.sequences, verification.length or the model smaller"


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


def checked_numbers(
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
