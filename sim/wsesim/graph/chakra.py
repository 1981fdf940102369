"""A graph as a Chakra execution trace, as ASTRA-sim reads it: one system's nodes, every copy of a block written out.

    metadata, node, node, ...   each a protobuf message after its length as a varint

    MEM_LOAD (weight) ─► COMP (op) ─► ... ─► COMP (gradient) ─► COMM_COLL (sum over systems) ─► MEM_STORE (gradient)

Weights are loaded for each sweep that reads them, as they stream. Nodes say FLOPs and bytes, and no time: that is for
the simulator that reads them. Source of field numbers: MLCommons Chakra, schema/protobuf/et_def.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from wsesim.graph.backward import is_lent
from wsesim.graph.core import PHASES, Block, Graph, Op, Tensor
from wsesim.graph.counts import macs
from wsesim.graph.export import handed, links

MEM_LOAD, MEM_STORE, COMP, COMM_COLL = 2, 3, 4, 7
"""Of the enumeration NodeType."""
ALL_REDUCE = 0
"""Of the enumeration CollectiveCommType."""
VERSION = "1.0.0"
_ID, _NAME, _TYPE, _DATA_DEPS, _ATTRIBUTE = 1, 2, 3, 5, 10
_INT64, _UINT64, _BOOL = 9, 13, 27
"""Numbers of fields of a node, and of values of an attribute."""
Copy = int
"""Place of a copy of a block in forward order."""


def to_chakra(graph: Graph, *, systems: int = 1) -> bytes:
    """Return *graph* as the trace of one of *systems*, which all do the same."""
    trace = _Trace(graph=graph, systems=systems)
    trace.write()
    return _delimited(_text(1, VERSION)) + b"".join(trace.messages)


@dataclass(slots=True)
class _Trace:
    """Nodes so far, and which of them wrote what."""

    graph: Graph
    systems: int
    messages: list[bytes] = field(default_factory=list)
    writers: dict[tuple[Copy, str], int] = field(default_factory=dict)
    loads: dict[tuple[Copy, str, str], int] = field(default_factory=dict)

    def write(self) -> None:
        """Write the sweep forward, the one back, and updates."""
        copies = [(block, number) for block in self.graph.blocks for number in range(block.repeat)]
        sources = _sources(self.graph, [block for block, _ in copies])
        for phase in PHASES:
            places = range(len(copies))
            for place in reversed(places) if phase == "backward" else places:
                block, number = copies[place]
                for op in block.phase(phase):
                    self._op(block, f"{block.name}.{number}", place, op, sources)

    def _op(
        self, block: Block, title: str, place: Copy, op: Op, sources: Mapping[tuple[Copy, str], tuple[Copy, str]]
    ) -> None:
        before = [self._writer(block, title, place, name, op.phase, sources) for name in op.inputs]
        made = sum(self.graph.elements(block.tensors[name]) for name in op.outputs)
        size = self.graph.op_bytes(block, op)
        attributes = (_int("num_ops", 2 * macs(self.graph, block, op) or made), _unsigned("tensor_size", size))
        node = self._node(COMP, f"{title}.{op.name}", before, *attributes, in_store=op.phase == "optimizer")
        for name in op.outputs:
            self.writers[place, name] = node
            if name in _leaving(block):
                self._leave(f"{title}.{name}", block.tensors[name], node)

    def _writer(
        self, block: Block, title: str, place: Copy, name: str, phase: str,
        sources: Mapping[tuple[Copy, str], tuple[Copy, str]],
    ) -> int | None:  # fmt: skip
        """Return the node that a tensor comes from: of a weight its load for this sweep."""
        tensor = block.tensors[name]
        if tensor.role != "weight":
            return self.writers.get(sources.get((place, name), (place, name)))
        if phase == "optimizer":
            return None
        key = (place, name, phase)
        if key not in self.loads:
            size = _unsigned("tensor_size", self.graph.bytes(tensor))
            self.loads[key] = self._node(MEM_LOAD, f"{title}.{name}", [], size)
        return self.loads[key]

    def _leave(self, title: str, gradient: Tensor, node: int) -> None:
        """Write how a weight's gradient is summed over systems and stored."""
        size = self.graph.bytes(gradient)
        if self.systems > 1:
            attributes = (_int("comm_type", ALL_REDUCE), _int("comm_size", size))
            node = self._node(COMM_COLL, f"{title}.sum", [node], *attributes)
        self._node(MEM_STORE, title, [node], _unsigned("tensor_size", size))

    def _node(self, kind: int, name: str, before: list[int | None], *attributes: bytes, in_store: bool = False) -> int:
        number = len(self.messages)
        known = sorted({each for each in before if each is not None})
        packed = b"".join(_varint(each) for each in known)
        parts = [_field(_ID, number), _text(_NAME, name), _field(_TYPE, kind)]
        parts += [_bytes(_DATA_DEPS, packed)] if packed else []
        parts += [_bytes(_ATTRIBUTE, each) for each in (_boolean("is_cpu_op", in_store), *attributes)]
        self.messages.append(_delimited(b"".join(parts)))
        return number


def _sources(graph: Graph, copies: list[Block]) -> dict[tuple[Copy, str], tuple[Copy, str]]:
    """Return where what copies of blocks read of others is written."""
    found: dict[tuple[Copy, str], tuple[Copy, str]] = {}
    for place, (before, after) in enumerate(pairwise(copies)):
        for _, output, _, name in handed(before, after, "activation"):
            found[place + 1, name] = (place, output)
        for _, output, _, name in handed(after, before, "gradient"):
            found[place, name] = (place + 1, output)
    for writer, output, reader, name in _lent(graph):
        found[copies.index(reader), name] = (copies.index(writer), output)
    return found


def _lent(graph: Graph) -> Iterator[tuple[Block, str, Block, str]]:
    return ((writer, output, reader, name) for writer, output, reader, name in links(graph) if is_lent(writer, output))


def _leaving(block: Block) -> frozenset[str]:
    """Return the gradients that go to the store, where weights are updated: what its ops read, and lent ones."""
    read = {name for op in block.phase("optimizer") for name in op.inputs}
    made = (name for op in block.phase("backward") for name in op.outputs)
    return frozenset(name for name in made if name in read or is_lent(block, name))


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes((*found, value))


def _field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _delimited(content)


def _text(number: int, text: str) -> bytes:
    return _bytes(number, text.encode())


def _delimited(message: bytes) -> bytes:
    return _varint(len(message)) + message


def _int(name: str, value: int) -> bytes:
    return _text(1, name) + _field(_INT64, value)


def _unsigned(name: str, value: int) -> bytes:
    return _text(1, name) + _field(_UINT64, value)


def _boolean(name: str, value: bool) -> bytes:
    return _text(1, name) + _field(_BOOL, int(value))
