"""The machine that a compiled CSL program runs on: its image laid out for the engine of `cores`, and what moves it."""

from wsesim.csl.machine.machine import CslFault, CslMachine

__all__ = ["CslFault", "CslMachine"]
