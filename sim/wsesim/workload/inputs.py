"""What the parts of a file must be to the machines, stacks and files that they name."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from wsesim.errors import InputError, SpecError, nearest
from wsesim.figures import Presets, flatten, is_path
from wsesim.hardware import MACHINES, HardwareChoice, load_cluster, machine_names
from wsesim.model import ModelSpec
from wsesim.piped import STDIN
from wsesim.software import STACKS, SoftwareChoice, load_software
from wsesim.workload.problems import Problems, shown
from wsesim.workload.schema import ClusterSection, VerificationSection
from wsesim.workload.settings import STACK
from wsesim.workload.words import value_hint
from wsesim.yamlfile import Loc

SAMPLES = ("sotu",)
"""Texts that ship with the package."""
SAMPLE = "sample:"
GPT2_VOCAB = 50257
"""Tokens of GPT-2's byte-pair encoding, the only one there is here."""
LONGEST_KEPT = 90
"""Signs of a file's name that go into the name of a run's folder."""
_Choice = TypeVar("_Choice", HardwareChoice, SoftwareChoice)


def hardware_of(
    cluster: ClusterSection | None, overrides: Mapping[Any, object] | None, problems: Problems, folder: Path
) -> HardwareChoice | None:
    """Return the machine, or None and what is wrong with `cluster` and `hardware`.

    Without a machine that is known, the overrides are tried on any, because names and units are the same on all.
    """
    known = cluster is not None and _is_known(cluster.machine, MACHINES, ("cluster", "machine"), problems, folder)
    machine = cluster.machine if cluster and known else machine_names()[0]

    def load(changes: Mapping[str, object]) -> HardwareChoice:
        return load_cluster(machine, overrides=changes, folder=folder)

    def whole(changes: Mapping[str, object]) -> HardwareChoice:
        systems = cluster.systems if cluster else None
        return load_cluster(machine, systems=systems, overrides=changes, folder=folder)

    if known and (found := _right(whole, overrides)):
        return found
    changes = _changes(overrides, "hardware", MACHINES, load, problems)
    if not known:
        return None
    try:
        return whole(changes)
    except SpecError as error:
        problems.add_spec("cluster", error)
    except InputError as error:
        problems.found += error.problems
    return None


def software_of(
    given: Mapping[Any, object] | None, usual: str, problems: Problems, folder: Path
) -> SoftwareChoice | None:
    """Return the stack, *usual* unless *given* names one, or None and what is wrong with `software`."""
    figures = dict(given or {})
    stack = figures.pop(STACK, usual)
    known = isinstance(stack, str) and _is_known(stack, STACKS, ("software", STACK), problems, folder)
    if not isinstance(stack, str):
        message = f"must be the name of a stack, or a path in .yaml; got {shown(stack)}"
        problems.add_field(("software", STACK), message)
    stack = stack if isinstance(stack, str) and known else usual

    def load(changes: Mapping[str, object]) -> SoftwareChoice:
        return load_software(stack, overrides=changes, folder=folder)

    if known and (found := _right(load, figures)):
        return found
    changes = _changes(figures, "software", STACKS, load, problems)
    if not known:
        return None
    try:
        return load(changes)
    except SpecError as error:
        problems.add_spec("software", error)
    except InputError as error:
        problems.found += error.problems
    return None


def _right(load: Callable[[Mapping[Any, object]], _Choice], given: Mapping[Any, object] | None) -> _Choice | None:
    """Return what is asked for, or None where something of it cannot be; what, is found out one by one."""
    try:
        return load(given or {})
    except (SpecError, InputError):
        return None


def _is_known(name: str, presets: Presets, loc: Loc, problems: Problems, folder: Path) -> bool:
    if is_path(name):
        problem = file_problem(folder / name)
        if problem:
            problems.add_field(loc, f"= {name!r} {problem}")
        return problem is None
    if name in presets.names():
        return True
    hint = value_hint(name, presets.names()) or f"; there are: {', '.join(presets.names())}"
    problems.add_field(loc, f"must be a {presets.what} that wsesim knows, or a path in .yaml; got {shown(name)}{hint}")
    return False


def _changes(
    given: Mapping[Any, object] | None, section: str, presets: Presets, load: Callable[[Mapping[str, object]], _Choice],
    problems: Problems,
) -> dict[str, object]:  # fmt: skip
    """Return the overrides by dotted name; none, and what is wrong with each, where some cannot be."""
    held: Mapping[Any, object] = given or {}
    wrong = 0

    def note(figure: str, message: str) -> None:
        at_key = figure not in presets.overridable
        problems.add((section, *_nested(held, figure)), f"{section}.{figure} {message}", at_key=at_key)

    try:
        changes = flatten(held, presets.slots)
    except SpecError as twice:
        note(twice.name, twice.message)
        return {}
    while True:
        try:
            load(changes)
        except InputError as error:
            problems.found += error.problems
            return {}
        except SpecError as error:
            name = _blamed(error, changes, load)
            named = error.message if error.name == name else f"cannot be: {error}"
            note(name, f"{named}{_elsewhere(section, error.name)}")
            wrong += 1
            if changes.pop(name, None) is None:
                return {}
        else:
            return {} if wrong else changes


def _blamed(error: SpecError, changes: Mapping[str, object], load: Callable[[Mapping[str, object]], object]) -> str:
    """Return the override for which some figure is refused: the figure itself, or one without which it is not."""
    for name in () if error.name in changes else changes:
        try:
            load({other: value for other, value in changes.items() if other != name})
        except SpecError as other:
            if str(other) == str(error):
                continue
        return name
    return error.name


def _elsewhere(section: str, name: str) -> str:
    """Say where a figure is if it is one of the other section, by its full name or by the field alone."""
    field = name.rpartition(".")[2]
    for other, presets in (("hardware", MACHINES), ("software", STACKS)):
        known = (each for each in presets.overridable if each in (name, field) or each.endswith(f".{field}"))
        if other != section and (found := next(known, None)):
            return f"; it is {other}.{found}"
    return ""


def _nested(given: Mapping[Any, object], name: str) -> Loc:
    """Return where a figure stands that may be nested."""
    if name in given:
        return (name,)
    group, _, rest = name.partition(".")
    inside = given.get(group)
    return (group, *_nested(inside, rest)) if rest and isinstance(inside, Mapping) else (name,)


def check_length(length: int, model: ModelSpec, loc: Loc, problems: Problems) -> None:
    """Check that the model has a position for every token."""
    if model.position == "learned" and length > model.max_length:
        message = f"= {length} is over the {model.max_length} positions the model has; change one (model.max_length)"
        problems.add_field(loc, message)


def check_tokens(length: int, model: ModelSpec, loc: Loc, problems: Problems) -> None:
    """Note what is wrong, or is to be said, where a sequence of *length* tokens goes through the model."""
    if model.position == "rotary" and length > model.max_length:
        problems.notes.append(
            f"{'.'.join(map(str, loc))}: sequences of {length:,} tokens are beyond the {model.max_length:,} positions "
            "that the model was trained for (model.max_length); they cost what is said here, whatever it makes of them."
        )
    if model.window and length > model.window:
        all_but = f" in all layers but one of {model.full_every}" if model.full_every else ""
        problems.notes.append(
            f"model.window: sequences have {length:,} tokens, of which each sees {model.window:,}{all_but}: no others "
            f"are computed with, nor kept in caches of such layers."
        )
    if model.task == "mlm" and model.masked > length:
        message = f"= {model.masked:,} is over the {length:,} tokens of a sequence; mask fewer"
        problems.add_field(("model", "masked"), message)


def check_verification(section: VerificationSection, model: ModelSpec | None, folder: Path, problems: Problems) -> None:
    """Check that what is to be verified is a part of the model."""
    if model and isinstance(section.layers, int) and section.layers > model.layers:
        problems.add_field(("verification", "layers"), f"= {section.layers} is over the model's {model.layers}")
    if model and section.length is not None:
        check_length(section.length, model, ("verification", "length"), problems)
    if section.weights is not None:
        path = weights_file(folder / section.weights)
        own = any((path.parent / name).is_file() for name in ("tokenizer.json", "vocab.json"))
        problem = file_problem(path) or (None if own else _vocab_problem(model))
        if problem:
            problems.add_field(("verification", "weights"), f"= {section.weights!r} {problem}")


def weights_file(path: Path) -> Path:
    """Return a file of weights, or of a folder that has a model its weights or the index of them."""
    if not path.is_dir():
        return path
    whole = path / "model.safetensors"
    return next((found for found in (whole, whole.with_suffix(".safetensors.index.json")) if found.is_file()), whole)


def check_text(text: str, model: ModelSpec | None, folder: Path, problems: Problems) -> None:
    """Check that the text is there, and that the model can read a text of the user's own."""
    if text.startswith(SAMPLE):
        check_sample(text, ("text",), problems)
        return
    problem = file_problem(folder / text) or _vocab_problem(model)
    if problem:
        problems.add_field(("text",), f"= {text!r} {problem}")


def check_sample(text: str, loc: Loc, problems: Problems) -> None:
    """Check that a sample ships with wsesim."""
    name = text.removeprefix(SAMPLE)
    if name not in SAMPLES:
        hint = nearest(name, SAMPLES) or f"; there is: {SAMPLE}{', '.join(SAMPLES)}"
        problems.add_field(loc, f"{text!r} is not a sample that ships with wsesim{hint}")


def _vocab_problem(model: ModelSpec | None) -> str | None:
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
        return f"is not there: no file {path}"
    except (OSError, ValueError) as error:  # ValueError: a null character
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder; name a file"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if not os.access(path, os.R_OK):
        return "cannot be read: permission denied"
    return None if status.st_size else "is empty"


@lru_cache(maxsize=256)
def name_of(path: str | Path, otherwise: str) -> str:
    """Return a name made of a file's, for the folder of a run; *otherwise* where nothing of it can stand in one.

    Where signs were left out, a sum of the file's name makes up for them: different names stay different.
    """
    if str(path) == STDIN:
        return otherwise
    stem = Path(path).stem
    kept = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("._-")[:LONGEST_KEPT] or otherwise
    if kept == stem:
        return kept
    return f"{kept}-{hashlib.sha256(stem.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
