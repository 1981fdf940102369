"""What every result says of its inputs: model, machine, sums of all that went in, what the simulation took."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from wsesim._version import __version__
from wsesim.graph import Graph, with_training
from wsesim.hardware import Cluster
from wsesim.model import build_graph
from wsesim.result import Provenance, SimulatorCost
from wsesim.workload import Workload

Progress = Callable[[str], None]

MODEL_FACTS = (
    "layers", "width", "heads", "kv_heads", "head_width", "ffn_width", "vocab", "max_length", "activation", "norm",
    "position", "block", "causal", "tied", "task", "source",
)  # fmt: skip
"""What a result says of the model; the resolved workload has the rest."""


def silent(message: str) -> None:
    """Report nothing."""


def build(workload: Workload) -> Graph:
    """Return the graph of the batch of one system: of a training step, or of the forward pass."""
    forward = build_graph(
        workload.model,
        sequences=workload.sequences if workload.resident else workload.sequences_per_system,
        length=workload.length,
        precision=workload.precision,
    )
    return with_training(forward) if workload.phase == "training" else forward


def model_facts(workload: Workload, graph: Graph) -> Mapping[str, object]:
    """Return what a result says of the model."""
    model = asdict(workload.model)
    facts = {"name": model["name"], "parameters": graph.parameters(), **{name: model[name] for name in MODEL_FACTS}}
    if workload.model.sparsity:
        facts |= {"sparsity": model["sparsity"], "nonzero_parameters": graph.nonzero_parameters()}
    if workload.model.experts:
        facts |= {name: model[name] for name in ("experts", "experts_per_token", "expert_imbalance")}
    return facts


def machine_facts(cluster: Cluster, precision: str) -> Mapping[str, object]:
    """Return what a result says of the machine."""
    wafer = cluster.wafer
    return {
        "name": cluster.name,
        "systems": cluster.systems,
        "cores": wafer.cores,
        "columns": wafer.columns,
        "rows": wafer.rows,
        "clock_hz": wafer.core.clock_hz,
        "precision": precision,
        "peak_flops": wafer.peak_flops(precision),
        "peak_fp16_flops": wafer.peak_flops("fp16"),
        "sram_bytes": wafer.sram_bytes,
        "sram_bytes_per_s": wafer.cores
        * (wafer.core.sram_read_bytes_per_cycle + wafer.core.sram_write_bytes_per_cycle)
        * wafer.core.clock_hz,
        "io_bytes_per_s": wafer.io_bytes_per_s,
    }


def provenance_of(workload: Workload) -> Provenance:
    """Return all that went in, with a sum that changes when any of it does."""
    figures = (*workload.hardware.figures, *workload.software.figures)
    inputs = {
        "version": __version__,
        "workload": workload.resolved,
        "figures": [[figure.name, figure.text] for figure in figures],
        "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in _files(workload)],
    }
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), default=str)
    return Provenance(
        version=__version__,
        workload=workload.resolved,
        inputs_sha256=hashlib.sha256(text.encode()).hexdigest(),
        figures=figures,
        defaults=workload.defaults,
    )


def _files(workload: Workload) -> list[Path]:
    """Return the user's own files that the numbers depend on."""
    settings = workload.verification
    if not settings.enabled:
        return []
    text = [] if workload.text.startswith("sample:") else [Path(workload.text)]
    return text + ([Path(settings.weights)] if settings.weights else [])


def cost_since(started: float, events: int) -> SimulatorCost:
    """Return what was spent since the CPU time *started*."""
    return SimulatorCost(events=events, cpu_s=time.process_time() - started, peak_memory_bytes=_peak_memory_bytes())


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
