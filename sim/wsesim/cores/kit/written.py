"""A kernel from what its author states: its operands, its body, and what NumPy makes of the operands.

body ─► one role for each kind of core ─► cores          row by row, column by column, where programs differ
     └► a core that is only timed ─► closed form, bytes a core needs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelProgram,
    Options,
    Prepared,
    Shape,
    gather,
    opening,
    scatter,
    sizes_of,
)
from wsesim.cores.kit.core import KernelCore, KernelSetup, Uses, timed_core
from wsesim.cores.kit.plans import alike_places
from wsesim.cores.kit.room import check_roles
from wsesim.cores.machine import CoreMachine
from wsesim.cores.place import written_by
from wsesim.hardware import Wafer

Operands = Callable[[KernelSetup, np.random.Generator], Mapping[str, Array]]
"""(what is asked, random numbers) -> values of the variables that are filled, each [row, column, element]."""
Body = Callable[[KernelCore], None]
"""Writes what one core does."""
Meaning = Callable[..., Array]
"""(what is asked, the operands by name) -> what the result must be."""


def kernel(
    *, name: str, doc: str | None, shape_help: str, example: str, operands: Operands, body: Body, meaning: Meaning,
    result: str = "y", take: Callable[[Array], Array] = lambda values: values,
    options: Mapping[str, str] | None = None,
) -> KernelProgram:  # fmt: skip
    """Return the kernel that its author's functions make, for any grid.

    Args:
        name: what it is called.
        doc: text whose first line says what it computes; the rest shows how it lies on the cores.
        shape_help: what the numbers of a shape mean.
        example: a shape, `64x128`; kernels take as many numbers.
        operands: draws the values that the cores are given.
        body: writes what one core does. It is carried out once for each kind of core: for all, unless rows or columns
            communicate or it asks for a core's place. And once more where only the time counts, on the first core.
        meaning: makes the result by NumPy, as [row, column, element] or what *take* leaves of it.
        result: the variable that all cores have and that is compared.
        take: what of the variable is compared, where not all of it is.
        options: what can be chosen, each with an explanation.
    """

    def setup(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options) -> KernelSetup:
        sizes_of(name, shape, shape_help.partition(":")[0], example)
        return KernelSetup(wafer=wafer, grid=grid, shape=shape, options=chosen)

    def timed(*asked: object) -> KernelCore:
        core = timed_core(setup(*asked), {})  # type: ignore[arg-type]
        with written_by(body):
            body(core)
        return core

    def prepare(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options, seed: int) -> Prepared:
        asked = setup(wafer, grid, shape, chosen)
        values = operands(asked, np.random.default_rng(seed))
        with written_by(body):
            builder = _written(asked, body)
        machine = CoreMachine(builder)
        for variable, each in values.items():
            scatter(machine, variable, each)
        return Prepared(
            machine=machine, read=lambda ran: take(gather(ran, result)), expected=meaning(asked, **values), counts={},
        )  # fmt: skip

    return KernelProgram(
        name=name, **opening(doc), shape_help=shape_help, prepare=prepare, options=options or {},
        closed=lambda *asked: timed(*asked).cycles, need=lambda *asked: timed(*asked).role.data_bytes,
    )  # fmt: skip


def _written(setup: KernelSetup, body: Body) -> Builder:
    """Return the program of all cores, one role for all whose programs are the same.

    What tells them apart shows only while they are written: another communication, in a branch that the first core does
    not take, has them written anew.
    """
    uses: Uses = {}
    body(timed_core(setup, uses))
    while True:
        known, builder = dict(uses), Builder(setup.wafer, width=setup.columns, height=setup.rows)
        columns, rows = _alike(known, "row", setup.columns), _alike(known, "column", setup.rows)
        check_roles(len(columns) * len(rows))
        for at_columns in columns:
            for at_rows in rows:
                at = at_columns[0], at_rows[0]
                role = builder.role(f"core {at[0]},{at[1]}")
                with role.task("start", start=True):
                    body(KernelCore(builder, role, setup, at=at, uses=uses, placed=True))
                    role.halt()
                builder.place(role, at_columns, at_rows)
        if uses.keys() == known.keys():
            return builder


def _alike(uses: Uses, line: str, cores: int) -> list[list[int]]:
    """Return the places of a line in lists, those together whose programs are the same."""
    keys = [key for (name, _), key in uses.items() if name == line]
    return alike_places(tuple(key(place) for key in keys) for place in range(cores))
