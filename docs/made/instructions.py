"""The instruction set of the cores, what each instruction takes and where that is from; kernels; builtins of CSL."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from made.markdown import cell, code, parts, table
from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.instruction import cycles_alone
from wsesim.cores.programs import PROGRAMS, KernelProgram
from wsesim.cores.role import CoreRole
from wsesim.csl.builtins.table import BUILTINS
from wsesim.figures.docs import field_docs
from wsesim.hardware import MACHINES, load_cluster

SHOWN = ("cs-2", "cs-3")
LENGTH = 64
KINDS = {
    "fp32": isa.F32,
    "fp16": isa.F16,
    "fp16 into fp32": isa.MIXED,
    "32-bit whole": isa.I32,
    "16-bit whole": isa.I16,
}
VECTORS = {
    "dest = a": (isa.MOV, 1), "dest = a + b": (isa.ADD, 2), "dest = a - b": (isa.SUB, 2), "dest = a * b": (isa.MUL, 2),
    "dest = a + b * c": (isa.MAC, 3), "dest = max(a, b)": (isa.MAX, 2),
}  # fmt: skip
PLAIN = {
    "set": "r1", "copy": "rr", "load": "rw", "store": "wr", "iadd": "rrr", "imul": "rrr", "low_half": "rr",
    "high_half": "rr",
}  # fmt: skip
"""Scalar instructions with what they take: a register, a word of memory, a number."""
FLOATS = {
    "fadd": (isa.FADD, "a + b"), "fsub": (isa.FSUB, "a - b"), "fmul": (isa.FMUL, "a * b"),
    "fdiv": (isa.FDIV, "a / b"), "fexp": (isa.FEXP, "exp(a)"), "fsqrt": (isa.FSQRT, "sqrt(a)"),
}  # fmt: skip
Scalar = tuple[str, str, Callable[[CoreRole], None]]
TIMED = ("core.", "fabric.", "code.")


def instructions() -> str:
    """The figures that cycles of instructions, tasks and wavelets are made of, with their sources."""
    docs = {group: field_docs(kind) for group, kind in MACHINES.groups.items()}
    read = {name: MACHINES.read(name).entries for name in SHOWN}
    rows = []
    for name, slot in MACHINES.slots.items():
        if name.startswith(TIMED):
            values = [f"{entries[name].figure.text} ({entries[name].figure.source})" for entries in read.values()]
            rows.append((code(name), cell(docs[slot.group].get(slot.field, "")), *map(cell, values)))
    return table(("figure", "is", *SHOWN), rows)


def vectors() -> str:
    """Cycles of vector instructions by type of element: launch, and of 64 elements in memory."""
    rows = []
    for words, (op, count) in VECTORS.items():
        for kind, number in KINDS.items():
            taken = [_vector(machine, op, number, count) for machine in SHOWN]
            if any(taken):
                rows.append((code(words), kind, *(each or "-" for each in taken)))
    return table(("instruction", "elements", *SHOWN), rows)


def _vector(machine: str, op: int, kind: int, count: int) -> str:
    """Return `launch + issues x cycles of each`, or nothing where the instruction takes no such elements."""
    role = Builder(load_cluster(machine).cluster.wafer, width=1, height=1).role("core")
    holds = {isa.MIXED: isa.F16}.get(kind, kind)
    try:
        dest = role.memory("dest", LENGTH, {isa.MIXED: isa.F32}.get(kind, kind))
        sources = [role.memory(f"source {number}", LENGTH, holds) for number in range(count)]
        role.vector(op, dest, *sources, kind=kind)
    except Exception:  # the builder refuses it, in words of its own
        return ""
    made = role.instructions[-1]
    assert made.pace is not None
    rate = made.pace.rate
    return f"{cycles_alone(made)} = {made.cost} + {LENGTH // rate.per_issue} × {rate.cycles}"


def scalars() -> str:
    """Cycles of scalar instructions, and what each does."""
    rows = [
        (code(name), cell(does), *(str(_scalar(machine, write)) for machine in SHOWN))
        for name, does, write in (*map(_plain, PLAIN), *map(_float, FLOATS))
    ]
    return table(("instruction", "does", *SHOWN), rows)


def _plain(name: str) -> Scalar:
    given = PLAIN[name]

    def write(role: CoreRole) -> None:
        made: dict[str, Callable[[], object]] = {
            "r": role.register, "w": lambda: role.memory("word", 1), "1": lambda: 1,
        }  # fmt: skip
        getattr(role, name)(*(made[each]() for each in given))

    return name, (inspect.getdoc(getattr(CoreRole, name)) or "").splitlines()[0], write


def _float(name: str) -> Scalar:
    op, does = FLOATS[name]
    return name, f"dest = {does}, fp32.", lambda role: role.scalar(op, *(role.register() for _ in range(3)))


def _scalar(machine: str, write: Callable[[CoreRole], None]) -> int:
    role = Builder(load_cluster(machine).cluster.wafer, width=1, height=1).role("core")
    write(role)
    return role.instructions[-1].cost


def kernels() -> str:
    """Every kernel: what it computes, how it lies on the cores, its shape, options and measures."""
    return "\n\n".join(map(_kernel, PROGRAMS.values()))


def _kernel(program: KernelProgram) -> str:
    options = "\n".join(f"- `--option {option}=...`: {cell(text)}" for option, text in program.options.items())
    measures = "\n".join(f"- `--measure {figure}`" for figure in program.measures)
    picture, shape = f"```text\n{program.picture}\n```", f"`--shape` {cell(program.shape_help)}"
    return parts(f"## {program.name}", cell(program.summary), picture, shape, options, measures)


def builtins() -> str:
    """Every builtin of CSL that is known, with its number of arguments."""
    rows = [
        (code(name), str(least) if least == most else f"{least} to {most}",
         cell((inspect.getdoc(action) or "").splitlines()[0]))
        for name, (action, least, most) in sorted(BUILTINS.items())
    ]  # fmt: skip
    return table(("builtin", "arguments", "does"), rows)
