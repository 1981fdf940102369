"""fp16 multiply-accumulates over a long vector chunk by chunk, on every core for itself.

y   [ chunk ][ chunk ][ chunk ][ chunk ]      while     a loop that moves three descriptors on by itself
x   [ chunk ][ chunk ][ chunk ][ chunk ]      map       `@map`, which moves them
+=    1 ->     2 ->     3 ->     4            for-map   a loop like the first around maps of 16 turns
"""

from __future__ import annotations

from functools import partial

from wsesim.cores import isa
from wsesim.cores.builder import CoreRole
from wsesim.cores.kit.base import (
    Grid,
    KernelCase,
    KernelProgram,
    Measure,
    Options,
    Prepared,
    Reading,
    Shape,
    choice_option,
    one_row,
    opening,
    sizes_of,
)
from wsesim.cores.kit.durations import written_cycles
from wsesim.cores.operands import ELEMENT_BYTES, Mem, Register
from wsesim.cores.programs.probes.vector import APART, Vector, load, timed
from wsesim.errors import InputError
from wsesim.hardware import Wafer

NAME = "vector-loop"
FORMS = ("while", "map", "for-map")
INNER = 16
"""Turns of the maps in a loop around them: of the measured program (`mic-fma16-4096-formap16`)."""
DESCRIPTORS = 3
BEGIN_CYCLES = 5
"""Registers that are filled before the first turn: the factor, three, and the counter."""


def _sizes(shape: Shape, options: Options) -> tuple[Vector, int, str]:
    """Return all elements as one instruction, those of a chunk, and the form of the loop.

    Raises:
        InputError: chunks do not divide the vector, or whole maps its chunks.
    """
    length, chunk = sizes_of(NAME, shape, "LENGTH and CHUNK", "4096x16")
    form = choice_option(options, "form", FORMS)
    whole = chunk * (INNER if form == "for-map" else 1)
    if length % whole:
        raise InputError.at(f"{NAME} with form={form} takes a whole number of {whole:,} elements; got {length:,}")
    return Vector(op=isa.MAC, kind=isa.F16, length=length, apart=APART["same"]), chunk, form


def _write(vector: Vector, chunk: int, form: str, role: CoreRole, y: Mem, x: Mem, factor: Register) -> None:
    """Write the loop."""
    turns, loops = vector.length // chunk, form == "for-map"
    at, turn, times, around, arounds = (role.register() for _ in range(5))
    role.set(at, 0)
    role.set(times, INNER if loops else turns)
    role.set(arounds, turns // INNER)

    def step() -> None:
        vector.write(role, y.at(at, chunk), x.at(at, chunk), factor)
        role.iadd(at, at, chunk, cost=0)

    moving_on = DESCRIPTORS * role.wafer.core.dependent_cycles  # an addition each whose result is needed
    if form == "while":
        with role.loop(turn, times):
            step()
            role.wait(moving_on + 1)
    elif form == "map":
        with role.map(turn, times):
            step()
    else:
        with role.loop(around, arounds):
            with role.map(turn, times):
                step()
            role.wait(moving_on)


def prepare(wafer: Wafer, grid: Grid, shape: Shape, options: Options, seed: int) -> Prepared:
    """Return the loop loaded onto its cores, with small whole numbers."""
    vector, chunk, form = _sizes(shape, options)
    return load(wafer, grid, seed, vector, partial(_write, vector, chunk, form))


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles: start, then turns."""
    (vector, chunk, form), core = _sizes(shape, options), wafer.core
    one = written_cycles(
        wafer, lambda role: Vector.write(vector, role, *(Mem(0, chunk, isa.F16),) * 2, role.register())
    )
    turns, moving_on = vector.length // chunk, DESCRIPTORS * core.dependent_cycles
    taken, last = core.branch_taken_cycles, core.branch_not_taken_cycles - core.branch_taken_cycles
    begin = core.task_launch_cycles + BEGIN_CYCLES
    if form == "map":
        return begin + turns * (one + core.map_cycles)
    if form == "while":
        return begin + turns * (one + moving_on + 1 + taken) + last
    return begin + turns // INNER * (1 + INNER * (one + core.map_cycles) + moving_on + taken) + last


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of both operands."""
    return 2 * _sizes(shape, options)[0].length * ELEMENT_BYTES[isa.F16]


def _counter(case: KernelCase) -> Reading:
    vector, chunk, form = _sizes(case.shape, case.options)

    def write(role: CoreRole) -> None:
        _write(vector, chunk, form, role, *vector.operands(role), role.register())

    return Reading(value=timed(case.wafer, write, stamps=True))


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="LENGTH x CHUNK: elements of both vectors of a core, and of one instruction",
    prepare=prepare,
    closed=closed,
    options={"form": "while, map or for-map: how the chunks are gone through [while]"},
    folded=one_row(prepare),
    need=need,
    measures={"counter_cycles": Measure(cores=_counter, silicon=False)},
)
