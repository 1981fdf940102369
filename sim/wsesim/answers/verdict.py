"""The answer in a sentence: what holds the time, and whether a wafer is the machine for it."""

from __future__ import annotations

from math import fsum

from wsesim.answer import Answer, Spent
from wsesim.answers import text
from wsesim.answers.causes import known
from wsesim.answers.limits import held_by

FIXED = ("kernel launch", "step overhead")
"""Limits whose seconds do not fall with the work: of a step that they hold, the wafer computes little."""
MOSTLY = 0.5
"""Share of the time from which on it is said to be fixed."""
LITTLE = 0.05
"""Share of the time below which a limit is not said to hold it."""


def verdict(answer: Answer) -> str:
    """Return a sentence; empty where nothing is known of the time."""
    if answer.verdict or answer.spent is None or answer.spent.total_s <= 0:
        return answer.verdict
    if not answer.limits:
        return _mostly(answer.spent)
    held, total_s, what = held_by(answer), answer.spent.total_s, answer.spent.what
    shares: dict[str, float] = {}
    for cause, limit in held.items():
        shares[limit] = shares.get(limit, 0.0) + answer.spent.by_cause[cause] / total_s
    fixed = fsum(shares.get(limit, 0.0) for limit in FIXED)
    if fixed >= MOSTLY:
        return f"{text.percent(fixed)} of this {what} is fixed cost, launches of kernels above all: too small a {what}."
    first = answer.limits[0]
    if first.saved_s < LITTLE * total_s:
        return f"No limit that was tried holds this {what}: twice as good, none would save a twentieth."
    return f"Held by {first.name}: twice as good, this {what} would take {text.percent(first.saved_s / total_s)} less."


def _mostly(spent: Spent) -> str:
    """Say what most of the time goes to, where no limit was tried."""
    cause, seconds = text.ranked(spent.by_cause)[0]
    return (
        f"Longest in this {spent.what}: {known([cause])[cause].label}, {text.percent(seconds / spent.total_s)} of it."
    )
