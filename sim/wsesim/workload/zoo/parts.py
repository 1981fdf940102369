"""The two forms that files of the Model Zoo have, told apart and taken apart: the same parts, in other places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from wsesim.errors import InputError
from wsesim.workload.problems import shown
from wsesim.workload.zoo import known
from wsesim.yamlfile import Document, Loc

_FLAT_IDLE = frozenset({"eval_input", "predict_input", "description", "tag"})
"""Keys of the old form that decide nothing that is modelled."""
FLAGS = ("GlobalFlags", "ScopedTrainFlags")
"""Callbacks that set flags of the compiler for training."""
ADAPTERS = "lora_params"
EVALUATES = ("EleutherEvalHarness", "BigCodeEvalHarness")
"""Callbacks that evaluate, with a loader of their own."""


@dataclass(frozen=True, slots=True)
class JobPart:
    """A mapping of the file, and where it stands."""

    loc: Loc
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParts:
    """What a job is made of; a part that the file has not is empty."""

    form: str
    trains: bool
    """Whether there is a loader to train from; else the job only evaluates."""
    model: JobPart
    loader: JobPart
    optimizer: JobPart
    precision: JobPart
    loop: JobPart
    logging: JobPart
    """What has `log_steps`."""
    sparsity: JobPart
    cluster: JobPart
    flags: JobPart
    adapters: JobPart
    """What has `lora_params`: the model, or a callback."""
    idle: tuple[str, ...]
    """Keys beside these, which decide nothing that is modelled."""
    unknown: tuple[str, ...] = ()
    """Keys beside these that no file of the form has."""
    apart: tuple[str, ...] = ()
    """What callbacks change that is not counted."""


def parts_of(document: Document) -> JobParts:
    """Take a job apart.

    Raises:
        InputError: something is not a mapping that has to be one, or there are several jobs.
    """
    return _trainer(document) if "trainer" in document.data else _flat(document)


def _trainer(document: Document) -> JobParts:
    trainer = part_at(document, _only(document))
    init, fit = part_at(document, (*trainer.loc, "init")), part_at(document, (*trainer.loc, "fit"))
    calls = list(_callbacks(document, (*init.loc, "callbacks")))
    trains = "train_dataloader" in fit.values
    loader = part_at(document, (*fit.loc, "train_dataloader")) if trains else _evaluated(document, trainer, calls)
    loop, checkpoint = part_at(document, (*init.loc, "loop")), part_at(document, (*init.loc, "checkpoint"))
    steps = {"checkpoint_steps": checkpoint.values["steps"]} if "steps" in checkpoint.values else {}
    model, logs = part_at(document, (*init.loc, "model")), init.values.get("logging")
    low = next((part for _, part in calls if ADAPTERS in part.values), model)
    called = [name for name, part in calls if part is not low]
    idle, unknown = zip(*_beside(document, trainer, init, called), strict=True)
    return JobParts(
        form="trainer", trains=trains, model=model, loader=loader, adapters=low,
        optimizer=part_at(document, (*init.loc, "optimizer")), precision=part_at(document, (*init.loc, "precision")),
        loop=JobPart(loop.loc, {**loop.values, **steps}),
        logging=JobPart((*init.loc, "logging"), logs if isinstance(logs, Mapping) else {}),
        sparsity=_sparsity(document, (*init.loc, "sparsity")),
        cluster=part_at(document, (*init.loc, "backend", "cluster_config")), flags=_flags(calls),
        idle=tuple(chain(*idle)), unknown=tuple(chain(*unknown)),
        apart=tuple(f"{known.COSTLY[name]} ({name})" for name in called if name in known.COSTLY),
    )  # fmt: skip


def _only(document: Document) -> Loc:
    """Return where the trainer stands; of a list the only one.

    Raises:
        InputError: there is none, or there are several: each is a job, and so a question, of its own.
    """
    held = document.data["trainer"]
    if not isinstance(held, list):
        return ("trainer",)
    if not held:
        message = "trainer: an empty list, without a job; its one entry is `- trainer:` with init: and fit: below it"
        raise InputError([document.problem(message, ("trainer",))])
    if len(held) > 1:
        message = f"trainer: a list of {len(held)} jobs, each a question of its own; write one of them to a file"
        raise InputError([document.problem(message, ("trainer",))])
    inside = isinstance(held[0], Mapping) and "trainer" in held[0]
    return ("trainer", 0, "trainer") if inside else ("trainer", 0)


def _beside(
    document: Document, trainer: JobPart, init: JobPart, called: Sequence[str]
) -> Iterator[tuple[list[str], list[str]]]:  # fmt: skip
    """Yield what decides nothing and what nobody knows, of each part of which little is read."""
    fit, validate = (part_at(document, (*trainer.loc, name)) for name in ("fit", "validate"))
    backend, checkpoint = (part_at(document, (*init.loc, name)) for name in ("backend", "checkpoint"))
    flags = [key for key in backend.values if key.startswith("csx.")]
    yield known.apart(trainer.values, (), known.TRAINER, "trainer.")
    yield known.apart(init.values, known.INIT, known.INIT_READ)
    yield known.apart(fit.values, (), known.FIT, "fit.")
    yield known.apart(validate.values, (), known.VALIDATE, "validate.")
    yield known.apart(backend.values, {*known.BACKEND, *flags} - {"cluster_config"}, ("cluster_config",), "backend.")
    yield known.apart(checkpoint.values, known.CHECKPOINT, ("steps",), "checkpoint.")
    yield known.apart(called, known.CALLBACKS, (*FLAGS, *EVALUATES, *known.COSTLY))


def _flat(document: Document) -> JobParts:
    data, runs = document.data, part_at(document, ("runconfig",))
    trains = "train_input" in data
    read = {"model", "train_input", "optimizer", "runconfig", "csconfig", "sparsity"}
    return JobParts(
        form="flat", trains=trains, model=part_at(document, ("model",)),
        loader=part_at(document, ("train_input",) if trains else ("eval_input",)),
        optimizer=part_at(document, ("optimizer",)), precision=part_at(document, ("csconfig",)), loop=runs,
        logging=runs, cluster=runs, sparsity=_sparsity(document, ("sparsity",)), flags=JobPart(("train_input",), {}),
        adapters=part_at(document, ("model",)),
        idle=tuple(key for key in data if key not in read and key in _FLAT_IDLE),
        unknown=tuple(known.apart([*map(str, data)], _FLAT_IDLE, read)[1]),
    )  # fmt: skip


def part_at(document: Document, loc: Loc) -> JobPart:
    """Return the mapping at *loc*; an empty one where there is none.

    Raises:
        InputError: what stands there, or holds it, is something else.
    """
    held: Any = document.data
    for depth, key in enumerate(loc, 1):
        if isinstance(held, list) and not isinstance(key, int):
            raise _no_mapping(document, loc[: depth - 1], held)
        held = held.get(key) if isinstance(held, Mapping) else held[int(key)]
        if held is None:
            return JobPart(loc, {})
        if not isinstance(held, Mapping | list):
            raise _no_mapping(document, loc[:depth], held)
    if not isinstance(held, Mapping):
        raise _no_mapping(document, loc, held)
    return JobPart(loc, held)


def _no_mapping(document: Document, loc: Loc, held: Any) -> InputError:
    what = f"{'.'.join(map(str, loc))} must be a mapping (lines of `key: value`); got {shown(held)}"
    return InputError([document.problem(what, loc)])


def _sparsity(document: Document, loc: Loc) -> JobPart:
    """Return what is said of sparsity; of groups the only one."""
    held = document.data
    for key in loc:
        held = held.get(key) if isinstance(held, Mapping) else None
    if isinstance(held, Mapping) and isinstance(held.get("groups"), list):
        loc, held = (*loc, "groups"), held["groups"]
    if isinstance(held, list):
        if len(held) != 1:
            raise InputError([document.problem("sparsity of several groups is not modelled; give one share", loc)])
        return part_at(document, (*loc, 0))
    return JobPart(loc, {"sparsity": held}) if isinstance(held, int | float) else part_at(document, loc)


def _callbacks(document: Document, loc: Loc) -> Iterator[tuple[str, JobPart]]:
    """Yield name and settings of each callback."""
    init = part_at(document, loc[:-1])
    held = init.values.get("callbacks") or []
    if not isinstance(held, list):
        raise InputError([document.problem("callbacks must be a list", loc)])
    for index, entry in enumerate(held):
        for name in entry if isinstance(entry, Mapping) else ():
            inside = entry[name]
            yield name, JobPart((*loc, index, name), inside if isinstance(inside, Mapping) else {})


def _flags(calls: list[tuple[str, JobPart]]) -> JobPart:
    """Return the flags of training; where several callbacks set some, those of training alone count."""
    found = [part for wanted in FLAGS for name, part in calls if name == wanted]
    values = {key: value for part in found for key, value in part.values.items()}
    return JobPart(found[-1].loc if found else ("trainer", "init", "callbacks"), values)


def _evaluated(document: Document, trainer: JobPart, calls: list[tuple[str, JobPart]]) -> JobPart:
    """Return the loader of a job that only evaluates."""
    for name in EVALUATES:
        if (part := next((part for called, part in calls if called == name), None)) is not None:
            return part
    validate, every = (part_at(document, (*trainer.loc, key)) for key in ("validate", "validate_all"))
    if "val_dataloader" in validate.values:
        return part_at(document, (*validate.loc, "val_dataloader"))
    loaders = every.values.get("val_dataloaders")
    loc: Loc = (*every.loc, "val_dataloaders", *([0] if isinstance(loaders, list) and loaders else []))
    return part_at(document, loc) if loaders else JobPart(trainer.loc, {})
