"""Every constant that rows are predicted with: its value for each generation, its meaning and its source."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from importlib import import_module
from itertools import pairwise
from textwrap import dedent

from wsesim.cores.programs.stencils.costs import Costs, costs_of
from wsesim.cores.timing import Timing
from wsesim.validation.kernels.machines import FACTORS, wafer_of

GENERATIONS = {"WSE-2": "cs-2", "WSE-3": "cs-3"}
PROGRAMS = "wsesim.cores.programs"
OF_CODE = (
    ("fmacs", f"{__package__}.fmacs", ("SETUP_CYCLES",)),
    ("mic", f"{PROGRAMS}.probes.line", ("CALL_CYCLES", "PASS_ON_CYCLES")),
    ("spmm, summa", f"{PROGRAMS}.gemm.local_code", ("SETTLE_CYCLES", "DESCRIPTOR_CYCLES", "BASE_CYCLES")),
    ("spmm", f"{PROGRAMS}.sparse.local", ("UNROLLED_TURNS",)),
    ("spmm on silicon", f"{__package__}.spmm", ("WINDOW_CYCLES",)),
    ("summa", f"{PROGRAMS}.gemm.summa_core", ("ROUTES_CYCLES",)),
    ("mgemm", f"{PROGRAMS}.gemm.mesh_core", ("SETUP_CYCLES", "MAP_START_CYCLES")),
    ("wsfft", f"{PROGRAMS}.fft.local", ("NEST_CYCLES",)),
)
"""Families, module and constants of scalar code that compilers or libraries put around a kernel's instructions."""
STENCILS = "st2d, cst, st25"


def timings() -> list[tuple[str, ...]]:
    """Return name, value on the WSE-2, value on the WSE-3, and meaning with source, for every field of `Timing`."""
    return _by_generation(Timing, [Timing.of(wafer_of(machine)) for machine in GENERATIONS.values()])


def code() -> list[tuple[str, ...]]:
    """Return families, name, both values, and meaning with source, of the scalar code around kernels' instructions."""
    found: list[tuple[str, ...]] = []
    for family, name, constants in OF_CODE:
        module = import_module(name)
        meanings = _docs(ast.parse(inspect.getsource(module)).body)
        for constant in constants:
            found.append((family, constant.lower(), *[str(getattr(module, constant))] * 2, meanings[constant]))
    costs = _by_generation(Costs, [costs_of(wafer_of(machine)) for machine in GENERATIONS.values()])
    return found + [(STENCILS, *line) for line in costs]


def silicon() -> list[tuple[str, ...]]:
    """Return resource, factor, meaning and source of what makes silicon slower."""
    return [(factor.name, f"{factor.factor:g}", factor.meaning, factor.source) for factor in FACTORS.values()]


def _by_generation(kind: type, values: list[Timing] | list[Costs]) -> list[tuple[str, ...]]:
    body = ast.parse(dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    meanings = _docs(body.body)
    return [
        (field.name, *(_shown(getattr(value, field.name)) for value in values), meanings[field.name])
        for field in fields(values[0])
    ]


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _docs(body: list[ast.stmt]) -> dict[str, str]:
    """Return what stands below each name that is given a type or a value, on one line."""
    found: dict[str, str] = {}
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
    return found
