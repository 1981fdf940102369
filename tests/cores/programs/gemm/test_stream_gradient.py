"""The gradient of a weight on cores: what rows do, and what shares the datapath."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.hardware import Wafer, load_cluster

NAME = "stream-gradient"
WAFER = load_cluster("cs-2").cluster.wafer
MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
WORST = 0.10
"""How far the closed form may be from the cores."""


def run(grid: tuple[int, int], shape: tuple[int, int, int], wafer: Wafer = WAFER, **options: str) -> KernelOutcome:
    return run_kernel(NAME, wafer, grid, shape, options=options)


def error_of(found: KernelOutcome) -> float:
    return abs(found.closed_cycles / found.cycles - 1)


def test_rows_do_the_same_and_pass_sums_down() -> None:
    link = 1 + 2 * WAFER.fabric.ramp_cycles + WAFER.fabric.hop_cycles
    one = run((4, 1), (12, 8, 8)).cycles
    assert run((4, 5), (60, 8, 8)).cycles == one + 4 * link


def test_products_and_arrivals_share_the_datapath() -> None:
    """With many tokens a feature takes its dot products and the wavelets that arrive one after the other."""
    tokens, inputs_each = 256, 4
    few, many = (run((6, 1), (tokens, 24, outputs), precision="mixed").cycles for outputs in (12, 24))
    assert (many - few) / 12 == pytest.approx(inputs_each * tokens / 2 + tokens / 2, rel=0.15)


@settings(max_examples=15, deadline=None)
@given(
    columns=st.integers(1, 6), tokens=st.integers(1, 30), inputs_each=st.integers(1, 4), outputs=st.integers(4, 20),
    hop=st.integers(1, 2), ramp=st.integers(1, 5), task=st.integers(5, 20),
)  # fmt: skip
def test_the_closed_form_holds_on_machines_of_other_latencies(
    columns: int, tokens: int, inputs_each: int, outputs: int, hop: int, ramp: int, task: int
) -> None:
    figures = {"fabric.hop_cycles": hop, "fabric.ramp_cycles": ramp, "core.task_launch_cycles": task}
    wafer = load_cluster("cs-2", overrides=figures).cluster.wafer
    found = run((columns, 1), (tokens, inputs_each * columns, outputs), wafer)
    assert found.right
    assert error_of(found) <= WORST
