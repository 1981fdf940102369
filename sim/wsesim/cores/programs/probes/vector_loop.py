"""fp16 multiply-accumulates over a long vector chunk by chunk, on every core for itself.

y   [ chunk ][ chunk ][ chunk ][ chunk ]      while     a loop that moves three descriptors on by itself
x   [ chunk ][ chunk ][ chunk ][ chunk ]      map       `@map`, which moves them
+=    1 ->     2 ->     3 ->     4            for-map   a loop like the first around maps of 16 turns
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.cores import isa
from wsesim.cores.kit.base import KernelCase, KernelSetup, Measure, Reading, choice_option, one_row
from wsesim.cores.kit.core import KernelCore
from wsesim.cores.kit.durations import written_cycles
from wsesim.cores.kit.written import kernel
from wsesim.cores.operands import Mem, Register
from wsesim.cores.programs.probes.vector import APART, Vector, reserved, timed
from wsesim.cores.role import CoreRole
from wsesim.errors import InputError
from wsesim.hardware import Wafer

NAME = "vector-loop"
FORMS = ("while", "map", "for-map")
INNER = 16
"""Turns of the maps in a loop around them: of the measured program (`mic-fma16-4096-formap16`)."""
DESCRIPTORS = 3
BEGIN_CYCLES = 5
"""Registers that are filled before the first turn: the factor, three, and the counter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loop(Vector):
    """All elements as one instruction, those of a chunk, and the form of the loop."""

    chunk: int
    form: str

    @classmethod
    def of(cls, setup: KernelSetup) -> _Loop:
        """Return the loop that is asked for.

        Raises:
            InputError: chunks do not divide the vector, or whole maps its chunks.
        """
        (length, chunk), form = setup.shape, choice_option(setup.options, "form", FORMS)
        whole = chunk * (INNER if form == "for-map" else 1)
        if length % whole:
            raise InputError.at(f"{NAME} with form={form} takes a whole number of {whole:,} elements; got {length:,}")
        return cls(
            cores=(setup.rows, setup.columns), op=isa.MAC, kind=isa.F16, length=length, apart=APART["same"],
            chunk=chunk, form=form,
        )  # fmt: skip


def _write(vector: _Loop, role: CoreRole, y: Mem, x: Mem, factor: Register) -> None:
    """Write the loop."""
    chunk, form = vector.chunk, vector.form
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


def body(core: KernelCore) -> None:
    """Write what one core does."""
    loop = _Loop.of(core.setup)
    _write(loop, core.role, *reserved(core, loop))


def closed(wafer: Wafer, vector: _Loop) -> float:
    """Return the cycles: start, then turns."""
    chunk, form, core = vector.chunk, vector.form, wafer.core
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


def _counter(case: KernelCase) -> Reading:
    loop = _Loop.of(case.setup)

    def write(role: CoreRole) -> None:
        _write(loop, role, *loop.operands(role), role.register())

    return Reading(value=timed(case.wafer, write, stamps=True))


PROGRAM = kernel(
    name=NAME, doc=__doc__, asked=_Loop.of, operands=_Loop.draw, body=body, meaning=_Loop.meaning, closed=closed,
    shape_help="LENGTH x CHUNK: elements of both vectors of a core, and of one instruction", example="4096x16",
    takes="LENGTH and CHUNK", options={"form": "while, map or for-map: how the chunks are gone through [while]"},
    fold=one_row, measures={"counter_cycles": Measure(cores=_counter, silicon=False)},
)  # fmt: skip
