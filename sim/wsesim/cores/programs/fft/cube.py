"""Three-dimensional Fourier transform of n x n x n complex fp32 numbers on n x n cores, one pencil of n on each.

transform along z   row transpose   transform along x   column transpose   transform along y
      each core      all to all          each core        all to all           each core

Core (x, y) begins with a[x, y, :] and ends with element (:, y, x) of the transform, kx standing for the row and kz for
the column. On one row of n cores: the two-dimensional transform of one plane, which ends after the second step of
three. The published kernel is wsFFT, arXiv 2209.15040.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelCase,
    KernelProgram,
    Options,
    Prepared,
    Shape,
    Shares,
    gather,
    opening,
    scatter,
)
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.cores.programs.fft.exchange import End, Exchange, ExchangeAxis, exchange_cycles, link_wavelets, wavelet_hops
from wsesim.cores.programs.fft.local import (
    PARTS,
    LocalTransform,
    butterflies,
    interleaved,
    tables,
    transform_cycles,
    transformed,
)
from wsesim.errors import InputError
from wsesim.hardware import Wafer

NAME = "fft-3d"
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
SET_UP_CYCLES = 10
"""Of what a core at the end of its line does between a transform and its first wavelet: its place on the line, the
counts that follow from it, one receive, and its own number."""


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the transform loaded onto its cores, with random numbers."""
    points, dimensions = _sizes(grid, shape)
    columns, rows = grid
    builder = Builder(wafer, width=columns, height=rows)
    axes = [ExchangeAxis.of(builder, "column", "EAST", "WEST"), ExchangeAxis.of(builder, "row", "SOUTH", "NORTH")][
        : dimensions - 1
    ]
    for ends in product(End, repeat=len(axes)):
        places = [end.places(points) for end in ends] + [range(1)] * (2 - len(axes))
        if all(places):
            builder.place(_role(builder, axes, ends, points), *places)
    machine = CoreMachine(builder)
    across, down = np.broadcast_to(np.arange(columns), (rows, columns)), np.arange(rows)[:, None]
    _place(machine, axes, (across, np.broadcast_to(down, (rows, columns))), points)
    for name, values in tables(points).items():
        for role in builder.roles:
            machine.write(role, name, values)
    pencils = _random(seed, (rows, columns, points))
    scatter(machine, "x", interleaved(pencils))
    found = _transform(pencils, dimensions)
    expected = found.transpose(1, 2, 0) if dimensions == 3 else found[0].T[None]
    lines = (dimensions - 1) * rows
    return Prepared(
        machine=machine,
        read=lambda ran: gather(ran, "x" if dimensions == 3 else "y"),
        expected=interleaved(expected),
        counts={"butterflies": dimensions * rows * columns * butterflies(points), "hops": lines * wavelet_hops(points)},
    )


def _transform(pencils: Array, dimensions: int) -> Array:
    """Return the transform as the cores compute it: along z, then x, then y, pencil by pencil."""
    re, im = pencils.real.astype(np.float32), pencils.imag.astype(np.float32)
    for axis in range(2, 2 - dimensions, -1):
        along = transformed(np.moveaxis(re, axis, -1), np.moveaxis(im, axis, -1))
        re, im = (np.moveaxis(part, -1, axis) for part in along)
    return np.asarray(re + 1j * im.astype(np.float64))


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles: transforms, and transposes between them."""
    points, dimensions = _sizes(grid, shape)
    core = wafer.core
    between = SET_UP_CYCLES + exchange_cycles(wafer.fabric, points) + core.activation_cycles
    return core.task_launch_cycles + dimensions * transform_cycles(wafer, points) + (dimensions - 1) * between


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the part in which wavelets pass a busiest link one after the other; the rest is instructions."""
    points, dimensions = _sizes(case.grid, case.shape)
    link = (dimensions - 1) * link_wavelets(points) / cycles
    return {"link": link, "arithmetic": 1 - link}


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of two pencils."""
    return 2 * PARTS * _sizes(grid, shape)[0] * ELEMENT_BYTES[isa.F32]


def _sizes(grid: Grid, shape: Shape) -> tuple[int, int]:
    """Return the points of a pencil and the dimensions of the transform.

    Raises:
        InputError: not a power of two, or not as many cores as that.
    """
    if len(shape) != 1 or shape[0] < 2 or shape[0] & (shape[0] - 1):
        given = "x".join(map(str, shape))
        raise InputError.at(f"{NAME} takes the edge of its cube, a power of two, for example 32; got {given}")
    points = shape[0]
    if grid not in ((points, points), (points, 1)):
        raise InputError.at(
            f"{NAME} of {points}^3 takes {points} x {points} cores, or {points} x 1 for one plane; got"
            f" {grid[0]} x {grid[1]}"
        )
    return points, 3 if grid[1] == points else 2


def _role(builder: Builder, axes: list[ExchangeAxis], ends: Iterable[End], points: int) -> CoreRole:
    """Write the program of all cores that are at the same ends of their lines."""
    role = builder.role(" ".join(f"{axis.name} {end.value}" for axis, end in zip(axes, ends, strict=True)))
    x, y = (role.memory(name, PARTS * points) for name in ("x", "y"))
    local = LocalTransform(role, points)
    exchanges = [Exchange(role, axis, end, points) for axis, end in zip(axes, ends, strict=True)]
    # Blocked where numbers come from both sides: the first side makes it ready, the second lets it go.
    steps = [role.declare("first", start=True)] + [
        role.declare(f"after the {exchange.axis.name}s", blocked=exchange.end is End.INNER) for exchange in exchanges
    ]
    here, there = x, y
    for number, step in enumerate(steps):
        with role.task(step.name):
            local.transform(here)
            if number < len(exchanges):
                exchanges[number].write(here, there, steps[number + 1])
            else:
                role.halt()
        here, there = there, here
    return role


def _place(machine: CoreMachine, axes: list[ExchangeAxis], places: tuple[Array, Array], points: int) -> None:
    """Tell every core where on its lines it is, and its filters what to take."""
    for axis, place in zip(axes, places, strict=False):
        scatter(machine, axis.name, place[:, :, None])
        for number, role in enumerate(machine.builder.roles):
            mine = place[machine.builder.role_of == number]
            for color in (axis.onward, axis.homeward):
                if color.index in role.filters:
                    firsts = np.array([axis.first_taken(color, int(at), points) for at in mine])
                    machine.place_filter(role, color, firsts)


def _random(seed: int, shape: tuple[int, ...]) -> Array:
    """Return complex numbers whose parts are fp32 between -1 and 1."""
    random = np.random.default_rng(seed)
    parts = random.uniform(-1, 1, (2, *shape)).astype(np.float32)
    return np.asarray(parts[0] + 1j * parts[1].astype(np.complex128))


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="N: edge of the cube, a power of two, on N x N cores; on N x 1 the plane of one row",
    prepare=prepare,
    closed=closed,
    need=need,
    limits=limits,
)
