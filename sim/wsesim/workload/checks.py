"""What the parts of a workload must be to each other, and to the files beside it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from functools import partial
from math import isqrt
from pathlib import Path
from typing import Any

from wsesim.errors import InputError, SpecError, nearest
from wsesim.figures import Presets, flatten, walk
from wsesim.hardware import MACHINES, HardwareChoice, load_cluster, machine_names
from wsesim.model import Model
from wsesim.result import Figure
from wsesim.software import STACKS, SoftwareChoice, load_software
from wsesim.workload.problems import Report, shown
from wsesim.workload.schema import BatchSection, ClusterSection, ModelSection, VerificationSection
from wsesim.workload.shape import GPT2_VOCAB, resolve_model

SAMPLES = ("sotu",)
"""Texts that ship with the package."""
SAMPLE = "sample:"
STACK = "stack"
"""The key in `software` that is not a figure."""


def hardware_of(
    cluster: ClusterSection | None, overrides: Mapping[Any, object] | None, report: Report, *, folder: Path = Path()
) -> HardwareChoice | None:
    """Return the machine, or None and what is wrong with `cluster` and `hardware`; paths start at *folder*.

    Without a cluster the overrides are tried on any machine, because their names and units are the same on all.
    """
    machine = cluster.machine if cluster else machine_names()[0]
    systems = cluster.systems if cluster else None
    try:
        load_cluster(machine, folder=folder)
    except (SpecError, InputError) as error:
        _add_file("cluster", error, report)
        return None
    load = partial(load_cluster, machine, folder=folder)
    changes = _changes("hardware", overrides or {}, MACHINES, load, report)
    try:
        return load(systems=systems, overrides=changes)
    except SpecError as error:
        report.add_spec("cluster", error)
        return None


def software_of(
    section: Mapping[Any, object], otherwise: str, report: Report, *, folder: Path = Path()
) -> SoftwareChoice | None:
    """Return the stack, by default *otherwise*, or None and what is wrong with `software`; paths start at *folder*."""
    overrides = {name: value for name, value in section.items() if name != STACK}
    stack = section.get(STACK, otherwise)
    if not isinstance(stack, str):
        report.add_field(("software", STACK), f"must be the name of a stack, or a path in .yaml; got {shown(stack)}")
        return None
    try:
        load_software(stack, folder=folder)
    except (SpecError, InputError) as error:
        _add_file("software", error, report)
        return None
    load = partial(load_software, stack, folder=folder)
    return load(overrides=_changes("software", overrides, STACKS, load, report))


def _add_file(section: str, error: SpecError | InputError, report: Report) -> None:
    """Note what is wrong with a preset: its name at the workload's line, or the mistakes of a file at its own."""
    if isinstance(error, SpecError):
        report.add_spec(section, error)
    else:
        report.found += error.problems


def _changes(
    section: str, overrides: Mapping[Any, object], presets: Presets, load: Callable[..., object], report: Report
) -> dict[str, object]:
    """Return figures to change by dotted name; of what is wrong with them, everything is noted and nothing returned.

    That is every one that is wrong by itself; if none is, the one that does not go with the others.
    """
    places = {name: (section, *loc) for name, loc, _ in walk(overrides, presets.slots)}
    try:
        changes = flatten(overrides, presets.slots)
        load(overrides=changes)
    except SpecError as together:
        alone = [_refusal(load, name, value) for name, _, value in walk(overrides, presets.slots)]
        for error in [each for each in alone if each] or [together]:
            message = f"{section}.{error}{_elsewhere(section, error.name)}"
            place = places.get(error.name, (section, error.name))
            report.add(place, message, at_key=error.name not in presets.overridable)
        return {}
    return changes


def _refusal(load: Callable[..., object], name: str, value: object) -> SpecError | None:
    try:
        load(overrides={name: value})
    except SpecError as error:
        return error
    return None


def _elsewhere(section: str, name: str) -> str:
    """Say where a figure is if it is one of the other kind, by its full name or by the field alone."""
    field = name.rpartition(".")[2]
    for other, presets in (("hardware", MACHINES), ("software", STACKS)):
        if other != section:
            found = next(
                (each for each in presets.overridable if each in (name, field) or each.endswith(f".{field}")), None
            )
            if found:
                return f"; it is {other}.{found}"
    return ""


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
