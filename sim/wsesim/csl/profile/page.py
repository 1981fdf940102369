"""The profile of a run as an answer: its page, its trace, its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.answer import Answer, CauseMaps, Drawing, Flame, Spent, Table
from wsesim.cores.state import CAUSES
from wsesim.csl.image import Image
from wsesim.csl.machine import CslMachine
from wsesim.csl.profile.code import changed, code_of
from wsesim.csl.profile.flame import flame_of
from wsesim.csl.profile.registers import REGISTER_WORDS, crowded
from wsesim.csl.profile.spans import flows_of, spans_of
from wsesim.csl.profile.sums import MAIN_THREAD, STARTS, by_cause, by_function, by_operation, by_task, put_in_place
from wsesim.csl.profile.taken import Taken, take
from wsesim.units import plural, show_share

if TYPE_CHECKING:
    from wsesim.cores.spans import Span

LEAVES_OUT = (
    "Cycles of scalar code are of code that a compiler with the usual habits makes; copies by the host take none.",
)
NO_SPANS = "No core was watched: flame view and trace are of runs by `wsesim csl profile SCRIPT`."
LEAST_CROWDED = 0.02
"""Part of the cycles from which on it is said that registers are too few; chosen: what is less is lost in a profile."""
BETWEEN = "Idle is also what passes between commands of the host, and after a core's last."


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a profile adds to an answer."""

    tables: tuple[Table, ...]
    drawings: tuple[Drawing, ...]
    files: Mapping[str, Callable[[], bytes]]


def details(folder: Path, image: Image, taken: Taken) -> Details:
    """Return cycles by task, operation and function; what ran within what, and source lines; the trace."""
    spans = spans_of(image, taken)
    note = f"{len(taken.watched)} watched cores together; a frame within a frame was called by it, or stands there in "
    note += "place of its call. Cycles."
    frames = flame_of(spans, put_in_place(image, taken))
    flame = Flame(name="flame", title="What ran within what", frames=frames, note=note)
    return Details(
        tables=_tables(image, taken), drawings=(*((flame,) if spans else ()), *code_of(folder, image, taken)),
        files=_files(image, spans),
    )  # fmt: skip


def profile_answer(folder: Path, image: Image, taken: Taken) -> Answer:
    """Return where the cycles of a run went."""
    clock_hz, found = taken.clock_hz, details(folder, image, taken)
    busy = taken.causes[1:].sum() / max(1, taken.causes.sum())
    return Answer(
        level="cores", figures={"cycles": taken.cycles, "time_s": taken.cycles / clock_hz, "busy_share": float(busy)},
        headline={"cycles": "from load to the last", "time_s": f"at {clock_hz / 1e9:g} GHz",
                  "busy_share": "of all cores' cycles, waiting with a task under way among them"},
        spent=_spent(image, taken, clock_hz), sentences=(BETWEEN,), tables=found.tables,
        drawings=(*_maps(taken), *found.drawings), files=found.files, leaves_out=LEAVES_OUT,
        notes=_notes(image, taken, changed(folder, image)),
    )  # fmt: skip


def _spent(image: Image, taken: Taken, clock_hz: float) -> Spent:
    """Return the time of the mean core."""
    each_s = image.width * image.height * clock_hz
    by_cause_s = {cause: cycles / each_s for cause, cycles in by_cause(image, taken).items()}
    return Spent(total_s=sum(by_cause_s.values()), by_cause=by_cause_s)


def _tables(image: Image, taken: Taken) -> tuple[Table, ...]:
    tasks = sorted(by_task(image, taken).items(), key=lambda each: -each[1][2])
    rows = tuple((name, what, times, cycles, cycles / times) for name, (what, times, cycles) in tasks)
    columns = ("task", "kind", "times", "all_cycles", "mean_cycles")
    found = [Table(name="tasks", title="By task, from start to end", columns=columns, rows=rows)]
    for name, title, sums in (
        ("operations", "By operation", by_operation(image, taken)),
        ("functions", "By function, its own code", by_function(image, taken)),
    ):
        ordered = sorted(sums.items(), key=lambda each: -each[1].worked)
        causes = tuple(dict.fromkeys(cause for _, share in ordered for cause in share.by_cause))
        heads = (name[:-1], "times", "elements", *(cause.replace(" ", "_") for cause in causes), "waited")
        lines = (
            (key, share.times or None, share.elements or None, *(share.by_cause.get(each) for each in causes),
             share.waited)
            for key, share in ordered
        )  # fmt: skip
        found.append(Table(name=name, title=f"{title}, cycles of all cores", columns=heads, rows=tuple(lines)))
    return tuple(table for table in found if table.rows)


def _maps(taken: Taken) -> tuple[CauseMaps, ...]:
    return (core_maps(dict(zip(CAUSES, taken.cores, strict=True))),) if taken.cores.size else ()


def core_maps(cycles: Mapping[str, Any]) -> CauseMaps:
    """Return [row, column] cycles by cause, drawn; a core by itself does not tell scalar code from starts."""
    named = {MAIN_THREAD if cause == STARTS else cause: each for cause, each in cycles.items()}
    return CauseMaps(name="cores", title="Core by core", by_cause=named)


def _files(image: Image, spans: tuple[Span, ...]) -> Mapping[str, Callable[[], bytes]]:
    from wsesim.cores import show

    return {"trace.json": lambda: show.trace_json(spans, flows_of(image, spans)).encode()} if spans else {}


def crowding(image: Image, taken: Taken) -> tuple[str, ...]:
    """Return that scalars would be stored and loaded again as registers are few, where they would."""
    share = crowded(image, taken)
    if share < LEAST_CROWDED:
        return ()
    part = show_share(share, digits=0)
    said = f"In {part} of the main threads' cycles more than {REGISTER_WORDS} words of scalars are under way: a "
    return (f"{said}compiler would store some and load them again, which is not counted.",)


def _notes(image: Image, taken: Taken, written: Sequence[str]) -> tuple[str, ...]:
    _, dropped, lost, ended = taken.totals.tolist()
    notes = [] if len(taken.watched) else [NO_SPANS]
    notes += [f"{dropped:,} wavelets left the rectangle and were dropped."] if dropped else []
    notes += [f"The trace ends at cycle {ended:,}: more is not logged."] if ended >= 0 else []
    notes += [f"{lost:,} calls and ends of watched cores found no room in the log."] if lost else []
    notes += [f"Written since the run, so lines may be others: {', '.join(written)}."] if written else []
    notes += crowding(image, taken)
    notes += [] if taken.cores.size else ["More cores than are kept one by one: there is no map of them."]
    return tuple(notes)


def profile_title(folder: Path) -> str:
    """Return what the profile of a program is called: by its folder, and that where it lies."""
    return f"Profile of {'/'.join(folder.resolve().parts[-2:])}"


def profile_page(folder: Path, image: Image, taken: Taken) -> str:
    """Return the page of the run of a program in a folder."""
    from wsesim.answers import render_profile

    about = f"{image.width} x {image.height} cores of {image.arch}, {plural(len(image.classes), 'tile class')}"
    return render_profile(profile_title(folder), about, profile_answer(folder, image, taken))


def profile_files(folder: Path, image: Image, taken: Taken) -> dict[str, bytes]:
    """Return page, tables and trace by name."""
    from wsesim.answers import table_csv

    answer = profile_answer(folder, image, taken)
    found = {"report.html": profile_page(folder, image, taken).encode()}
    found |= {f"{table.name}.csv": table_csv(table) for table in answer.tables}
    return found | {name: make() for name, make in answer.files.items()}


def report_page(machine: CslMachine, folder: Path, path: Path) -> None:
    """Write the page of a machine's run, whatever was there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(profile_page(folder, machine.image, take(machine)), "utf-8")
