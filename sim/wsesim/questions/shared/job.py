"""What a job spends before its first step and beside the others: nothing of it is in the time of a step."""

from __future__ import annotations

from wsesim.answer import Table
from wsesim.graph import Graph
from wsesim.hardware import Cluster
from wsesim.software import Training


def job_table(
    graph: Graph, cluster: Cluster, software: Training, *, trains: bool
) -> tuple[dict[str, float], Table]:  # fmt: skip
    """Return the costs of a job as figures and as a table, in the order they arise; only training writes checkpoints.

    Weights that are zero are stored like others.
    """
    parameters = graph.parameters()
    master, kept = software.master_bytes_per_parameter, software.checkpoint_bytes_per_parameter
    figures = {
        "programming_s": cluster.host.programming_s,
        "weight_upload_s": parameters * master / cluster.memoryx.load_bytes_per_s,
    }
    rows: list[tuple[object, ...]] = [
        ("device programming", figures["programming_s"], "once, before the first step"),
        ("weight upload", figures["weight_upload_s"], f"once, before the first step; {master} B a parameter"),
    ]
    if trains:
        figures["checkpoint_s"] = parameters * kept / cluster.memoryx.save_bytes_per_s
        rows.append(("checkpoint", figures["checkpoint_s"], f"each time one is written; {kept} B a parameter"))
    columns = ("what", "seconds", "note")
    return figures, Table(name="job", title="Before and beside the steps", columns=columns, rows=tuple(rows))
