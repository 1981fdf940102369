import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.graph import Block, Graph, flops, macs, to_dot, to_json, with_training
from wsesim.graph.export import cost_text, flops_text, shape_text
from wsesim.model.build import build_graph
from wsesim.model.presets import load_preset
from wsesim.model.spec import ModelSpec

TINY = ModelSpec(
    name="tiny", layers=2, width=8, heads=2, kv_heads=2, head_width=4, ffn_width=32, vocab=11, max_length=4
)
FORWARD = build_graph(TINY, sequences=3, length=4)
TRAINING = with_training(FORWARD)
SHAPES = [load_preset(name) for name in ("gpt2", "bert-base", "gpt-j-6b", "llama-3-8b", "esm-2-35m")]
GRAPHS = [FORWARD, TRAINING] + [with_training(build_graph(model, sequences=2, length=128)) for model in SHAPES]

_STRING = r'"(?:[^"\\\n]|\\.)*"'
_ATTRIBUTES = rf"\[(?:\w+=(?:{_STRING}|\w+)(?:, )?)+\]"


def read_dot(text: str) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Return (nodes, edges, clusters) of what `to_dot` writes; fails on anything else."""
    nodes, edges, clusters, depth = [], [], [], 0
    for line in (line.strip() for line in text.splitlines()):
        if match := re.fullmatch(rf"(?:digraph|subgraph) ({_STRING}) {{", line):
            depth += 1
            clusters.append(match[1])
        elif line == "}":
            depth -= 1
            assert depth >= 0
        elif match := re.fullmatch(rf"({_STRING}) -> ({_STRING}) {_ATTRIBUTES};", line):
            edges.append((match[1], match[2]))
        elif match := re.fullmatch(rf"({_STRING}) {_ATTRIBUTES};", line):
            nodes.append(match[1])
        else:
            is_setting = re.fullmatch(rf"(?:(?:node|edge) {_ATTRIBUTES};|(?:\w+=(?:{_STRING}|\w+); ?)+)", line)
            assert is_setting, line
    assert depth == 0
    return nodes, edges, clusters[1:]


def test_json_of_a_tiny_model(golden: Callable[[str, str], None]) -> None:
    golden("graph/tiny.json", json.dumps(to_json(TRAINING), indent=1, ensure_ascii=False) + "\n")


def test_dot_of_a_tiny_model(golden: Callable[[str, str], None]) -> None:
    golden("graph/tiny.dot", to_dot(TRAINING, weights=True))


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_json_holds_the_whole_graph(graph: Graph) -> None:
    data = json.loads(json.dumps(to_json(graph)))
    assert data == to_json(graph)
    assert data["parameters"] == graph.parameters()
    assert data["dims"] == graph.dims
    assert data["flops"]["forward"] == flops(graph)
    for block, found in zip(graph.blocks, data["blocks"], strict=True):
        assert found["repeat"] == block.repeat
        assert [op["name"] for op in found["ops"]] == [op.name for op in block.ops]
        assert [op["flops"] for op in found["ops"]] == [2 * macs(graph, block, op) for op in block.ops]
        assert {tensor["name"]: tensor["bytes"] for tensor in found["tensors"]} == {
            name: graph.bytes(tensor) for name, tensor in block.tensors.items()
        }
        assert [tuple(edge.values()) for edge in found["edges"]] == list(graph.edges(block))


def test_links_join_the_blocks_in_both_directions() -> None:
    assert [(link["from"], link["output"], link["to"], link["input"]) for link in to_json(TRAINING)["links"]] == [
        ("embed", "embed.position.out", "layer", "x"),
        ("layer", "x.grad.sum", "embed", "embed.position.out.grad"),
        ("layer", "ffn.residual.out", "head", "x"),
        ("head", "x.grad", "layer", "ffn.residual.out.grad"),
        ("head", "logits.weight.grad", "embed", "logits.weight.grad"),
    ]


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.name)
def test_dot_declares_every_end_of_every_edge(graph: Graph, weights: bool) -> None:
    nodes, edges, clusters = read_dot(to_dot(graph, weights=weights))
    assert len(nodes) == len(set(nodes))
    assert {end for edge in edges for end in edge} == set(nodes)
    assert len(clusters) == len(graph.blocks)
    ops = [f'"op {block.name} {op.name}"' for block in graph.blocks for op in block.ops]
    shown = ("tokens", "weight") if weights else ("tokens",)
    tensors = [f'"tensor {block.name} {tensor.name}"' for block in graph.blocks for tensor in block.tensors.values()
               if tensor.role in shown]  # fmt: skip
    assert sorted(nodes) == sorted(ops + tensors)


def test_dot_has_the_edges_of_the_graph() -> None:
    _, edges, _ = read_dot(to_dot(TRAINING))
    within = [(f'"op {block.name} {writer}"', f'"op {block.name} {reader}"') for block in TRAINING.blocks
              for writer, reader, _ in TRAINING.edges(block)]  # fmt: skip
    assert set(within) <= set(edges)
    assert ('"op layer ffn.residual"', '"op head head.norm"') in edges
    assert ('"op head head.norm.backward"', '"op layer ffn.down.input.backward"') in edges


def test_dot_says_how_often_a_block_stands_and_colours_phases() -> None:
    text = to_dot(TRAINING)
    assert 'label="layer × 2"' in text
    assert 'label="embed";' in text
    assert 'label="3 × 4 × 8"' in text
    assert len(set(re.findall(r'"op [^>\n]*fillcolor="(#\w+)"', text))) == 3


@given(st.text())
def test_any_name_is_escaped(name: str) -> None:
    graph = replace(FORWARD, name=name, blocks=(replace(FORWARD.blocks[0], name=f"{name}0"), *FORWARD.blocks[1:]))
    read_dot(to_dot(graph))
    to_dot(graph).encode()


def test_exports_of_equal_graphs_are_equal() -> None:
    again = with_training(build_graph(TINY, sequences=3, length=4))
    assert to_dot(again) == to_dot(TRAINING)
    assert json.dumps(to_json(again)) == json.dumps(to_json(TRAINING))


def test_texts_of_boxes() -> None:
    layer: Block = FORWARD.blocks[1]
    ops = {op.name: op for op in layer.ops}
    assert cost_text(FORWARD, layer, ops["attention.qkv"]) == "4.61 kFLOP"
    assert cost_text(FORWARD, layer, ops["attention.norm"]) == "96 values"
    assert shape_text(FORWARD, layer.tensors["x"]) == "3 × 4 × 8"
    assert [flops_text(count) for count in (12, 1_500_000, 2 * 10**18)] == ["12 FLOP", "1.5 MFLOP", "2 EFLOP"]
