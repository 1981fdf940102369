"""Mistakes in a file: worded for its author, and placed where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic_core import ErrorDetails

from wsesim.errors import InputError, Problem, SpecError
from wsesim.signs import printable
from wsesim.workload.fields import Section
from wsesim.workload.words import key_hint, value_hint
from wsesim.yamlfile import Document, Loc

MOST_REPORTED = 25
"""Problems printed at most; a file with more has one cause, and the first ones show it."""
_LONGEST_SHOWN = 60
_SCALES = {"K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
_COUNTED = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)([kKmMbBgGtT])", re.ASCII)
"""A count as people say it: 15T tokens."""


@dataclass(slots=True, kw_only=True)
class Problems:
    """Collects the problems of one file, to be raised together."""

    file: str
    schema: type[Section] = Section
    """What may stand in the file."""
    document: Document | None = None
    """Where the data was read from; without it a problem has no line."""
    settings: Mapping[Loc, str] = field(default_factory=dict)
    """What the command line gave, by place, as it was given: such a problem does not stand in the file."""
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Keys that stand in files of other kinds, and what is to be said of each."""
    needed: Mapping[str, str] = field(default_factory=dict)
    """Keys that not every file has, and who needs them."""
    found: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is no mistake, and is said beside the answer."""

    def add(self, loc: Loc, message: str, *, at_key: bool = False) -> None:
        """Note that what stands at *loc* is wrong."""
        message = printable(message, keep="")
        setting = next((text for place, text in self.settings.items() if loc[: len(place)] == place), None)
        if setting is not None:
            self.found.append(Problem(f"{setting}: {message}"))
        elif self.document is None:
            self.found.append(Problem(message, file=self.file))
        else:
            self.found.append(self.document.problem(message, _place(self.document, loc), at_key=at_key))

    def add_field(self, loc: Loc, message: str) -> None:
        """Note that the field at *loc* is wrong; its dotted name opens the message."""
        self.add(loc, f"{'.'.join(str(part) for part in loc)} {message}")

    def add_spec(self, section: str, error: SpecError) -> None:
        """Note what a value object refused; the error names a field of *section*."""
        self.add_field((section, error.name), error.message)

    def add_invalid(self, errors: Iterable[ErrorDetails], at: Loc = (), *, schema: type[Section] | None = None) -> None:
        """Note what was found in the mapping at *at*, which *schema* (default: the file's) describes."""
        for error in errors:
            schema = schema or self.schema
            loc: Loc = (*at, *error["loc"])
            key = str(loc[-1])
            if error["type"] == "extra_forbidden" and len(error["loc"]) == 1 and not at and key in self.elsewhere:
                self.add((key,), self.elsewhere[key], at_key=True)
                continue
            if error["type"] == "invalid_key":
                loc = (*loc[:-1], error["input"])
            at_key = error["type"] in ("extra_forbidden", "invalid_key") or error["input"] is None
            inner = schema.inner(str(error["loc"][0])) if len(error["loc"]) > 1 else schema
            place, message = _explained(error, loc, (inner or schema).keys())
            dotted = ".".join(map(str, loc))
            if dotted in self.needed and (error["type"] == "missing" or error["input"] is None):
                message = f"{message.partition(';')[0]}{'; ' if at_key else ': '}{self.needed[dotted]}"
            self.add(place, message, at_key=at_key)

    def raise_if_any(self) -> None:
        """Raise what was found, in the order of the file.

        Raises:
            InputError: at least one problem was added.
        """
        if self.found:
            unique = list(dict.fromkeys(self.found))
            unique.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
            shown = unique[:MOST_REPORTED]
            if len(unique) > len(shown):
                shown.append(Problem(f"and {len(unique) - len(shown):,} more", file=self.file))
            raise InputError(shown)


def _place(document: Document, loc: Loc) -> Loc:
    """Return where *loc* stands if the file has a bare name for its section: `model: NAME`."""
    bare = loc and isinstance(document.data, Mapping) and isinstance(document.data.get(loc[0]), str)
    return loc[:1] if bare else loc


def _explained(error: ErrorDetails, loc: Loc, known: tuple[str, ...]) -> tuple[Loc, str]:
    kind, given = error["type"], error["input"]
    name = ".".join(str(part) for part in loc)
    if kind == "missing":
        return loc[:-1], f"the required key {str(loc[-1])!r} is missing{_inside(loc)}"
    if kind == "extra_forbidden":
        section = ".".join(str(part) for part in loc[:-1])
        hint = key_hint(str(loc[-1]), known, section) or f"; there are: {', '.join(known)}"
        return _place_of_key(loc), f"unknown key {shown(loc[-1])}{_inside(loc)}{hint}"
    if kind == "invalid_key":
        return _place_of_key(loc), f"the key {shown(loc[-1])}{_inside(loc)} is not text; quote it if it is meant"
    if given is None:
        return loc, f"{name} is empty; give a value, or leave the key out"
    return loc, f"{name} {_wanted(kind, given, error.get('ctx', {}), loc)}"


def _place_of_key(loc: Loc) -> Loc:
    return (*loc[:-1], str(loc[-1]))


def _inside(loc: Loc) -> str:
    return f" in {'.'.join(str(part) for part in loc[:-1])}" if len(loc) > 1 else ""


def _wanted(kind: str, given: Any, limits: Mapping[str, Any], loc: Loc) -> str:
    """Say what the field must be, and what it was given."""
    if kind == "literal_error":
        choices = limits["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        hint = value_hint(given, choices) if isinstance(given, str) else ""
        return f"must be {'' if len(choices) == 1 else 'one of '}{', '.join(choices)}; got {shown(given)}{hint}"
    if kind in ("quantity", "shape"):
        return str(limits["wrong"])
    for name, words in (("ge", "at least"), ("gt", "above"), ("le", "at most"), ("lt", "below")):
        if name in limits:
            return f"must be {words} {limits[name]:,}; got {shown(given)}"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        named = "a name or " if loc[-1] in ("model", "cluster", "software") else ""
        return f"must be {named}a mapping (lines of `key: value`); got {shown(given)}"
    if kind == "list_type":
        return f"must be a list, [a, b]; got {shown(given)}"
    for name, words in (("min_length", "at least"), ("max_length", "at most")):
        if kind in ("too_short", "too_long") and name in limits:
            return f"must have {words} {limits[name]} entries; got {limits['actual_length']}"
    if kind == "string_pattern_mismatch":
        return f"must start with a letter or digit and go on with at most 99 of those or . _ -; got {shown(given)}"
    if kind == "unknown_name":
        return f"must be {limits['what']}; got {shown(given)}{limits['hint']}"
    if kind in _WORDS:
        return f"must be {_WORDS[kind]}; got {shown(given)}{_quoted(kind, given)}"
    return f"is not valid ({kind}); got {shown(given)}"


_WORDS = {
    "auto_or_size": "auto, or a whole number above 0",
    "huge": "smaller",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "string_unicode": "text without halves of surrogate pairs",
    "string_too_short": "a text that is not empty",
    "string_too_long": "shorter",
}


def _quoted(kind: str, given: Any) -> str:
    if kind in ("int_type", "float_type") and isinstance(given, str) and given.strip().isdigit():
        return "; remove the quotes"
    if kind == "int_type" and isinstance(given, str) and (match := _COUNTED.fullmatch(given.strip())):
        return f"; write {int(Decimal(match[1]) * _SCALES[match[2].upper()])}"
    if kind == "int_type" and isinstance(given, float) and given.is_integer():
        return f"; write {int(given)}"
    return "; quote it" if kind == "string_type" and isinstance(given, int | float) else ""


def shown(value: object) -> str:
    """Return *value* as a short, single line."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > _LONGEST_SHOWN:
        return "a huge number"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
