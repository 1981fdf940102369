"""Weight streaming on cores: what is sent, and what shares the datapath."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.programs import KernelCase, KernelOutcome, run_kernel
from wsesim.cores.programs.gemm.stream_gemm import asked, layer_kernel
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
    cycles = {n: run((8, 1), (64, 64, 48), precision="mixed", nonzeros=str(n)).cycles for n in (2, 4, 8)}
    each = [cycles[n] / n for n in cycles]
    assert max(each) < 1.35 * min(each)  # each output has a sum that passes, however few weights it has
    assert cycles[8] == run((8, 1), (64, 64, 48), precision="mixed", sums="apart").cycles


def test_of_zeros_by_chance_the_column_with_most_weights_sets_the_pace() -> None:
    """As the closed form of sparse layers has it (`kernels.zeros`), but for what queues let columns run ahead."""
    even, drawn = (
        run((8, 1), (128, 64, 48), MACHINES["cs-3"], precision="mixed", nonzeros="2", sums="apart", zeros=zeros)
        for zeros in ("even", "any")
    )
    assert drawn.right
    assert 1.3 * even.cycles < drawn.cycles < drawn.closed_cycles < 1.15 * drawn.cycles


def test_thinning_keeps_the_same_number_on_every_core() -> None:
    cut = MatrixCut(columns=4, rows=1, tokens=1, inputs=20, outputs=6)
    kept = thinned(np.ones((20, 6)), cut, 2, np.random.default_rng(0)).reshape(4, 5, 6)
    assert (kept.sum(1) == 2).all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_rows_do_the_same_one_hop_later(precision: str) -> None:
    one = run((4, 1), (12, 8, 12), precision=precision).cycles
    assert run((4, 5), (60, 8, 12), precision=precision).cycles == one + 4 * WAFER.fabric.hop_cycles


@pytest.mark.parametrize(
    ("grid", "each", "precision", "machine", "sums"),
    [
        ((4, 1), 1, "mixed", "cs-2", "fast"), ((6, 2), 2, "mixed", "cs-2", "each"),
        ((6, 1), 3, "mixed", "cs-2", "apart"), ((6, 1), 3, "fp32", "cs-3", "each"),
        ((5, 1), 3, "fp16", "cs-3", "apart"), ((4, 1), 2, "fp16", "cs-3", "each"), ((1, 1), 3, "mixed", "cs-2", "fast"),
    ],
)  # fmt: skip
def test_values_are_a_replay_of_order_and_rounding(
    grid: tuple[int, int], each: int, precision: str, machine: str, sums: str
) -> None:
    """Of operands whose sums are rounded at every step: so a product in another place would show."""
    random, inputs = np.random.default_rng(1), grid[0] * each
    x = random.standard_normal((9 * grid[1], inputs)).astype(np.float16).astype(float)
    weights = random.standard_normal((inputs, 2 * inputs + 1)).astype(np.float16).astype(float)
    prepared = KernelCase(
        program=layer_kernel(lambda *_: {"x": x, "weights": weights}), wafer=MACHINES[machine], grid=grid,
        shape=(9 * grid[1], inputs, 2 * inputs + 1), options={"precision": precision, "sums": sums},
    ).load()  # fmt: skip
    prepared.run()
    assert prepared.compare().differing == 0
    rounded = {"fp32": 1e-6, "mixed": 1e-2, "fp16": 3e-2}[precision] * np.abs(x) @ np.abs(weights)
    assert (np.abs(prepared.expected - x @ weights) <= rounded).all()
    assert (prepared.expected != x @ weights).any()


@pytest.mark.parametrize(
    ("columns", "each", "tokens", "most"), [(16, 1, 124, 1.06), (8, 2, 124, 1.1), (8, 5, 124, 1.08), (8, 9, 64, 1.14)]
)
def test_layers_take_what_the_formula_of_streaming_says(columns: int, each: int, tokens: int, most: float) -> None:
    """On a CS-2: of one feature a core the outputs themselves, else whole square layers."""
    outputs = columns * each
    cycles = run((columns, 1), (tokens, outputs, outputs), precision="mixed").cycles
    if each == 1:
        cycles = run((columns, 1), (tokens, outputs, 2 * outputs), precision="mixed").cycles - cycles
    formula = outputs * max(each * (tokens / 2 + 2), tokens / 2)
    assert 1 <= cycles / formula < most


@pytest.mark.parametrize(
    ("machine", "shape", "each", "blocks"),
    [
        ("cs-2", (248, 16, 16), True, 1), ("cs-2", (248, 64, 16), True, 1), ("cs-2", (248, 80, 16), False, 1),
        ("cs-2", (248, 16, 800), False, 1), ("cs-3", (248, 8, 16), True, 1), ("cs-3", (248, 16, 16), False, 2),
    ],
)  # fmt: skip
def test_sums_pass_in_the_way_that_is_faster_and_has_room(
    machine: str, shape: tuple[int, int, int], each: bool, blocks: int
) -> None:
    """Links with gaps make a sum for each of ten features dearer than a pass; 100 outputs of two do not fit."""
    options = {"precision": "mixed"}
    layer = asked(KernelSetup(wafer=MACHINES[machine], grid=(8, 1), shape=shape, options=options))
    assert (layer.each, layer.blocks) == (each, blocks)


def test_a_weight_starts_as_late_as_it_is_told() -> None:
    """Ten cycles, as a task of the SDK has, are ten for each AXPY."""
    early, late = (run((6, 1), (40, 12, 36), precision="mixed", start=start).cycles for start in ("2", "10"))
    assert late - early == pytest.approx(36 * 2 * 8, rel=0.02)


def test_tokens_that_accumulators_do_not_hold_go_in_blocks() -> None:
    """On a CS-3, whose memory feeds half of what its datapath multiplies: 512 B hold 128 sums."""
    wafer = MACHINES["cs-3"]
    held, more = (run((4, 1), (tokens, 32, 8), wafer, precision="mixed") for tokens in (128, 130))
    assert held.right
    assert more.right
    assert more.cycles < 1.15 * held.cycles
    assert error_of(more) <= WORST / 2


@settings(max_examples=15, deadline=None)
@given(
    columns=st.integers(1, 6), tokens=st.integers(24, 60), inputs_each=st.integers(1, 4), outputs=st.integers(6, 24),
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
        ((4, 4, 4), {"start": "0"}, "option start must be a whole number from 1 on"),
        ((4, 9000, 4), {}, "a tag tells 4,096 features of a core apart; got 4,500"),
        ((4, 4, 4), {"pass": "backward"}, "option pass must be one of forward, input-gradient"),
    ],
)
def test_mistakes_are_named(shape: tuple[int, ...], options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        run_kernel(NAME, WAFER, (2, 1), shape, options=options)
