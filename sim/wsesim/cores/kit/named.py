"""Numbers of cycles that remember which figures of the machine they come from, through sums, multiples and choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from math import ceil, floor, fsum
from typing import Any

from wsesim.cores.instruction import Instruction, cycles_alone
from wsesim.hardware import Wafer

STARTS, LAUNCHES, SCALARS, HOPS, RAMPS = "task starts", "instruction launches", "scalar code", "hops", "ramps"
STREAMING, BANKS = "wavelets streaming", "reads that meet"
_CORE = {
    "task_launch_cycles": STARTS, "activation_cycles": STARTS, "vector_launch_cycles": LAUNCHES,
    "microthread_launch_cycles": LAUNCHES, "branch_taken_cycles": SCALARS, "branch_not_taken_cycles": SCALARS,
    "map_cycles": SCALARS, "saved_map_cycles": SCALARS, "dependent_cycles": SCALARS, "stamp_cycles": SCALARS,
}  # fmt: skip
_FABRIC = {"hop_cycles": HOPS, "ramp_cycles": RAMPS}


class Named(float):
    """A number of cycles that remembers which figures it is made of.

    Whole ones are floats too: what adds to a float without asking, as an int does, would be forgotten.
    """

    parts: Mapping[str, float]
    """By figure; what is left comes from none."""

    def __add__(self, other: Any) -> Any:
        return _of(_plain(self) + _plain(other), _sum(self, other, 1))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return _of(_plain(self) - _plain(other), _sum(self, other, -1))

    def __rsub__(self, other: Any) -> Any:
        return -(self - other)

    def __mul__(self, other: Any) -> Any:
        return _of(_plain(self) * _plain(other), _times(self, _plain(other)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Named):
            return _plain(self) / _plain(other)
        return _of(_plain(self) / other, _times(self, 1 / other))

    def __neg__(self) -> Any:
        return _of(-_plain(self), _times(self, -1))

    def __index__(self) -> int:
        return int(float(self))

    def __ceil__(self) -> Any:
        return _of(ceil(_plain(self)), self.parts)

    def __floor__(self) -> Any:
        return _of(floor(_plain(self)), self.parts)

    def __round__(self, digits: Any = None) -> Any:
        return _of(round(_plain(self), digits), self.parts)


class _LinkRate(float):
    """Wavelets a link passes per cycle: what is divided by it are cycles in which they stream."""

    def __rtruediv__(self, other: Any) -> Any:
        streamed = other / float(self)
        return _of(streamed, {STREAMING: float(streamed)})


def _plain(number: Any) -> Any:
    return float(number) if isinstance(number, Named) else number


def _of(value: Any, parts: Mapping[str, float]) -> Any:
    if not isinstance(value, int | float):
        return value  # many at once, which have no terms
    found = Named(value)
    found.parts = parts
    return found


def _sum(one: Any, other: Any, sign: int) -> dict[str, float]:
    mine, theirs = (getattr(each, "parts", {}) for each in (one, other))
    return {name: mine.get(name, 0) + sign * theirs.get(name, 0) for name in {**mine, **theirs}}


def _times(one: Any, factor: float) -> dict[str, float]:
    return {name: part * factor for name, part in one.parts.items()}


def named(wafer: Wafer) -> Wafer:
    """Return a wafer whose cycles know what they are."""
    core = {name: _of(getattr(wafer.core, name), {term: getattr(wafer.core, name)}) for name, term in _CORE.items()}
    fabric: dict[str, Any] = {
        name: _of(getattr(wafer.fabric, name), {term: getattr(wafer.fabric, name)}) for name, term in _FABRIC.items()
    }
    fabric["link_wavelets_per_cycle"] = _LinkRate(wafer.fabric.link_wavelets_per_cycle)
    code = {each.name: getattr(wafer.code, each.name) for each in fields(wafer.code) if each.name.endswith("_cycles")}
    scalars = {name: _of(cycles, {SCALARS: cycles}) for name, cycles in code.items()}
    return replace(
        wafer, core=replace(wafer.core, **core), fabric=replace(wafer.fabric, **fabric),
        code=replace(wafer.code, **scalars),
    )  # fmt: skip


def as_scalar_code(wafer: Wafer, cycles: float) -> float:
    """Return cycles, all of scalar code; on a wafer that is `named` they know it, whatever their parts are."""
    found: float = _of(float(cycles), {SCALARS: float(cycles)}) if _is_named(wafer) else cycles
    return found


def _is_named(wafer: Wafer) -> bool:
    return isinstance(wafer.core.vector_launch_cycles, Named)


def timed_alone(wafer: Wafer, each: Instruction) -> Any:
    """Return what an instruction takes if nothing holds it up, made of what it is on a wafer that is `named`."""
    cycles = cycles_alone(each)
    if not _is_named(wafer):
        return cycles
    has_elements = each.pace is not None and each.length > 0
    parts, term = dict(getattr(each.cost, "parts", {})), LAUNCHES if each.is_vector else SCALARS
    before = float(each.cost if has_elements else cycles)
    parts[term] = parts.get(term, 0.0) + before - fsum(parts.values())
    parts[BANKS] = float(cycles) - float(cycles_alone(_apart(each))) if has_elements else 0.0
    return _of(float(cycles), parts)


def _apart(each: Instruction) -> Instruction:
    """Return a vector instruction whose reads never meet."""
    pace = each.pace
    assert pace is not None
    tail = None if pace.tail is None else replace(pace.tail, slow_cycles=pace.tail.cycles)
    return replace(each, pace=replace(pace, rate=replace(pace.rate, slow_cycles=pace.rate.cycles), tail=tail))
