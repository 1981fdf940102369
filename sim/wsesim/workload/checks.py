"""What the parts of a workload must be to each other, and to the files beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from math import isqrt
from pathlib import Path
from typing import Any

from wsesim.errors import InputError, SpecError, nearest
from wsesim.hardware import HardwareChoice, load_cluster, machine_names, override_names
from wsesim.model import Model
from wsesim.result import Figure
from wsesim.workload.problems import Report
from wsesim.workload.schema import BatchSection, ClusterSection, ModelSection, VerificationSection
from wsesim.workload.shape import GPT2_VOCAB, resolve_model

SAMPLES = ("sotu",)
"""Texts that ship with the package."""
SAMPLE = "sample:"


def hardware_of(
    cluster: ClusterSection | None, overrides: Mapping[Any, object] | None, report: Report
) -> HardwareChoice | None:
    """Return the machine, or None and what is wrong with `cluster` and `hardware`.

    Without a cluster the overrides are tried on any machine, because their names and units are the same on all.
    """
    machine = cluster.machine if cluster else machine_names()[0]
    changes = {str(name): value for name, value in (overrides or {}).items()}
    try:
        load_cluster(machine, overrides=changes)
    except SpecError as error:
        _add_hardware(machine, changes, error, report)
        changes = {}
    try:
        return load_cluster(machine, systems=cluster.systems if cluster else None, overrides=changes)
    except SpecError as error:
        report.add_spec("cluster", error)
        return None


def _add_hardware(machine: str, overrides: Mapping[str, object], together: SpecError, report: Report) -> None:
    """Note every override that is wrong by itself; if none is, the one that does not go with the others."""
    alone = [_refusal(machine, name, value) for name, value in overrides.items()]
    for error in [each for each in alone if each] or [together]:
        report.add(("hardware", error.name), f"hardware.{error}", at_key=error.name not in override_names())


def _refusal(machine: str, name: str, value: object) -> SpecError | None:
    try:
        load_cluster(machine, overrides={name: value})
    except SpecError as error:
        return error
    return None


def model_of(
    section: ModelSection, report: Report, *, name: str, length: int | None, folder: Path
) -> tuple[Model | None, tuple[Figure, ...]]:
    """Return the model and the defaults filled in, or None and what is wrong with it."""
    problem = file_problem(folder / section.config) if section.config else None
    if problem:
        report.add_field(("model", "config"), f"= {section.config!r} {problem}")
        return None, ()
    try:
        return resolve_model(section, name=name, length=length, folder=folder)
    except SpecError as error:
        report.add_spec("model", error)
    except InputError as error:
        report.found += error.problems
    return None, ()


def check_batch(batch: BatchSection, systems: int, report: Report) -> None:
    """Check that systems and passes share the sequences evenly."""
    if batch.sequences % systems:
        below = batch.sequences // systems * systems
        near = f"{below} or {below + systems}" if below else f"{systems}"
        message = f"= {batch.sequences} cannot be shared evenly by {systems} systems; the nearest that can: {near}"
        report.add_field(("batch", "sequences"), message)
        return
    share = batch.sequences // systems
    if isinstance(batch.micro_batch, int) and share % batch.micro_batch:
        divisors = [d for low in range(1, isqrt(share) + 1) if share % low == 0 for d in (low, share // low)]
        below = max(d for d in divisors if d < batch.micro_batch)
        above = min((d for d in divisors if d > batch.micro_batch), default=below)
        near = f"{below}" if above == below else f"{below} or {above}"
        message = f"does not divide the {share} sequences of a system; the nearest that do: {near}"
        report.add_field(("batch", "micro_batch"), f"= {batch.micro_batch} {message}")


def check_length(length: int, model: Model, loc: tuple[str, str], report: Report) -> None:
    """Check that the model has a position for every token."""
    if model.position == "learned" and length > model.max_length:
        message = f"= {length} is over the {model.max_length} positions the model has; change one (model.max_length)"
        report.add_field(loc, message)


def check_verification(section: VerificationSection, model: Model | None, folder: Path, report: Report) -> None:
    """Check that what is to be verified is a part of the model."""
    if model and isinstance(section.layers, int) and section.layers > model.layers:
        report.add_field(("verification", "layers"), f"= {section.layers} is over the model's {model.layers}")
    if model and section.length is not None:
        check_length(section.length, model, ("verification", "length"), report)
    if section.weights is not None:
        problem = file_problem(folder / section.weights) or _vocab_problem(model)
        if problem:
            report.add_field(("verification", "weights"), f"= {section.weights!r} {problem}")


def check_text(text: str, model: Model | None, folder: Path, report: Report) -> None:
    """Check that the text is there, and that the model can read a text of the user's own."""
    if text.startswith(SAMPLE):
        name = text.removeprefix(SAMPLE)
        if name not in SAMPLES:
            hint = nearest(name, SAMPLES) or f"; there is: {SAMPLE}{', '.join(SAMPLES)}"
            report.add_field(("text",), f"{text!r} is not a sample that ships with wsesim{hint}")
        return
    problem = file_problem(folder / text) or _vocab_problem(model)
    if problem:
        report.add_field(("text",), f"= {text!r} {problem}")


def _vocab_problem(model: Model | None) -> str | None:
    """Refuse real text or weights where ids have to be folded into a small vocabulary: the loss would mean nothing."""
    if model is None or model.vocab >= GPT2_VOCAB:
        return None
    return (
        f"cannot be used with a vocabulary of {model.vocab:,}: text is cut into GPT-2's {GPT2_VOCAB:,} tokens;"
        " leave it out to check the arithmetic alone"
    )


def file_problem(path: Path) -> str | None:
    """Return why *path* cannot be read as a file, or None if it can."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return "is not there; paths start at the folder of the workload file"
    except (OSError, ValueError) as error:  # ValueError: a null character
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder; name a file"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if not os.access(path, os.R_OK):
        return "cannot be read: permission denied"
    return None if status.st_size else "is empty"
