"""What a look at a function says: whether it is pure, whose addresses it takes."""

from __future__ import annotations

from collections.abc import Iterator

from wsesim.csl import tree
from wsesim.csl.values import FunctionRef

PURE = (
    "@as",
    "@get_color",
    "@get_int",
    "@is_same_type",
    "@type_of",
    "@has_field",
    "@field",
    "@is_arch",
    "@concat_structs",
)


def is_pure(ref: FunctionRef) -> bool:
    """Whether a function reads nothing that changes and calls nothing that acts."""
    declaration = ref.declaration
    if declaration.is_pure is None:
        declaration.is_pure = all(_is_pure(node, ref) for node in nodes(declaration.body))
    return declaration.is_pure


def _is_pure(node: tree.Node, ref: FunctionRef) -> bool:
    if isinstance(node, tree.Name):
        item = ref.module.items.get(node.name)
        return not (isinstance(item, tree.VarDecl) and item.kind == "var")
    return not isinstance(node, tree.Call) and not (isinstance(node, tree.Builtin) and node.name not in PURE)


def nodes(node: object) -> Iterator[tree.Node]:
    """A node and all within it."""
    todo: list[object] = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, list | tuple):
            todo.extend(item)
        elif isinstance(item, tree.Node):
            yield item
            todo.extend(getattr(item, slot) for kind in type(item).__mro__[:-2] for slot in kind.__slots__)  # type: ignore[attr-defined]


def addressed(node: object) -> set[str]:
    """Local names on which `&` is used, or that a descriptor or a field of one is made of."""
    return {_root(item.operand) for item in nodes(node) if isinstance(item, tree.Unary) and item.op == "&"}


def _root(node: tree.Node) -> str:
    while isinstance(node, tree.Index | tree.Member):
        node = node.base
    return node.name if isinstance(node, tree.Name) else ""
