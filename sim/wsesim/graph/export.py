"""A graph as data for other programs: JSON and Graphviz."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, permutations
from typing import Any

from wsesim.graph.backward import is_lent
from wsesim.graph.core import PHASES, Block, Graph, Op, Tensor
from wsesim.graph.counts import flops, macs
from wsesim.units import show_count, show_flops

SHADES = {
    "forward": ("#eaf2fb", "#2f6db3"),
    "backward": ("#fdf1e2", "#b9650f"),
    "optimizer": ("#e9f5ec", "#2f7d46"),
}
"""Fill and outline of an op's box, by phase."""


def to_json(graph: Graph) -> dict[str, Any]:
    """Return *graph* as plain lists and dicts; figures of a block are those of one copy of it.

    Sizes are in elements and bytes, FLOPs are two per multiply-accumulate of matrix work, and an op's bytes are what
    it reads and writes.
    """
    return {
        "name": graph.name,
        "dims": dict(graph.dims),
        "parameters": graph.parameters(),
        "flops": {phase: flops(graph, phases=(phase,)) for phase in PHASES},
        "blocks": [_block_json(graph, block) for block in graph.blocks],
        "links": [
            {"from": writer.name, "output": output, "to": reader.name, "input": name}
            for writer, output, reader, name in links(graph)
        ],
    }


def links(graph: Graph) -> Iterator[tuple[Block, str, Block, str]]:
    """Yield (block, its output, other block, its input) for what blocks hand on, a tied head's gradient as well."""
    yield from handovers(graph)
    for writer, reader in permutations(graph.blocks, 2):
        for name in writer.outputs:
            if name in reader.inputs and is_lent(writer, name):
                yield writer, name, reader, name


def handovers(graph: Graph) -> Iterator[tuple[Block, str, Block, str]]:
    """Yield (block, its output, neighbour, its input) for what neighbours hand on: activations down, gradients up."""
    for before, after in pairwise(graph.blocks):
        yield from handed(before, after, "activation")
        yield from handed(after, before, "gradient")


def handed(writer: Block, reader: Block, role: str) -> Iterator[tuple[Block, str, Block, str]]:
    """Yield (block, its output, the other, its input) for what one hands on in a role, in their order."""
    outputs = [name for name in writer.outputs if writer.tensors[name].role == role]
    inputs = [name for name in reader.inputs if reader.tensors[name].role == role]
    for output, name in zip(outputs, inputs, strict=False):
        yield writer, output, reader, name


def shape_text(graph: Graph, tensor: Tensor) -> str:
    """Return the lengths of a tensor's axes: `120 × 2048 × 768`."""
    return " × ".join(str(size) for size in graph.shape(tensor))


def cost_text(graph: Graph, block: Block, op: Op) -> str:
    """Return the FLOPs of a matrix op, `453 GFLOP`, or how many numbers another op makes, `189M values`."""
    count = 2 * macs(graph, block, op)
    if count:
        return flops_text(count)
    made = sum(graph.elements(block.tensors[name]) for name in op.outputs)
    return "1 value" if made == 1 else f"{show_count(made)} values"


def flops_text(count: int) -> str:
    """Return FLOPs with an SI prefix: `453 GFLOP`."""
    return show_flops(count, "FLOP")


def _block_json(graph: Graph, block: Block) -> dict[str, Any]:
    return {
        "name": block.name,
        "repeat": block.repeat,
        "inputs": list(block.inputs),
        "outputs": list(block.outputs),
        "tensors": [_tensor_json(graph, tensor) for tensor in block.tensors.values()],
        "ops": [_op_json(graph, block, op) for op in block.ops],
        "edges": [
            {"from": writer, "to": reader, "tensor": name} for writer, reader, name in graph.edges(block)
        ],
    }  # fmt: skip


def _tensor_json(graph: Graph, tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name, "role": tensor.role, "axes": list(tensor.axes), "shape": list(graph.shape(tensor)),
        "dtype": tensor.dtype, "bytes": graph.bytes(tensor), "of": tensor.of,
    }  # fmt: skip


def _op_json(graph: Graph, block: Block, op: Op) -> dict[str, Any]:
    return {
        "name": op.name, "kind": op.kind, "phase": op.phase, "inputs": list(op.inputs), "outputs": list(op.outputs),
        "attributes": dict(sorted(op.attrs.items())), "flops": 2 * macs(graph, block, op),
        "bytes": graph.op_bytes(block, op),
    }  # fmt: skip


def to_dot(graph: Graph, *, weights: bool = False) -> str:
    """Return *graph* in Graphviz' language: a cluster a block, a node an op, edges labelled with shapes.

    Args:
        graph: Forward only, or with training.
        weights: Whether weights are drawn too, each as a node.
    """
    lines = [
        f"digraph {_quoted(graph.name)} {{",
        f"  label={_quoted(graph.name)}; labelloc=t; rankdir=TB; fontname=Helvetica;",
        '  node [shape=box, style="rounded,filled", fontname=Helvetica, fontsize=11];',
        '  edge [fontname=Helvetica, fontsize=9, color="#5b6472"];',
    ]
    for block in graph.blocks:
        lines += _dot_block(graph, block, weights=weights)
    for writer, output, reader, name in links(graph):
        lines += _dot_link(graph, writer, output, reader, name)
    return "\n".join([*lines, "}", ""])


def _dot_block(graph: Graph, block: Block, *, weights: bool) -> Iterator[str]:
    title = f"{block.name} × {block.repeat}" if block.repeat > 1 else block.name
    yield f"  subgraph {_quoted(f'cluster_{block.name}')} {{"
    yield f'    label={_quoted(title)}; style=rounded; color="#b8c0cc";'
    for op in block.ops:
        fill, line = SHADES[op.phase]
        label = _quoted(op.name, f"{op.kind}, {cost_text(graph, block, op)}")
        yield f'    {_node(block, op.name)} [label={label}, fillcolor="{fill}", color="{line}"];'
    shown = ("tokens", "weight") if weights else ("tokens",)
    for tensor in block.tensors.values():
        if tensor.role in shown:
            label = _quoted(tensor.name, shape_text(graph, tensor))
            yield f'    {_node(block, tensor.name, "tensor")} [label={label}, shape=ellipse, fillcolor="#f4f5f7"];'
    yield "  }"
    for op in block.ops:
        for name in op.inputs:
            if block.tensors[name].role in shown:
                style = ", constraint=false, style=dashed" if op.phase == "backward" else ""
                yield f"  {_node(block, name, 'tensor')} -> {_node(block, op.name)} [arrowhead=vee{style}];"
    ops = {op.name: op for op in block.ops}
    for writer, reader, name in graph.edges(block):
        style = _edge_style(ops[writer], ops[reader], shape_text(graph, block.tensors[name]))
        yield f"  {_node(block, writer)} -> {_node(block, reader)} [{style}];"


def _dot_link(graph: Graph, writer: Block, output: str, reader: Block, name: str) -> Iterator[str]:
    shape = shape_text(graph, writer.tensors[output])
    for source in (op for op in writer.ops if output in op.outputs):
        for op in reader.ops:
            if name in op.inputs:
                style = _edge_style(source, op, shape)
                if source.phase == "backward":  # goes up: blocks stand in forward order
                    style += ", constraint=false"
                yield f"  {_node(writer, source.name)} -> {_node(reader, op.name)} [{style}];"


def _edge_style(writer: Op, reader: Op, shape: str) -> str:
    """Tensors kept for the backward pass do not decide what stands above what, and their labels take no room."""
    if writer.phase == "forward" != reader.phase:
        return f"xlabel={_quoted(shape)}, constraint=false, style=dashed"
    return f'label={_quoted(shape)}, color="{SHADES[reader.phase][1]}"'


def _node(block: Block, name: str, what: str = "op") -> str:
    return _quoted(f"{what} {block.name} {name}")


def _quoted(*lines: str) -> str:
    r"""Quote a text: in Graphviz only `"` ends it and `\` escapes; lines are joined by an escaped newline."""
    clean = ("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line) for line in lines)
    return '"' + r"\n".join(line.replace("\\", r"\\").replace('"', r"\"") for line in clean) + '"'
