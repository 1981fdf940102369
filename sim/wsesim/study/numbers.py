"""Settings as numbers in the units we count in, and numbers as settings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from wsesim.answer import UsedFigure
from wsesim.hardware import load_cluster
from wsesim.questions.base import Question
from wsesim.software import load_software
from wsesim.units import parse
from wsesim.workload import STACK, Lookup, dimension_of_setting

Value = int | float | bool | str | tuple[Any, ...]
"""Of a setting; lists are held as tuples."""


def numbers_of(base: Question, changes: Mapping[str, Value]) -> Lookup:
    """Return what finds the number of a setting of *base* with *changes*; None of what is no number.

    Raises, when it is asked:
        SpecError: a machine or stack that is not there.
    """

    def lookup(name: str) -> float | None:
        if name in changes:
            return as_number(name, changes[name])
        section, _, key = name.partition(".")
        if section == "hardware":
            return _figure(name, key, _hardware(base, changes))
        if section == "software":
            return _figure(name, key, _software(base, changes))
        held: Any = base.asked.resolved
        for part in name.split("."):
            held = held.get(part) if isinstance(held, Mapping) else None
        return as_number(name, held)

    return lookup


def as_number(name: str, value: object) -> float | None:
    """Return a value of a setting in the unit we count in."""
    dimension = dimension_of_setting(name)
    if dimension is not None:
        return parse(value, dimension)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_setting(name: str, number: float) -> Value:
    """Return a number in the unit we count in as it would stand in a file."""
    whole = int(number) if float(number).is_integer() else number
    dimension = dimension_of_setting(name)
    return whole if dimension is None else f"{whole} {dimension.unit}"


def _figure(name: str, key: str, figures: tuple[UsedFigure, ...]) -> float | None:
    text = next((figure.text for figure in figures if figure.name == key), None)
    if text is None or dimension_of_setting(name) is not None:
        return None if text is None else as_number(name, text)
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else number


def _hardware(base: Question, changes: Mapping[str, Value]) -> tuple[UsedFigure, ...]:
    machine = changes.get("cluster.machine", changes.get("cluster"))
    return _machine(machine, base.asked.folder) if isinstance(machine, str) else base.asked.hardware.figures


def _software(base: Question, changes: Mapping[str, Value]) -> tuple[UsedFigure, ...]:
    stack = changes.get(f"software.{STACK}", changes.get("software"))
    if isinstance(stack, str):
        return _stack(stack, base.asked.folder)
    return base.asked.software.figures if base.asked.software else ()


@cache
def _machine(name: str, folder: Path) -> tuple[UsedFigure, ...]:
    return load_cluster(name, folder=folder).figures


@cache
def _stack(name: str, folder: Path) -> tuple[UsedFigure, ...]:
    return load_software(name, folder=folder).figures
