"""Inference with weights in SRAM: where everything lies, and how long prompts and tokens take."""

from wsesim.mapping.resident.layout import plan_resident
from wsesim.mapping.resident.plan import PhaseTime, ResidentPlan
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import Region

READS = {}
__all__ = ["READS", "PhaseTime", "Region", "ResidentPlan", "ResidentRequest", "plan_resident"]
