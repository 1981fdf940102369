"""Mapping: where everything lies and when it runs."""

from wsesim.mapping.layout import Request, estimate_s, map_training
from wsesim.mapping.program import DoesNotFit, Program, Stage

__all__ = ["DoesNotFit", "Program", "Request", "Stage", "estimate_s", "map_training"]
