"""Tensor accesses: `|i, j|{m, n} -> A[...]` as a start and a stride for each index."""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.csl import tree, types
from wsesim.csl.access import place
from wsesim.csl.core import evaluate, expression, whole
from wsesim.csl.frame import Frame
from wsesim.csl.memory import check_indices
from wsesim.csl.source import CslError
from wsesim.csl.types import CslType
from wsesim.csl.values import Address, Binding, InMemory, KnownValue, Value

ACCESS = types.Simple("tensor access")


@dataclass(frozen=True, slots=True)
class Access:
    """Elements of an array: where the first lies, lengths in the order of the braces, and what a step of each adds."""

    start: Address
    element: CslType
    lengths: tuple[int, ...]
    steps: tuple[int, ...]


@expression(tree.TensorNode)
def tensor(node: tree.TensorNode, frame: Frame, wanted: CslType | None) -> Value:
    """A tensor access.

    Raises:
        CslError: What is accessed is no array, or not by affine indices.
    """
    inner = frame.comptime() if frame.body is not None else frame.inner()
    if len(node.names) != len(node.lengths):
        raise CslError(node.at, f"{len(node.names)} indices and {len(node.lengths)} lengths", "as many of each")
    if len(node.names) > 4:
        raise CslError(node.at, f"{len(node.names)} indices", "a descriptor has at most 4")
    lengths = tuple(whole(length, inner, "a length of a tensor access", 0, 0xFFFF) for length in node.lengths)
    if not isinstance(node.access, tree.Index):
        raise CslError(node.access.at, "this accesses no array", "|i|{n} -> A[i]")
    start, array = _array(node.access.base, inner)
    check_indices(len(node.access.indices), array, node.access.at)
    first = _flat(node, array, inner, {})
    steps = tuple(_signed(_flat(node, array, inner, {name: 1}) - first) for name in node.names)
    for name, step in zip(node.names, steps, strict=True):
        if _signed(_flat(node, array, inner, {name: 2}) - first) != _signed(2 * step):
            raise CslError(node.access.at, f"the access is not linear in {name}", "like a * i + b")
    words = (
        (start.words + first * types.words(array.element)) & 0xFFFF
        if start.storage is None
        else start.words + first * types.words(array.element)
    )
    return KnownValue(ACCESS, Access(Address(start.storage, words), array.element, lengths, steps))


def _array(node: tree.Node, frame: Frame) -> tuple[Address, types.Array]:
    where = place(node, frame)
    if where is not None and isinstance(where, InMemory) and isinstance(where.type, types.Array):
        return _start(where, node)
    value = evaluate(node, frame)
    of = value.type.target if isinstance(value.type, types.Pointer) else value.type
    if isinstance(value, KnownValue) and isinstance(value.data, Address) and isinstance(of, types.Array):
        return value.data, of
    if isinstance(value, KnownValue) and isinstance(value.data, list) and isinstance(of, types.Array):
        return _start(frame.program.constant_place(value), node)
    raise CslError(node.at, f"a {value.type} is accessed", "arrays and known pointers to arrays are")


def _start(where: InMemory, node: tree.Node) -> tuple[Address, types.Array]:
    assert isinstance(where.type, types.Array)
    if not isinstance(where.pointer, KnownValue):
        raise CslError(
            node.at,
            "where this array lies is not known while compiling",
            "use .base_address in place of .tensor_access",
        )
    return Address(where.pointer.data.storage, where.pointer.data.words + where.words), where.type


def _flat(node: tree.TensorNode, array: types.Array, frame: Frame, at: dict[str, int]) -> int:
    scope = frame.inner()
    for name in node.names:
        scope.names[name] = Binding(KnownValue(types.COMPTIME_INT, at.get(name, 0)))
    flat = 0
    assert isinstance(node.access, tree.Index)
    for index, length in zip(node.access.indices, array.lengths, strict=True):
        flat = flat * length + _signed(whole(index, scope, "an index of a tensor access"))
    return flat


def _signed(value: int) -> int:
    """As a 16-bit register reads it."""
    return ((value + 0x8000) & 0xFFFF) - 0x8000
