from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.graph import Block, Graph, Op, Tensor, to_svg, with_training
from wsesim.graph.layout import BACKWARD, FORWARD, OPTIMIZER, SIDE, arrange
from wsesim.graph.pen import SMALLEST
from wsesim.model.build import build_graph
from wsesim.model.presets import load_preset
from wsesim.model.spec import ModelSpec

TINY = ModelSpec(
    name="tiny", layers=2, width=8, heads=2, kv_heads=2, head_width=4, ffn_width=32, vocab=11, max_length=4
)
PLAIN = build_graph(TINY, sequences=3, length=4)
TRAINING = with_training(PLAIN)
SHAPES = [load_preset(name) for name in ("gpt2", "bert-base", "gpt-j-6b", "llama-3-8b", "esm-2-35m")]
BUILT = [build_graph(model, sequences=2, length=128) for model in SHAPES]
GRAPHS = [PLAIN, TRAINING, *BUILT, *(with_training(graph) for graph in BUILT)]
SVG = "{http://www.w3.org/2000/svg}"


def boxes(root: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    """Return (x, y, width, height) of each op's box, by the text one sees on pointing at it."""
    found: dict[str, tuple[float, float, float, float]] = {}
    for group in root.iter(f"{SVG}g"):
        rectangle, title = group.find(f"{SVG}rect"), group.find(f"{SVG}title")
        if rectangle is not None and title is not None and title.text is not None:
            x, y, width, height = (float(rectangle.attrib[key]) for key in ("x", "y", "width", "height"))
            found[f"{len(found)} {title.text}"] = (x, y, width, height)
    return found


def test_svg_of_a_tiny_model(golden: Callable[[str, str], None]) -> None:
    golden("graph/tiny.svg", to_svg(TRAINING))


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_one_box_an_op_and_none_over_another(graph: Graph) -> None:
    root = ElementTree.fromstring(to_svg(graph))
    found = boxes(root)
    assert len(found) == sum(len(block.ops) for block in graph.blocks)
    places = list(found.values())
    for index, (x, y, width, height) in enumerate(places):
        assert x >= 0
        assert x + width <= float(root.attrib["width"])
        assert y >= 0
        assert y + height <= float(root.attrib["height"])
        for left, top, wide, high in places[:index]:
            assert x + width <= left or left + wide <= x or y + height <= top or top + high <= y


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_text_is_large_enough_to_read(graph: Graph) -> None:
    root = ElementTree.fromstring(to_svg(graph))
    assert all(float(text.attrib["font-size"]) >= SMALLEST for text in root.iter(f"{SVG}text"))


def test_the_drawing_says_what_it_is() -> None:
    root = ElementTree.fromstring(to_svg(TRAINING))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[0] == "tiny"
    assert {"layer × 2", "embed", "head", "attention.qkv", "linear · 4.61 kFLOP", "3 × 4 × 8"} <= set(texts)
    assert root.attrib["aria-label"] == "Dataflow of tiny"


def test_forward_runs_down_the_left_and_backward_climbs_the_right() -> None:
    for block in TRAINING.blocks:
        arrangement = arrange(block)
        rows = {spot.op.name: spot.row for spot in arrangement.spots if spot.op is not None}
        columns = {spot.op.name: spot.column for spot in arrangement.spots if spot.op is not None}
        assert all(columns[op.name] == FORWARD for op in block.phase("forward"))
        assert all(columns[op.name] in (BACKWARD, SIDE) for op in block.phase("backward"))
        assert all(columns[op.name] == OPTIMIZER for op in block.phase("optimizer"))
        forward = [rows[op.name] for op in block.phase("forward")]
        backward = [rows[op.name] for op in block.phase("backward")]
        assert forward == sorted(forward)
        assert backward == sorted(backward, reverse=True)


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_every_edge_is_a_wire(graph: Graph) -> None:
    for block in graph.blocks:
        wires = arrange(block).wires
        drawn = sorted((wire.writer.name, wire.reader.name, wire.tensor) for wire in wires
                       if wire.writer.op is not None and wire.reader.op is not None)  # fmt: skip
        assert drawn == sorted(graph.edges(block))


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_wires_of_two_tensors_never_share_a_stretch_of_lane(graph: Graph) -> None:
    for block in graph.blocks:
        taken: dict[tuple[str, int], dict[str, tuple[float, float]]] = {}
        for wire in arrange(block).wires:
            if wire.lane is not None:
                spans = taken.setdefault((wire.writer.column, wire.lane), {})
                rows = (wire.writer.row, wire.reader.row, *spans.get(wire.tensor, ()))
                spans[wire.tensor] = (min(rows), max(rows))
        for spans in taken.values():
            ordered = sorted(spans.values())
            assert all(before[1] < after[0] for before, after in pairwise(ordered))


@given(st.text())
def test_any_name_is_escaped(name: str) -> None:
    graph = replace(PLAIN, name=name, blocks=(replace(PLAIN.blocks[0], name=f"{name}0"), *PLAIN.blocks[1:]))
    text = to_svg(graph)
    ElementTree.fromstring(text)
    text.encode()
    assert "<script" not in to_svg(replace(PLAIN, name=f"<script>{name}"))


@pytest.mark.parametrize("name", ["long " * 100, "模型" * 80, "<b>&amp;</b>\"'", ""])
def test_a_long_name_is_cut_to_the_page(name: str) -> None:
    root = ElementTree.fromstring(to_svg(replace(PLAIN, name=name)))
    (title, *_) = root.iter(f"{SVG}text")
    assert len(title.text or "") <= 120


def test_one_graph_gives_one_drawing() -> None:
    assert to_svg(with_training(build_graph(TINY, sequences=3, length=4))) == to_svg(TRAINING)


def test_blocks_of_any_make_are_drawn() -> None:
    """A block may hand an input straight on, hold no op, or read what another hands it in any order."""
    x, y, grad = (Tensor(name=name, axes=("rows",)) for name in ("x", "y", "g"))
    gradient = replace(grad, role="gradient", of="x")
    tensors = {"x": x, "y": y, "g": gradient}
    empty = Block(name="empty", repeat=1, tensors=tensors, ops=(), inputs=("x", "g"), outputs=("x", "g"))
    lone = Op(name="lone", kind="gelu_backward", inputs=("g", "x"), outputs=("y",), phase="backward")
    odd = Block(name="odd", repeat=2, tensors=tensors, ops=(lone,), inputs=("x", "g"), outputs=("g",))
    nothing = Block(name="nothing", repeat=1, tensors={}, ops=(), inputs=(), outputs=())
    for blocks in ((empty, odd), (odd, empty), (nothing,), ()):
        ElementTree.fromstring(to_svg(Graph(name="odd", dims={"rows": 2}, blocks=blocks)))
