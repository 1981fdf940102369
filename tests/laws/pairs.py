"""Two questions of which the second must not take longer, and the strategies that find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any, get_args

from hypothesis import assume
from hypothesis import strategies as st
from tests.laws.asking import TIMES, Data, asked, kind_of, shown, solved, time_of
from tests.laws.drawing import kernels, questions
from tests.laws.figures import improvements, with_factors

from wsesim import questions as doors
from wsesim.answer import Answer, DoesNotFit
from wsesim.system.objective import CLOSE
from wsesim.workload import Section

ROUNDING = 1e-9
SLACK = {"serving": (1 + CLOSE) ** 2 - 1}
"""Of what is known to no more than a share: the largest rate, which is searched for on both sides."""
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48, 64, 100, 128, 256, 500)
TIMES_MORE = (2, 3, 1.01, 1.1, 1.5, 8)
GROWS = {
    "model": ("layers", "width", "ffn_width", "head_width", "vocab", "experts_per_token", "sparsity"),
    "batch": ("sequences", "length"),
    "inference": ("prompt", "generate", "batch"),
    "serving": ("prompt", "output"),
}
"""What is more work, of which less sparsity is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question and one that must not take longer."""

    before: Data
    after: Data
    what: str
    """In which the second differs."""

    def check(self) -> None:
        """Hold the second to the first; it is no pair where either is refused or not modelled, or the first not fits.

        Raises:
            AssertionError: with both questions and what they take.
        """
        kind = kind_of(self.before)
        assume(self.after != self.before)
        first, then = solved(self.before), solved(self.after)
        assume(isinstance(first, Answer) and isinstance(then, Answer | DoesNotFit))
        older_s, newer_s = (time_of(kind, found) if isinstance(found, Answer) else inf for found in (first, then))
        assert newer_s <= older_s * (1 + SLACK.get(kind, ROUNDING)), (
            f"{self.what}: {TIMES[kind]} stands for {older_s!r} s, then {newer_s!r} s, {newer_s / older_s - 1:+.2%}\n"
            f"{shown(self.before)}\n  then\n{shown(self.after)}"
        )


@st.composite
def better_machines(draw: st.DrawFn) -> Pair:
    """Return the same question of a machine and software of which a few figures are better."""
    before = draw(questions())
    return _improved(draw, before)


@st.composite
def better_cores(draw: st.DrawFn) -> Pair:
    """Return the same kernel on better cores."""
    return _improved(draw, draw(kernels()))


def _improved(draw: st.DrawFn, before: Data) -> Pair:
    factors = draw(improvements(kind_of(before)))
    after = with_factors(before, factors)
    names = [name for section, name in factors if after.get(section, {}).get(name) != before.get(section, {}).get(name)]
    return Pair(before=before, after=after, what=f"better {', '.join(names)}")


@st.composite
def freer(draw: st.DrawFn) -> Pair:
    """Return the same question with fewer choices made by hand, or with more systems for the same work."""
    before = draw(questions(most_systems=4))
    if draw(st.integers(0, 4)) == 4:
        return _more_systems(draw, before)
    keys = draw(st.lists(st.sampled_from(open_keys(before["phase"])), min_size=1, max_size=3, unique=True))
    after = before
    for section, key, values in keys:
        before = _set(before, section, key, draw(st.sampled_from(values)))
    return Pair(before=before, after=after, what=f"left open: {', '.join(key for _, key, _ in keys)}")


def _more_systems(draw: st.DrawFn, before: Data) -> Pair:
    cluster = before["cluster"]
    after = {**before, "cluster": {**cluster, "systems": cluster["systems"] * draw(st.sampled_from((2, 3, 8)))}}
    return Pair(before=before, after=after, what="more systems")


@cache
def open_keys(kind: str) -> tuple[tuple[str, str, tuple[Any, ...]], ...]:
    """Return section, key and values of what a file of a kind may leave to be chosen."""
    file = doors.kinds()[kind].file
    return tuple(_open(file, ""))


def _open(section: type[Section], name: str) -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    for key, field in section.model_fields.items():
        inside = field.annotation
        if isinstance(inside, type) and issubclass(inside, Section) and not name:
            yield from _open(inside, key)
        elif field.default == "auto":
            words = tuple(word for word in _literals(inside) if word != "auto")
            yield name, key, words or SIZES


def _literals(annotation: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = ()
    for each in get_args(annotation):
        found += (each,) if isinstance(each, str) else _literals(each)
    return found


def _set(data: Data, section: str, key: str, value: object) -> Data:
    if not section:
        return {**data, key: value}
    return {**data, section: {**data.get(section, {}), key: value}}


@st.composite
def lighter(draw: st.DrawFn) -> Pair:
    """Return the same question with less work."""
    after = draw(questions())
    question = asked(after)
    assume(question is not None)
    assert question is not None
    resolved = question.asked.resolved
    names = [(section, key) for section, keys in GROWS.items() for key in keys if key in resolved.get(section, {})]
    picked = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    before = after
    for section, key in picked:
        now = resolved[section][key]
        before = _set(before, section, key, _more(key, now, draw(st.sampled_from(TIMES_MORE)), after))
    return Pair(before=before, after=after, what=f"less {', '.join(key for _, key in picked)}")


def _more(key: str, now: float, times: float, data: Data) -> float:
    if key == "sparsity":
        return now / times
    unit = data["cluster"]["systems"] if key == "sequences" else 2 if key == "head_width" else 1
    return max(now + unit, round(now * times / unit) * unit)
