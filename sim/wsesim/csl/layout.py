"""What a layout block makes: a rectangle, the program and params of each core, colors, names for the host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wsesim.csl.colors import ColorSetting
from wsesim.csl.files import Files
from wsesim.csl.image import ExportedName
from wsesim.csl.source import SourcePlace
from wsesim.csl.values import Aggregate, Value, key

Core = tuple[int, int]
MOST_KEYS = 100_000
"""Structs that are remembered at a time."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A program with its params."""

    path: str
    params: dict[str, Value]
    at: SourcePlace


@dataclass(slots=True, eq=False)
class LaidOut:
    """The rectangle while the layout block runs. Equal programs with equal params are one `Tile`."""

    path: str
    files: Files
    rectangle: Core | None = None
    rectangle_at: SourcePlace | None = None
    tiles: dict[Core, int] = field(default_factory=dict)
    kinds: list[Tile] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    colors: dict[Core, dict[int, ColorSetting]] = field(default_factory=dict)
    names: list[ExportedName] = field(default_factory=list)
    keys: dict[int, tuple[Value, int]] = field(default_factory=dict)
    known: dict[Any, int] = field(default_factory=dict)
    settings: dict[ColorSetting, ColorSetting] = field(default_factory=dict)
    written: dict[tuple[int, int], tuple[Value, ColorSetting]] = field(default_factory=dict)
    """By identity of what says it, which is kept with it, and color."""

    def _key(self, value: Value) -> Any:
        """What equal values have in common, looked up for structs seen before."""
        if not isinstance(value, Aggregate):
            return key(value)
        if len(self.keys) > MOST_KEYS:
            self.keys.clear()
        if id(value) not in self.keys:
            self.keys[id(value)] = (value, self.known.setdefault(key(value), len(self.known)))
        return self.keys[id(value)][1]

    def set_tile(self, core: Core, name: str, params: dict[str, Value], at: SourcePlace) -> None:
        """Give a core its program; the layout file itself if there is no name.

        Raises:
            CslError: No such file.
        """
        mark = (name, *((field, self._key(value)) for field, value in params.items()))
        if mark not in self.numbers:
            path = self.files.find(name, self.path, at) if name else self.path
            self.numbers[mark] = len(self.kinds)
            self.kinds.append(Tile(path, params, at))
        self.tiles[core] = self.numbers[mark]
