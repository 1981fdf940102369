"""Weight streaming on cores computes x W, ends for every shape, and takes the cycles of its closed form."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.cores.programs.gemm.stream_core import StreamedLayer, load
from wsesim.cores.programs.gemm.streaming import PRECISIONS, MatrixCut, gathered, thinned
from wsesim.errors import InputError
from wsesim.hardware import Wafer, load_cluster

NAME = "stream-gemm"
WAFER = load_cluster("cs-2").cluster.wafer
MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
MEDIAN, WORST = 0.03, 0.10
"""How far the closed form may be from the cores."""


def run(grid: tuple[int, int], shape: tuple[int, int, int], wafer: Wafer = WAFER, **options: str) -> KernelOutcome:
    return run_kernel(NAME, wafer, grid, shape, options=options)


def error_of(found: KernelOutcome) -> float:
    return abs(found.closed_cycles / found.cycles - 1)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("chosen", [{}, {"pass": "input-gradient"}, {"nonzeros": "1"}])
@pytest.mark.parametrize(
    ("grid", "shape"),
    [
        ((1, 1), (4, 3, 2)),
        ((2, 1), (4, 4, 4)),
        ((3, 2), (9, 7, 8)),
        ((4, 3), (32, 8, 16)),
        ((5, 3), (7, 3, 2)),
        ((3, 4), (5, 4, 11)),
        ((6, 1), (1, 1, 1)),
    ],
)
def test_values_are_those_of_numpy(
    grid: tuple[int, int], shape: tuple[int, int, int], chosen: dict[str, str], precision: str
) -> None:
    found = run_kernel(NAME, WAFER, grid, shape, options={"precision": precision, **chosen})
    assert found.right
    assert found.wavelet_hops == found.counts["hops"]


def test_every_small_shape_ends() -> None:
    for columns, rows, tokens, inputs, outputs in itertools.product((1, 2, 3, 5), (1, 2), (1, 3), (1, 4), (1, 2, 3, 7)):
        assert run((columns, rows), (tokens, inputs, outputs)).right


def test_weights_that_are_zero_are_not_sent() -> None:
    cut, arithmetic = MatrixCut(columns=3, rows=2, tokens=6, inputs=12, outputs=9), PRECISIONS["mixed"]
    generator = np.random.default_rng(0)
    x = generator.integers(-4, 5, (6, 12)).astype(float)
    weights = generator.integers(-4, 5, (12, 9)) * (generator.random((12, 9)) < 0.3).astype(float)
    weights[:, 4] = 0
    weights[:4, 0] = 0
    machine = load(WAFER, StreamedLayer(cut=cut, arithmetic=arithmetic, sparse=True), x, weights)
    result = machine.run()
    assert (cut.from_cores(gathered(machine, "y")[1:], cut.outputs_each, cut.outputs) == x @ weights).all()
    blocks = weights.reshape(3, 4, 9)
    assert result.traffic["weights"] == cut.rows * np.maximum(1, (blocks != 0).sum(1)).sum()


def test_sparse_weights_take_cycles_in_proportion() -> None:
    cycles = {n: run((4, 1), (64, 32, 24), precision="mixed", nonzeros=str(n)).cycles for n in (2, 4, 8)}
    assert cycles[8] - cycles[4] == pytest.approx(2 * (cycles[4] - cycles[2]), rel=0.02)
    assert cycles[8] < 1.06 * run((4, 1), (64, 32, 24), precision="mixed").cycles


def test_thinning_keeps_the_same_number_on_every_core() -> None:
    cut = MatrixCut(columns=4, rows=1, tokens=1, inputs=20, outputs=6)
    kept = thinned(np.ones((20, 6)), cut, 2, 0).reshape(4, 5, 6)
    assert (kept.sum(1) == 2).all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_rows_do_the_same_one_hop_later(precision: str) -> None:
    one = run((4, 1), (12, 8, 12), precision=precision).cycles
    assert run((4, 5), (60, 8, 12), precision=precision).cycles == one + 4 * WAFER.fabric.hop_cycles


def test_products_and_sums_share_the_datapath() -> None:
    """With many tokens an output takes its multiply-accumulates and its additions one after the other."""
    tokens, inputs_each = 256, 2
    few, many = (run((6, 1), (tokens, 12, outputs), precision="mixed").cycles for outputs in (12, 24))
    assert (many - few) / 12 == pytest.approx(inputs_each * tokens / 2 + tokens, rel=0.06)


def test_the_closed_form_meets_the_cores() -> None:
    random, errors = np.random.default_rng(0), []
    for _ in range(50):
        wafer = MACHINES[str(random.choice(list(MACHINES)))]
        columns, rows = int(random.integers(1, 9)), int(random.integers(1, 4))
        inputs = int(random.integers(1, 4 * columns + 1))
        options = {"precision": str(random.choice(list(PRECISIONS)))}
        if random.random() < 0.3:
            options["nonzeros"] = str(random.integers(1, -(-inputs // columns) + 1))
        shape = (int(random.integers(1, 60 * rows)), inputs, int(random.integers(1, 30)))
        errors.append(error_of(run_kernel(NAME, wafer, (columns, rows), shape, options=options)))
    assert statistics.median(errors) <= MEDIAN
    assert max(errors) <= WORST


@settings(max_examples=15, deadline=None)
@given(
    columns=st.integers(1, 6), tokens=st.integers(4, 30), inputs_each=st.integers(1, 4), outputs=st.integers(6, 24),
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


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((4, 4), {}, "takes tokens, inputs and outputs, for example 64 x 32 x 32; got 4 x 4"),
        ((4, 0, 4), {}, "got 4 x 0 x 4"),
        ((4, 4, 4), {"nonzeros": "3"}, "option nonzeros must be at most 2, the inputs of a core; got 3"),
        ((4, 4, 4), {"precision": "fp64"}, "option precision must be one of fp32, mixed, fp16"),
        ((4, 4, 4), {"pass": "backward"}, "option pass must be one of forward, input-gradient"),
    ],
)
def test_mistakes_are_named(shape: tuple[int, ...], options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_kernel(NAME, WAFER, (2, 1), shape, options=options)
