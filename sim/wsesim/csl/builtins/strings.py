"""Strings, while compiling: printed, joined, taken apart."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.core import evaluate
from wsesim.csl.limits import MAX_TEXT
from wsesim.csl.source import LimitError
from wsesim.csl.types import CslType
from wsesim.csl.values import VOID, KnownValue, Value


@builtin("@comptime_print", least=0, most=64)
def comptime_print(use: Use) -> Value:
    """Say values while compiling."""
    frame = use.frame.comptime() if use.frame.body else use.frame
    parts = [written(evaluate(argument, frame)) for argument in use.node.arguments]
    use.frame.program.files.printed.append(f"{use.at}: {' '.join(parts)}")
    return VOID


def written(value: Value) -> str:
    """A value as CSL writes it."""
    if isinstance(value, KnownValue) and value.type == types.DIRECTION:
        return types.DIRECTIONS[value.data]
    if isinstance(value, KnownValue) and isinstance(value.data, int | float | str | CslType):
        return str(value.data).lower() if isinstance(value.data, bool) else str(value.data)
    fields = getattr(value, "fields", None)
    if fields is not None:
        return ".{ " + ", ".join(f".{name} = {written(inner)}" for name, inner in fields.items()) + " }"
    return str(value.data) if isinstance(value, KnownValue) and isinstance(value.data, list) else f"a {value.type}"


@builtin("@strcat", least=1, most=64)
def strcat(use: Use) -> Value:
    """Strings one after the other."""
    text = "".join(use.text(index, "an argument") for index in range(use.count))
    if len(text) > MAX_TEXT:
        raise LimitError(use.at, f"a string of {len(text)} bytes", f"at most {MAX_TEXT}")
    return KnownValue(types.STRING, text)


@builtin("@strlen", least=1)
def strlen(use: Use) -> Value:
    """How many bytes a string has."""
    return KnownValue(types.COMPTIME_INT, len(use.text(0, "the string")))


@builtin("@get_array", least=1)
def get_array(use: Use) -> Value:
    """The bytes of a string."""
    text = use.text(0, "the string")
    return KnownValue(types.Array((len(text),), types.U8), [ord(char) & 0xFF for char in text])


@builtin("@get_string_from_byte", least=1)
def get_string_from_byte(use: Use) -> Value:
    """A string of one byte."""
    return KnownValue(types.STRING, chr(use.whole(0, "the byte", 0, 255)))
