"""Tensors, ops, blocks and graphs: a model as dataflow, one layer written once and marked as repeated.

Axes are names ("tokens of a sequence" is `length`); a graph's `dims` says how long each is, so the same graph serves
any batch: `graph.with_dims(batch=8)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from types import MappingProxyType

from wsesim.errors import SpecError, require_choice
from wsesim.graph.packing import packing_of
from wsesim.slotted import like

BYTES_PER_ELEMENT: Mapping[str, int] = MappingProxyType({
    "fp16": 2, "bf16": 2, "cb16": 2, "fp32": 4, "int32": 4, "bool": 1,
})  # fmt: skip
INDEX_BYTES = 2
"""Of the place of a weight that is not zero, sent beside its value where zeros are left out (Hot Chips 34, 2022)."""
ROLES = ("tokens", "activation", "weight", "gradient", "loss", "state", "cache")
GIVEN = ("tokens", "weight", "state", "cache")
"""Roles of what is there before a block runs."""
PHASES = ("forward", "backward", "optimizer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A named, shaped, typed value that ops read and write."""

    name: str
    axes: tuple[str, ...]
    """Names of the axes, outermost first; lengths stand in the graph's `dims`."""
    role: str = "activation"
    """tokens | activation | weight | gradient | loss | state (of the optimizer, where weights are kept) | cache (keys
    and values of the tokens before)."""
    dtype: str = "fp16"
    """fp16 | bf16 | cb16 | fp32 | int32 | bool."""
    of: str | None = None
    """For a gradient: the tensor it belongs to. Weight gradients leave the wafer."""
    density: float = 1.0
    """Share of the elements that are not zero, for a weight and its gradient."""
    room: float = 1.0
    """Places laid out for each element, above 1 for tokens of experts: how many each gets is known too late."""
    packed: str = ""
    """How a weight is kept where it stays with the cores (`packing`); empty: as it is multiplied. Streams, and what is
    learned, are as `dtype` says."""
    frozen: bool = False
    """Of a weight, whether training leaves it as it is: no gradient of it is made."""

    def __post_init__(self) -> None:
        """Refuse roles and types that do not exist, and tensors of nothing."""
        require_choice(f"{self.name}.role", self.role, ROLES)
        if not 0 < self.density <= 1:
            raise SpecError(f"{self.name}.density", f"must be above 0 and at most 1, got {self.density}")
        if self.room < 1:
            raise SpecError(f"{self.name}.room", f"must be at least 1, got {self.room}")
        if self.packed:
            packing_of(self.packed)
        require_choice(f"{self.name}.dtype", self.dtype, BYTES_PER_ELEMENT)


Attribute = int | float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Op:
    """One operation: reads tensors, writes tensors."""

    name: str
    kind: str
    """What it computes; `ops.kinds()` lists them."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Attribute] = field(default_factory=dict)
    phase: str = "forward"
    """forward | backward | optimizer."""

    def __post_init__(self) -> None:
        """Refuse phases that do not exist."""
        require_choice(f"{self.name}.phase", self.phase, PHASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of ops that stands `repeat` times in a row: the embedding, one layer, the head."""

    name: str
    repeat: int
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    """Tensors that come from the block before (for a repeated block: from its previous copy)."""
    outputs: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that names are one thing's only, that ops read what is there by then, and write it once."""
        _check_block(self)

    def weights(self) -> tuple[Tensor, ...]:
        """Return the weights of one copy, in the order they are first used."""
        return tuple(tensor for tensor in self.tensors.values() if tensor.role == "weight")

    def phase(self, phase: str) -> tuple[Op, ...]:
        """Return the ops of one phase, in order."""
        return tuple(op for op in self.ops if op.phase == phase)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A model as blocks in forward order; backward ops of a block run when the sweep comes back."""

    name: str
    dims: Mapping[str, int]
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        """Refuse two blocks of one name, axes without a length and lengths that are not positive."""
        names = [block.name for block in self.blocks]
        if repeated := next((name for name in names if names.count(name) > 1), None):
            raise SpecError(self.name, f"has two blocks of the name {repeated!r}")
        for name, size in self.dims.items():
            if size < 1:
                raise SpecError(name, f"must be at least 1, got {size}")
        for block in self.blocks:
            for tensor in block.tensors.values():
                missing = [axis for axis in tensor.axes if axis not in self.dims]
                if missing:
                    raise SpecError(tensor.name, f"has the axis {missing[0]!r}, which has no length")

    def with_dims(self, **dims: int) -> Graph:
        """Return the same graph with some axes resized; its tensors need not be checked anew.

        Raises:
            SpecError: a length that is not positive.
        """
        for name, size in dims.items():
            if size < 1:
                raise SpecError(name, f"must be at least 1, got {size}")
        return like(self, dims={**self.dims, **dims})

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """Return the lengths of the tensor's axes."""
        return tuple(self.dims[axis] for axis in tensor.axes)

    def elements(self, tensor: Tensor) -> int:
        """Return how many numbers the tensor holds."""
        return prod(map(self.dims.__getitem__, tensor.axes))

    def nonzeros(self, tensor: Tensor) -> int:
        """Return how many numbers of the tensor are not zero by its making."""
        numbers = self.elements(tensor)
        return numbers if tensor.density == 1 else round(numbers * tensor.density)

    def bytes(self, tensor: Tensor) -> int:
        """Return the tensor's size in bytes as it is stored or sent.

        A sparse weight takes what is less, all its numbers or those that are not zero with their places. Its gradient
        needs no places: the mask is known where it goes.
        """
        each = BYTES_PER_ELEMENT[tensor.dtype]
        numbers = self.nonzeros(tensor)
        if tensor.role == "weight":
            return min(self.elements(tensor) * each, numbers * (each + INDEX_BYTES))
        return (numbers if tensor.room == 1 else round(numbers * tensor.room)) * each

    def op_bytes(self, block: Block, op: Op) -> int:
        """Return the bytes the op reads and writes."""
        return sum(self.bytes(block.tensors[name]) for name in (*op.inputs, *op.outputs))

    def edges(self, block: Block) -> Iterator[tuple[str, str, str]]:
        """Yield (writer, reader, tensor) for every tensor that one op of the block hands to another."""
        writer = {name: op.name for op in block.ops for name in op.outputs}
        for op in block.ops:
            for name in op.inputs:
                if name in writer:
                    yield writer[name], op.name, name

    def parameters(self, *, learned: bool = False) -> int:
        """Return the number of weights, or of those that are *learned*, a tied weight counted once."""
        return self._over_weights(self.elements, learned=learned)

    def nonzero_parameters(self, *, learned: bool = False) -> int:
        """Return the number of weights that are not zero, all or those *learned*, a tied weight counted once."""
        return self._over_weights(self.nonzeros, learned=learned)

    def _over_weights(self, count: Callable[[Tensor], int], *, learned: bool) -> int:
        seen: dict[str, int] = {}
        for block in self.blocks:
            for tensor in block.weights():
                key = tensor.of or f"{block.name}.{tensor.name}"
                seen[key] = 0 if learned and tensor.frozen else count(tensor) * block.repeat
        return sum(seen.values())


def _check_block(block: Block) -> None:
    if block.repeat < 1:
        raise SpecError(f"{block.name}.repeat", f"must be at least 1, got {block.repeat}")
    _check_names(block)
    written = {name for name, tensor in block.tensors.items() if tensor.role in GIVEN}
    written |= set(block.inputs)
    for op in block.ops:
        for name in (*op.inputs, *op.outputs):
            if name not in block.tensors:
                raise SpecError(op.name, f"uses the tensor {name!r}, which block {block.name!r} does not have")
        for name in op.inputs:
            if name not in written:
                raise SpecError(op.name, f"reads {name!r} before anything writes it")
        for name in op.outputs:
            if name in written:
                raise SpecError(op.name, f"writes {name!r}, which is already there")
            written.add(name)
    for name in block.outputs:
        if name not in written:
            raise SpecError(block.name, f"promises {name!r} but nothing writes it")


def _check_names(block: Block) -> None:
    for name, tensor in block.tensors.items():
        if name != tensor.name:
            raise SpecError(block.name, f"keeps the tensor {tensor.name!r} under the name {name!r}")
    for name in block.inputs:
        if name not in block.tensors:
            raise SpecError(block.name, f"takes in {name!r}, a tensor it does not have")
    seen: set[str] = set()
    for op in block.ops:
        if op.name in seen:
            raise SpecError(block.name, f"has two ops of the name {op.name!r}")
        seen.add(op.name)
