"""Derive the backward pass and the optimizer from a forward graph.

Walks each block's ops in reverse. A tensor read by several ops receives several gradients; they meet in an
`accumulate` op. A linear layer splits in two: its input's gradient continues down the sweep, its weight's leaves.
"""

from __future__ import annotations

from dataclasses import replace

from wsesim.graph.core import Block, Graph, Op, Tensor
from wsesim.ops import Kind, find


def with_training(graph: Graph) -> Graph:
    """Return *graph* with backward and optimizer ops in every block."""
    blocks = tuple(_train_block(block, first=index == 0) for index, block in enumerate(graph.blocks))
    return replace(graph, blocks=blocks)


def _train_block(block: Block, *, first: bool) -> Block:
    builder = _Backward(block, stop_at_input=first)
    for name in block.outputs:
        if block.tensors[name].role != "loss":
            builder.receive(name)
    for op in reversed(block.ops):
        builder.reverse(op)
    return builder.finish()


class _Backward:
    """Collects the backward ops of one block."""

    def __init__(self, block: Block, *, stop_at_input: bool) -> None:
        self.block = block
        self.stop_at_input = stop_at_input
        self.tensors: dict[str, Tensor] = dict(block.tensors)
        self.ops: list[Op] = []
        self.inputs: list[str] = list(block.inputs)
        self.parts: dict[str, list[str]] = {}

    def receive(self, name: str) -> None:
        """Let the gradient of an output come in from the block after."""
        self.inputs.append(self._new_gradient(name))

    def reverse(self, op: Op) -> None:
        """Append the ops that turn the gradient of *op*'s output into those of its inputs."""
        kind = find(op.kind)
        is_loss = self.block.tensors[op.outputs[0]].role == "loss"
        if not is_loss and op.outputs[0] not in self.parts:
            return
        incoming = () if is_loss else (self._merged(op.outputs[0]),)
        wanted = [op.inputs[i] for i in kind.differentiable if i < len(op.inputs)]
        if incoming and len(kind.backward) > 1:
            self._reverse_linear(op, kind, *incoming)
            return
        if incoming and kind.passes_gradient:
            for name in wanted:
                self.parts.setdefault(name, []).extend(incoming)
            return
        saved = [op.inputs[i] for i in kind.needs if i < len(op.inputs)] + list(op.outputs if kind.needs_output else ())
        outputs = tuple(self._new_gradient(name) for name in wanted)
        self._append(op, kind.backward[0].name, op.name, (*incoming, *saved), outputs)

    def finish(self) -> Block:
        """Merge what is left, add the optimizer, and return the block."""
        outputs = list(self.block.outputs)
        for name in self.block.inputs:
            if name in self.parts and not self.stop_at_input:
                outputs.append(self._merged(name))
        for tensor in self.block.weights():
            is_borrowed = tensor.of not in (None, tensor.name)
            if tensor.name in self.parts and not is_borrowed:
                self._optimize(tensor)
        ops = (*self.block.ops, *self.ops)
        return replace(self.block, tensors=self.tensors, ops=ops, inputs=tuple(self.inputs), outputs=tuple(outputs))

    def _reverse_linear(self, op: Op, kind: Kind, incoming: str) -> None:
        activation, weight, *rest = op.inputs
        to_input, to_weight = (each.name for each in kind.backward)
        # What tells the experts' tokens apart is read on the way back as well, and gets no gradient here.
        routes = [name for place, name in enumerate(rest, 2) if place not in kind.differentiable]
        bias = [name for name in rest if name not in routes]
        if not (self.stop_at_input and activation in self.block.inputs):
            outputs = (self._new_gradient(activation),)
            self._append(op, to_input, f"{op.name}.input", (incoming, weight, *routes), outputs)
        grads = tuple(self._new_gradient(name) for name in (weight, *bias))
        self._append(op, to_weight, f"{op.name}.weight", (activation, incoming, *routes), grads)

    def _optimize(self, tensor: Tensor) -> None:
        updated = replace(tensor, name=f"{tensor.name}.next", role="activation", dtype="fp32")
        self.tensors[updated.name] = updated
        gradient = self._merged(tensor.name)
        self.ops.append(
            Op(name=f"{tensor.name}.adam", kind="adam", inputs=(tensor.name, gradient), outputs=(updated.name,),
               phase="optimizer")
        )  # fmt: skip

    def _append(self, op: Op, kind: str, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self.ops.append(
            Op(name=f"{name}.backward", kind=kind, inputs=inputs, outputs=outputs, attrs=op.attrs, phase="backward")
        )

    def _new_gradient(self, name: str) -> str:
        parts = self.parts.setdefault(name, [])
        suffix = f".{len(parts) + 1}" if parts else ""
        tensor = replace(self.tensors[name], name=f"{name}.grad{suffix}", role="gradient", of=name)
        self.tensors[tensor.name] = tensor
        parts.append(tensor.name)
        return tensor.name

    def _merged(self, name: str) -> str:
        parts = self.parts[name]
        if len(parts) == 1:
            return parts[0]
        total = replace(self.tensors[name], name=f"{name}.grad.sum", role="gradient", of=name)
        self.tensors[total.name] = total
        self.ops.append(
            Op(name=f"{name}.accumulate", kind="accumulate", inputs=tuple(parts), outputs=(total.name,),
               phase="backward")
        )  # fmt: skip
        self.parts[name] = [total.name]
        return total.name
