"""What holds an answer's time, as readers see it: by cause, above the bound, and what twice as good would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from wsesim.answer import Answer, Limit
from wsesim.answers import text

NOTHING = "nothing that was tried"
TOLD = 0.005
"""Share of the time from which on a limit has a line of its own."""
HELD = 0.1
"""Share of a cause that a limit has to save, twice as good, to be said to hold it."""
ALONE = 0.9
"""Of what a tie saves of a cause, what one limit alone saves where it is named in place of the tie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """A limit as it is read."""

    name: str
    saved: str
    share: str
    figures: str


def lines(answer: Answer) -> tuple[LimitLine, ...]:
    """Return the limits that matter, that which brings most first."""
    if answer.spent is None:
        return ()
    total_s = answer.spent.total_s
    return tuple(
        LimitLine(name=limit.name, saved=text.shown("seconds", limit.saved_s),
                  share=text.percent(limit.saved_s / total_s), figures=", ".join(limit.figures))
        for limit in answer.limits if limit.saved_s >= TOLD * total_s
    )  # fmt: skip


def without_effect(answer: Answer) -> str:
    """Name the limits that bring next to nothing, or less than nothing."""
    total_s = answer.spent.total_s if answer.spent else 0.0
    return ", ".join(limit.name for limit in answer.limits if limit.saved_s < TOLD * total_s)


def held_by(answer: Answer) -> Mapping[str, str]:
    """Return which limit holds each cause of the time; causes that none holds are left out."""
    if answer.spent is None:
        return {}
    found = {cause: _holder(answer.limits, cause, seconds) for cause, seconds in answer.spent.by_cause.items()}
    return {cause: limit for cause, limit in found.items() if limit}


def told_holders(answer: Answer) -> Mapping[str, str]:
    """Return by cause which limit holds it, or that none does and which comes nearest; nothing if none was tried."""
    if answer.spent is None or not answer.limits:
        return {}
    held = held_by(answer)
    return {cause: held.get(cause) or _nearest(answer.limits, cause, seconds)
            for cause, seconds in answer.spent.by_cause.items()}  # fmt: skip


def _nearest(limits: tuple[Limit, ...], cause: str, seconds: float) -> str:
    most = max(limits, key=lambda limit: limit.by_cause.get(cause, 0.0))
    share = most.by_cause.get(cause, 0.0) / seconds if seconds else 0.0
    return f"none alone: {most.name} most, {text.percent(share)} of it" if share > 0 else NOTHING


def above_bound(answer: Answer) -> Mapping[str, float]:
    """Return the seconds above the bound by what holds them, most first."""
    if answer.bound is None or not answer.limits:
        return {}
    held, found = held_by(answer), dict[str, list[float]]()
    for cause, seconds in answer.bound.gap.items():
        found.setdefault(held.get(cause, NOTHING), []).append(seconds)
    return dict(text.ranked({limit: fsum(parts) for limit, parts in found.items()}))


def told_above_bound(answer: Answer) -> str:
    """Say what holds the seconds above the bound; empty where nothing was asked again."""
    return ", ".join(f"{name} {text.seconds(seconds)}" for name, seconds in above_bound(answer).items())


def _holder(limits: tuple[Limit, ...], cause: str, seconds: float) -> str:
    saved = {limit.name: limit.by_cause.get(cause, 0.0) for limit in limits}
    most = max(saved.values(), default=0.0)
    if most <= 0 or most < HELD * seconds:
        return ""
    single = {limit.name: saved[limit.name] for limit in limits if not limit.ties}
    best = max(single, key=lambda name: single[name])
    return best if single[best] >= ALONE * most else max(saved, key=lambda name: saved[name])
