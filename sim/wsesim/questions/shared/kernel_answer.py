"""What a kernel is answered with: the figures of a run or of its closed form, or the one figure it is measured by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING

from wsesim.answer import Answer, CauseMaps, CodeListing, CoreFrames, CoreMap, Drawing, Level, Number, Reason, Spent
from wsesim.cores.measures import MEASURES, RATES
from wsesim.questions.base import Say
from wsesim.questions.shared.kernel_path import (
    closed_table,
    path_drawings,
    path_map,
    path_notes,
    path_sentences,
    path_tables,
)
from wsesim.units import show_change

if TYPE_CHECKING:
    from wsesim.cores.machine import CoreRun
    from wsesim.cores.programs import Agreement, KernelCase, KernelOutcome

LEAVES_OUT: Mapping[Level, str] = {
    "closed": "What depends on values, and what waits for what: it adds up the program's instructions and distances.",
    "cores": "What the machine description leaves out: noise, and of defects all but longer links (die.detour_cycles).",
}
AS_DESIGNED = (
    "Cycles are those of the vendor's simulator of the fabric; silicon inserts some against heat (silicon: true)."
)
MAPS = (
    ("busy", "Cycles a core works", "cycles"), ("stalled", "Cycles a core waits", "cycles"),
    ("links", "Wavelets sent to neighbours", "wavelets"),
)  # fmt: skip
"""What of a run is drawn as a map of the cores of its own: name, title and unit; left out where it is nothing."""
MOST_LINES = 120
"""Of programs, on the page."""
LISTED = "Cycles of all cores of a kind; waits: under way and held up. listing.txt has the source of every line."
UNTIMED = " Of so large a run it is not noted what each line took."
WAITS = "waiting for each other, which the closed form leaves out"
FOLDED = "One part was simulated and stands for all that do the same; hops and events are those of that part."
UNCOMPARED = "Values are not compared where a figure is measured."
SILICON = "silicon slower than designed"


def measured_answer(case: KernelCase, measure: str, *, machine: str, verify: bool) -> Answer:
    """Read the figure *measure*; with *verify* say that no values are compared.

    Raises:
        NotWritten: the level does not tell it, or nobody knows what limits it on silicon.
    """
    from wsesim.cores.programs import slowdown

    found = case.program.measures[measure].read(case)
    longer = slowdown(case.wafer, found.shares) if case.silicon else 1.0
    meaning = next(spec.meaning for spec in MEASURES if spec.name == measure)
    return Answer(
        level=case.level, figures={measure: found.value / longer if measure in RATES else found.value * longer},
        headline={measure: meaning}, facts=_facts(case, machine), leaves_out=(LEAVES_OUT[case.level],),
        notes=(*_silicon_notes(case, longer), *([UNCOMPARED] if verify else [])),
    )  # fmt: skip


def closed_answer(case: KernelCase, *, machine: str, must_fit: bool) -> Answer:
    """Calculate the closed form.

    Raises:
        NotWritten: nobody knows what limits the kernel on silicon.
    """
    cycles, clock = case.closed(), case.wafer.core.clock_hz
    longer = _longer(case, cycles)
    return Answer(
        level="closed", figures=_times(cycles * longer, cycles * longer, clock), headline=_headline(clock),
        spent=_limited(case, cycles, cycles * longer), facts=_facts(case, machine),
        notes=(*_silicon_notes(case, longer), *_unknown_detours(case)),
        tables=(closed_table(case),),
        leaves_out=(LEAVES_OUT["closed"], *(() if must_fit else ("Whether it fits a core's memory.",))),
    )  # fmt: skip


def cores_answer(
    case: KernelCase, *, machine: str, verify: bool, watch: Sequence[tuple[int, int]], pictures: int, say: Say
) -> Answer:
    """Run the program.

    Raises:
        NoRoom: it does not fit a core.
        NotWritten: there is none, or nobody knows what limits it on silicon.
        TooFew: it needs more cores, colors or queues than there are.
        TooLarge: this computer cannot simulate it.
        ProgramError: it cannot end.
    """
    from wsesim.cores.programs import run_case

    found = run_case(case, verify=verify, watch=watch, pictures=pictures, say=say, path=True)
    clock = case.wafer.core.clock_hz
    longer = _longer(case, found.cycles)
    took, closed = found.cycles * longer, found.closed_cycles * _longer(case, found.closed_cycles)
    waits_s = (took - closed) / clock
    figures = _times(took, closed, clock) | {
        "busy_share": found.busy, "wavelet_hops": found.wavelet_hops, **_energy(case, found), **_compared(found),
        "events": found.events,
    }  # fmt: skip
    return Answer(
        level="cores", figures=figures, headline=_headline(clock), spent=_spent(case, found, took),
        sentences=(*_said(found, figures), *path_sentences(found)), tables=path_tables(case, found),
        drawings=_drawings(case, found), files=_files(case, found),
        facts=_facts(case, machine, found.counts), right=found.right, events=found.events,
        reasons=(Reason(figure="time_s", cause=WAITS, seconds=waits_s),) if waits_s else (),
        leaves_out=(LEAVES_OUT["cores"],),
        notes=(*_silicon_notes(case, longer), *_run_notes(case), *path_notes(found), *_detours(case)),
    )  # fmt: skip


def _longer(case: KernelCase, cycles: float) -> float:
    from wsesim.cores.programs import slowdown

    return slowdown(case.wafer, case.shares(cycles)) if case.silicon else 1


def _times(took: float, closed: float, clock_hz: float) -> dict[str, Number | None]:
    error = closed / took - 1 if took else None
    return {"cycles": took, "time_s": took / clock_hz, "closed_cycles": closed, "closed_error": error}


def _headline(clock_hz: float) -> dict[str, str]:
    return {"cycles": "from start to end", "time_s": f"at {clock_hz / 1e9:g} GHz"}


def _facts(case: KernelCase, machine: str, counts: Mapping[str, int] | None = None) -> dict[str, dict[str, object]]:
    kernel: dict[str, object] = {
        "name": case.program.name, "computes": case.program.summary, "grid": list(case.grid),
        "shape": list(case.shape), "shape means": case.program.shape_help, **dict(case.options),
        "folded": case.fold, "silicon": case.silicon, "seed": case.seed,
    }  # fmt: skip
    found: dict[str, dict[str, object]] = {"kernel": kernel, "machine": {"name": machine}}
    return found | ({"work": {**counts}} if counts else {})


def _run_notes(case: KernelCase) -> tuple[str, ...]:
    from wsesim.cores import jit

    uncompiled = () if jit.COMPILED else (f"Cores ran uncompiled; many times faster after {jit.INSTALL}.",)
    return (*((FOLDED,) if case.fold else ()), *uncompiled)


def detours_told(case: KernelCase) -> str:
    """Say how many links of a kernel's cores are longer since they reach past defects; nothing where none is."""
    from wsesim.cores.programs import told_detours

    return told_detours(case.wafer, *case.grid)


def _detours(case: KernelCase) -> tuple[str, ...]:
    return (told,) if (told := detours_told(case)) else ()


def _unknown_detours(case: KernelCase) -> tuple[str, ...]:
    return tuple(f"{told} The closed form has them as long as others." for told in _detours(case))


def _said(found: KernelOutcome, figures: Mapping[str, Number | None]) -> tuple[str, ...]:
    """Say how far the closed form is off, how much travelled, and how near the values are."""
    error, hops = figures["closed_error"] or 0.0, found.wavelet_hops
    said = [
        f"The closed form says {figures['closed_cycles']:,.0f} cycles ({show_change(error)}).",
        f"{hops:,} wavelet hops.",
    ]
    if (values := found.agreement) is not None:
        said.append(_verdict(values))
    return tuple(said)


def _verdict(values: Agreement) -> str:
    if not values.differing:
        return f"All {values.compared:,} values equal NumPy's."
    by = "some are no finite numbers" if values.largest is None else f"largest difference {values.largest:.3g}"
    return f"Values are NOT NumPy's: {values.differing:,} of {values.compared:,} differ, {by}."


def _energy(case: KernelCase, found: KernelOutcome) -> dict[str, Number | None]:
    """Return the energy of the work; None where the voltage is none that energies are known at."""
    run, energy = _run(found), case.wafer.energy
    if energy.unsourced(energy.clock_hz):  # which takes no part in the energy of an event
        return {"work_energy_j": None, "flops_per_j": None}
    joules = fsum(energy.joules(run.energy_events).values())
    return {"work_energy_j": joules, "flops_per_j": 2 * run.fmacs / joules if joules and run.fmacs else None}


def _compared(found: KernelOutcome) -> dict[str, Number | None]:
    if (values := found.agreement) is None:
        return {"compared_values": None, "differing_values": None, "max_error": None}
    return {
        "compared_values": values.compared, "differing_values": values.differing, "max_error": values.largest,
    }  # fmt: skip


def _silicon_notes(case: KernelCase, longer: float) -> tuple[str, ...]:
    if not case.silicon:
        return (AS_DESIGNED,)
    if longer == 1:
        return ("Nothing that limits the kernel is slower on silicon than in the vendor's simulator.",)
    return (f"Silicon takes {longer:.4g} times as long as the vendor's simulator, by what limits the kernel.",)


def _spent(case: KernelCase, found: KernelOutcome, took: float) -> Spent:
    """Return the mean core's time; cores that are done before the last, or beyond the part that was run, are idle."""
    run, cycles, clock_hz = _run(found), found.cycles, case.wafer.core.clock_hz
    parts = {cause: float(spent.mean()) for cause, spent in run.spent.items()}
    parts["idle"] += cycles - fsum(parts.values())
    parts |= {SILICON: took - cycles} if took > cycles else {}
    return Spent(total_s=took / clock_hz, by_cause={cause: each / clock_hz for cause, each in parts.items()})


def _limited(case: KernelCase, cycles: float, took: float) -> Spent | None:
    """Return the closed form's time by what limits it, where that is known."""
    if case.program.limits is None:
        return None
    clock_hz = case.wafer.core.clock_hz
    parts = {f"limited by {resource}": share * cycles for resource, share in case.shares(cycles).items()}
    parts |= {"other instructions and waiting": max(0.0, cycles - fsum(parts.values()))}
    parts |= {SILICON: took - cycles} if took > cycles else {}
    return Spent(total_s=took / clock_hz, by_cause={cause: each / clock_hz for cause, each in parts.items()})


def _drawings(case: KernelCase, found: KernelOutcome) -> tuple[Drawing, ...]:
    """Return where the cycles went: by core, cause, event and instruction; where wavelets went; the activity."""
    run = _run(found)
    maps = CauseMaps(name="cores", title="Core by core", by_cause=run.spent)
    return (maps, *path_drawings(case, found), *_code(found), *_pictures(found))


def _code(found: KernelOutcome) -> tuple[CodeListing, ...]:
    """Return the program with its cycles: the roles that took most, as many as a page has room for."""
    assert found.code is not None, "cores were simulated"
    roles = found.code()
    weights = [sum(sum(line.by_cause.values()) for line in role) for role in roles]
    kept: set[int] = set()
    room = MOST_LINES
    for number in sorted(range(len(roles)), key=lambda number: (-weights[number], number)):
        if len(roles[number]) <= room or not kept:
            kept.add(number)
            room -= len(roles[number])
    lines = [line for number, role in enumerate(roles) if number in kept for line in role]
    left = len(roles) - len(kept)
    note = f"{LISTED} {left} more kinds of cores, which took less, stand there alone." if left else LISTED
    note += "" if _run(found).by_line is not None else UNTIMED
    return (CodeListing(name="program", title="The program", lines=tuple(lines), note=note),) if lines else ()


def _pictures(found: KernelOutcome) -> tuple[Drawing, ...]:
    """Return maps of the cores, and the activity over time."""
    from wsesim.cores import show

    run = _run(found)
    named = [(what, title, unit, show.core_map(run, what)) for what, title, unit in MAPS]
    maps = [CoreMap(name=what, title=title, unit=unit, values=each) for what, title, unit, each in named if each.any()]
    maps += path_map(found)
    if not found.frame_cycles or not len(run.frames):
        return tuple(maps)
    shares = (run.frames / found.frame_cycles).clip(0, 1)
    frames = CoreFrames(name="activity", title="Activity over time", frames=shares, frame_cycles=found.frame_cycles)
    return (*maps, frames)


def _files(case: KernelCase, found: KernelOutcome) -> dict[str, Callable[[], bytes]]:
    """Return how the listing, the trace and the animation are made."""
    from wsesim.cores import show

    run, frame_cycles = _run(found), found.frame_cycles
    title = f"{case.program.name} on {case.grid[0]} x {case.grid[1]} cores"
    files: dict[str, Callable[[], bytes]] = {}
    if (listing := found.listing) is not None:
        files["listing.txt"] = lambda: listing().encode()
    if run.spans:
        files["trace.json"] = lambda: show.trace_json(
            run.spans, run.flows, run.path.segments if run.path else ()
        ).encode()
    if frame_cycles and len(run.frames):
        files["activity.gif"] = lambda: show.activity_gif(run, title=title, frame_cycles=frame_cycles)
    return files


def _run(found: KernelOutcome) -> CoreRun:
    assert found.run is not None, "cores were simulated"
    return found.run
