"""What a program in CSL is answered with: its cycles, where they went, and whether its values are those expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wsesim.answer import Answer, CoreMap, Number, Spent, Table
from wsesim.units import show_share

if TYPE_CHECKING:
    from wsesim.csl.running import ProgramRun
    from wsesim.questions.shared.csl_question import ProgramQuestion

MOST_LINES = 40
AGREES = 1e-5
LEAVES_OUT = (
    "What the machine description leaves out: noise, defects; what the simulator of programs models: docs/howto/csl.md."
)
NOT_COMPARED = "No values were compared: expect says what exported variables hold in the end."


def program_answer(question: ProgramQuestion, found: ProgramRun, expected: Mapping[str, Any]) -> Answer:
    """Return the answer of a run."""
    from wsesim.csl.profile import core_maps, crowding, details

    clock = question.asked.hardware.cluster.wafer.core.clock_hz
    compared, differing, largest = _compared(found, expected)
    figures: dict[str, Number | None] = {
        "cycles": found.cycles, "time_s": found.cycles / clock, "closed_cycles": None, "closed_error": None,
        "busy_share": _busy(found), "wavelet_hops": int(found.came.sum()), "work_energy_j": None, "flops_per_j": None,
        "compared_values": compared or None, "differing_values": differing if compared else None,
        "max_error": largest if compared else None, "events": found.events,
    }  # fmt: skip
    headline = {"cycles": "from first launch to end", "time_s": f"at {clock / 1e9:g} GHz"}
    more = details(question.path.parent / "out", question.image, found.taken)
    return Answer(
        level="cores", figures=figures, headline=headline, spent=_spent(question, found, clock), sentences=_said(found),
        tables=(_lines(found), *more.tables), drawings=(core_maps(found.spent), *more.drawings, *_maps(found)),
        files=more.files, facts=_facts(question),
        right=None if not compared else differing == 0, events=found.events, leaves_out=(LEAVES_OUT,),
        notes=(*_notes(question, compared, differing), *crowding(question.image, found.taken)),
    )  # fmt: skip


def _busy(found: ProgramRun) -> float:
    total = sum(float(each.sum()) for each in found.spent.values())
    return float(found.busy.sum()) / total if total else 0.0


def _compared(found: ProgramRun, expected: Mapping[str, Any]) -> tuple[int, int, float]:
    """Return how many values were compared, how many differ, and by how much at most."""
    import numpy as np

    compared, differing, largest = 0, 0, 0.0
    for name, wanted in expected.items():
        have = list(found.values[name].values())
        values, want = np.concatenate(have), np.atleast_1d(np.array(wanted, np.float64))
        per_core = len(want) in {1, *(len(each) for each in have)} and len(want) != len(values)
        want = np.concatenate([np.resize(want, len(each)) for each in have]) if per_core else want
        compared += max(len(values), len(want))
        if len(values) != len(want):
            differing += max(len(values), len(want))
            continue
        differing += int((~np.isclose(values, want, rtol=AGREES, atol=0)).sum())
        largest = max(largest, float(np.abs(values - want).max(initial=0)))
    return compared, differing, largest


def _spent(question: ProgramQuestion, found: ProgramRun, clock: float) -> Spent:
    from wsesim.csl.profile import with_scalar_code

    cycles = {cause: float(each.sum()) for cause, each in found.spent.items()}
    each_s = found.busy.size * clock
    parts = with_scalar_code(cycles, question.image, found.taken)
    return Spent(total_s=found.cycles / clock, by_cause={cause: part / each_s for cause, part in parts.items()})


def _said(found: ProgramRun) -> tuple[str, ...]:
    total = found.scalar_cycles + found.vector_cycles
    share = found.scalar_cycles / total if total else 0
    return (f"Of {total:,} cycles of main threads, {show_share(share)} are scalar code.",)


def _lines(found: ProgramRun) -> Table:
    rows = tuple((f"{file}:{line}" if line else file, cycles) for file, line, cycles in found.lines[:MOST_LINES])
    return Table(
        name="lines", title="Source lines by cycles of all main threads", columns=("line", "cycles"), rows=rows
    )


def _maps(found: ProgramRun) -> tuple[CoreMap, ...]:
    busy = CoreMap(name="busy", title="Cycles a core works", unit="cycles", values=found.busy)
    came = CoreMap(name="links", title="Wavelets from neighbours", unit="wavelets", values=found.came)
    return tuple(each for each in (busy, came) if each.values.any())


def _facts(question: ProgramQuestion) -> dict[str, dict[str, object]]:
    image, values = question.image, question.asked.resolved
    program: dict[str, object] = {
        "layout": question.path.name, "generation": image.arch, "grid": [image.width, image.height],
        "tile classes": len(image.classes), "launches": [name for name, _ in question.launches], "seed": values["seed"],
        **{f"param {name}": value for name, value in image.params.items()},
    }  # fmt: skip
    return {"program": program, "machine": {"name": question.asked.hardware.cluster.name}}


def _notes(question: ProgramQuestion, compared: int, differing: int) -> tuple[str, ...]:
    from wsesim.csl.running import LATENCY

    notes = list(question.image.warnings)
    if len(question.launches) > 1:
        notes.append(f"{len(question.launches)} launches: {LATENCY} cycles from one to the next are the host's.")
    if differing:
        notes.append(f"Values are NOT those expected: {differing:,} of {compared:,} differ.")
    return (*notes, *(() if compared else (NOT_COMPARED,)))
