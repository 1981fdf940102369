from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from wsesim.errors import SpecError
from wsesim.graph import Block, Graph, Op, Tensor

X = Tensor(name="x", axes=("rows", "width"))
Y = Tensor(name="y", axes=("rows", "width"))
Z = Tensor(name="z", axes=("rows", "width"))
SCALE = Tensor(name="scale", axes=("width",), role="weight")
NORM = Op(name="norm", kind="rms_norm", inputs=("x", "scale"), outputs=("y",))
GELU = Op(name="gelu", kind="gelu", inputs=("y",), outputs=("z",))


def make_block(**changes: Any) -> Block:
    fields: dict[str, Any] = {
        "name": "layer", "repeat": 3, "tensors": {tensor.name: tensor for tensor in (X, Y, Z, SCALE)},
        "ops": (NORM, GELU), "inputs": ("x",), "outputs": ("z",),
    }  # fmt: skip
    return Block(**fields | changes)


def make_graph(**changes: Any) -> Graph:
    fields: dict[str, Any] = {"name": "tiny", "dims": {"rows": 4, "width": 6}, "blocks": (make_block(),)}
    return Graph(**fields | changes)


def test_a_tensor_knows_its_shape_and_size() -> None:
    graph = make_graph()
    assert graph.shape(X) == (4, 6)
    assert graph.elements(X) == 24
    assert graph.bytes(X) == 48
    assert graph.bytes(replace(X, dtype="fp32")) == 96


def test_an_op_reads_and_writes_all_its_tensors() -> None:
    graph = make_graph()
    assert graph.op_bytes(graph.blocks[0], NORM) == 48 + 12 + 48


def test_a_graph_serves_any_batch() -> None:
    graph = make_graph()
    assert graph.with_dims(rows=8).shape(X) == (8, 6)
    assert graph.shape(X) == (4, 6)


def test_edges_join_writer_and_reader() -> None:
    graph = make_graph()
    assert list(graph.edges(graph.blocks[0])) == [("norm", "gelu", "y")]


def test_parameters_count_every_copy() -> None:
    assert make_graph().parameters() == 3 * 6


def test_a_tied_weight_counts_once() -> None:
    borrowed = Tensor(name="borrowed", axes=("width",), role="weight", of="table")
    lender = Tensor(name="table", axes=("width",), role="weight", of="table")
    first = make_block(name="a", repeat=1, tensors={"x": X, "table": lender}, ops=(), outputs=())
    last = make_block(name="b", repeat=1, tensors={"x": X, "borrowed": borrowed}, ops=(), outputs=())
    assert make_graph(blocks=(first, last)).parameters() == 6


def test_phases_split_the_ops() -> None:
    later = replace(GELU, phase="backward")
    block = make_block(ops=(NORM, later))
    assert block.phase("forward") == (NORM,)
    assert block.phase("backward") == (later,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ops": (GELU, NORM)}, "gelu reads 'y' before anything writes it"),
        ({"ops": (NORM, GELU, replace(NORM, name="again"))}, "again writes 'y', which is already there"),
        ({"ops": (NORM, replace(GELU, outputs=("x",)))}, "gelu writes 'x', which is already there"),
        ({"ops": (NORM, replace(GELU, outputs=("scale",)))}, "gelu writes 'scale', which is already there"),
        ({"ops": (replace(NORM, inputs=("w",)),)}, "norm uses the tensor 'w', which block 'layer' does not have"),
        ({"ops": (NORM,)}, "layer promises 'z' but nothing writes it"),
        ({"inputs": ("x", "q")}, "layer takes in 'q', a tensor it does not have"),
        ({"ops": (NORM, replace(GELU, name="norm"))}, "layer has two ops of the name 'norm'"),
        ({"tensors": {"x": Y}}, "layer keeps the tensor 'y' under the name 'x'"),
        ({"repeat": 0}, "layer.repeat must be at least 1, got 0"),
    ],
)
def test_a_block_refuses_what_cannot_run(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        make_block(**changes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dims": {"rows": 4}}, "x has the axis 'width', which has no length"),
        ({"dims": {"rows": 0, "width": 6}}, "rows must be at least 1, got 0"),
        ({"blocks": (make_block(), make_block())}, "tiny has two blocks of the name 'layer'"),
    ],
)
def test_a_graph_refuses_what_has_no_size(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        make_graph(**changes)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(X, role="weights"), "x.role must be one of .*; got 'weights', did you mean 'weight'?"),
        (lambda: replace(X, dtype="fp8"), "x.dtype must be one of fp16, bf16, cb16, fp32, int32, bool; got 'fp8'"),
        (lambda: replace(NORM, phase="forwards"), "norm.phase must be one of .* did you mean 'forward'?"),
    ],
)
def test_a_word_that_does_not_exist_is_refused(make: Any, message: str) -> None:
    with pytest.raises(SpecError, match=message.replace("?", r"\?")):
        make()


def test_values_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        X.role = "weight"  # type: ignore[misc]
