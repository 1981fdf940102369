"""Mapping: where everything lies and when it runs."""

from wsesim.mapping.fit import fits, larger_that_fit, largest_pass, misfit, passes_of, passes_that_fit, size_of
from wsesim.mapping.floor import floor_from_s, floor_s
from wsesim.mapping.known import Latest
from wsesim.mapping.layout import StepRequest, compute_s, launches_of, lay, region_of, sizes_of
from wsesim.mapping.memory import PARTS
from wsesim.mapping.program import PassGroup, Program, Stage, StepPlacement
from wsesim.mapping.stages import cycles_by_cause

__all__ = [
    "PARTS",
    "Latest",
    "PassGroup",
    "Program",
    "Stage",
    "StepPlacement",
    "StepRequest",
    "compute_s",
    "cycles_by_cause",
    "fits",
    "floor_from_s",
    "floor_s",
    "larger_that_fit",
    "largest_pass",
    "launches_of",
    "lay",
    "misfit",
    "passes_of",
    "passes_that_fit",
    "region_of",
    "size_of",
    "sizes_of",
]  # fmt: skip
