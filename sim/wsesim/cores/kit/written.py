"""A kernel from what its author states: its operands, its program, and what NumPy makes of the operands.

body ─► one role for each kind of core ─► cores          row by row, column by column, where programs differ
     └► cores that are only timed ─► closed form, bytes a core needs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wsesim.cores.builder import Builder
from wsesim.cores.kit.base import (
    Array,
    Grid,
    KernelCase,
    KernelProgram,
    Measure,
    Options,
    Prepared,
    Shape,
    Shares,
    gather,
    opening,
    scatter,
    sizes_of,
)
from wsesim.cores.kit.core import KernelCore, KernelSetup, TimedCores, Uses, timed_cores
from wsesim.cores.kit.plans import alike_places
from wsesim.cores.kit.room import check_roles
from wsesim.cores.machine import CoreMachine
from wsesim.cores.place import written_by
from wsesim.errors import InputError
from wsesim.hardware import Wafer

Operands = Callable[[Any, np.random.Generator], Mapping[str, Array]]
"""(what is asked, random numbers) -> values by name."""
Body = Callable[[KernelCore], None]
"""Writes what one core does."""
Write = Callable[[Any, Builder], object]
"""(what is asked, program without roles) -> nothing: writes the roles of all cores and places them."""
Meaning = Callable[..., Array]
"""(what is asked, the operands by name) -> what the result must be."""
Lay = Callable[..., Mapping[str, Array]]
"""(what is asked, the operands by name) -> values of the variables that are filled, each [row, column, element]."""
Fold = Callable[[KernelSetup], KernelSetup]
"""What is asked of all cores -> what is asked of the part that stands for them."""


def kernel(
    *, name: str, doc: str | None, shape_help: str, example: str, operands: Operands, meaning: Meaning,
    body: Body | None = None, write: Write | None = None, takes: str = "", fits: Callable[..., bool] | None = None,
    asked: Callable[[KernelSetup], Any] = lambda setup: setup, lay: Lay = lambda _, **operands: operands,
    result: str = "y", take: Callable[[Any, Array], Array] = lambda _, values: values,
    read: Callable[[Any, CoreMachine], Array] | None = None, options: Mapping[str, str] | None = None,
    timed: Callable[[Any], Sequence[int]] = lambda _: (0,), closed: Callable[[Wafer, Any], float] | None = None,
    need: Callable[[Any], int] | None = None, values: Callable[[Any], int] | None = None, fold: Fold | None = None,
    later: Callable[[KernelSetup], int] = lambda _: 0, edge: tuple[int, int] = (0, 0),
    unread: Callable[[Any], bool] = lambda _: False, ready: Callable[[Any, CoreMachine], None] = lambda *_: None,
    limits: Callable[[KernelCase, float], Shares] | None = None, measures: Mapping[str, Measure] | None = None,
) -> KernelProgram:  # fmt: skip
    """Return the kernel that its author's functions make, for any grid.

    All of them are handed what is asked: a `KernelSetup`, or what *asked* makes of it.

    Args:
        name: what it is called.
        doc: text whose first line says what it computes; the rest shows how it lies on the cores.
        shape_help: what the numbers of a shape mean.
        example: a shape, `64x128`; kernels take as many numbers.
        operands: draws the values that are worked on.
        meaning: makes the result by NumPy, as [row, column, element] or what *take* leaves of it.
        body: writes what one core does. It is carried out once for each kind of core: for all, unless rows or columns
            communicate or it asks for a core's place. And once more where only the time counts.
        write: writes the programs of all cores instead, where each has a role that is not one body.
        takes: the numbers of a shape in words, for messages; what *shape_help* begins with if empty.
        fits: which shapes can be, where not all can.
        asked: makes of what is asked what the other functions want to know; raises InputError on what cannot be.
        lay: lays the operands on the cores, where they are not drawn as they lie there. Rows that play the edge may be
            left out.
        result: the variable that all cores have and that is compared.
        take: what of the variable is compared, where not all of it is.
        read: takes the result out of the machine, where it is no variable of all cores.
        options: what can be chosen, each with an explanation.
        timed: the columns whose first core is timed, of which the busiest counts.
        closed: (wafer, what is asked) -> cycles, where those of the body are not near enough.
        need: bytes that the fullest core has at least, where they are not those of the body's variables.
        values: see `KernelProgram`.
        fold: what is asked of a part that stands for all cores and takes as many cycles.
        later: by how many cycles the last core of the whole ends later than the last of the part.
        edge: rows of cores above and below the grid's that play the wafer's edge.
        ready: makes a loaded machine ready, where cores differ in more than their variables.
        unread: whether wavelets may lie unread at the end.
        limits: see `KernelProgram`.
        measures: see `KernelProgram`.
    """

    def setup(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options) -> KernelSetup:
        sizes_of(name, shape, takes or shape_help.partition(":")[0], example, fits=fits)
        return KernelSetup(wafer=wafer, grid=grid, shape=shape, options=chosen)

    def found(*question: Any) -> Any:
        return asked(setup(*question))

    @once_in_a_row
    def alone(*question: Any) -> TimedCores:
        given = setup(*question)
        assert body is not None, "a program without a body states its closed form and its need"
        with written_by(body):
            return timed_cores(given, body, timed(asked(given)))

    def load(given: KernelSetup, seed: int) -> Prepared:
        return laid(given, operands(asked(given), np.random.default_rng(seed)))

    def laid(given: KernelSetup, values: Mapping[str, Array]) -> Prepared:
        own = asked(given)
        if body is None:
            builder = Builder(given.wafer, width=given.columns, height=given.rows + sum(edge))
            write(own, builder)  # type: ignore[misc]
        else:
            uses = alone(given.wafer, given.grid, given.shape, given.options).uses
            with written_by(body):
                builder = _written(given, body, uses)
        if read is None:
            _require_kept(builder, result)
        machine = CoreMachine(builder)
        for variable, each in lay(own, **values).items():
            scatter(machine, variable, np.pad(each, (edge, (0, 0), (0, 0))) if len(each) < builder.height else each)
        ready(own, machine)
        reads = (lambda ran: take(own, gather(ran, result))) if read is None else (lambda ran: read(own, ran))
        return Prepared(
            machine=machine, read=reads, expected=meaning(own, **values), later_cycles=later(given), unread=unread(own)
        )

    def prepare(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options, seed: int) -> Prepared:
        return load(setup(wafer, grid, shape, chosen), seed)

    def given(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options, values: Mapping[str, Array]) -> Prepared:
        return laid(setup(wafer, grid, shape, chosen), values)

    def folded(wafer: Wafer, grid: Grid, shape: Shape, chosen: Options, seed: int) -> Prepared:
        assert fold is not None
        return load(fold(setup(wafer, grid, shape, chosen)), seed)

    return KernelProgram(
        name=name, **opening(doc), shape_help=shape_help, prepare=prepare, given=given, options=options or {},
        closed=(lambda *of: alone(*of).cycles) if closed is None else (lambda *of: closed(of[0], found(*of))),
        need=(lambda *of: alone(*of).data_bytes) if need is None else (lambda *of: need(found(*of))),
        values=None if values is None else (lambda *of: values(found(*of))), folded=folded if fold else None,
        edge_rows=sum(edge), limits=limits, measures=measures or {},
    )  # fmt: skip


def once_in_a_row(function: Callable[..., TimedCores]) -> Callable[..., TimedCores]:
    """Return a function of a question that answers as before if it is asked the same again, of the same wafer.

    One that is equal need not be the same: its cycles may remember what they are (`named`).
    """
    last: list[tuple[Wafer, object, TimedCores]] = []

    def answer(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> TimedCores:
        question = grid, shape, dict(options)
        if not last or last[0][0] is not wafer or last[0][1] != question:
            last[:] = [(wafer, question, function(wafer, *question))]
        return last[0][2]

    return answer


def _written(setup: KernelSetup, body: Body, uses: Uses) -> Builder:
    """Return the program of all cores, one role for all whose programs are the same.

    What tells them apart shows only while they are written: another communication, in a branch that no timed core
    takes, has them written anew.
    """
    met = dict(uses)
    while True:
        known, builder = dict(met), Builder(setup.wafer, width=setup.columns, height=setup.rows)
        columns, rows = _alike(known, "row", setup.columns), _alike(known, "column", setup.rows)
        check_roles(len(columns) * len(rows))
        for at_columns in columns:
            for at_rows in rows:
                at = at_columns[0], at_rows[0]
                role = builder.role(f"core {at[0]},{at[1]}")
                with role.task("start", start=True):
                    body(KernelCore(builder, role, setup, at=at, uses=met, placed=True))
                    role.halt()
                builder.place(role, at_columns, at_rows)
        if met.keys() == known.keys():
            return builder


def _alike(uses: Uses, line: str, cores: int) -> list[list[int]]:
    """Return the places of a line in lists, those together whose programs are the same."""
    keys = [key for (name, _), key in uses.items() if name == line]
    return alike_places(tuple(key(place) for key in keys) for place in range(cores))


def _require_kept(builder: Builder, result: str) -> None:
    """Refuse a body that leaves no result where it is looked for.

    Raises:
        InputError: names the variables that there are.
    """
    if all(result in role.variables for role in builder.roles):
        return
    kept = dict.fromkeys(name for role in builder.roles for name in role.variables)
    raise InputError.at(
        f"what meaning returns is compared with the variable {result!r} of every core, which body does not keep on all "
        f"of them; it keeps: {', '.join(kept) or 'none'} (result= names another)"
    )
