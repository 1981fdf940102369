"""`@print_format`, by which the library prints: the text is taken apart while compiling."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsesim.csl import types
from wsesim.csl.builtins.registers import emit_intrinsic
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.convert import converted
from wsesim.csl.source import CslError
from wsesim.csl.values import VOID, KnownValue, Runtime, Value

TEXT, DECIMAL, HEX, BINARY, FLOAT, SIGNED = range(6)
KINDS = {"d": DECIMAL, "X": HEX, "b": BINARY, "f": FLOAT}
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[^{}]+|[{}]")


@builtin("@print_format", least=2)
def print_format(use: Use) -> Value:
    """Print a text with values in it, for files of the library only."""
    if not use.frame.module.is_library:
        raise CslError(use.at, "there is no builtin @print_format", "import <simprint>")
    values = iter(use.fields(1, "the values").values())
    count = 0
    for literal, spec in parts(use, use.text(0, "the text")):
        if spec is None:
            _print(use, KnownValue(types.U16, TEXT), KnownValue(types.U16, use.frame.program.string(literal)), 0)
            continue
        value = next(values, None)
        count += 1
        if value is None:
            raise CslError(use.at, f"the text has a {{{spec}}} too many: value {count} is not there")
        _value(use, spec, value)
    if next(values, None) is not None:
        raise CslError(use.at, f"more values than the {count} of the text", "write {d}, {X}, {b} or {f} for each")
    return VOID


def parts(use: Use, text: str) -> Iterator[tuple[str, str | None]]:
    """Literal text, or how a value is written; a NUL ends it."""
    literal = ""
    for match in _PART.finditer(text.split("\0", 1)[0]):
        spec = match.group(1)
        if spec is None:
            literal += match.group()[0] if match.group() in ("{{", "}}") else match.group()
            continue
        if spec not in KINDS:
            raise CslError(use.at, f"there is no {{{spec}}}", "there is {d}, {X}, {b}, {f}")
        if literal:
            yield literal, None
        literal = ""
        yield "", spec
    if literal:
        yield literal, None


def _value(use: Use, spec: str, value: Value) -> None:
    kind = KINDS[spec]
    if value.type in (types.COMPTIME_INT, types.COMPTIME_FLOAT) and isinstance(value, KnownValue):
        value = KnownValue(types.I32 if value.type == types.COMPTIME_INT else types.F32, value.data)
    if isinstance(value.type, types.Float) != (kind == FLOAT):
        raise CslError(use.at, f"{{{spec}}} of a {value.type}", "{f} is for floats, {d}, {X}, {b} for integers")
    size = 16 * types.words(value.type)
    if kind == FLOAT:
        bits = value if value.type == types.F32 else converted(value, types.F32, use.frame, use.at)
        _print(use, KnownValue(types.U16, FLOAT), Runtime(types.U32, use.frame.register(bits, use.at)), size)
        return
    signed = isinstance(value.type, types.Int) and value.type.signed
    if kind == DECIMAL and signed:
        kind = SIGNED
    _print(use, KnownValue(types.U16, kind), converted(value, types.U32, use.frame, use.at), size)


def _print(use: Use, kind: Value, bits: Value, size: int) -> None:
    emit_intrinsic(use, "print", types.VOID, [kind, bits, KnownValue(types.U16, size)])
