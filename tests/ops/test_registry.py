"""Every op states every facet or why it lacks it; a file is all an op takes."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import wsesim.ops
from wsesim import questions
from wsesim.cores.programs import PROGRAMS
from wsesim.errors import SpecError
from wsesim.graph import Op, with_training
from wsesim.hardware import load_cluster
from wsesim.kernels import Region, kernel_cost, resident
from wsesim.kernels.costs import KERNELS
from wsesim.kernels.resident_graph import resident_model
from wsesim.kernels.resident_ops import READ_KERNELS, WRITTEN_KERNELS, TokenStep, resident_cost
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import Setting, function_of
from wsesim.ops import (
    NUMERICS,
    CoreProgram,
    Gap,
    Kernel,
    Kind,
    Recipe,
    chosen,
    find,
    kinds,
    option_named,
    options,
    recipe_of,
)
from wsesim.software import load_software

TRAINING = load_software("release-2").for_training()
WAFERLLM = load_software("waferllm").for_inference()

TOY = """
from wsesim.ops.base import Gap, Kind, Option, Recipe, gradient_of


def squared(x):
    return (x > 0) * x * x


def squared_backward(gradient, x):
    return 2 * gradient * (x > 0) * x


OPS = (
    Kind(
        name="toyed_relu", meaning="max(x, 0)²", work=Recipe(2), resident=Recipe(2), numpy=squared,
        program=Gap("a toy"), differentiable=(0,), option=Option("activation", "relu_toy", hugging_face=("relu_sq",)),
        backward=(gradient_of("toyed_relu", Recipe(3), numpy=squared_backward),),
    ),
)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are ops."""
    monkeypatch.setattr(wsesim.ops, "__path__", [*wsesim.ops.__path__, str(tmp_path)])
    kinds.cache_clear()
    yield tmp_path
    kinds.cache_clear()
    for file in tmp_path.glob("*.py"):
        sys.modules.pop(f"wsesim.ops.{file.stem}", None)
        if hasattr(wsesim.ops, file.stem):
            delattr(wsesim.ops, file.stem)


@pytest.mark.parametrize("kind", kinds().values(), ids=list(kinds()))
def test_every_facet_is_there_or_says_why_not(kind: Kind) -> None:
    for facet in (kind.work, kind.resident, kind.numpy, kind.program):
        assert not isinstance(facet, Gap) or len(facet.reason) > 5
    assert kind.meaning
    assert not isinstance(kind.work, Kernel) or kind.work.name in KERNELS
    assert not isinstance(kind.resident, Kernel) or kind.resident.name in WRITTEN_KERNELS.keys() & READ_KERNELS.keys()
    assert not isinstance(kind.program, CoreProgram) or kind.program.name in PROGRAMS
    assert not isinstance(kind.program, CoreProgram) or kind.program.options.keys() <= _options(kind.program)
    if kind.numpy is NUMERICS:
        assert callable(function_of(Op(name="op", kind=kind.name, inputs=("x",), outputs=("y",))))
    if kind.differentiable:
        assert bool(kind.backward) != kind.passes_gradient


def _options(program: CoreProgram) -> set[str]:
    return set(PROGRAMS[program.name].options)


def test_work_off_the_wafer_and_outside_of_graphs_alone_has_no_kernel() -> None:
    assert {name for name, kind in kinds().items() if isinstance(kind.work, Gap)} == {
        "adamw",
        "argmax",
        "extend",
        "norm",
    }


def test_what_is_missing_is_an_answer_with_its_reason() -> None:
    with pytest.raises(SpecError, match="adamw is not modelled with weight streaming: weights are updated"):
        recipe_of("adamw")
    with pytest.raises(SpecError, match="'gelo' is not a kind of op, did you mean 'gelu'"):
        find("gelo")
    with pytest.raises(SpecError, match="norm = 'batch_norm' is none of layer_norm, layer_norm_plain, "):
        chosen("norm", "batch_norm")


def test_activations_are_told_apart_by_their_gate() -> None:
    assert option_named("activation", gated=True)["silu"] == "swiglu"
    assert option_named("activation", gated=False)["silu"] == "silu"
    assert option_named("activation", gated=True)["gelu_pytorch_tanh"] == "geglu_tanh"
    assert option_named("activation", gated=False)["gelu_new"] == "gelu_tanh"


def test_counts_that_nobody_reads_are_refused() -> None:
    with pytest.raises(SpecError, match="rooted states roots or divisions a row in work"):
        Kind(name="rooted", meaning="x", work=Recipe(1, row_roots=1), resident=Gap("x"), numpy=Gap("x"),
             program=Gap("x"))  # fmt: skip


def test_an_op_is_one_file(folder: Path) -> None:
    (folder / "toyed_relu.py").write_text(TOY)
    assert "relu_toy" in options("activation")
    model = ModelSpec(
        name="toy", layers=2, width=64, heads=2, kv_heads=2, head_width=32, ffn_width=256, vocab=100, max_length=64,
        activation="relu_toy",
    )  # fmt: skip
    cluster = load_cluster("cs-2").cluster
    layer = with_training(build_graph(model, sequences=2, length=8)).blocks[1]
    costs = _costs(model, Region(software=TRAINING, cluster=cluster, sequences=2000, length=64, precision="mixed"))
    assert {"ffn.toyed", "ffn.toyed.backward"} <= {op.name for op in layer.ops}
    assert costs["ffn.toyed.backward"] > costs["ffn.toyed"] > 0
    op = next(op for op in layer.ops if op.kind == "toyed_relu")
    back = next(op for op in layer.ops if op.kind == "toyed_relu_backward")
    x, gradient = np.array([-2.0, 3.0]), np.array([5.0, 5.0])
    np.testing.assert_array_equal(function_of(op)(op, [x], Setting())[0], [0, 9])
    np.testing.assert_array_equal(function_of(back)(back, [gradient, x], Setting())[0], [0, 30])
    where = resident.Rectangle(wafer=cluster.wafer, columns=8, rows=8, software=WAFERLLM)
    (activation,) = (op for op in resident_model(model).layer if op.kind == "toyed_relu")
    cost = resident_cost(activation, where, TokenStep(positions=8))
    assert cost.cycles == resident.elementwise(where, elements=32, ops=2).cycles
    asked = {
        "phase": "training",
        "model": {"preset": "cerebras-gpt-111m", "activation": "relu_toy"},
        "batch": {"sequences": 4},
        "cluster": "cs-2",
    }
    assert questions.ask(asked, file="toy", folder=folder).asked.shape.activation == "relu_toy"


def _costs(model: ModelSpec, region: Region) -> dict[str, float]:
    graph = with_training(build_graph(model, sequences=region.sequences, length=region.length))
    return {
        op.name: kernel_cost(graph, block, op, region).cycles
        for block in graph.blocks
        for op in block.ops
        if op.phase != "optimizer"
    }


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty_file", "", "ops/empty_file.py states no `OPS`"),
        ("twice", "from wsesim.ops.relu import OPS", "relu is stated by two ops"),
    ],
)
def test_a_file_that_states_no_op_or_another_one_is_refused(folder: Path, name: str, text: str, message: str) -> None:
    (folder / f"{name}.py").write_text(text)
    with pytest.raises(SpecError, match=message):
        kinds()
