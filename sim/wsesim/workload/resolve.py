"""What was left out of a workload, filled in, and why with that."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import asdict
from typing import Any

from wsesim.figures import flatten
from wsesim.hardware import HardwareChoice
from wsesim.model import Model, parameters
from wsesim.result import Figure
from wsesim.software import SoftwareChoice
from wsesim.workload.checks import STACK
from wsesim.workload.phases import STREAMED, USUAL_TOKENS, reads
from wsesim.workload.schema import InferenceSection, WorkloadFile
from wsesim.workload.settings import FIGURES
from wsesim.workload.shape import plain

TOKENS_PER_PARAMETER = 20
"""Tokens that train a parameter best. Source: Hoffmann et al. 2022, arXiv 2203.15556."""
VERIFIED_LENGTH = 64
"""Tokens of a verified sequence. Assumed: enough for attention to matter, few enough to take seconds."""

_SOURCES = {
    "name": "the file's name",
    "phase": "training, unless told otherwise",
    "batch.length": "the model's max_length",
    "batch.micro_batch": "as many as fit the memory of a wafer",
    "precision": "as in the vendor's stock training configurations",
    "cluster.systems": "the machine's preset",
    "software.stack": "assumed: the same on every machine",
    "recompute": "where that lets more sequences fit",
    "text": "public-domain text that ships with wsesim",
    "verification.enabled": "numbers are checked unless told otherwise",
    "verification.sequences": "assumed: enough to compare, in seconds",
    "verification.length": "assumed: enough to compare, in seconds",
    "verification.layers": "as many as stay quick",
    "verification.seed": "any will do; the same gives the same numbers",
    "verification.weights": "random weights",
    "outputs.timeline": "written unless told otherwise",
    "inference.prompt": "not read by this phase",
    "inference.generate": "assumed: an answer of usual length; one token for decode",
    "inference.batch": "one user; for serving, as many as fit",
    "inference.reused": "an empty cache",
    "inference.chunk": "as the placement does",
    "inference.placement": "the one that holds the model on fewest wafers",
    "inference.prefill_grid": "the largest that the wafer has",
    "inference.decode_grid": "as chosen by the placement",
    "inference.stages": "as few as hold the model",
    "inference.draft_tokens": "no guessing",
    "inference.acceptance": "assumed: usual for a small model of the same family",
    "inference.draft_cost": "assumed: a model of a twentieth of the size",
    "serving.rate": "requests come from a trace",
    "serving.requests": "assumed: enough for a 99th percentile",
    "serving.seed": "any will do; the same gives the same requests",
    "serving.trace": "requests are drawn",
    "serving.prompt": "assumed: a page of text",
    "serving.prompt_spread": "assumed: lengths differ by half",
    "serving.output": "assumed: some sentences",
    "serving.output_spread": "assumed: lengths differ by half",
    "serving.longest": "the model's max_length",
    "serving.slo_ttft": "assumed: a reader waits that long",
    "serving.slo_tpot": "assumed: faster than anybody reads",
    "serving.slo_share": "assumed: one in a hundred may be late",
    "serving.search": "asked for unless told otherwise",
}


def resolve(
    values: Mapping[str, Any], given: Set[str], *, name: str, model: Model, hardware: HardwareChoice,
    software: SoftwareChoice,
) -> tuple[dict[str, Any], tuple[Figure, ...]]:  # fmt: skip
    """Return the workload as plain data with nothing left out, and a figure for each default.

    *values* are the fields as read, *given* those that the file has.
    """
    batch, phase = values["batch"], values["phase"]
    length = (batch.length if batch else None) or model.max_length
    values = _read_by(phase, values)
    budget, budget_source = _token_budget(model)
    derived = {
        "name": name,
        "batch.length": length,
        "cluster.systems": hardware.cluster.systems,
        "precision": values["precision"] if phase in STREAMED else "fp16",
        "inference.batch": None if phase == "serving" else 1,
        "inference.generate": USUAL_TOKENS.get(phase),
        "serving.longest": model.max_length,
        "verification.length": min(VERIFIED_LENGTH, length),
        "token_budget": budget,
    }
    sources = _SOURCES | {"token_budget": budget_source}
    defaults: list[Figure] = []

    def fill(prefix: str, fields: Mapping[str, Any], present: Set[str]) -> dict[str, Any]:
        filled = {}
        for key, value in fields.items():
            dotted = f"{prefix}{key}"
            filled[key] = value
            if key not in present or value is None:
                filled[key] = derived.get(dotted, value)
                defaults.append(Figure(name=dotted, text=plain(filled[key]), source=sources[dotted]))
        return filled

    resolved: dict[str, Any] = {}
    for key in WorkloadFile.model_fields:
        if key not in values:
            continue
        if key == "model":
            resolved[key] = asdict(model)
        elif key in FIGURES:
            resolved[key] = flatten(values[key], FIGURES[key])
            if key == "software" and STACK not in resolved[key]:
                resolved[key] = {STACK: software.stack, **resolved[key]}
                defaults.append(Figure(name="software.stack", text=software.stack, source=_SOURCES["software.stack"]))
        elif hasattr(values[key], "model_fields_set"):
            resolved[key] = fill(f"{key}.", dict(values[key]), values[key].model_fields_set)
        else:
            resolved |= fill("", {key: values[key]}, given)
    return resolved, tuple(defaults)


def _read_by(phase: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what *phase* reads of a workload's fields; sections that hold its defaults are there even if not given."""
    kept = {key: value for key, value in values.items() if reads(phase, key)}
    if "inference" in kept and kept["inference"] is None:
        kept["inference"] = InferenceSection()
    return kept


def _token_budget(model: Model) -> tuple[int, str]:
    if model.token_budget is not None:
        return model.token_budget, f"the model's own: {model.source}"
    tokens = TOKENS_PER_PARAMETER * parameters(model)
    return tokens, f"{TOKENS_PER_PARAMETER} tokens per parameter (Hoffmann et al. 2022)"
