"""Inference with weights in SRAM: where everything lies, and how long prompts and tokens take."""

from wsesim.answer import DoesNotFit
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.layout import plan_resident, plan_service
from wsesim.mapping.resident.pipeline import OpCost, PhaseTime
from wsesim.mapping.resident.plan import ResidentPlan
from wsesim.mapping.resident.request import ResidentRequest
from wsesim.mapping.resident.stages import PipelineStage

__all__ = [
    "DoesNotFit",
    "OpCost",
    "PhaseTime",
    "PipelineStage",
    "PlanGoal",
    "ResidentPlan",
    "ResidentRequest",
    "plan_resident",
    "plan_service",
]
