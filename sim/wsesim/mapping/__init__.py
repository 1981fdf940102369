"""Mapping: where everything lies and when it runs."""

from wsesim.mapping.layout import Request, map_training
from wsesim.mapping.program import DoesNotFit, Program, Stage

__all__ = ["DoesNotFit", "Program", "Request", "Stage", "map_training"]
