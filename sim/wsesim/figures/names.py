"""What a figure is called, where its number goes, and which numbers can stand there.

A figure is named GROUP.FIELD, the field of a dataclass without its unit: `core.sram` is `Core.sram_bytes`. Wherever
figures are given they may be nested or dotted: `core: {clock: 1.2 GHz}` is `core.clock: 1.2 GHz`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Literal

from wsesim.errors import SpecError
from wsesim.units import Dimension, dimension_of, parse, spelled
from wsesim.yamlfile import Loc

FigureValue = int | float | bool | tuple[int, ...]
NUMBERS = "tuple[int, ...]"
KINDS = ("int", "float", "bool", NUMBERS)
"""Types of fields that hold a figure, as they are written; other fields hold parts and names."""
LARGEST, SMALLEST = 10**9, 1e-9
"""Bounds of a plain number, its sign and zero aside."""
LARGEST_QUANTITY, SMALLEST_QUANTITY = 10**18, 1e-18
"""The same of a number with a unit, in the unit of its field: as a whole number it fits 64 bits."""
Better = Literal["more", "less", ""]
"""Which way a figure makes no answer worse, whatever is asked and whatever the other figures are."""
MORE: Mapping[str, str] = {"better": "more"}
LESS: Mapping[str, str] = {"better": "less"}
"""Metadata of a field whose figure is better that way."""


def neither(why: str) -> Mapping[str, str]:
    """Return metadata of a field whose figure is better neither way, and why."""
    return {"better": "", "why": why}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where a figure goes: a field of a dataclass, what it measures, and its type."""

    group: str
    field: str
    dimension: Dimension | None
    kind: str
    """One of `KINDS`."""
    better: Better = ""
    why: str = ""
    """Why neither way is better, where that is so."""

    @property
    def name(self) -> str:
        """GROUP.FIELD, the field without its unit."""
        return f"{self.group}.{self.field.removesuffix(self.dimension.suffix) if self.dimension else self.field}"

    def value(self, raw: object) -> FigureValue:
        """Return *raw*, as a file or a user gives it, in the unit of the field.

        Raises:
            SpecError: it has another type or unit, is not finite, or is absurd.
        """
        if self.kind == "bool":
            if not isinstance(raw, bool):
                raise SpecError(self.name, f"must be true or false, got {_shown(raw)}")
            return raw
        if self.kind == NUMBERS:
            if not isinstance(raw, list | tuple) or not raw:
                raise SpecError(self.name, f"must be a list of whole numbers, for example [8, 8, 4]; got {_shown(raw)}")
            return tuple(int(self._number(each, whole=True)) for each in raw)
        return self._number(raw, whole=self.kind == "int")

    def _number(self, raw: object, *, whole: bool) -> int | float:
        value = self._quantity(raw, self.dimension) if self.dimension else self._plain(raw)
        if whole and not isinstance(value, int):
            unit = f" of {self.dimension.name.lower()}" if self.dimension else ""
            raise SpecError(self.name, f"must be a whole number{unit}, got {_shown(raw)}")
        return value if whole else float(value)

    def _quantity(self, raw: object, dimension: Dimension) -> int | float:
        try:
            value = parse(raw, dimension)
        except ValueError as error:
            raise SpecError(self.name, str(error)) from None
        if abs(value) > LARGEST_QUANTITY:
            raise SpecError(self.name, f"is too large; got {_shown(raw)}")
        if 0 < abs(value) < SMALLEST_QUANTITY:
            raise SpecError(self.name, f"is too small; got {_shown(raw)}")
        return value

    def _plain(self, raw: object) -> int | float:
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise SpecError(self.name, f"must be a plain number without a unit, got {_shown(raw)}")
        if isinstance(raw, float) and not isfinite(raw):
            raise SpecError(self.name, f"must be a finite number, got {_shown(raw)}")
        if abs(raw) > LARGEST:
            raise SpecError(self.name, f"must be at most {LARGEST:,}")
        if 0 < abs(raw) < SMALLEST:
            raise SpecError(self.name, f"is too small; got {_shown(raw)}")
        return raw

    def read(self, text: str) -> int | float:
        """Return the number of this field that is printed as *text*, with its unit.

        Raises:
            SpecError: the field holds no single number, or *text* is none of it.
        """
        if self.kind not in ("int", "float"):
            raise SpecError(self.name, f"is no single number, but {_shown(text)}")
        raw: Any = text
        if self.dimension is None:
            raw = int(float(text)) if self.kind == "int" else float(text)
        found = self.value(raw)
        assert isinstance(found, int | float), "a single number"
        return found

    def multiplied(self, text: str, factor: float) -> int | float | str:
        """Return *factor* times a number of this field, as it would stand in a file.

        A whole number changes by one at least, but not to zero, which some figures cannot be.

        Args:
            text: the number as it is printed, with its unit.
            factor: above zero.

        Raises:
            SpecError: the field holds no number, or *text* is none of it.
        """
        now = self.read(text)
        new: float = now * factor
        if self.kind == "int":
            new = max(min(now, 1), round(new) if round(new) != now else now + (1 if factor > 1 else -1))
        return new if self.dimension is None else f"{new!r} {self.dimension.unit}"

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the figure, which says which way is better."""
        found = self._type()
        better = f"{self.better.capitalize()} is better." if self.better else f"Neither way is better: {self.why}."
        return {**found, "description": f"{found['description']} {better}"}

    def _type(self) -> dict[str, Any]:
        if self.kind == "bool":
            return {"type": "boolean", "description": "true or false."}
        if self.kind == NUMBERS:
            return {"type": "array", "items": {"type": "integer"}, "description": "Whole numbers."}
        if self.dimension is None:
            return {"type": "number", "description": "A plain number."}
        words = self.dimension.name.lower().replace("_", " ")
        return {"type": "string", "description": f"In {words}, with its unit.", "examples": [self.dimension.example]}


def slots_of(groups: Mapping[str, type[Any]]) -> dict[str, Slot]:
    """Return where every figure of some groups goes, by its name, in the order of the dataclasses."""
    found = [
        Slot(group=group, field=field.name, dimension=dimension_of(field.name), kind=str(field.type), **field.metadata)
        for group, kind in groups.items()
        for field in fields(kind)
        if field.type in KINDS and field.metadata  # others follow from figures
    ]
    return {slot.name: slot for slot in found}


def walk(data: Mapping[Any, object], known: Container[str], loc: Loc = ()) -> Iterator[tuple[str, Loc, object]]:
    """Yield dotted name, place and value of everything in *data*.

    Mappings are entered, except at names in *known*, and where a `value` in them says that they are about a figure.
    """
    for key, value in data.items():
        place: Loc = (*loc, str(key))
        name = ".".join(str(part) for part in place)
        if isinstance(value, Mapping) and value and name not in known and "value" not in value:
            yield from walk(value, known, place)
        else:
            yield name, place, value


def flatten(data: Mapping[Any, object], known: Container[str]) -> dict[str, object]:
    """Return *data*, nested or dotted, by dotted name.

    Raises:
        SpecError: something is given twice, nested and dotted.
    """
    found: dict[str, object] = {}
    for name, _, value in walk(data, known):
        if name in found:
            raise SpecError(name, "is given twice, nested and dotted; keep one of them")
        found[name] = value
    return found


def is_path(name: str) -> bool:
    """Whether a preset is named by a file of the user's own."""
    return name.endswith(".yaml")


def _shown(raw: object) -> str:
    try:
        return repr(raw)
    except ValueError:  # Python refuses to print an integer of thousands of digits
        return "a huge number"


def text_of(raw: object) -> str:
    """Return a value as a file has it."""
    if isinstance(raw, bool):
        return str(raw).lower()
    return f"[{', '.join(map(str, raw))}]" if isinstance(raw, list | tuple) else spelled(str(raw).strip())
