"""Weight streaming on cores: what is sent, and what shares the datapath."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores.programs import KernelCase, KernelOutcome, run_kernel
from wsesim.cores.programs.gemm.stream_gemm import layer_kernel
from wsesim.cores.programs.gemm.streaming import PRECISIONS, MatrixCut, thinned
from wsesim.errors import InputError
from wsesim.hardware import Wafer, load_cluster

NAME = "stream-gemm"
WAFER = load_cluster("cs-2").cluster.wafer
MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
WORST = 0.10
"""How far the closed form may be from the cores."""


def run(grid: tuple[int, int], shape: tuple[int, int, int], wafer: Wafer = WAFER, **options: str) -> KernelOutcome:
    return run_kernel(NAME, wafer, grid, shape, options=options)


def error_of(found: KernelOutcome) -> float:
    return abs(found.closed_cycles / found.cycles - 1)


def test_weights_that_are_zero_are_not_sent() -> None:
    generator = np.random.default_rng(0)
    x = generator.integers(-4, 5, (6, 12)).astype(float)
    weights = generator.integers(-4, 5, (12, 9)) * (generator.random((12, 9)) < 0.3).astype(float)
    weights[:, 4] = 0
    weights[:4, 0] = 0
    prepared = KernelCase(
        program=layer_kernel(lambda *_: {"x": x, "weights": weights}), wafer=WAFER, grid=(3, 2), shape=(6, 12, 9),
        options={"precision": "mixed", "nonzeros": "4"},
    ).load()  # fmt: skip
    result = prepared.run()
    assert prepared.compare().differing == 0
    blocks = weights.reshape(3, 4, 9)
    assert result.traffic["weights"] == 2 * np.maximum(1, (blocks != 0).sum(1)).sum()


def test_sparse_weights_take_cycles_in_proportion() -> None:
    cycles = {n: run((4, 1), (64, 32, 24), precision="mixed", nonzeros=str(n)).cycles for n in (2, 4, 8)}
    assert cycles[8] - cycles[4] == pytest.approx(2 * (cycles[4] - cycles[2]), rel=0.02)
    assert cycles[8] < 1.06 * run((4, 1), (64, 32, 24), precision="mixed").cycles


def test_thinning_keeps_the_same_number_on_every_core() -> None:
    cut = MatrixCut(columns=4, rows=1, tokens=1, inputs=20, outputs=6)
    kept = thinned(np.ones((20, 6)), cut, 2, np.random.default_rng(0)).reshape(4, 5, 6)
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
