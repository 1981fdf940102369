"""What a job spends before its first step and beside the others: nothing of it is in the time of a step."""

from __future__ import annotations

from wsesim.graph import Graph
from wsesim.hardware import Cluster
from wsesim.result import JobCost
from wsesim.software import Training

PROGRAMMING, UPLOAD, CHECKPOINT = "device programming", "weight upload", "checkpoint"


def job_costs(graph: Graph, cluster: Cluster, software: Training, *, trains: bool) -> tuple[JobCost, ...]:
    """Return the costs of a job with *graph* on *cluster*, in the order they arise; only training writes checkpoints.

    Weights that are zero are stored like others.
    """
    parameters, master = graph.parameters(), software.master_bytes_per_parameter
    costs = [
        JobCost(what=PROGRAMMING, seconds=cluster.host.programming_s, note="once, before the first step"),
        JobCost(
            what=UPLOAD, seconds=parameters * master / cluster.memoryx.load_bytes_per_s,
            note=f"once, before the first step; {master} B a parameter",
        ),
    ]  # fmt: skip
    if trains:
        each = software.checkpoint_bytes_per_parameter
        seconds = parameters * each / cluster.memoryx.save_bytes_per_s
        note = f"each time one is written; {each} B a parameter"
        costs.append(JobCost(what=CHECKPOINT, seconds=seconds, note=note))
    return tuple(costs)
