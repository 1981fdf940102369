"""Derive the backward pass and the optimizer from a forward graph.

Walks each block's ops in reverse. A tensor read by several ops receives several gradients; they meet in an
`accumulate` op. A linear layer splits in two: its input's gradient continues down the sweep, its weight's leaves.

Where weights are kept, two things happen to a gradient: its squares are summed (`norm`), and when those of all blocks
are known, by which gradients are clipped, `adamw` makes the next weight and moments of it. That of a borrowed weight (a
tied head) goes to the block that owns the weight, and is added there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from wsesim.errors import SpecError
from wsesim.graph.core import Attribute, Block, Graph, Op, Tensor
from wsesim.ops import Kind, find

MOMENTS = ("moment1", "moment2")
"""What AdamW keeps of a weight: running means of its gradient and of the gradient's square."""


def with_training(graph: Graph) -> Graph:
    """Return *graph* with backward and optimizer ops in every block.

    Raises:
        SpecError: it does not end in a loss.
    """
    if not any(tensor.role == "loss" for block in graph.blocks for tensor in block.tensors.values()):
        raise SpecError(graph.name, "has no loss, so there is nothing to train")
    blocks: list[Block] = []
    lent: list[tuple[str, Tensor]] = []
    for block in reversed(graph.blocks):
        trained = _train_block(block, lent, first=block is graph.blocks[0])
        lent += _lent_by(trained)
        blocks.insert(0, trained)
    return replace(graph, blocks=tuple(blocks))


def _lent_by(block: Block) -> Iterator[tuple[str, Tensor]]:
    """Yield the owned weight and the gradient for each that *block* has for another block."""
    for name in block.outputs:
        if is_lent(block, name):
            gradient = block.tensors[name]
            yield str(block.tensors[str(gradient.of)].of), gradient


def is_lent(block: Block, gradient: str) -> bool:
    """Whether a tensor is the gradient of a weight that another block owns."""
    tensor = block.tensors[gradient]
    return tensor.role == "gradient" and tensor.of is not None and is_borrowed(block.tensors[tensor.of])


def is_borrowed(weight: Tensor) -> bool:
    """Whether a weight is another block's: the token table, where a head is tied to it."""
    return weight.of not in (None, weight.name)


def _train_block(block: Block, lent: Sequence[tuple[str, Tensor]], *, first: bool) -> Block:
    builder = _Backward(block, stop_at_input=first)
    for owned, gradient in lent:
        builder.add_lent(owned, gradient)
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
        self.lent: dict[str, list[str]] = {}

    def receive(self, name: str) -> None:
        """Let the gradient of an output come in from the block after."""
        self.inputs.append(self._new_gradient(name))

    def add_lent(self, owned: str, gradient: Tensor) -> None:
        """Let a gradient come in that another block found for a weight, if this one owns it."""
        if owned in self.tensors and not is_borrowed(self.tensors[owned]):
            self.lent.setdefault(owned, []).append(self._keep(replace(gradient, of=owned)))

    def reverse(self, op: Op) -> None:
        """Append the ops that turn the gradient of *op*'s output into those of its inputs."""
        kind = find(op.kind)
        is_loss = self.block.tensors[op.outputs[0]].role == "loss"
        if not is_loss and op.outputs[0] not in self.parts:
            return
        incoming = () if is_loss else (self._merged(op.outputs[0]),)
        wanted = [op.inputs[i] for i in kind.differentiable if i < len(op.inputs)]
        if all(self.block.tensors[name].frozen for name in wanted):
            return
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
        trained = [tensor for tensor in self.block.weights() if tensor.name in self.parts and not tensor.frozen]
        merged = {tensor.name: self._merged(tensor.name) for tensor in trained}
        outputs += [merged[tensor.name] for tensor in trained if is_borrowed(tensor)]
        self._optimize({tensor: merged[tensor.name] for tensor in trained if not is_borrowed(tensor)})
        inputs = (*self.inputs, *chain.from_iterable(self.lent.values()))
        ops = (*self.block.ops, *self.ops)
        return replace(self.block, tensors=self.tensors, ops=ops, inputs=inputs, outputs=tuple(outputs))

    def _reverse_linear(self, op: Op, kind: Kind, incoming: str) -> None:
        activation, weight, *rest = op.inputs
        to_input, to_weight = (each.name for each in kind.backward)
        # What tells the experts' tokens apart is read on the way back as well, and gets no gradient here.
        routes = [name for place, name in enumerate(rest, 2) if place not in kind.differentiable]
        bias = [name for name in rest if name not in routes]
        if not (self.stop_at_input and activation in self.block.inputs):
            outputs = (self._new_gradient(activation),)
            self._append(op, to_input, f"{op.name}.input", (incoming, weight, *routes), outputs)
        if self.tensors[weight].frozen:
            return
        grads = tuple(self._new_gradient(name) for name in (weight, *bias))
        self._append(op, to_weight, f"{op.name}.weight", (activation, incoming, *routes, *self._places(weight)), grads)

    def _places(self, weight: str) -> tuple[str, ...]:
        """Return where a sparse weight is not zero, which comes with it and stays so; nothing of a dense one."""
        tensor = self.tensors[weight]
        if tensor.density == 1:
            return ()
        return (self._keep(replace(tensor, name=f"{weight}.places", role="state", dtype="bool", of=weight, density=1)),)

    def _optimize(self, gradients: Mapping[Tensor, str]) -> None:
        """Append what is done with gradients where weights are kept."""
        summed = {tensor: self._with_lent(tensor, name) for tensor, name in gradients.items()}
        if summed:
            square = self._keep(Tensor(name="gradients.square", axes=("one",), dtype="fp32"))
            self._store("gradients.norm", "norm", tuple(summed.values()), (square,))
        for tensor, gradient in summed.items():
            self._update(tensor, gradient)

    def _with_lent(self, tensor: Tensor, gradient: str) -> str:
        lent = self.lent.get(tensor.name, ())
        if not lent:
            return gradient
        total = self._keep(replace(tensor, name=f"{tensor.name}.grad.total", role="gradient", of=tensor.name))
        self._store(f"{tensor.name}.accumulate", "accumulate", (gradient, *lent), (total,))
        return total

    def _update(self, tensor: Tensor, gradient: str) -> None:
        state = [replace(tensor, name=f"{tensor.name}.{part}", role="state", dtype="fp32", of=tensor.name)
                 for part in MOMENTS]  # fmt: skip
        read = [tensor.name, *map(self._keep, state)]
        written = [replace(self.tensors[name], name=f"{name}.next", role="activation", dtype="fp32") for name in read]
        self._store(
            f"{tensor.name}.adamw", "adamw", (read[0], gradient, *read[1:]), tuple(map(self._keep, written)),
            decays=not tensor.name.endswith(".bias") and not self._is_of_norm(tensor.name),
        )  # fmt: skip

    def _is_of_norm(self, weight: str) -> bool:
        return any(weight in op.inputs and find(op.kind).is_norm for op in self.block.ops)

    def _store(
        self, name: str, kind: str, inputs: tuple[str, ...], outputs: tuple[str, ...], **attrs: Attribute
    ) -> None:
        self.ops.append(Op(name=name, kind=kind, inputs=inputs, outputs=outputs, attrs=attrs, phase="optimizer"))

    def _keep(self, tensor: Tensor) -> str:
        self.tensors[tensor.name] = tensor
        return tensor.name

    def _append(self, op: Op, kind: str, name: str, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self.ops.append(
            Op(name=f"{name}.backward", kind=kind, inputs=inputs, outputs=outputs, attrs=op.attrs, phase="backward")
        )

    def _new_gradient(self, name: str) -> str:
        parts = self.parts.setdefault(name, [])
        suffix = f".{len(parts) + 1}" if parts else ""
        parts.append(self._keep(replace(self.tensors[name], name=f"{name}.grad{suffix}", role="gradient", of=name)))
        return parts[-1]

    def _merged(self, name: str) -> str:
        parts = self.parts[name]
        if len(parts) == 1:
            return parts[0]
        total = self._keep(replace(self.tensors[name], name=f"{name}.grad.sum", role="gradient", of=name))
        self.ops.append(
            Op(name=f"{name}.accumulate", kind="accumulate", inputs=tuple(parts), outputs=(total,),
               phase="backward")
        )  # fmt: skip
        self.parts[name] = [total]
        return total
