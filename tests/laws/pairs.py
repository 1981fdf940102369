"""Two questions of which the second must not take longer, and the strategies that find them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import ceil, inf, log, sqrt
from typing import Any, get_args

import pytest
from hypothesis import assume
from hypothesis import strategies as st
from tests.laws.asking import BY_FORMULA, TIMES, Data, answered, asked, kind_of, shown, solved, time_of
from tests.laws.drawing import BY_DAY, kernels, questions
from tests.laws.figures import all_times, improvements, with_factors

from wsesim import questions as doors
from wsesim.answer import Answer, DoesNotFit, Level
from wsesim.questions.base import Question
from wsesim.workload import Section

ROUNDING = 1e-9
GROUPS = 1e-4
"""Share of a time of a service that one sequence more or fewer makes: it passes its stages in groups of whole ones."""
ALIKE = 0.01
"""Share of a time by which rectangles are alike to the search: of sizes within 3 % it compares the smallest and the one
with the least padding (`mapping.resident.sizes`). Sizes depend on the model, and what is stated may be others."""
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48, 64, 100, 128, 256, 500)
TIMES_MORE = (2, 3, 1.01, 1.1, 1.5, 8)
GROWS = {
    "model": ("layers", "width", "ffn_width", "head_width", "vocab", "experts_per_token", "sparsity"),
    "batch": ("sequences", "length"),
    "inference": ("prompt", "generate", "batch"),
    "serving": ("prompt", "output"),
}
"""What is more work, of which less sparsity is one."""
STEPS = ("training", "evaluation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question and one that must not take longer."""

    before: Data
    after: Data
    what: str
    """In which the second differs."""
    slack_s: float = 0.0
    """How much longer it may take all the same."""
    share: float = ROUNDING
    """The same as a share of the time of the first."""

    def check(self) -> None:
        """Hold the second to the first; it is no pair where either is refused or not modelled, or the first not fits.

        Raises:
            AssertionError: with both questions and what they take.
        """
        kind = kind_of(self.before)
        assume(self.after != self.before)
        level: Level = "closed" if kind in BY_FORMULA else "system"
        first, then = solved(self.before, level), solved(self.after, level)
        assume(isinstance(first, Answer) and isinstance(then, Answer | DoesNotFit))
        older_s, newer_s = (time_of(kind, found) if isinstance(found, Answer) else inf for found in (first, then))
        share = max(self.share, GROUPS if kind == "serving" else ROUNDING)
        assert newer_s <= older_s * (1 + share) + self.slack_s, self._said(older_s, newer_s)

    def check_times(self, factor: float) -> None:
        """Hold the second to be so many times as fast as the first.

        Raises:
            AssertionError: with both questions and what they take.
        """
        level: Level = "closed" if BY_DAY and kind_of(self.before) in BY_FORMULA else "system"
        first, then = answered(self.before, level), answered(self.after, level)
        assume(first is not None)
        assert first is not None
        older_s, newer_s = (time_of(kind_of(self.before), found) if found else inf for found in (first, then))
        assert newer_s * factor == pytest.approx(older_s, rel=ROUNDING), self._said(older_s, newer_s)

    def _said(self, older_s: float, newer_s: float) -> str:
        what = f"{self.what}: {TIMES[kind_of(self.before)]} stands for {older_s!r} s, then {newer_s!r} s"
        return f"{what}, {newer_s / older_s - 1:+.2%}\n{shown(self.before)}\n  then\n{shown(self.after)}"


@st.composite
def better_machines(draw: st.DrawFn) -> Pair:
    """Return the same question of a machine and software of which a few figures are better."""
    return _improved(draw, _unhurried(draw(questions())))


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
def times_as_fast(draw: st.DrawFn) -> tuple[Pair, float]:
    """Return the same question of a machine so many times as fast in all, and how many; limits are as much shorter."""
    before, factor = draw(questions()), draw(st.sampled_from((2, 0.5, 3, 1.1)))
    after = with_factors(before, all_times(factor))
    if before["phase"] == "serving":
        before, after = (_within(data, 0.1 / times) for data, times in ((before, 1), (after, factor)))
    return Pair(before=before, after=after, what=f"{factor} times as fast in all"), factor


def _unhurried(data: Data) -> Data:
    """Return a question of a service whose answers may come late, so that its rate is what passes through it."""
    return _within(data, 10**6) if data["phase"] == "serving" else data


def _within(data: Data, seconds: float) -> Data:
    return {**data, "serving": {**data["serving"], "slo_ttft": f"{seconds} s", "slo_tpot": f"{seconds} s"}}


@st.composite
def freer(draw: st.DrawFn) -> Pair:
    """Return the same question with fewer choices made by hand, or with more systems for the same work."""
    before = _unhurried(draw(questions(most_systems=4)))
    if draw(st.integers(0, 4)) == 4:
        return _more_systems(draw, before)
    keys = draw(st.lists(st.sampled_from(open_keys(before["phase"])), min_size=1, max_size=3, unique=True))
    after = before
    for section, key, values in keys:
        before = _set(before, section, key, draw(st.sampled_from(values)))
    what = f"left open: {', '.join(key for _, key, _ in keys)}"
    return Pair(before=before, after=after, what=what, share=_alike(after))


def _more_systems(draw: st.DrawFn, before: Data) -> Pair:
    cluster = before["cluster"]
    after = {**before, "cluster": {**cluster, "systems": cluster["systems"] * draw(st.sampled_from((2, 3, 8)))}}
    question = asked(after)
    assume(question is not None)
    assert question is not None
    return Pair(before=before, after=after, what="more systems", slack_s=_hops_s(question), share=_scatter(question))


def _hops_s(question: Question) -> float:
    """Return how long more systems may take: all of a cluster share a step, over a tree that grows, there and back."""
    cluster = question.asked.hardware.cluster
    levels = ceil(log(cluster.systems, cluster.swarmx.fan_in)) if cluster.systems > 1 else 1
    return 2 * levels * cluster.swarmx.hop_s if question.kind in STEPS else 0.0


def _scatter(question: Question) -> float:
    """Return by what share of its arithmetic the slowest of a step's systems is later than one alone."""
    if question.kind not in STEPS:
        return ROUNDING
    assert question.asked.software is not None, "a step runs a stack"
    jitter = question.asked.software.for_training().step_jitter
    return ROUNDING + jitter * sqrt(2 * log(question.asked.hardware.cluster.systems))


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
        elif field.default == "auto" and name != "verification":
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
    """Return the same question with less work.

    Weights move in whole shards, and what follows waits for the last one: of a little more than one shard that is a
    small piece, so that a step with less to move may end later by up to what a shard takes.
    """
    after = _unhurried(draw(questions()))
    question = asked(after)
    assume(question is not None)
    assert question is not None
    resolved = question.asked.resolved
    names = [
        (section, key) for section, keys in GROWS.items() for key in keys
        if isinstance(resolved.get(section, {}).get(key), int | float)
    ]  # fmt: skip
    picked = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    before = after
    for section, key in picked:
        now = resolved[section][key]
        before = _set(before, section, key, _more(key, now, draw(st.sampled_from(TIMES_MORE)), after))
    return Pair(before=before, after=after, what=f"less {', '.join(key for _, key in picked)}",
                slack_s=_shard_s(question) if after["phase"] in STEPS else 0.0, share=_alike(after))  # fmt: skip


def _alike(data: Data) -> float:
    """Return by which share a question may take longer where rectangles of other sizes are compared."""
    return ROUNDING if kind_of(data) in (*STEPS, "kernel") else ALIKE


def _shard_s(question: Question) -> float:
    """Return how long a shard of weights is on its way and in the store."""
    cluster, software = question.asked.hardware.cluster, question.asked.software
    assert software is not None, "a step runs a stack"
    rate = min(cluster.memoryx.stream_bytes_per_s, cluster.swarmx.link_bytes_per_s, cluster.wafer.io_bytes_per_s)
    traffic = software.for_training().optimizer_traffic_bytes_per_parameter / 2
    return cluster.memoryx.shard_bytes * (2 / rate + traffic / cluster.memoryx.update_bytes_per_s)


def _more(key: str, now: float, times: float, data: Data) -> float:
    if key == "sparsity":
        return now / times
    unit = data["cluster"]["systems"] if key == "sequences" else 2 if key == "head_width" else 1
    return max(now + unit, round(now * times / unit) * unit)
