"""What a job spends before its first step and beside the others: nothing of it is in the time of a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsesim.answer import Number, Table
from wsesim.hardware import Cluster
from wsesim.software import Training
from wsesim.units import plural


def job_figures(
    parameters: int, learned: int, cluster: Cluster, software: Training, *, trains: bool
) -> dict[str, float]:
    """Return the seconds of what is done once and beside the steps; only training writes checkpoints.

    Weights that are zero are stored like others; in a checkpoint stand those that are learned.
    """
    figures = {
        "programming_s": cluster.host.programming_s,
        "weight_upload_s": parameters * software.master_bytes_per_parameter / cluster.memoryx.load_bytes_per_s,
    }
    if trains:
        kept = learned * software.checkpoint_bytes_per_parameter
        figures["checkpoint_s"] = kept / cluster.memoryx.save_bytes_per_s
    return figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What comes between the steps of a job, how often and how long."""

    steps: int
    checkpoints: int
    evaluations: int
    evaluate_steps: int
    """Of each evaluation."""

    @classmethod
    def of(cls, section: Mapping[str, Any] | None, steps: int) -> Between:
        """Return what the section `job` of a checked file comes to in so many steps."""
        held = section or {"checkpoint_every": None, "evaluate_every": None, "evaluate_steps": 0}
        checkpoints, evaluations = (
            steps // held[key] if held[key] else 0 for key in ("checkpoint_every", "evaluate_every")
        )
        return cls(steps=steps, checkpoints=checkpoints, evaluations=evaluations, evaluate_steps=held["evaluate_steps"])

    def job_s(self, figures: Mapping[str, Any], evaluate_s: float) -> float:
        """Return the seconds of the whole job; a step of an evaluation takes *evaluate_s*."""
        once = figures["programming_s"] + figures["weight_upload_s"]
        looks = self.evaluations * self.evaluate_steps * evaluate_s
        return float(once + figures["budget_s"] + self.checkpoints * figures["checkpoint_s"] + looks)


def job_table(
    figures: Mapping[str, Number | None], software: Training, *, trains: bool, between: Between | None = None
) -> Table:  # fmt: skip
    """Return the costs of a job as a table, in the order they arise."""
    master, kept = software.master_bytes_per_parameter, software.checkpoint_bytes_per_parameter
    rows: list[tuple[object, ...]] = [
        ("device programming", figures["programming_s"], "once, before the first step"),
        ("weight upload", figures["weight_upload_s"], f"once, before the first step; {master} B a parameter"),
    ]
    if trains:
        note = f"each time one is written; {kept} B a parameter"
        rows.append(("checkpoint", figures["checkpoint_s"], note))
    if between is not None:
        evaluations = f"{plural(between.evaluations, 'evaluation')} of {plural(between.evaluate_steps, 'step')}"
        parts = f"{plural(between.steps, 'step')}, {plural(between.checkpoints, 'checkpoint')}, {evaluations}"
        rows.append(("whole job", figures["job_s"], parts))
    columns = ("what", "seconds", "note")
    return Table(name="job", title="Before and beside the steps", columns=columns, rows=tuple(rows))
