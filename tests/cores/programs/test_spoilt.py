"""No program computes the right values with a calculation, a wavelet or a number of an operand gone wrong.

What cannot matter does not count: where an element fills up, or is overwritten, the result is the same with other
operands too. A result that changes with other operands, and not with those that are drawn, has slipped through. As a
value may by chance be what stood in its place before (the greatest less itself is 0), two draws have to miss it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from tests.cores.programs import spoiling
from tests.cores.programs.spoiling import Spoil

from wsesim.cores.errors import ProgramError
from wsesim.cores.kit.base import Array
from wsesim.cores.programs import PROGRAMS, KernelCase, Prepared
from wsesim.hardware import load_cluster

WAFERS = [load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3")]
MOST = 8
"""Changes of each kind that are tried in a case."""
OTHER = 1000
"""Of a second draw, how much its seed is greater."""
LONG = 20
"""Times what a right run takes, after which a spoilt one has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A case small enough to be run often."""

    grid: tuple[int, int]
    shape: tuple[int, ...]
    options: dict[str, str] = field(default_factory=dict)


def small(columns: int, rows: int, *shape: int, **options: str) -> Small:
    return Small(grid=(columns, rows), shape=shape, options=options)


FEATURES = [small(1, 1, 3, 5), small(3, 2, 5, 11), small(5, 1, 2, 9, group="2")]
HEADS = [small(3, 2, 2, 5, 7), small(4, 2, 2, 4, 8)]
SPARSE = [small(2, 1, 6, 5, 7, 12), small(1, 1, 3, 4, 4, 6)]
LINES = [small(2, 1, 1), small(5, 2, 7), small(4, 3, 6, type="i32")]
GROUPS = [*LINES, small(7, 1, 3, group="3")]
PRECISE = [small(3, 2, 7, 8, 5, precision=name) for name in ("fp32", "mixed", "fp16")]
SMALL: dict[str, list[Small]] = {
    **dict.fromkeys(("broadcast", "broadcast-2d", "reduce-chain", "allreduce-chain", "allreduce-2d"), LINES),
    **dict.fromkeys(("reduce-two-phase", "reduce-tree"), GROUPS),
    "allreduce-ring": [*LINES, small(6, 1, 13)],
    "gemv": [small(4, 2, 12, 9, precision=name) for name in ("fp32", "mixed", "fp16")] + [small(3, 1, 300, 2)],
    "mesh-gemm": [
        small(1, 1, 3, 4, 5),
        small(3, 3, 7, 8, 5),
        small(2, 2, 4, 60, 4),
        small(2, 2, 3, 4, 5, compute="twice"),
    ],
    "stream-gemm": [*PRECISE, small(3, 1, 4, 7, 6, nonzeros="2"), small(2, 2, 5, 4, 6, **{"pass": "input-gradient"})],
    "stream-gradient": PRECISE,
    "summa": [small(3, 2, 7, 8, 5), small(2, 2, 4, 4, 4, transfers="library")],
    "local-gemm": [small(2, 1, 3, 5, 4), small(1, 1, 3, 4, 2, code="scalar")],
    **dict.fromkeys(("spmm-coo", "spmm-csc", "spmm-csr", "spmm-ellpack"), SPARSE),
    "fft-3d": [small(4, 4, 4), small(8, 1, 8)],
    "stencil-one-cell": [small(5, 4, 5), small(3, 3, 2)],
    "stencil-star": [small(4, 3, 5, 4, 1, 5), small(3, 4, 5, 6, 3, 4), small(3, 3, 9, 9, 1, 2, halo="free")],
    "stencil-tasks": [small(4, 3, 5, 4, 1, 5), small(3, 3, 4, 5, 2, 3)],
    "vector": [small(2, 1, 9, op=op, type=kind) for op in ("add", "mac", "mov") for kind in ("f32", "f16")],
    "vector-loop": [small(1, 1, 64, 16), small(1, 1, 512, 16, form="for-map")],
    "scalar": [small(2, 1, 5), small(1, 1, 4, code="memory")],
    "message": [small(2, 1, 9), small(5, 2, 4, relays="2")],
    **dict.fromkeys(("layer-norm", "rms-norm", "softmax", "silu-gate", "residual", "cross-entropy"), FEATURES),
    "gelu": [small(3, 2, 5, 7, form="erf"), small(2, 1, 3, 4, form="tanh")],
    "rotary": [small(3, 2, 5, 8), small(2, 1, 3, 10)],
    "embedding": [small(3, 2, 5, 7, 10), small(1, 4, 6, 9, 3)],
    "attention-prefill": [*HEADS, small(3, 2, 2, 5, 7, mask="none")],
    "attention-decode": [*HEADS, small(3, 2, 2, 5, 7, group="2")],
    "gpt-layer": [small(3, 2, 3, 8, 2), small(2, 2, 4, 4, 2, form="erf")],
}


def test_every_program_is_spoilt() -> None:
    assert SMALL.keys() == {name for name, program in PROGRAMS.items() if program.prepare is not None}


@pytest.mark.parametrize("name", SMALL)
def test_what_is_spoilt_is_seen(name: str) -> None:
    slipped, seen = [], 0
    for number, each in enumerate(SMALL[name]):
        case = KernelCase(
            program=PROGRAMS[name], wafer=WAFERS[number % 2], grid=each.grid, shape=each.shape, options=each.options,
            seed=number,
        )  # fmt: skip
        most = LONG * case.run().cycles
        for spoil in _chosen(case):
            if any(_seen(replace(case, seed=seed), spoil, most) for seed in (number, number + OTHER)):
                seen += 1
            elif _matters(case, spoil, most):
                slipped.append((each, spoil.what))
    assert not slipped
    assert seen


def _chosen(case: KernelCase) -> list[Spoil]:
    """Return some of the ways to spoil a case."""
    random, machine = np.random.default_rng(case.seed), case.load().machine
    kinds = (spoiling.elements(machine), spoiling.wavelets(machine))
    chosen = [found[number] for found in kinds for number in random.permutation(len(found))[:MOST]]
    return chosen + spoiling.operands(machine, random, MOST)


def _seen(case: KernelCase, spoil: Spoil, most: int) -> bool:
    """Return whether a run does not end, or leaves values that are not NumPy's."""
    prepared = case.load()
    spoil.apply(prepared.machine)
    return _result(prepared, most) is None or prepared.compare().differing > 0


def _matters(case: KernelCase, spoil: Spoil, most: int) -> bool:
    """Return whether the result of other operands changes."""
    right, spoilt = case.load(), case.load()
    for prepared in (right, spoilt):
        spoiling.redraw(prepared.machine, np.random.default_rng(case.seed))
    spoil.apply(spoilt.machine)
    before, after = (_result(prepared, most) for prepared in (right, spoilt))
    return before is None or after is None or not np.array_equal(before, after)


def _result(prepared: Prepared, most: int) -> Array | None:
    """Return what a run leaves; None where it does not end."""
    try:
        prepared.machine.run(limit=most, unread=prepared.unread)
    except ProgramError:
        return None
    return prepared.read(prepared.machine)
