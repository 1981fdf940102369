"""Three-dimensional Fourier transform of n x n x n complex fp32 numbers on n x n cores, one pencil of n on each.

transform along z   row transpose   transform along x   column transpose   transform along y
      each core      all to all          each core        all to all           each core

Core (x, y) begins with a[x, y, :] and ends with element (:, y, x) of the transform, kx standing for the row and kz for
the column. On one row of n cores: the two-dimensional transform of one plane, which ends after the second step of
three. The published kernel is wsFFT, arXiv 2209.15040.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.kit.base import Array, KernelCase, KernelSetup, Shares, gather
from wsesim.cores.kit.written import kernel
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import ELEMENT_BYTES
from wsesim.cores.programs.fft.exchange import End, Exchange, ExchangeAxis, exchange_cycles, link_wavelets
from wsesim.cores.programs.fft.local import PARTS, LocalTransform, interleaved, tables, transform_cycles, transformed
from wsesim.errors import InputError
from wsesim.hardware import Wafer

NAME = "fft-3d"
# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
SET_UP_CYCLES = 10
"""Of what a core at the end of its line does between a transform and its first wavelet: its place on the line, the
counts that follow from it, one receive, and its own number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cube:
    """A cube on a square of cores, or a plane of it on a row."""

    setup: KernelSetup
    points: int
    """Of a pencil."""

    @classmethod
    def of(cls, setup: KernelSetup) -> _Cube:
        """Return what is asked.

        Raises:
            InputError: not a power of two, or not as many cores as that.
        """
        (points,) = setup.shape
        if setup.grid not in ((points, points), (points, 1)):
            raise InputError.at(
                f"{NAME} of {points}^3 takes {points} x {points} cores, or {points} x 1 for one plane; got"
                f" {setup.columns} x {setup.rows}"
            )
        return cls(setup=setup, points=points)

    @property
    def dimensions(self) -> int:
        """Of the transform."""
        return 3 if self.setup.rows == self.points else 2

    @property
    def axes(self) -> tuple[tuple[str, str, str], ...]:
        """Lines along which pencils are exchanged: name, port to the last core, port to the first."""
        return (("column", "EAST", "WEST"), ("row", "SOUTH", "NORTH"))[: self.dimensions - 1]


def operands(cube: _Cube, random: np.random.Generator) -> Mapping[str, Array]:
    """Return random pencils [row, column, point], whose parts are fp32 between -1 and 1."""
    parts = random.uniform(-1, 1, (2, cube.setup.rows, cube.setup.columns, cube.points)).astype(np.float32)
    return {"pencils": np.asarray(parts[0] + 1j * parts[1].astype(np.complex128))}


def write(cube: _Cube, builder: Builder) -> None:
    """Write the programs of all cores, one for those at the same ends of their lines."""
    axes = [ExchangeAxis.of(builder, *axis) for axis in cube.axes]
    for ends in product(End, repeat=len(axes)):
        places = [end.places(cube.points) for end in ends] + [range(1)] * (2 - len(axes))
        if all(places):
            builder.place(_role(builder, axes, ends, cube.points), *places)


def lay(cube: _Cube, pencils: Array) -> Mapping[str, Array]:
    """Return what each variable begins with: pencils, tables, and the core's places on its lines."""
    rows, columns, _ = pencils.shape
    same = {name: np.broadcast_to(table, (rows, columns, len(table))) for name, table in tables(cube.points).items()}
    places = dict(zip(("row", "column"), np.indices((rows, columns))[..., None], strict=True))
    return {"x": interleaved(pencils), **same, **{name: places[name] for name, *_ in cube.axes}}


def make_ready(cube: _Cube, machine: CoreMachine) -> None:
    """Tell the filters of every core what to take."""
    builder = machine.builder
    for number, (_, toward, _) in enumerate(cube.axes):
        place = np.indices(builder.role_of.shape)[1 - number]
        for of, role in enumerate(builder.roles):
            mine = place[builder.role_of == of]
            for color in builder.colors[2 * number : 2 * number + 2]:
                if color.index in role.filters:
                    turned = color.name == toward.lower()
                    machine.place_filter(role, color, PARTS * (cube.points - 1 - mine if turned else mine))


def meaning(cube: _Cube, pencils: Array) -> Array:
    """Return the transform as the cores compute it: along z, then x, then y, pencil by pencil."""
    re, im = pencils.real.astype(np.float32), pencils.imag.astype(np.float32)
    for axis in range(2, 2 - cube.dimensions, -1):
        along = transformed(np.moveaxis(re, axis, -1), np.moveaxis(im, axis, -1))
        re, im = (np.moveaxis(part, -1, axis) for part in along)
    found = np.asarray(re + 1j * im.astype(np.float64))
    return interleaved(found.transpose(1, 2, 0) if cube.dimensions == 3 else found[0].T[None])


def closed(wafer: Wafer, cube: _Cube) -> float:
    """Return the cycles: transforms, and transposes between them."""
    core, points = wafer.core, cube.points
    between = SET_UP_CYCLES + exchange_cycles(wafer.fabric, points) + core.activation_cycles
    return core.task_launch_cycles + cube.dimensions * transform_cycles(wafer, points) + len(cube.axes) * between


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the part in which wavelets pass a busiest link one after the other; the rest is instructions."""
    cube = _Cube.of(case.setup)
    link = len(cube.axes) * link_wavelets(cube.points) / cycles
    return {"link": link, "arithmetic": 1 - link}


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


PROGRAM = kernel(
    name=NAME, doc=__doc__, asked=_Cube.of, operands=operands, write=write, lay=lay, ready=make_ready, meaning=meaning,
    shape_help="N: edge of the cube, a power of two, on N x N cores; on N x 1 the plane of one row", example="32",
    takes="the edge of its cube, a power of two", fits=lambda points: points > 1 and not points & (points - 1),
    read=lambda cube, ran: gather(ran, "x" if cube.dimensions == 3 else "y"), closed=closed, limits=limits,
    need=lambda cube: 2 * PARTS * cube.points * ELEMENT_BYTES[isa.F32],
)  # fmt: skip
