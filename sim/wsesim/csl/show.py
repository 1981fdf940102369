"""Stages of the compiler as text: tokens, syntax tree, tile classes, code, memory, routes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from wsesim.csl import tree
from wsesim.csl.image import CodeStep, Image, TileClass, Type
from wsesim.csl.lexer import tokens
from wsesim.csl.parser import parse
from wsesim.csl.source import SourceFile, SourcePlace
from wsesim.csl.vectors import NOWHERE

SIDES = ((1, "W"), (2, "E"), (4, "N"), (8, "S"), (16, "R"))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def show_tokens(source: SourceFile) -> Iterator[str]:
    """A token a line: place, kind, text."""
    for token in tokens(source):
        place = SourcePlace(source, token.offset)
        yield f"{place.line}:{place.column}\t{token.kind}\t{token.text}"


def show_tree(source: SourceFile) -> Iterator[str]:
    """The syntax tree, a node a line."""
    yield from _node(parse(source), 0)


def _node(item: object, depth: int) -> Iterator[str]:
    if isinstance(item, tree.Node):
        names = [slot for kind in type(item).__mro__[-3::-1] for slot in getattr(kind, "__slots__", ()) if slot != "at"]
        parts = {name: getattr(item, name) for name in names}
        plain = {name: part for name, part in parts.items() if not _has_nodes(part)}
        words = " ".join(f"{name}={part!r}" for name, part in plain.items() if part not in ("", None, False, [], {}))
        yield f"{'  ' * depth}{type(item).__name__} {item.at.line}:{item.at.column} {words}".rstrip()
        for part in parts.values():
            if _has_nodes(part):
                yield from _node(part, depth + 1)
    elif isinstance(item, list | tuple):
        for inner in item:
            if _has_nodes(inner):
                yield from _node(inner, depth)
    elif isinstance(item, dict):
        yield from _node(list(item.values()), depth)


def _has_nodes(part: object) -> bool:
    if isinstance(part, dict):
        return bool(part)
    return isinstance(part, tree.Node) or (isinstance(part, list | tuple) and any(map(_has_nodes, part)))


def show_classes(image: Image) -> Iterator[str]:
    """Tile classes, what each has, and a map of the rectangle."""
    numbers = np.frombuffer(image.class_of, np.int32).reshape(image.height, image.width)
    counts = Counter(numbers.ravel().tolist())
    for number, tile in enumerate(image.classes):
        tasks = ", ".join(f"{task.name} {task.kind.name.lower()} {task.id}" for task in tile.tasks)
        letter = LETTERS[number % len(LETTERS)]
        yield f"{letter} {tile.name}: {counts[number]} cores, {len(tile.steps)} instructions, {_words(tile) * 2} bytes"
        yield f"    tasks: {tasks or 'none'}"
        yield f"    functions: {', '.join(function.name for function in tile.functions) or 'none'}"
    for row in numbers[:64, :120]:
        yield "".join(LETTERS[number % len(LETTERS)] for number in row.tolist())


def _words(tile: TileClass) -> int:
    return sum(variable.count * variable.t.words for variable in tile.symbols)


def show_code(image: Image) -> Iterator[str]:
    """Instructions of each tile class, below the lines of the program that they are made of."""
    for tile in image.classes:
        yield f"{tile.name}: {len(tile.steps)} instructions, {tile.registers} registers"
        entries = {task.entry: f"task {task.name}" for task in tile.tasks}
        entries |= {function.entry: f"function {function.name}" for function in tile.functions}
        last = (-1, -1)
        for number, step in enumerate(tile.steps):
            if number in entries:
                yield f"  {entries[number]}"
            if (step.spot.file, step.spot.line) != last:
                last = (step.spot.file, step.spot.line)
                yield f"  ; {_line(image, step)}"
            yield f"    {number:5} {_step(step, tile)}"


def _line(image: Image, step: CodeStep) -> str:
    path = image.files[step.spot.file]
    try:
        text = Path(path).read_text().splitlines()[step.spot.line - 1].strip()
    except (OSError, IndexError):
        text = ""
    return f"{Path(path).name}:{step.spot.line}: {text}"


def _step(step: CodeStep, tile: TileClass) -> str:
    def register(number: int) -> str:
        written = number in tile.first_values
        return f"r{number}" + (f"={tile.first_values[number]}" if written else "")

    parts = [step.op.name.lower(), step.t.name.lower()]
    parts += [f"d=r{step.d}"] if step.d != NOWHERE else []
    parts += [
        f"{name}={register(value)}" for name, value in (("a", step.a), ("b", step.b), ("c", step.c)) if value >= 0
    ]
    parts += [f"n={step.n}"] if step.n else []
    if step.vector is not None:
        operands = (f"{operand.kind.name.lower()} {register(operand.value)}" for operand in step.vector.operands)
        parts.append(f"{step.vector.name}({', '.join(operands)})")
        parts += ["async"] if step.vector.options.is_async else []
    return " ".join(parts)


def show_memory(image: Image) -> Iterator[str]:
    """Variables of each tile class: bytes, address in bytes, name."""
    for tile in image.classes:
        yield f"{tile.name}: {_words(tile) * 2} of 49152 bytes of variables"
        for variable in tile.symbols:
            size = variable.count * variable.t.words * 2
            yield f"  {variable.address * 2:6} {size:6} {_kind(variable.t)}[{variable.count}] {variable.name}"


def _kind(t: Type) -> str:
    return t.name.lower()


def show_routes(image: Image) -> Iterator[str]:
    """For each color a map of the rectangle: where it enters each core and where it leaves."""
    numbers = np.frombuffer(image.class_of, np.int32).reshape(image.height, image.width)
    for color in sorted({color for tile in image.classes for color in tile.colors}):
        yield f"color {color}: from>to; W E N S R(amp); / between switch positions"
        cells = [_route(tile, color) for tile in image.classes]
        wide = max(map(len, cells))
        for row in numbers[:32, :24]:
            yield "  " + " ".join(cells[number].ljust(wide) for number in row.tolist())


def _route(tile: TileClass, color: int) -> str:
    setting = tile.colors.get(color)
    if setting is None:
        return "."
    return "/".join(
        "-" if not position.is_valid else f"{_mask(position.rx)}>{_mask(position.tx)}" for position in setting.positions
    )


def _mask(mask: int | None) -> str:
    return "" if mask is None else "".join(letter for bit, letter in SIDES if mask & bit)


OF_TEXT: dict[str, Callable[[SourceFile], Iterator[str]]] = {"tokens": show_tokens, "ast": show_tree}
OF_IMAGE: dict[str, Callable[[Image], Iterator[str]]] = {
    "classes": show_classes, "code": show_code, "memory": show_memory, "routes": show_routes,
}  # fmt: skip
