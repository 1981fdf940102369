"""Tiles on a rectangle of cores: load a stencil, read it back, and renew it by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.errors import NotWritten
from wsesim.cores.kit.base import Array, KernelProgram, KernelSetup, Measure
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.cores.programs.stencils.arithmetic import Renew
from wsesim.cores.programs.stencils.tile import SIDES, Star
from wsesim.errors import InputError
from wsesim.hardware import Wafer

PARITIES = 2
LEAST_SIDE = 3


def bordered(name: str, setup: KernelSetup) -> KernelSetup:
    """Return what is asked.

    Raises:
        InputError: there is no core inside a border.
    """
    if min(setup.grid) < LEAST_SIDE:
        got = f"{setup.columns}x{setup.rows}"
        raise InputError.at(f"{name} needs a border around its cores: a grid of 3x3 or more; got {got}")
    return setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiled:
    """A stencil on tiles of a rectangle of cores."""

    setup: KernelSetup
    star: Star
    box: bool = False
    """Whether a cell looks at all of the square around it, and not along x and y only."""

    @classmethod
    def of(cls, name: str, setup: KernelSetup, *, spare: int = 1, waits: bool = True) -> Tiled:
        """Return the stencil that is asked for.

        Raises:
            InputError: it cannot be.
        """
        width, height, radius, iterations = bordered(name, setup).shape
        if min(width, height) < radius:
            raise InputError.at(f"{name} reaches one neighbour: a tile needs RADIUS = {radius} cells on each side")
        star = Star(width=width, height=height, radius=radius, iterations=iterations, spare=spare, waits=waits)
        return cls(setup=setup, star=star)

    def draw(self, random: np.random.Generator) -> dict[str, Array]:
        """Return random cells of all tiles, [y, x]."""
        shape = self.setup.rows * self.star.height, self.setup.columns * self.star.width
        return {"cells": random.standard_normal(shape, np.float32)}

    def lay(self, cells: Array) -> dict[str, Array]:
        """Return the arrays of all cores, in which halos are around tiles."""
        star, (columns, rows) = self.star, self.setup.grid
        arrays = np.zeros((rows, columns, star.height + 2 * star.radius, star.pitch))
        self._inside(arrays)[:] = self.tiles(cells)
        return {"cells": arrays.reshape(rows, columns, -1)}

    def tiles(self, cells: Array) -> Array:
        """Return [row, column, y, x] the cells of each core."""
        cut = cells.reshape(self.setup.rows, self.star.height, self.setup.columns, self.star.width)
        return np.asarray(cut.transpose(0, 2, 1, 3))

    def take(self, found: Array) -> Array:
        """Return the cells that are compared, of the arrays of all cores."""
        star = self.star
        return self.deep(self._inside(found.reshape(*found.shape[:2], star.height + 2 * star.radius, star.pitch)))

    def deep(self, tiles: Array) -> Array:
        """Return the cells so deep inside that no edge has reached them that was not waited for."""
        star, (height, width) = self.star, tiles.shape[2:]
        depth = 0 if star.waits else star.radius * star.iterations
        return tiles[:, :, depth : max(depth, height - depth), depth : max(depth, width - depth)]

    def _inside(self, arrays: Array) -> Array:
        """Return the tiles of arrays that have halos."""
        star = self.star
        return arrays[:, :, star.radius : star.radius + star.height, star.radius : star.radius + star.width]


def stencil(
    *, name: str, doc: str | None, asked: Callable[[KernelSetup], Tiled], core: Callable[..., Any],
    renew: Callable[[Star], Renew], closed: Callable[[Wafer, Tiled], float], options: dict[str, str],
    scalars_first: Callable[[Wafer], bool] = lambda _: False, measures: dict[str, Measure] | None = None,
) -> KernelProgram:  # fmt: skip
    """Return a stencil: *core* writes what each core does, of which *renew* is the sum."""

    def write(tiled: Tiled, builder: Builder) -> None:
        if tiled.box:
            raise NotWritten(f"{name} has no program for a box, whose edges go over corners, only a closed form")
        builder.scalars_first = scalars_first(builder.wafer)
        _place(builder, tiled.star, core)

    def meaning(tiled: Tiled, cells: Array) -> Array:
        return tiled.deep(tiled.tiles(renewed(cells, tiled.star, renew(tiled.star))))

    return kernel(
        name=name, doc=doc, asked=asked, operands=Tiled.draw, lay=Tiled.lay, write=write, meaning=meaning,
        shape_help="TW x TH x RADIUS x ITERATIONS: cells of a tile along x and y, how far a cell looks, how often",
        example="5x5x1x4", takes="TWxTHxRADIUSxITERATIONS", result="cells", take=Tiled.take, closed=closed,
        need=lambda tiled: 2 * tiled.star.words * ELEMENT_BYTES[isa.F32], options=options, measures=measures,
        unread=lambda tiled: not tiled.star.waits,
    )  # fmt: skip


def renewed(field: Array, star: Star, renew: Renew) -> Array:
    """Return all cells after the iterations, as the cores compute them; the tiles of the border stay."""
    field = field.copy()
    inner = np.s_[star.height : field.shape[0] - star.height, star.width : field.shape[1] - star.width]
    for _ in range(star.iterations):
        views = [np.roll(field, turn, axis)[inner] for _, axis, turn in star.turns]
        field[inner] = renew(star, field[inner], views)
    return field


def _place(builder: Builder, star: Star, core: Callable[..., Any]) -> None:
    """Write the programs of all cores, a role for those with as many neighbours of one parity."""
    colors = {(side, parity): builder.color(f"{side.lower()} {parity}") for side in SIDES for parity in range(PARITIES)}
    columns, rows = builder.width, builder.height
    roles: dict[tuple[tuple[str, ...], int], Any] = {}
    for row in range(rows):
        for column in range(columns):
            inner = 0 < column < columns - 1 and 0 < row < rows - 1
            sides = SIDES if inner else _inward(column, row, columns, rows)
            key = sides, (column + row) % PARITIES if sides else 0
            if key not in roles:
                name = f"{'inner' if inner else 'border'} {key[1]}, {' '.join(sides).lower() or 'corner'}"
                roles[key] = core(builder, name, star, colors, key[1], sides, inner=inner).role
            builder.place(roles[key], [column], [row])


def _inward(column: int, row: int, columns: int, rows: int) -> tuple[str, ...]:
    """Return the side on which a core of the border has an inner core; a corner has none."""
    across = "EAST" if column == 0 else "WEST" if column == columns - 1 else ""
    down = "SOUTH" if row == 0 else "NORTH" if row == rows - 1 else ""
    return () if across and down else (across or down,)
