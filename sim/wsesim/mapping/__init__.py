"""Mapping: where everything lies and when it runs."""

from wsesim.mapping.fit import fits, larger_that_fit, largest_pass, misfit, passes_that_fit
from wsesim.mapping.floor import floor_from_s, floor_s
from wsesim.mapping.known import Latest
from wsesim.mapping.layout import StepRequest, lay, region_of, sizes_of
from wsesim.mapping.program import PassGroup, Program, Stage, StepPlacement
from wsesim.mapping.stages import cycles_by_cause

__all__ = [
    "Latest", "PassGroup", "Program", "Stage", "StepPlacement", "StepRequest", "cycles_by_cause", "fits",
    "floor_from_s", "floor_s", "larger_that_fit", "largest_pass", "lay", "misfit", "passes_that_fit", "region_of",
    "sizes_of",
]  # fmt: skip
