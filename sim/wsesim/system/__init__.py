"""System simulation with SimPy: a training step on whole wafers."""

from wsesim.system.play import Played, play

__all__ = ["Played", "play"]
