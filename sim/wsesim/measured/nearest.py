"""The measured rows that a question is most like, how far off the simulator was there, and what is unlike them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import fsum, log10
from statistics import median

from wsesim.answer import Nearest
from wsesim.measured.rows import Row, experiment_of, read_rows
from wsesim.measured.traits import SIZES, Traits
from wsesim.units import show_count

MACHINE, SOFTWARE, FEATURE = 8.0, 2.0, 1.0
"""How far apart another machine, another stack and each other feature put two questions, in factors of ten of a size:
rows of another machine are nearer only to what is nothing like any row of the same. Ranks groups; no error follows
from it."""
BEYOND = 1.5
"""How many times a size may lie beyond those of a group before it is told."""


def nearest(
    traits: Traits, *, kin: Sequence[str] = (), changed: int = 0, without: str = "", rows: Sequence[Row] | None = None
) -> Nearest | None:  # fmt: skip
    """Return the group of the row that a question is most like; None where nothing like it was measured.

    Args:
        traits: what the question is like.
        kin: kinds whose rows speak for it where it has none of its own, most like it first.
        changed: how many figures of machine and software are not those that were measured.
        without: leave out the rows of this experiment.
        rows: that were measured; default: those that come with the package.
    """
    known = [row for row in (read_rows() if rows is None else rows) if experiment_of(row.id) != without]
    for kind in (traits.kind, *kin):
        alike = [row for row in known if row.traits.kind == kind and _comparable(row.traits, traits)]
        if alike:
            best = min(alike, key=lambda row: _distance(row.traits, traits))
            return _of_group(traits, best, [row for row in alike if row.group == best.group], changed)
    return None


def _comparable(measured: Traits, asked: Traits) -> bool:
    """Return whether a row says anything: of a kernel, only one of the same kernel does."""
    return "cores" not in asked.sizes or measured.features == asked.features


def _distance(measured: Traits, asked: Traits) -> float:
    apart = MACHINE * (measured.machine != asked.machine) + SOFTWARE * (measured.software != asked.software)
    sizes = measured.sizes.keys() & asked.sizes.keys()
    apart += FEATURE * len(measured.features ^ asked.features)
    return apart + fsum(abs(log10(measured.sizes[name] / asked.sizes[name])) for name in sorted(sizes))


def _of_group(asked: Traits, best: Row, group: Sequence[Row], changed: int) -> Nearest:
    errors = [abs(row.error) for row in group]
    return Nearest(
        group=best.group, row=best.id, rows=len(group), median=median(errors), worst=max(errors),
        left_out=best.left_out, unlike=tuple(_unlike(asked, best.traits, [row.traits for row in group], changed)),
    )  # fmt: skip


def _unlike(asked: Traits, best: Traits, group: Iterable[Traits], changed: int) -> Iterator[str]:
    if asked.kind != best.kind:
        yield f"{asked.kind}, not {best.kind}"
    if asked.machine != best.machine:
        yield f"machine {asked.machine}"
    if asked.software != best.software:
        yield f"software {asked.software or 'none'}"
    if changed:
        yield "1 figure changed" if changed == 1 else f"{changed} figures changed"
    yield from sorted(asked.features - best.features)
    yield from (f"no {feature.removeprefix('an ')}" for feature in sorted(best.features - asked.features))
    for name, size in asked.sizes.items():
        known = [traits.sizes[name] for traits in group if name in traits.sizes]
        if known and not min(known) / BEYOND <= size <= max(known) * BEYOND:
            low, high = (show_count(round(end)) for end in (min(known), max(known)))
            yield f"{show_count(round(size))} {SIZES[name]} ({low if low == high else f'{low} to {high}'} there)"
