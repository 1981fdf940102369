"""What a layout block makes: a rectangle, the program and params of each core, colors, names for the host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wsesim.csl.files import Files
from wsesim.csl.image import ColorSetting, ExportedName
from wsesim.csl.source import Place
from wsesim.csl.values import Value, key

Core = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tile:
    """A program with its params."""

    path: str
    params: dict[str, Value]
    at: Place


@dataclass(slots=True, eq=False)
class Layout:
    """The rectangle while the layout block runs. Equal programs with equal params are one `Tile`."""

    path: str
    files: Files
    rectangle: Core | None = None
    tiles: dict[Core, int] = field(default_factory=dict)
    kinds: list[Tile] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)
    colors: dict[Core, dict[int, ColorSetting]] = field(default_factory=dict)
    names: list[ExportedName] = field(default_factory=list)

    def set_tile(self, core: Core, name: str, params: dict[str, Value], at: Place) -> None:
        """Give a core its program; the layout file itself if there is no name.

        Raises:
            CslError: No such file.
        """
        mark = (name, tuple(sorted((field, key(value)) for field, value in params.items())))
        if mark not in self.numbers:
            path = self.files.find(name, self.path, at) if name else self.path
            self.numbers[mark] = len(self.kinds)
            self.kinds.append(Tile(path, params, at))
        self.tiles[core] = self.numbers[mark]
