"""What answers say of their inputs: model, machine, sums of all that went in, what the simulation took."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.answer import Answer, Nearest, Provenance, SimulatorCost
from wsesim.graph import Graph
from wsesim.hardware import Cluster
from wsesim.measured import nearest, traits_of
from wsesim.model import ModelSpec
from wsesim.software import STACKS, load_software
from wsesim.units import show_share

if TYPE_CHECKING:
    from wsesim.questions.base import Question

MODEL_FACTS = (
    "layers", "width", "heads", "kv_heads", "head_width", "ffn_width", "vocab", "max_length", "activation", "norm",
    "position", "block", "causal", "tied", "task", "source",
)  # fmt: skip
"""What an answer says of the model; the resolved file has the rest."""
DECIDES = 0.1
"""Share of the headline from which on a single figure of the software is said to decide it."""
MUCH = 0.1
"""Share of the time that another choice has to save to be told."""
COUNTED = "cluster.systems"
"""A figure that is the size of the question, and no change of the machine."""
IDEAL = "ideal"
"""The stack without software costs, which the others are held against."""


def model_facts(model: ModelSpec, graph: Graph) -> Mapping[str, object]:
    """Return what an answer says of the model."""
    shape = asdict(model)
    facts = {"name": model.name, "parameters": graph.parameters(), **{name: shape[name] for name in MODEL_FACTS}}
    if model.sparsity:
        facts |= {"sparsity": model.sparsity, "nonzero_parameters": graph.nonzero_parameters()}
    if model.adapter_rank:
        facts |= {"adapter_rank": model.adapter_rank, "learned_parameters": graph.parameters(learned=True)}
    if model.experts:
        facts |= {name: shape[name] for name in ("experts", "experts_per_token", "expert_imbalance")}
    return facts


def machine_facts(cluster: Cluster, precision: str) -> Mapping[str, object]:
    """Return what an answer says of the machine."""
    wafer = cluster.wafer
    ports = wafer.core.sram_read_bytes_per_cycle + wafer.core.sram_write_bytes_per_cycle
    return {
        "name": cluster.name, "systems": cluster.systems, "cores": wafer.cores, "columns": wafer.columns,
        "rows": wafer.rows, "clock_hz": wafer.core.clock_hz, "precision": precision,
        "peak_flops": wafer.peak_flops(precision), "peak_fp16_flops": wafer.peak_flops("fp16"),
        "sram_bytes": wafer.sram_bytes, "sram_bytes_per_s": wafer.cores * ports * wafer.core.clock_hz,
        "io_bytes_per_s": wafer.io_bytes_per_s,
    }  # fmt: skip


def peak_text(flops: float, precision: str, wafers: int) -> str:
    """Say which peak a utilization divides by."""
    return f"dense {precision} peak of {wafers} wafer{'s' if wafers > 1 else ''}, {flops / 1e15:.3g} PFLOP/s"


def deciding(question: Question, headline: str, seconds: Callable[[object], float], group: str) -> Iterable[str]:
    """Yield a sentence for each figure of the software that alone decides more than a tenth of a time.

    Args:
        question: what was asked.
        headline: what the time is called.
        seconds: the time, with the same placement, for another value of the group of figures (`Training`, `Inference`).
        group: of the stack.
    """
    choice = question.asked.software
    assert choice is not None, "a question that runs a stack has one"
    now, ideal = getattr(choice.software, group), getattr(load_software(IDEAL).software, group)
    total = seconds(now)
    for figure in (figure for figure in choice.figures if figure.name.startswith(f"{group}.")):
        field = STACKS.slots[figure.name].field
        if getattr(now, field) == getattr(ideal, field):
            continue
        share = 1 - seconds(replace(now, **{field: getattr(ideal, field)})) / total
        if share > DECIDES:
            yield (
                f"One figure of the software decides {show_share(share, digits=0)} of the {headline}: "
                f"{figure.name} = {figure.text} ({choice.stack}, {figure.source})."
            )


def inputs_sha256(question: Question) -> str:
    """Return a sum of all that went in, which changes when any of it does."""
    asked = question.asked
    figures = ",".join([_figure_json(figure.name, figure.text) for figure in asked.figures])
    files, workload = (_json(each) for each in ([_sum_of(path) for path in question.inputs], asked.resolved))
    text = f'{{"figures":[{figures}],"files":{files},"version":{_json(__version__)},"workload":{workload}}}'
    return hashlib.sha256(text.encode()).hexdigest()


_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


@lru_cache(maxsize=4096)
def _figure_json(name: str, text: str) -> str:
    """Return a figure as it goes into the sum: most are those of every question."""
    return _json([name, text])


def provenance_of(question: Question) -> Provenance:
    """Return all that went in, with its sum."""
    asked = question.asked
    return Provenance(
        version=__version__, workload=asked.resolved, inputs_sha256=inputs_sha256(question),
        figures=asked.figures, defaults=asked.defaults, unread=question.reads.unread(asked.given),
    )  # fmt: skip


def _sum_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def nearest_of(question: Question, answer: Answer) -> Nearest | None:
    """Return the measured rows that a question is most like."""
    traits = traits_of(question.kind, question.asked.stack, answer.facts)
    changed = sum(figure.overridden and figure.name != COUNTED for figure in question.asked.figures)
    return nearest(traits, kin=question.kin, changed=changed) if traits else None


def cost_since(started: float, events: int) -> SimulatorCost:
    """Return what was spent since the CPU time *started*."""
    return SimulatorCost(events=events, cpu_s=time.process_time() - started, peak_memory_bytes=_peak_memory_bytes())


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
