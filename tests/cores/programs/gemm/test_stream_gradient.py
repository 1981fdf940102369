"""The gradient of a weight on cores is x^T dy, ends for every shape, and takes the cycles of its closed form."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.cores.programs.gemm.streaming import PRECISIONS
from wsesim.errors import InputError
from wsesim.hardware import Wafer, load_cluster

NAME = "stream-gradient"
WAFER = load_cluster("cs-2").cluster.wafer
MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
MEDIAN, WORST = 0.03, 0.10
"""How far the closed form may be from the cores."""


def run(grid: tuple[int, int], shape: tuple[int, int, int], wafer: Wafer = WAFER, **options: str) -> KernelOutcome:
    return run_kernel(NAME, wafer, grid, shape, options=options)


def error_of(found: KernelOutcome) -> float:
    return abs(found.closed_cycles / found.cycles - 1)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    ("grid", "shape"),
    [
        ((1, 1), (4, 3, 2)),
        ((2, 1), (4, 4, 4)),
        ((3, 2), (9, 7, 8)),
        ((4, 3), (32, 8, 16)),
        ((5, 3), (7, 3, 2)),
        ((3, 4), (5, 4, 11)),
        ((6, 2), (1, 1, 1)),
    ],
)
def test_values_are_those_of_numpy(grid: tuple[int, int], shape: tuple[int, int, int], precision: str) -> None:
    found = run(grid, shape, precision=precision)
    assert found.right
    control_wavelets = found.wavelet_hops - found.counts["hops"]
    assert 0 <= control_wavelets <= 2 * grid[0] * grid[1]


def test_every_small_shape_ends() -> None:
    for columns, rows, tokens, inputs, outputs in itertools.product((1, 2, 3, 5), (1, 2), (1, 3), (1, 4), (1, 2, 3, 7)):
        assert run((columns, rows), (tokens, inputs, outputs)).right


def test_the_narrower_operand_is_spread() -> None:
    assert run((3, 1), (20, 12, 4)).cycles == run((3, 1), (20, 4, 12)).cycles
    assert run((3, 1), (20, 4, 12)).right


def test_rows_do_the_same_and_pass_sums_down() -> None:
    link = 1 + 2 * WAFER.fabric.ramp_cycles + WAFER.fabric.hop_cycles
    one = run((4, 1), (12, 8, 8)).cycles
    assert run((4, 5), (60, 8, 8)).cycles == one + 4 * link


def test_products_and_arrivals_share_the_datapath() -> None:
    """With many tokens a feature takes its dot products and the wavelets that arrive one after the other."""
    tokens, inputs_each = 256, 4
    few, many = (run((6, 1), (tokens, 24, outputs), precision="mixed").cycles for outputs in (12, 24))
    assert (many - few) / 12 == pytest.approx(inputs_each * tokens / 2 + tokens / 2, rel=0.15)


def test_the_closed_form_meets_the_cores() -> None:
    random, errors = np.random.default_rng(0), []
    for _ in range(50):
        wafer = MACHINES[str(random.choice(list(MACHINES)))]
        columns, rows = int(random.integers(1, 9)), int(random.integers(1, 4))
        shape = (
            int(random.integers(1, 60 * rows)),
            int(random.integers(1, 4 * columns + 1)),
            int(random.integers(1, 30)),
        )
        errors.append(error_of(run((columns, rows), shape, wafer, precision=str(random.choice(list(PRECISIONS))))))
    assert statistics.median(errors) <= MEDIAN
    assert max(errors) <= WORST


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


def test_a_shape_has_three_sizes() -> None:
    with pytest.raises(InputError, match="stream-gradient takes tokens, inputs and outputs"):
        run_kernel(NAME, WAFER, (2, 1), (4, 4))
