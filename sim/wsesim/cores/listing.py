"""A program as text: each role, task and instruction in the words of the builder, what it takes, how often it ran.

    core: 6 cores, the first (1, 0)
      main, from the start
        0  fmacs x, x, y, r2           15  2 + 7 x 2     384     90     12  first_kernel.py, line 12

The number of an instruction is where jumps lead. Then come the cycles it takes if nothing holds it up, how they arise
(launch + issues x cycles of each), and on all cores of the role: how many elements it handled, or how often it ran; the
cycles it worked, and those it was under way and had to wait, where events of the run were noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np

from wsesim.answer import CodeLine
from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.instruction import Instruction, cycles_alone
from wsesim.cores.lines import WAITED, WORKED
from wsesim.cores.operands import Descriptor, FabricOperand, Mem, Operand, Register
from wsesim.cores.scalars import COMMANDS, FIELDS
from wsesim.cores.state import Array

_VECTORS = {
    isa.MOV: "mov", isa.ADD: "add", isa.SUB: "sub", isa.MUL: "mul", isa.MAC: "mac", isa.MAX: "max", isa.ADD3: "add3",
}  # fmt: skip
_ENDINGS = {isa.F32: "s", isa.F16: "h", isa.MIXED: "hs", isa.I32: "32", isa.I16: "16"}
_SCALARS = {
    isa.SET: "set", isa.COPY: "copy", isa.IADD: "iadd", isa.IMUL: "imul", isa.FADD: "fadd", isa.FSUB: "fsub",
    isa.FMUL: "fmul", isa.FDIV: "fdiv", isa.FEXP: "fexp", isa.FSQRT: "fsqrt", isa.FMAXS: "fmaxs", isa.LOAD: "load",
    isa.STORE: "store", isa.JUMP: "jump", isa.JUMP_LESS: "jump_if_less", isa.ACTIVATE: "activate", isa.BLOCK: "block",
    isa.UNBLOCK: "unblock", isa.CONTROL: "control", isa.STAMP: "stamp", isa.END: "end", isa.HALT: "halt",
    isa.WAIT: "wait", isa.SWITCH: "switch", isa.LOW_HALF: "low_half", isa.HIGH_HALF: "high_half",
    isa.DESCRIBE: "describe", isa.ADJUST: "adjust",
}  # fmt: skip
_WITH_NUMBER = (isa.SET, isa.IADD, isa.IMUL)
_FIELDS = {number: name for name, number in FIELDS.items()}
_COMMANDS = {number: name for name, number in COMMANDS.items()}
HEADS = ("", "instruction", "cycles", "launch + issues", "handled", "worked", "waited", "line")


def list_program(builder: Builder, executed: Array, by_line: Array | None = None) -> str:
    """Return all roles.

    Args:
        builder: has them.
        executed: [instruction] elements handled, or times run, role after role.
        by_line: [instruction, cause] cycles as `lines.line_cycles` has them, if they are known.
    """
    parts = []
    for number, role, numbers in _roles(builder):
        rows = [_row(role, at, int(executed[line]), _cycles(by_line, line)) for at, line in enumerate(numbers)]
        parts.append("\n".join([_head(builder, number), *_tasks(role, rows)]))
    return "\n\n".join(parts) + "\n"


def code_lines(builder: Builder, executed: Array, by_line: Array | None = None) -> tuple[tuple[CodeLine, ...], ...]:
    """Return the same for a page: of each role its heads, and its instructions with their cycles by cause."""
    found = []
    for number, role, numbers in _roles(builder):
        lines, names = [CodeLine(text=_head(builder, number))], _task_names(role)
        for at, line in enumerate(numbers):
            lines += [CodeLine(text=f"{names[at]}:")] if at in names and len(names) > 1 else []
            took = by_line[line].tolist() if by_line is not None else []
            lines.append(CodeLine(
                text=_words(role, role.instructions[at]), place=str(at), handled=int(executed[line]),
                by_cause=dict(zip(WORKED, took, strict=False)), waited=took[WAITED] if took else 0.0,
            ))  # fmt: skip
        found.append(tuple(lines))
    return tuple(found)


def _roles(builder: Builder) -> Iterator[tuple[int, CoreRole, range]]:
    """Yield each role with its number and those of its instructions."""
    start = 0
    for number, role in enumerate(builder.roles):
        yield number, role, range(start, start + len(role.instructions))
        start += len(role.instructions)


def _cycles(by_line: Array | None, line: int) -> tuple[str, ...]:
    """Return what an instruction worked and waited, nothing where it is not known."""
    if by_line is None:
        return ()
    *worked, waited = by_line[line].tolist()
    return f"{sum(worked):,}", f"{waited:,}"


def _head(builder: Builder, number: int) -> str:
    role = builder.roles[number]
    cores = int(np.count_nonzero(builder.role_of == number))
    first = builder.core_of(role).removeprefix("core ")
    return f"{role.name}: {cores:,} core{'' if cores == 1 else 's'}, the first {first}" if cores else role.name


def _tasks(role: CoreRole, rows: list[tuple[str, ...]]) -> list[str]:
    """Return the lines of a role: its tasks in the order they are written in."""
    heads = HEADS if rows and len(rows[0]) == len(HEADS) else (*HEADS[:5], HEADS[-1])
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    names = _task_names(role)
    lines = ["    " + _spaced(heads, widths)] if rows else []
    for at, row in enumerate(rows):
        lines += [f"  {names[at]}"] if at in names else []
        lines.append("    " + _spaced(row, widths))
    return lines


def _task_names(role: CoreRole) -> dict[int, str]:
    """Return what each task is called and started by, by its first instruction."""
    found = ((role.entries.get(task.index), task) for task in role.tasks.values())
    return {first: f"{task.name}{_started(role, task.index)}" for first, task in found if first is not None}


def _spaced(row: tuple[str, ...], widths: list[int]) -> str:
    each = zip(row, widths, [at not in (1, 3, len(row) - 1) for at in range(len(row))], strict=True)
    return "  ".join(text.rjust(width) if right else text.ljust(width) for text, width, right in each).rstrip()


def _started(role: CoreRole, task: int) -> str:
    """Return what starts a task, and what keeps it."""
    colors = [color for color, started in role.on_wavelet.items() if started == task]
    found = [f"by wavelets of {_color_name(role, color)}" for color in colors]
    found += ["from the start"] if task in role.started else []
    found += ["blocked at first"] if task in role.blocked_first else []
    found += ["urgent"] if task in role.urgent else []
    return "".join(f", {each}" for each in found)


def _color_name(role: CoreRole, color: int) -> str:
    return next(each.name for each in role.colors if each.index == color)


def _row(role: CoreRole, number: int, count: int, cycles: tuple[str, ...]) -> tuple[str, ...]:
    each = role.instructions[number]
    alone = f"{cycles_alone(each):,}" + (f" or {each.cost + each.cost_else}" if each.cost_else else "")
    return (str(number), _words(role, each), alone, _pace(each), f"{count:,}", *cycles, each.place)


def _pace(each: Instruction) -> str:
    """Return how the cycles of a vector instruction arise."""
    if each.pace is None:
        return ""
    rate, length = each.pace.rate, each.length
    slow = f" (or {rate.slow_cycles})" if rate.slow_cycles != rate.cycles else ""
    return f"{each.cost} + {ceil(length / rate.per_issue):,} x {rate.cycles}{slow} of {rate.per_issue}"


def _words(role: CoreRole, each: Instruction) -> str:
    operands = [_operand(role, operand, number) for number, operand in enumerate(each.operands) if operand is not None]
    if each.op == isa.CONTROL:
        operands = [_color_of(each), *_commands(each)]
    elif each.op == isa.SWITCH:
        operands = [_color_of(each), str(each.target)]
    elif each.op == isa.DESCRIBE and each.target:
        operands.append("keeps")
    elif each.op == isa.ADJUST:
        operands[1:1] = [_FIELDS[each.target], *([_number(each)] if len(operands) == 1 else [])]
    elif each.op in (isa.JUMP, isa.JUMP_LESS):
        operands.append(f"to {each.target}")
    elif each.op in _WITH_NUMBER and len(operands) < (2 if each.op == isa.SET else 3):
        operands.append(_number(each))
    elif each.op == isa.WAIT:
        operands.append(str(each.cost))
    elif not each.is_vector and each.activate is not None:
        operands.append(each.activate.name)
    return " ".join([_name(each), ", ".join([*operands, *_options(each)])]).rstrip()


def _name(each: Instruction) -> str:
    if not each.is_vector:
        return _SCALARS[each.op]
    floats = "" if each.kind in (isa.I32, isa.I16) else "f"
    return f"{floats}{_VECTORS[each.op]}{_ENDINGS[each.kind]}"


def _number(each: Instruction) -> str:
    if each.kind == isa.I32:
        return str(each.immediate)
    return f"{np.uint32(each.immediate).view(np.float32):g}"


def _color_of(each: Instruction) -> str:
    operand = each.operands[0]
    assert isinstance(operand, FabricOperand)
    return operand.color.name


def _commands(each: Instruction) -> list[str]:
    left = each.immediate >> isa.LEFT_SHIFT & 15
    found = [_COMMANDS[each.immediate >> 2 * at & 3] for at in range(left)]
    found += ["keep"] if each.immediate & isa.KEEP_BIT else []
    return found + ([f"starts={each.starts}"] if each.starts else [])


def _options(each: Instruction) -> list[str]:
    if not each.is_vector:
        return []
    lengths = {operand.length for operand in each.operands if isinstance(operand, Mem | FabricOperand)}
    found = [f"length=r{each.length_register.index}"] if each.length_register else []
    found += [f"length={each.length}"] if each.length_register is None and lengths - {each.length} else []
    found += [] if each.thread is None else [f"thread={each.thread}"]
    found += [f"activate={each.activate.name}"] if each.activate else []
    return found + ([f"unblock={each.unblock.name}"] if each.unblock else [])


def _operand(role: CoreRole, operand: Operand, number: int) -> str:
    if isinstance(operand, Register):
        return f"r{operand.index}"
    if isinstance(operand, Descriptor):
        return f"d{operand.index}"
    if isinstance(operand, FabricOperand):
        return f"{'fabin' if number else 'fabout'}({operand.color.name}, {operand.length})"
    assert isinstance(operand, Mem)
    return _memory(role, operand)


def _variable(role: CoreRole, mem: Mem) -> tuple[str, Mem]:
    """Return the variable that begins at, or before, the first element; all of the memory if none has it."""
    for name, variable in role.variables.items():
        if variable.kind == mem.kind and variable.address <= mem.address < _end(variable):
            return name, variable
    return "memory", Mem(0, 0, mem.kind)


def _end(variable: Mem) -> int:
    return variable.address + max(1, variable.length) * variable.words


def _memory(role: CoreRole, mem: Mem) -> str:
    """Return the variable that elements belong to, and which they are: first, how many, and their strides."""
    name, variable = _variable(role, mem)
    if (
        mem.address == variable.address
        and mem.length == variable.length
        and mem.stride == 1
        and not (mem.offset or mem.inner)
    ):
        return name
    first = mem.first_in(variable)
    start = f"r{mem.offset.index}{f' + {first}' if first else ''}" if mem.offset else str(first)
    if mem.length == 1:
        return f"{name}[{start}]"
    shape = f"{mem.length // mem.inner} rows {mem.outer_stride} apart of {mem.inner}" if mem.inner else str(mem.length)
    return f"{name}[{start} : {shape}{f' by {mem.stride}' if mem.stride != 1 else ''}]"
