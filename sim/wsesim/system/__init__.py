"""System simulation: a step on whole wafers with SimPy, and requests served over time."""

from wsesim.system.choice import fastest
from wsesim.system.objective import PERCENTILES, Objective, largest_rate, percentiles
from wsesim.system.part import Way
from wsesim.system.play import Played, play
from wsesim.system.recurrence import Timed, time_step
from wsesim.system.requests import Arrivals, Requests, requests_of
from wsesim.system.serving import GrowingTime, Served, ServiceTimes, serve

__all__ = [
    "PERCENTILES",
    "Arrivals",
    "GrowingTime",
    "Objective",
    "Played",
    "Requests",
    "Served",
    "ServiceTimes",
    "Timed",
    "Way",
    "fastest",
    "largest_rate",
    "percentiles",
    "play",
    "requests_of",
    "serve",
    "time_step",
]
