"""Where points are drawn or searched: each dial turns from 0 to 1, and says what its settings are then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from wsesim.study.numbers import Value
from wsesim.study.spec import SCENARIO, Parameter, written
from wsesim.study.values import RangeSection, between
from wsesim.units import parse, show
from wsesim.workload import dimension_of_setting

Given = tuple[Value, ...] | RangeSection
"""What stands under `vary` of a setting: a list of values, or a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One coordinate of a point: a setting, or several that step together."""

    settings: Mapping[str, Given]

    @property
    def choices(self) -> int | None:
        """Values that there are; None where some setting has a range."""
        given = [each for each in self.settings.values() if isinstance(each, tuple)]
        return max(map(len, given)) if len(given) == len(self.settings) else None

    @property
    def ordered(self) -> bool:
        """Whether values lie between others: of words none does."""
        return all(
            isinstance(each, RangeSection) or (name != SCENARIO and Parameter(name=name, values=each).numeric)
            for name, each in self.settings.items()
        )

    @property
    def words(self) -> str:
        """Say which settings turn, and how far."""
        return " with ".join(f"{name}: {told(name, given)}" for name, given in self.settings.items())

    def parameters(self, shares: Sequence[float]) -> tuple[Parameter, ...]:
        """Return the settings at each of *shares*, from 0 to 1."""
        return tuple(
            Parameter(
                name=name, values=values_at(name, given, shares),
                log=isinstance(given, RangeSection) and given.scale == "log",
            )
            for name, given in self.settings.items()
        )  # fmt: skip


def told(name: str, given: Given) -> str:
    """Return what is given of a setting in words: `24 KiB to 96 KiB, log`."""
    if not isinstance(given, RangeSection):
        return ", ".join(map(written, given))
    dimension = dimension_of_setting(name)
    first, last = (
        f"{end:g}" if dimension is None else show(parse(end, dimension), dimension) for end in (given.first, given.last)
    )
    return f"{first} to {last}{', log' if given.scale == 'log' else ''}"


def values_at(name: str, given: Given, shares: Sequence[float]) -> tuple[Value, ...]:
    """Return the values of a setting so far into what is *given* of it.

    Raises:
        SpecError: named by the key of the range that is wrong.
    """
    if isinstance(given, RangeSection):
        return between(given, dimension_of_setting(name), shares)
    return tuple(given[min(int(share * len(given)), len(given) - 1)] for share in shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """All points that can be drawn."""

    dials: tuple[Dial, ...]
    names: tuple[str, ...]
    """Settings in the order in which they were given."""

    @property
    def ends(self) -> tuple[tuple[float, ...], ...]:
        """The point at which all dials are at 0, and that at which all are at 1."""
        return (0.0,) * len(self.dials), (1.0,) * len(self.dials)

    @property
    def size(self) -> int | None:
        """Points that there are; None where there is no end of them."""
        choices = [dial.choices for dial in self.dials]
        return None if None in choices else prod(count for count in choices if count)

    def axis(self, points: Sequence[Sequence[float]]) -> tuple[Parameter, ...]:
        """Return what steps from point to point, each of as many shares as there are dials."""
        columns = ([float(share) for share in column] for column in zip(*points, strict=True))
        pairs = zip(self.dials, columns, strict=True)
        found = {each.name: each for dial, shares in pairs for each in dial.parameters(shares)}
        return tuple(found[name] for name in (SCENARIO, *self.names) if name in found)
