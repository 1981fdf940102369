"""Every constant that rows are predicted with: its value for each generation, its meaning and its source."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from textwrap import dedent

from wsesim.cores.timing import Timing
from wsesim.validation.kernels.machines import FACTORS, WRITE_BYTES, wafer_of

GENERATIONS = {"WSE-2": "cs-2", "WSE-3": "cs-3"}


def timings() -> list[tuple[str, ...]]:
    """Return name, value on the WSE-2, value on the WSE-3, and meaning with source, for every field of `Timing`."""
    found = [Timing.of(wafer_of(machine)) for machine in GENERATIONS.values()]
    meanings = _field_docs(Timing)
    return [
        (field.name, *(_shown(getattr(timing, field.name)) for timing in found), meanings[field.name])
        for field in fields(Timing)
    ]


def cores() -> list[tuple[str, ...]]:
    """Return the same for what of a core is another than in its preset."""
    values = [f"{wafer_of(machine).core.sram_write_bytes_per_cycle:g}" for machine in GENERATIONS.values()]
    changed = ", ".join(name for name, machine in GENERATIONS.items() if machine in WRITE_BYTES)
    meaning = f"Bytes a core writes to memory in a cycle; {changed} by `mic-copy-f16-sim` and `mic-copy-f32-sim`."
    return [("sram_write_bytes_per_cycle", *values, meaning)]


def silicon() -> list[tuple[str, ...]]:
    """Return resource, factor, meaning and source of what makes silicon slower."""
    return [(factor.name, f"{factor.factor:g}", factor.meaning, factor.source) for factor in FACTORS.values()]


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _field_docs(kind: type) -> dict[str, str]:
    """Return what stands below each field of a dataclass, on one line."""
    body = ast.parse(dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found
