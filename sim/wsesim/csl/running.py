"""A program run for what it takes: operands put in place, functions launched, values read; no host script."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores import isa, state
from wsesim.csl.compile import compile_file
from wsesim.csl.files import is_of_library
from wsesim.csl.host.values import argument_bits
from wsesim.csl.image import ExportedName, Image, Operation, Type
from wsesim.csl.machine import CslFault, CslMachine
from wsesim.csl.machine.log import usually_watched
from wsesim.csl.machine.machine import DTYPES, LATENCY
from wsesim.csl.profile.sums import shown_file
from wsesim.csl.profile.taken import Taken, take
from wsesim.errors import InputError, nearest
from wsesim.hardware import Wafer

Counts = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
_CALL = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")
_KEPT: dict[object, tuple[Image, dict[str, tuple[int, int]]]] = {}
_MOST_KEPT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRun:
    """What a program did."""

    cycles: int
    """From the begin of the first launch (of the program, where nothing is launched) to the end of the last work."""
    busy: Counts
    """[row, column] cycles."""
    spent: dict[str, Counts]
    """[row, column] by cause; they sum to `cycles` on every core."""
    came: Counts
    """[row, column] wavelets that came from neighbours."""
    events: int
    scalar_cycles: int
    vector_cycles: int
    lines: list[tuple[str, int, int]]
    """File, line, cycles of the main threads of all cores, most first."""
    values: dict[str, dict[int, Values]]
    """By exported name and core."""
    taken: Taken
    """Where the cycles went, from load on."""


def compiled(path: Path, arch: str, params: Mapping[str, int], colors: Mapping[str, int]) -> Image:
    """Compile a layout, or return what it came to, where none of its files has changed since.

    Raises:
        InputError: mistakes in the program.
    """
    key = (path, arch, tuple(sorted(params.items())), tuple(sorted(colors.items())))
    kept = _KEPT.get(key)
    if kept is not None and kept[1] == _stamps(kept[1]):
        return kept[0]
    image = compile_file(path, arch=arch, params=dict(params), colors=dict(colors))
    while len(_KEPT) >= _MOST_KEPT:
        _KEPT.pop(next(iter(_KEPT)))
    _KEPT[key] = (image, _stamps([str(path), *image.files]))
    return image


def _stamps(files: Sequence[str] | Mapping[str, object]) -> dict[str, tuple[int, int]]:
    found = {}
    for file in files:
        try:
            seen = Path(file).stat()
            found[file] = (seen.st_mtime_ns, seen.st_size)
        except OSError:
            found[file] = (0, 0)
    return found


def files_of(image: Image) -> tuple[Path, ...]:
    """Return the files of a program, without those of the library."""
    return tuple(sorted(Path(file) for file in image.files if not is_of_library(file)))


def data_bytes(image: Image) -> int:
    """Return what variables of the fullest core take."""
    ends = (each.address + each.count * each.t.words for tile in image.classes for each in tile.symbols)
    return 2 * max(0, 0, *ends)


def usual_launch(image: Image) -> tuple[str, ...]:
    """Return what is launched unless told: the only function without arguments that the layout names.

    Raises:
        InputError: there are several.
    """
    names = [each.name for each in image.names if each.is_function and not each.inputs]
    if len(names) > 1:
        raise InputError.at(f"exports {len(names)} functions: {', '.join(names)}; say which run, in launch")
    return tuple(names)


def launched(image: Image, call: str) -> tuple[str, list[int]]:
    """Return name and arguments, as registers hold them, of `name` or `name(1, 2.5)`.

    Raises:
        InputError: no such function, or not its arguments.
    """
    match = _CALL.fullmatch(call)
    if match is None:
        raise InputError.at(f"{call!r} is no launch; write name or name(1, 2.5)")
    names = {each.name: each for each in image.names if each.is_function}
    if match[1] not in names:
        known = nearest(match[1], names) or f"; there are: {', '.join(names) or 'none'}"
        raise InputError.at(f"the layout exports no function {match[1]!r}{known}")
    try:
        return match[1], argument_bits(names[match[1]], _arguments(match[2] or "", names[match[1]]))
    except (RuntimeError, ValueError, OverflowError) as error:
        raise InputError.at(f"{call!r}: {error}") from None


def _arguments(text: str, function: ExportedName) -> list[int | float]:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    floats = [t.name.startswith("F") for t in function.inputs] + [False] * len(parts)
    return [float(part) if is_float else int(part, 0) for part, is_float in zip(parts, floats, strict=False)]


def check_name(image: Image, name: str) -> None:
    """Refuse a name that is no array or variable of the program.

    Raises:
        InputError: there is none.
    """
    names = sorted({each.name for tile in image.classes for each in tile.exports})
    if name not in names:
        known = nearest(name, names) or f"; there are: {', '.join(names) or 'none'}"
        raise InputError.at(f"no core exports a variable {name!r}{known}")


def run_program(
    image: Image, wafer: Wafer, *, operands: Mapping[str, Any], launches: Sequence[tuple[str, Sequence[int]]],
    read: Sequence[str], seed: int = 0,
) -> ProgramRun:  # fmt: skip
    """Run a program.

    Args:
        image: what was compiled.
        wafer: its figures are those of the run.
        operands: by exported name: a number, numbers for a core or for all that export it, row by row, or "random".
        launches: names and arguments of functions, one after the other.
        read: names whose values are returned.
        seed: of random values.

    Raises:
        InputError: operands that do not fit.
        CslFault: the program does what no core can, or never ends.
    """
    machine = CslMachine(image, wafer)
    machine.watch(usually_watched(image))
    for number, (name, given) in enumerate(operands.items()):
        _put(machine, name, given, np.random.default_rng([seed, number]))
    begun, before = 0, np.zeros_like(_spent(machine))
    if launches:
        machine.settle()
        begun, before = int(machine.state.clock[0]["now"]), _spent(machine)
    for name, values in launches:
        machine.launch(name, values)
    machine.settle()
    return _run(
        machine, machine.cycles - begun, _spent(machine) - before, {name: _read(machine, name) for name in read}
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """Where elements of an exported name lie on a core, now that it points there."""

    core: int
    t: Type
    address: int
    count: int


def _held(machine: CslMachine, name: str) -> list[_Held]:
    """Return where cores that export a variable hold it."""
    found = []
    for core in range(machine.image.width * machine.image.height):
        variable = machine.variable(name, core)
        if variable is not None:
            address = machine.address(name, core)
            found.append(_Held(core, variable.t, address, variable.count or _room(machine, core, variable.t, address)))
    return found


def _room(machine: CslMachine, core: int, t: Type, address: int) -> int:
    """Return how many elements there are from where a pointer points to the end of the array there."""
    for each in machine.image.classes[machine.class_of[core]].symbols:
        end = each.address + each.count * each.t.words
        if each.address <= address < end:
            return int((end - address) // t.words)
    return 0


def _put(machine: CslMachine, name: str, given: Any, draw: np.random.Generator) -> None:
    for held, values in _spread(_held(machine, name), name, given, draw):
        words = np.ascontiguousarray(values.astype(DTYPES[held.t])).view(np.uint16)
        machine.memory(held.core)[held.address : held.address + len(words)] = words


def _spread(cores: list[_Held], name: str, given: Any, draw: np.random.Generator) -> list[tuple[_Held, Values]]:
    """Return what each core holds of what is given for one, or for all of them row by row."""
    if given == "random":
        return [(each, draw.integers(-8, 9, each.count).astype(np.float64)) for each in cores]
    if not isinstance(given, Sequence):
        return [(each, np.full(each.count, float(given))) for each in cores]
    values, ends = np.array(given, np.float64), np.cumsum([each.count for each in cores])
    if all(each.count == len(values) for each in cores):
        return [(each, values) for each in cores]
    if len(values) != ends[-1]:
        per = " or ".join(map(str, sorted({each.count for each in cores})))
        raise InputError.at(f"{name} is given {len(values)} numbers; a core holds {per}, all of them {ends[-1]}")
    return list(zip(cores, np.split(values, ends[:-1]), strict=True))


def _read(machine: CslMachine, name: str) -> dict[int, Values]:
    found = {}
    for held in _held(machine, name):
        words = machine.memory(held.core)[held.address : held.address + held.count * held.t.words].copy()
        found[held.core] = words.view(DTYPES[held.t])[: held.count].astype(np.float64)
    return found


def _spent(machine: CslMachine) -> Counts:
    """Return [core, cause] cycles."""
    found: Counts = machine.state.tallies["spent"].astype(np.int64)
    return found


def _run(machine: CslMachine, took: int, spent: Counts, values: dict[str, dict[int, Values]]) -> ProgramRun:
    image, built, took = machine.image, machine.state, max(0, took)
    shape, launch = (image.height, image.width), state.CAUSES.index("launch")
    spent[:, 0] = took - spent[:, 1:].sum(1)
    spent[:, launch] += np.minimum(0, spent[:, 0])  # starts may last longer than the last work
    spent[:, 0] = np.maximum(0, spent[:, 0])
    lines, kinds = _lines(machine)
    return ProgramRun(
        cycles=took, busy=built.tallies["busy"].astype(np.int64).reshape(shape),
        spent={cause: spent[:, at].reshape(shape) for at, cause in enumerate(state.CAUSES)},
        came=_came(machine).reshape(shape), events=int(built.clock[0]["events"]), scalar_cycles=kinds[0],
        vector_cycles=kinds[1], lines=lines, values=values, taken=take(machine),
    )  # fmt: skip


def _lines(machine: CslMachine) -> tuple[list[tuple[str, int, int]], list[int]]:
    """Return cycles by source line, most first, and those of scalar and of vector steps."""
    lines, kinds = dict[tuple[str, int], int](), [0, 0]
    steps = (step for tile in machine.image.classes for step in tile.steps)
    for step, cycles in zip(steps, machine.state.code_state.cycles.sum(0).tolist(), strict=False):
        if cycles:
            key = (shown_file(machine.image.files[step.spot.file]) if step.spot.line else "library", step.spot.line)
            lines[key] = lines.get(key, 0) + cycles
            kinds[step.op == Operation.VECTOR] += cycles
    return sorted(((*key, cycles) for key, cycles in lines.items()), key=lambda each: (-each[2], each)), kinds


def _came(machine: CslMachine) -> Counts:
    """Return the wavelets that came to each core's router from its neighbours."""
    built, found = machine.state, np.zeros(len(machine.state.cores), np.int64)
    for role, number in enumerate(machine.role_class.tolist()):
        here = np.flatnonzero(built.cores["role"] == role)
        for at, queue in enumerate(machine.laid[number].queues):
            if queue.port < isa.RAMP:
                found[here] += built.queues["pushed"][here, at]
    return found


__all__ = [
    "LATENCY", "CslFault", "ProgramRun", "check_name", "compiled", "data_bytes", "files_of", "launched", "run_program",
    "usual_launch",
]  # fmt: skip
