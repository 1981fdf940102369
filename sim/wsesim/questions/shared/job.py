"""What a job spends before its first step and beside the others: nothing of it is in the time of a step."""

from __future__ import annotations

from collections.abc import Mapping

from wsesim.answer import Number, Table
from wsesim.hardware import Cluster
from wsesim.software import Training


def job_figures(parameters: int, cluster: Cluster, software: Training, *, trains: bool) -> dict[str, float]:
    """Return the seconds of what is done once and beside the steps; only training writes checkpoints.

    Weights that are zero are stored like others.
    """
    figures = {
        "programming_s": cluster.host.programming_s,
        "weight_upload_s": parameters * software.master_bytes_per_parameter / cluster.memoryx.load_bytes_per_s,
    }
    if trains:
        kept = parameters * software.checkpoint_bytes_per_parameter
        figures["checkpoint_s"] = kept / cluster.memoryx.save_bytes_per_s
    return figures


def job_table(figures: Mapping[str, Number | None], software: Training, *, trains: bool) -> Table:
    """Return the costs of a job as a table, in the order they arise."""
    master, kept = software.master_bytes_per_parameter, software.checkpoint_bytes_per_parameter
    rows: list[tuple[object, ...]] = [
        ("device programming", figures["programming_s"], "once, before the first step"),
        ("weight upload", figures["weight_upload_s"], f"once, before the first step; {master} B a parameter"),
    ]
    if trains:
        note = f"each time one is written; {kept} B a parameter"
        rows.append(("checkpoint", figures["checkpoint_s"], note))
    columns = ("what", "seconds", "note")
    return Table(name="job", title="Before and beside the steps", columns=columns, rows=tuple(rows))
