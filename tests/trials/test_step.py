"""A step of a small GPT on 8 x 8 simulated cores is the executor's; linear layers are as mapped, to the last bit."""

from dataclasses import replace

import numpy as np
import pytest

from wsesim.cores import jit
from wsesim.errors import NotModelled
from wsesim.graph import Op, with_training
from wsesim.hardware import load_cluster
from wsesim.kernels import Region
from wsesim.model import build_graph, load_preset
from wsesim.numerics import SeededWeights, Setting, token_inputs
from wsesim.numerics.mapped import StreamedLines
from wsesim.numerics.mapped.products import gradient_of_weight
from wsesim.software import load_software
from wsesim.trials import step_on_cores
from wsesim.trials.core_ops import CORE_OPS, Bench
from wsesim.trials.step import CoreStorage

CLUSTER = load_cluster("cs-2").cluster
GPT = replace(load_preset("cerebras-gpt-111m"), layers=1, width=16, heads=2, kv_heads=2, head_width=8, ffn_width=24,
              vocab=20, max_length=8)  # fmt: skip


def bench() -> Bench:
    return Bench(wafer=CLUSTER.wafer, grid=(8, 8))


@pytest.mark.skipif(not jit.COMPILED, reason="takes minutes uncompiled")
def test_a_step_on_cores_is_that_of_the_executor() -> None:
    graph = with_training(build_graph(GPT, sequences=2, length=8, precision="fp32"))
    ids = np.random.default_rng(0).integers(0, GPT.vocab, (2, 8))
    weights = SeededWeights(graph, 0, spread=0.1, deviation=0.2)
    found = step_on_cores(graph, weights, token_inputs(graph, ids), CLUSTER.wafer, (8, 8))
    assert found.ok, (found.worst, found.worst_op)
    ops = {op.name for block in graph.blocks for op in block.ops}
    assert {op.name for op in found.ops} == ops
    assert min(op.cycles for op in found.ops) > 0
    assert found.cycles == sum(op.cycles for op in found.ops)
    exact = [op.difference for op in found.ops if op.kind in ("residual", "accumulate", "adamw", "embedding")]
    assert max(exact) == 0


def test_linear_layers_on_cores_are_those_of_the_mapping_to_the_last_bit() -> None:
    wafer = replace(CLUSTER.wafer, columns=8, rows=8)
    region = Region(
        cluster=replace(CLUSTER, wafer=wafer), software=load_software("release-2").for_training(), sequences=1,
        length=24, precision="fp32",
    )  # fmt: skip
    draw, lines = np.random.default_rng(0), StreamedLines(region=region)
    x, weight, back = (draw.normal(size=shape).astype(np.float32) for shape in ((24, 32), (32, 16), (24, 16)))
    assert np.array_equal(bench().product(x, weight), lines.product(x, weight))
    assert np.array_equal(bench().product(back, weight.T), lines.product(back, weight.T))
    assert np.array_equal(bench().over_tokens(x, back), gradient_of_weight(lines, x, back))


def test_an_op_that_is_wrong_on_cores_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    op, ones = Op(name="sum", kind="residual", inputs=("a", "b"), outputs=("y",)), np.ones((4, 8), np.float32)
    on_cores, setting = CoreStorage(bench=bench()), Setting(shapes=[(4, 8)])
    assert np.array_equal(on_cores.function_of(op)(op, [ones, ones], setting)[0], ones + ones)
    monkeypatch.setitem(CORE_OPS, "residual", lambda bench, op, inputs, setting: (inputs[0],))
    on_cores.function_of(op)(op, [ones, ones], setting)
    assert [op.excess > 1 for op in on_cores.ops] == [False, True]


def test_what_has_no_program_is_named() -> None:
    op = Op(name="layer.turn", kind="rotary", inputs=("x",), outputs=("y",))
    with pytest.raises(NotModelled, match=r"layer\.turn, of the kind rotary, on simulated cores is not modelled"):
        CoreStorage(bench=bench()).function_of(op)
