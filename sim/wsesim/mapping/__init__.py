"""Mapping: where everything lies and when it runs."""

from wsesim.mapping.layout import StepRequest, at_placement, estimate_s, map_step
from wsesim.mapping.program import Program, Stage, StepPlacement

__all__ = ["Program", "Stage", "StepPlacement", "StepRequest", "at_placement", "estimate_s", "map_step"]
