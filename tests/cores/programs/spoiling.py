"""Ways to spoil a loaded program, each in one place: what tests know of how a machine holds its instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit.prepared import Prepared
from wsesim.cores.machine import CoreMachine
from wsesim.cores.operands import HALVES

ADDING = (isa.ADD, isa.SUB, isa.MUL, isa.MAC, isa.ADD3)
"""Vector instructions that each of their elements counts for; of a maximum most do not."""
CALCULATING = (isa.FADD, isa.FSUB, isa.FMUL, isa.FDIV, isa.FEXP, isa.FSQRT)
FLOATS = (isa.F32, isa.F16)
MARK = 1e6
"""From this size on a value says something else than a number: that a key is masked."""


class Spoil(NamedTuple):
    """One change."""

    what: str
    apply: Callable[[CoreMachine], None]


def again(prepared: Prepared) -> Prepared:
    """Return a loaded program that has not run as one of its own: to write it anew takes much longer."""
    machine = copy(prepared.machine)
    arrays = {name: each.copy() for name, each in machine.state._asdict().items() if isinstance(each, np.ndarray)}
    arrays["floats"] = arrays["memory"].view(np.float32)
    machine.state = machine.state._replace(**arrays)  # type: ignore[arg-type]
    return replace(prepared, machine=machine)


def _field(machine: CoreMachine, name: str) -> Any:
    """Return a field of all instructions; what is written there is what runs."""
    return machine.state.code[name]


def _fields(machine: CoreMachine, *names: str) -> Iterator[tuple[int, ...]]:
    """Yield the number of each instruction, and its fields of these names."""
    found = [_field(machine, name).tolist() for name in names]
    return zip(range(len(found[0])), *found, strict=True)


def _set(number: int, **fields: int) -> Callable[[CoreMachine], None]:
    def apply(machine: CoreMachine) -> None:
        for name, value in fields.items():
            _field(machine, name)[number] = value

    return apply


def elements(machine: CoreMachine) -> list[Spoil]:
    """Return each vector instruction, and each scalar one, with one calculation left out."""
    found = []
    for number, op, length, register, fabrics in _fields(machine, "op", "length", "length_register", "fabrics"):
        if op in ADDING and register < 0 and length > 0 and not fabrics & 1:
            found.append(Spoil(f"line {number}: an element less", _set(number, length=length - 1)))
        elif op in CALCULATING:
            found.append(Spoil(f"line {number}: a calculation less", _set(number, op=isa.COPY)))
        elif op == isa.STORE:
            found.append(Spoil(f"line {number}: a store less", _set(number, op=isa.WAIT)))
    return found


def wavelets(machine: CoreMachine) -> list[Spoil]:
    """Return each instruction that sends with a wavelet less, or where a register says how many, with none."""
    found = []
    for number, op, length, register, fabrics, kind in _fields(
        machine, "op", "length", "length_register", "fabrics", "kind"
    ):
        if op <= isa.LAST_VECTOR and fabrics & 1 and length > 0:
            last = 1 if kind not in HALVES or length % 2 else 2
            less = 0 if register >= 0 else length - last
            found.append(Spoil(f"line {number}: a wavelet less", _set(number, length=less, length_register=-1)))
    return found


def operands(machine: CoreMachine, random: np.random.Generator, most: int) -> list[Spoil]:
    """Return up to *most* numbers in memory made one more."""
    places = [
        (number, name, core, at)
        for number, name in _variables(machine)
        for core, at in np.argwhere(_numbers(machine, number, name)).tolist()
    ]

    def more(number: int, name: str, core: int, at: int) -> Spoil:
        def apply(spoilt: CoreMachine) -> None:
            role = spoilt.builder.roles[number]
            values = spoilt.read(role, name)
            values[core, at] += 1
            spoilt.write(role, name, values)

        return Spoil(f"{name}[{at}] of core {core} of role {number}: one more", apply)

    return [more(*places[number]) for number in random.permutation(len(places))[:most]]


def redraw(machine: CoreMachine, random: np.random.Generator) -> None:
    """Put other numbers where there are any: normal ones, or small whole ones where all are whole."""
    for number, name in _variables(machine):
        role, numbers = machine.builder.roles[number], _numbers(machine, number, name)
        drawn = random.standard_normal(numbers.shape)
        if role.variables[name].kind not in FLOATS:
            drawn = random.integers(1, 100, numbers.shape)
        machine.write(role, name, np.where(numbers, drawn, machine.read(role, name)))


def _variables(machine: CoreMachine) -> list[tuple[int, str]]:
    """Return role and name of the variables with numbers: floats, or if there are none whole ones."""
    every = [
        (number, name, variable.kind)
        for number, role in enumerate(machine.builder.roles)
        for name, variable in role.variables.items()
        if variable.length
    ]
    floats = [(number, name) for number, name, kind in every if kind in FLOATS]
    return floats or [(number, name) for number, name, _ in every]


def _numbers(machine: CoreMachine, number: int, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return where a variable has a number: zeros fill up or mean nothing yet, a float of one turns nothing."""
    role = machine.builder.roles[number]
    values = machine.read(role, name)
    neutral = (values == 0) | ((values == 1) & (role.variables[name].kind in FLOATS))
    return np.asarray(~neutral & (np.abs(values) < MARK))
