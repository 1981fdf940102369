"""Collectives against published models, on machines of other latencies, and by a part that stands for all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores import isa
from wsesim.cores.programs import PROGRAMS, KernelOutcome, run_kernel
from wsesim.hardware import Wafer, load_cluster
from wsesim.kernels import collectives

NAMES = (
    "broadcast", "broadcast-2d", "reduce-chain", "reduce-two-phase", "reduce-tree", "allreduce-chain", "allreduce-2d",
    "allreduce-ring",
)  # fmt: skip
WAFER = load_cluster("cs-2").cluster.wafer
MACHINES = ("cs-1", "cs-2", "cs-3")
WORST_ELSEWHERE = 0.13
"""The same on machines nobody has built: the ring's clashes on a router were counted on real latencies."""


def other_machine(hop: int, ramp: int, vector: int, task: int) -> Wafer:
    figures = {
        "fabric.hop_cycles": hop, "fabric.ramp_cycles": ramp, "core.vector_launch_cycles": vector,
        "core.task_launch_cycles": task,
    }  # fmt: skip
    return load_cluster("cs-2", overrides=figures).cluster.wafer


def grouped(name: str, group: int) -> dict[str, str]:
    return {"group": str(group)} if "group" in PROGRAMS[name].options else {}


def error_of(found: KernelOutcome) -> float:
    return abs(found.closed_cycles / found.cycles - 1)


def test_a_group_of_all_cores_is_a_chain_whose_descriptors_are_set_first() -> None:
    chain = run_kernel("reduce-chain", WAFER, (9, 1), (20,)).cycles
    found = run_kernel("reduce-two-phase", WAFER, (9, 1), (20,), options={"group": "9"}).cycles
    assert found == chain + WAFER.code.vector_setup_cycles


def test_the_last_group_passes_its_sum_on_as_it_adds_it_up() -> None:
    """So a last group of fewer cores saves nothing where the other heads have their own sums to wait for."""
    whole, rest = (
        run_kernel("reduce-two-phase", WAFER, (cores, 1), (300,), options={"group": "8"}).cycles for cores in (64, 57)
    )
    assert whole == rest


FOLDS = [
    pytest.param(name, machine, columns, marks=[] if (place + 2 * number) % 5 == which else [pytest.mark.nightly])
    for place, name in enumerate(("allreduce-2d", "broadcast-2d")) for number, machine in enumerate(MACHINES)
    for which, columns in enumerate((1, 2, 3, 6, 17))
]  # fmt: skip
"""By day each number of columns, kernel and machine once or twice."""


@pytest.mark.parametrize(("name", "machine", "columns"), FOLDS)
@pytest.mark.every(4)
def test_two_rows_stand_for_all_where_columns_come_last(name: str, machine: str, columns: int) -> None:
    wafer = load_cluster(machine).cluster.wafer
    for rows in (1, 2, 3, 4, 9, 22):
        for length in (1, 2, 7, 40):
            folded = run_kernel(name, wafer, (columns, rows), (length,), fold=True)
            unfolded = run_kernel(name, wafer, (columns, rows), (length,))
            assert folded.right
            assert folded.cycles == unfolded.cycles, (rows, length)
            assert folded.run is not None
            assert folded.run.busy.shape == (min(rows, 2), columns)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12, deadline=None)
@given(
    columns=st.integers(1, 16), rows=st.integers(1, 3), length=st.integers(1, 60), group=st.integers(1, 8),
    hop=st.integers(1, 2), ramp=st.integers(1, 5), vector=st.integers(3, 10), task=st.integers(1, 20),
)  # fmt: skip
def test_closed_forms_hold_on_machines_of_other_latencies(
    name: str, columns: int, rows: int, length: int, group: int, hop: int, ramp: int, vector: int, task: int
) -> None:
    wafer = other_machine(hop, ramp, vector, task)
    found = run_kernel(name, wafer, (columns, rows), (length,), options={"type": "i32", **grouped(name, group)})
    assert found.right
    assert error_of(found) <= WORST_ELSEWHERE


@pytest.mark.parametrize(
    ("name", "published"), [("broadcast", collectives.broadcast), ("reduce-chain", collectives.chain_reduce)]
)
def test_long_vectors_meet_the_published_model(name: str, published: Callable[..., float]) -> None:
    found = run_kernel(name, WAFER, (24, 1), (512,))
    assert found.cycles == pytest.approx(published(WAFER.fabric, wavelets=512, cores=24), rel=0.04)


def test_the_ring_pays_for_a_datapath_that_sends_or_receives() -> None:
    found = run_kernel("allreduce-ring", WAFER, (8, 1), (800,))
    wavelets, cores, ramp = 800, 8, WAFER.fabric.ramp_cycles
    steps = 2 * (cores - 1)
    published = steps * wavelets / cores + 4 * cores - 6 + steps * (2 * ramp + 1)  # arXiv 2404.15888
    assert published < found.cycles < 2.2 * published


def test_integer_vectors_are_integers_in_memory() -> None:
    prepare = PROGRAMS["reduce-chain"].prepare
    assert prepare is not None
    prepared = prepare(WAFER, (2, 1), (4,), {"type": "i32"}, 0)
    assert all(role.variables["x"].kind == isa.I32 for role in prepared.machine.builder.roles)
