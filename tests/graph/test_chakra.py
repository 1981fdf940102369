"""Graphs as Chakra traces, read back by the rules of the wire format alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from wsesim.graph import Graph, flops, to_chakra, with_training
from wsesim.model import ModelSpec, build_graph, load_preset

TINY = ModelSpec(
    name="tiny", layers=3, width=8, heads=2, kv_heads=2, head_width=4, ffn_width=32, vocab=11, max_length=4
)
FORWARD = build_graph(TINY, sequences=3, length=4)
TRAINING = with_training(FORWARD)
LLAMA = with_training(build_graph(load_preset("llama-3-8b"), sequences=1, length=128))
MEM_LOAD, MEM_STORE, COMP, COMM_COLL = 2, 3, 4, 7


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value, at = _varint(data, at)
        if key & 7 == 2:
            yield key >> 3, data[at : at + value]
            at += value
        else:
            assert key & 7 == 0
            yield key >> 3, value


def _read(trace: bytes) -> list[dict[str, Any]]:
    messages, at = [], 0
    while at < len(trace):
        length, at = _varint(trace, at)
        messages.append(trace[at : at + length])
        at += length
    assert list(_fields(messages[0])) == [(1, b"1.0.0")]
    return [_node(message) for message in messages[1:]]


def _node(message: bytes) -> dict[str, Any]:
    node: dict[str, Any] = {"id": 0, "type": 0, "before": []}
    for number, value in _fields(message):
        if number == 5:
            at = 0
            while at < len(value):
                each, at = _varint(value, at)
                node["before"].append(each)
        elif number == 10:
            parts = list(_fields(value))
            node[parts[0][1].decode()] = parts[1][1]
        else:
            node[{1: "id", 2: "name", 3: "type"}[number]] = value
    return node


@pytest.mark.parametrize("graph", [FORWARD, TRAINING, LLAMA])
def test_every_copy_of_every_op_is_there_after_what_it_reads(graph: Graph) -> None:
    nodes = _read(to_chakra(graph))
    ops = sum(block.repeat * len(block.ops) for block in graph.blocks)
    kinds = Counter(node["type"] for node in nodes)
    assert kinds[COMP] == ops
    assert [node["id"] for node in nodes] == list(range(len(nodes)))
    assert all(each < node["id"] for node in nodes for each in node["before"])
    done = sum(node["num_ops"] for node in nodes if node["type"] == COMP)
    assert done >= flops(graph, phases=("forward", "backward", "optimizer"))
    assert all(node["before"] for node in nodes if node["type"] != MEM_LOAD)
    grown = [block for block in graph.blocks for tensor in block.weights() if graph is not FORWARD]
    assert kinds[MEM_STORE] <= sum(block.repeat for block in grown)


def test_systems_sum_what_they_store() -> None:
    one, many = (Counter(node["type"] for node in _read(to_chakra(TRAINING, systems=n))) for n in (1, 4))
    assert one[COMM_COLL] == 0
    assert many[COMM_COLL] == many[MEM_STORE] == one[MEM_STORE] > 0
    summed = [node for node in _read(to_chakra(TRAINING, systems=4)) if node["type"] == COMM_COLL]
    assert {node["comm_type"] for node in summed} == {0}
    weights = sum(b.repeat * TRAINING.bytes(t) for b in TRAINING.blocks for t in b.weights())
    assert sum(node["comm_size"] for node in summed) == weights
