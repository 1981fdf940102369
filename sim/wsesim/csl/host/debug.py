"""What is left of a run, read after it: symbols and traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from wsesim.csl.host.reporting import HostError
from wsesim.csl.host.store import load, load_run
from wsesim.errors import nearest


class debug_util:
    """Reads the last run of a compiled program; columns and rows are those of the whole fabric."""

    def __init__(self, bindir: Any, cmaddr: str | None = None, **_: Any) -> None:
        """Remember where it lies."""
        self._folder = Path(bindir)
        self._image = load(self._folder)

    def _inside(self, column: int, row: int) -> tuple[int, int]:
        found = column - self._image.offsets[0], row - self._image.offsets[1]
        if not (0 <= found[0] < self._image.width and 0 <= found[1] < self._image.height):
            raise HostError(f"the program has no core at column {column}, row {row} of the fabric")
        return found

    def read_trace(self, column: int, row: int, name: str) -> list[Any]:
        """Return what a core recorded under a key, in order."""
        at = self._inside(column, row)
        return [value for x, y, key, value in load_run(self._folder).traces if (x, y) == at and key == name]

    def get_symbol(self, column: int, row: int, name: str, dtype: Any) -> Any:
        """Return all elements of a symbol of a core."""
        at = self._inside(column, row)
        classes = np.frombuffer(self._image.class_of, np.int32)
        tile = self._image.classes[int(classes[at[1] * self._image.width + at[0]])]
        found = next((each for each in tile.symbols if each.name == name), None)
        if found is None:
            names = [each.name for each in tile.symbols]
            raise HostError(f"no symbol {name!r} in memory{nearest(name, names)}: `export` it if it is optimised away")
        memory = np.frombuffer(bytes.fromhex(load_run(self._folder).symbols[f"{at[0]},{at[1]}"]), np.uint16)
        size = found.count * found.t.words
        words = np.zeros(size, np.uint16)
        there = memory[found.address : found.address + size]
        words[: len(there)] = there
        return words.view(np.dtype(dtype))

    def get_symbol_rect(self, rectangle: Any, name: str, dtype: Any) -> Any:
        """Return a symbol of a rectangle ((column, row), (width, height)) as [column][row]..."""
        (column, row), (width, height) = rectangle
        return np.array(
            [[self.get_symbol(column + x, row + y, name, dtype) for y in range(height)] for x in range(width)]
        )
