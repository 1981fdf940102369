"""Tiles on a rectangle of cores: load a stencil, read it back, and renew it by NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import Array, Grid, Options, Prepared, Shape, sizes_of
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.cores.programs.stencils.arithmetic import Renew
from wsesim.cores.programs.stencils.tile import SIDES, Star
from wsesim.errors import InputError
from wsesim.hardware import Wafer

PARITIES = 2
LEAST_SIDE = 3
SHAPE_HELP = "TW x TH x RADIUS x ITERATIONS: cells of a tile along x and y, how far a cell looks, how often"


def star_of(name: str, grid: Grid, shape: Shape, *, spare: int = 1, waits: bool = True) -> Star:
    """Return the stencil of a shape.

    Raises:
        InputError: it cannot be.
    """
    sizes_of(name, shape, "TWxTHxRADIUSxITERATIONS", "5x5x1x4")
    if min(grid) < LEAST_SIDE:
        raise InputError.at(f"{name} needs a border around its cores: a grid of 3x3 or more; got {grid[0]}x{grid[1]}")
    if min(shape[:2]) < shape[2]:
        raise InputError.at(f"{name} reaches one neighbour: a tile needs RADIUS = {shape[2]} cells on each side")
    return Star(width=shape[0], height=shape[1], radius=shape[2], iterations=shape[3], spare=spare, waits=waits)


def need(star: Callable[[Grid, Shape], Star], wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of a core's two arrays."""
    return 2 * star(grid, shape).words * ELEMENT_BYTES[isa.F32]


def load(
    wafer: Wafer, grid: Grid, star: Star, seed: int, core: Callable[..., Any], renew: Renew, *,
    scalars_first: bool = False,
) -> Prepared:  # fmt: skip
    """Return the stencil on its cores, with random cells; *core* writes what each does, of which *renew* is the sum."""
    columns, rows = grid
    field = np.random.default_rng(seed).standard_normal((rows * star.height, columns * star.width), np.float32)
    builder = Builder(wafer, width=columns, height=rows)
    builder.scalars_first = scalars_first
    _place(builder, star, wafer, core)
    machine = CoreMachine(builder)
    tiles = _tiles(field, star, grid)
    for number, role in enumerate(builder.roles):
        here = builder.role_of == number
        arrays = np.zeros((int(here.sum()), star.height + 2 * star.radius, star.pitch))
        _inside(arrays, star)[:] = tiles[here]
        machine.write(role, "cells", arrays.reshape(len(arrays), -1))
    deep = 0 if star.waits else star.radius * star.iterations
    cells = (columns - 2) * (rows - 2) * star.cells * star.iterations
    return Prepared(
        machine=machine,
        read=lambda ran: _deep(_read(ran, star), deep),
        expected=_deep(_tiles(renewed(field, star, renew), star, grid), deep),
        counts={"cells": cells},
        unread=not star.waits,
    )


def renewed(field: Array, star: Star, renew: Renew) -> Array:
    """Return all cells after the iterations, as the cores compute them; the tiles of the border stay."""
    field = field.copy()
    inner = np.s_[star.height : field.shape[0] - star.height, star.width : field.shape[1] - star.width]
    for _ in range(star.iterations):
        views = [np.roll(field, turn, axis)[inner] for _, axis, turn in star.turns]
        field[inner] = renew(star, field[inner], views)
    return field


def _place(builder: Builder, star: Star, wafer: Wafer, core: Callable[..., Any]) -> None:
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


def _tiles(field: Array, star: Star, grid: Grid) -> Array:
    """Return [row, column, y, x] the cells of each core."""
    cut = field.reshape(grid[1], star.height, grid[0], star.width)
    return np.asarray(cut.transpose(0, 2, 1, 3))


def _inside(arrays: Array, star: Star) -> Array:
    """Return the tiles of arrays that have halos."""
    return arrays[:, star.radius : star.radius + star.height, star.radius : star.radius + star.width]


def _read(machine: CoreMachine, star: Star) -> Array:
    builder = machine.builder
    found = np.empty((builder.height, builder.width, star.height, star.width))
    for number, role in enumerate(builder.roles):
        arrays = machine.read(role, "cells").reshape(-1, star.height + 2 * star.radius, star.pitch)
        found[builder.role_of == number] = _inside(arrays, star)
    return found


def _deep(tiles: Array, depth: int) -> Array:
    """Return the cells of tiles that are so deep inside that no neighbour's edge has reached them."""
    height, width = tiles.shape[2:]
    return tiles[:, :, depth : max(depth, height - depth), depth : max(depth, width - depth)]
