"""What a job spends before its first step and beside the others: nothing of it is in the time of a step."""

from __future__ import annotations

from wsesim.graph import Graph
from wsesim.hardware import Cluster
from wsesim.result import JobCost

PROGRAMMING, UPLOAD, CHECKPOINT = "device programming", "weight upload", "checkpoint"
MASTER_BYTES = 4
"""Of a parameter as it is uploaded: single precision."""
CHECKPOINT_BYTES = 12
"""Of a parameter in a checkpoint of training: weight and two moments of Adam, single precision."""


def job_costs(graph: Graph, cluster: Cluster, *, trains: bool) -> tuple[JobCost, ...]:
    """Return the costs of a job with *graph* on *cluster*, in the order they arise; only training writes checkpoints.

    Weights that are zero are stored like others.
    """
    parameters = graph.parameters()
    costs = [
        JobCost(what=PROGRAMMING, seconds=cluster.runtime.programming_s, note="once, before the first step"),
        JobCost(
            what=UPLOAD, seconds=parameters * MASTER_BYTES / cluster.memoryx.load_bytes_per_s,
            note=f"once, before the first step; {MASTER_BYTES} B a parameter",
        ),
    ]  # fmt: skip
    if trains:
        seconds = parameters * CHECKPOINT_BYTES / cluster.memoryx.save_bytes_per_s
        note = f"each time one is written; {CHECKPOINT_BYTES} B a parameter"
        costs.append(JobCost(what=CHECKPOINT, seconds=seconds, note=note))
    return tuple(costs)
