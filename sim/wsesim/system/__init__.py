"""System simulation: a step on whole wafers with SimPy, and requests served over time."""

from wsesim.system.abilities import GrowingTime, ServiceTimes
from wsesim.system.choice import fastest
from wsesim.system.objective import PERCENTILES, Objective, percentiles
from wsesim.system.part import Clock, Way, by_formula
from wsesim.system.play import Played, play
from wsesim.system.rate import LargestRate, best_rate, counted, largest_rate, share_at
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
    "Requests",
    "Served",
    "ServiceTimes",
    "Timed",
    "Way",
    "best_rate",
    "by_formula",
    "counted",
    "fastest",
    "largest_rate",
    "percentiles",
    "play",
    "requests_of",
    "serve",
    "share_at",
    "time_step",
]
