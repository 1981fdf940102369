"""Rows of whole steps with weights that stream, of the FLOPs of a whole training, and of what a job costs beside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wsesim.validation.asking import MISFIT, Conversion, NotAsked, RowQuestion, figures_of, named
from wsesim.validation.rows import (
    NO_SETTINGS,
    Measurement,
    log_every,
    machine_of,
    without_numbers,
)
from wsesim.validation.shapes import adapters_of, model_of, precision_of, sparsity_of

_FIGURES = {
    "samples/s": "samples_per_s", "sequences/s": "samples_per_s", "tokens/s": "tokens_per_s", "s": "step_s",
    "ms": "step_s", "steps/s": "step_s",
}  # fmt: skip
"""Of a step, by the unit of a row."""
_EACH = re.compile(r"per (CS|system|wafer)|/(CS(-\d)?|systems?|wafers?)$", re.IGNORECASE)
"""In the metric or the unit of a rate of one system of several."""
_OTHER_LOSS = re.compile(r"\b(DPO|PPO|GRPO|RLHF|distill?\w*)\b", re.IGNORECASE)
"""In the phase or metric of a training that is more than a model's forward and backward pass."""
_BESIDE = re.compile(r"compil|overhead|programming|checkpoint|upload", re.IGNORECASE)
"""In the metric of what a job costs beside its steps."""
_JOB = {"programming": "programming_s", "upload": "weight_upload_s", "checkpoint": "checkpoint_s"}
"""Figures of a job, by a word of the metric."""
_LEFT_OPEN = ("auto", "explore", "none", "not stated")
"""Micro-batches that are left to the vendor's compiler."""
_TOKENS = re.compile(r"([\d.]+)B tokens")
_ANY_LENGTH = 2048
"""Of sequences where a row gives none, as it is about a whole job."""


def ask_step(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a row of training or evaluation asks.

    Raises:
        NotAsked: sizes are missing, or the row is about something that is not modelled.
    """
    figure, to_unit = _figure_of(row)
    if found := _OTHER_LOSS.search(f"{row.cells['phase']} {row.metric}"):
        raise NotAsked(f"{found[0]} is not modelled: it takes more than the passes of one model")
    asked = _with_micro_batch(row, RowQuestion(data=step_file(row, settings), figure=figure, to_unit=to_unit))
    said = (asked.note, "" if log_every(row) else "which steps are logged is not stated", _of_adapters(row))
    return replace(asked, note="; ".join(filter(None, said)))


def _figure_of(row: Measurement) -> tuple[str, Conversion]:
    """Return the figure of a step that a row is about, and how it becomes the row's unit.

    Raises:
        NotAsked: it is about something else.
    """
    unit = _EACH.sub("", row.plain_unit)
    if unit not in _FIGURES or _BESIDE.search(row.metric):
        raise NotAsked(f"{row.metric} in {row.unit!r} is not a figure of a step")
    figure, factor = _FIGURES[unit], 1e3 if unit == "ms" else 1.0
    if figure != "step_s" and _EACH.search(f"{row.metric} {row.unit}"):
        factor /= row.whole("n_systems") or 1
    return figure, Conversion(unit=row.unit, factor=factor, over=unit == "steps/s")


def _of_adapters(row: Measurement) -> str:
    found = adapters_of(row)
    places = {"all": "all linear layers", "attention": "attention"}
    return f"adapters of rank {found['adapter_rank']} in {places[found['adapted']]}" if found else ""


def ask_flops(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a row of the FLOPs of a whole training asks, over the tokens that it names, in whatever micro-batch.

    Raises:
        NotAsked: sizes are missing, or the row does not say how many tokens.
    """
    found = _TOKENS.search(row.cells["notes"])
    if found is None or row.unit != "FLOP":
        raise NotAsked("the row says not over how many tokens")
    data = {**step_file(row, settings), "token_budget": round(float(found[1]) * 1e9)}
    return RowQuestion(data=data, figure="flops_to_budget", to_unit=Conversion(unit=row.unit))


def ask_job(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a row of the costs of a job asks: those of a training whose step is one sequence a system.

    Raises:
        NotAsked: sizes are missing, or it is something else that was measured.
    """
    figure = next((name for word, name in _JOB.items() if word in row.metric.lower()), None)
    if figure is None or row.unit != "s":
        raise NotAsked(f"{row.metric} is not modelled")
    return RowQuestion(data=_file(row, settings), figure=figure, to_unit=Conversion(unit=row.unit))


def step_file(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> dict[str, Any]:
    """Return a row of whole steps as a file.

    Raises:
        NotAsked: sizes are missing, or the row needs something that is not modelled.
    """
    row.require("seq_len", "batch_global")
    phase = "evaluation" if row.cells["phase"].startswith("evaluation") else "training"
    batch = {"sequences": row.whole("batch_global"), "length": row.whole("seq_len")}
    return {**_file(row, settings), "phase": phase, "batch": batch, "precision": precision_of(row.cells["precision"])}


def _file(row: Measurement, settings: Mapping[str, object]) -> dict[str, Any]:
    """Return what a row says of model and machine as a file; its batch is made up."""
    length = row.whole("seq_len") or _ANY_LENGTH
    model = model_of(row, length=length)
    row.require_positive("n_systems")
    systems, sparsity = row.whole("n_systems") or 1, sparsity_of(row.cells["sparsity"])
    return {
        "name": named(row.id), "phase": "training", "model": model | ({"sparsity": sparsity} if sparsity else {}),
        "batch": {"sequences": systems, "length": length}, **machine_of(row, settings, systems=systems),
        **without_numbers(),
    }  # fmt: skip


def _with_micro_batch(row: Measurement, chosen: RowQuestion) -> RowQuestion:
    """Return the question with the micro-batch that the row states, or if that cannot be, with the mapping's choice."""
    stated = row.cells["micro_batch"]
    if not stated or stated.lower() in _LEFT_OPEN:
        return chosen
    micro_batch = row.whole("micro_batch") or stated
    asked = replace(chosen, data={**chosen.data, "batch": {**chosen.data["batch"], "micro_batch": micro_batch}})
    try:
        taken, why = figures_of(asked)["micro_batch"], "passes are as even as can be"
    except NotAsked as error:
        asked, why = chosen, str(error).removeprefix(MISFIT)
        taken = figures_of(chosen)["micro_batch"]
    if taken == micro_batch:
        return asked
    return replace(asked, note=f"micro-batch {stated} stated, {taken} simulated: {why}")
