"""What failures leave of a long training: work since the last checkpoint is lost, and a restart takes its time.

    checkpoint   checkpoint        failure, restart, what was lost again
    |-- dt --|w|-- dt --|w|---- x [ u ][ again ]-- ...

With failures at random, one every M on average over all systems, dt of training takes
M exp(u / M) (exp((dt + w) / M) - 1) (Daly 2006). No failure rate of
wafer-scale systems is published: it has to be stated, or nothing fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, sqrt
from typing import Annotated, Literal

from pydantic import BeforeValidator

from wsesim.units import Dimension, parse
from wsesim.workload import Default, Section
from wsesim.workload.fields import Time, auto_or_time

_LARGEST = 600.0
"""Exponent above which nothing is left of a training."""


class FailuresSection(Section):
    """How often systems fail, and what then."""

    system_every: Time
    """Mean time between two failures of one system, which stop all."""
    restart: Annotated[
        Literal["auto"] | str, BeforeValidator(auto_or_time), Default("device programming and weight upload")
    ] = "auto"
    """From a failure to the first step after it; auto: device programming and weight upload."""
    checkpoint_every: Annotated[
        Literal["auto"] | str, BeforeValidator(auto_or_time), Default("whatever leaves most of the time")
    ] = "auto"
    """Training from one checkpoint to the next; auto: whatever leaves most of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Failures of a training; times in seconds."""

    every_s: float
    """Between two failures of any system."""
    restart_s: float
    checkpoint_s: float
    """To write one, while nothing else is done."""
    interval_s: float
    """Of training between checkpoints."""

    @property
    def goodput(self) -> float:
        """The share of the time in which steps are taken that need not be taken again."""
        exponent = (self.interval_s + self.checkpoint_s) / self.every_s
        if exponent > _LARGEST or self.restart_s > _LARGEST * self.every_s:
            return 0.0
        restarted = 1 + expm1(self.restart_s / self.every_s)
        return self.interval_s / (self.every_s * restarted * expm1(exponent))


def failures_of(
    section: dict[str, str], *, systems: int, restart_s: float, checkpoint_s: float
) -> Failures:  # fmt: skip
    """Return the failures of a training on so many systems, with what is left to be chosen.

    The best interval is near sqrt(2 w M) (Young 1974).
    """
    every_s = _seconds(section["system_every"]) / systems
    restart, interval = section["restart"], section["checkpoint_every"]
    best_s = max(sqrt(2 * checkpoint_s * every_s), 1e-6 * every_s)
    return Failures(
        every_s=every_s, checkpoint_s=checkpoint_s,
        restart_s=restart_s if restart == "auto" else _seconds(restart),
        interval_s=best_s if interval == "auto" else _seconds(interval),
    )  # fmt: skip


def _seconds(text: str) -> float:
    return float(parse(text, Dimension.SECONDS))
