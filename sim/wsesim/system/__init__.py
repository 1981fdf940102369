"""System simulation: a step on whole wafers with SimPy, and requests served over time.

Names are imported when they are first used: who times a step needs nothing of those who serve, nor SimPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsesim.system.abilities import GrowingTime, ServiceTimes
    from wsesim.system.choice import fastest, least_of_all
    from wsesim.system.objective import PERCENTILES, Objective, gap_percentiles, percentiles
    from wsesim.system.part import Clock, Way, by_formula
    from wsesim.system.playing import Played, play
    from wsesim.system.rate import LargestRate, RateTried, best_rate, counted, largest_rate, tried_at
    from wsesim.system.recurrence import Timed, time_step
    from wsesim.system.requests import Arrivals, Requests, requests_of
    from wsesim.system.served import Served
    from wsesim.system.serving import serve

__all__ = [
    "PERCENTILES",
    "Arrivals",
    "Clock",
    "GrowingTime",
    "LargestRate",
    "Objective",
    "Played",
    "RateTried",
    "Requests",
    "Served",
    "ServiceTimes",
    "Timed",
    "Way",
    "best_rate",
    "by_formula",
    "counted",
    "fastest",
    "gap_percentiles",
    "largest_rate",
    "least_of_all",
    "percentiles",
    "play",
    "requests_of",
    "serve",
    "time_step",
    "tried_at",
]
_HOME = {
    "Arrivals": "requests",
    "Clock": "part",
    "GrowingTime": "abilities",
    "LargestRate": "rate",
    "Objective": "objective",
    "PERCENTILES": "objective",
    "Played": "playing",
    "RateTried": "rate",
    "Requests": "requests",
    "Served": "served",
    "ServiceTimes": "abilities",
    "Timed": "recurrence",
    "Way": "part",
    "best_rate": "rate",
    "by_formula": "part",
    "counted": "rate",
    "fastest": "choice",
    "gap_percentiles": "objective",
    "largest_rate": "rate",
    "least_of_all": "choice",
    "percentiles": "objective",
    "play": "playing",
    "requests_of": "requests",
    "serve": "serving",
    "time_step": "recurrence",
    "tried_at": "rate",
}
"""The module of each name."""

if not TYPE_CHECKING:  # or a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        return found
