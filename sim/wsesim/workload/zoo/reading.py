"""A job of the Model Zoo as a workload, with what was read of it, what decides nothing, and what is not counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from wsesim.signs import printable
from wsesim.workload.zoo.parts import parts_of
from wsesim.workload.zoo.settings import (
    length_of,
    read_batch,
    read_cluster,
    read_logging,
    read_loop,
    read_optimizer,
    read_precision,
    read_sparsity,
)
from wsesim.workload.zoo.shape import read_model
from wsesim.workload.zoo.translation import Translation
from wsesim.yamlfile import Document, Loc

FORMS = {"trainer": "the trainer form", "flat": "the form up to release 2.2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as a workload."""

    document: Document
    """Plain data of a workload; its places are those of the file."""
    notes: tuple[str, ...]
    """What an answer has to say of the file."""


def job_of(document: Document) -> Job:
    """Return the workload that a job of the Model Zoo comes to.

    Raises:
        InputError: a model or a value that has no mechanism here, or a part that is not what it has to be.
    """
    made = Translation(document=document, parts=parts_of(document))
    if not made.parts.trains:
        made.data["phase"] = "evaluation"
    length = length_of(made)
    read_model(made, length)
    for read in (read_precision, read_optimizer, read_sparsity, read_cluster):
        read(made)
    read_batch(made, length)
    read_loop(made)
    read_logging(made)
    return Job(document=_translated(made), notes=tuple(_notes(made)))


def _translated(made: Translation) -> Document:
    """Return the data with the places of the file."""
    file, here = made.document, {(): (), **made.places}
    for loc in list(made.places):
        here.setdefault(loc[:1], made.places[loc][:-1])

    def places(held: dict[Loc, tuple[int, int]]) -> dict[Loc, tuple[int, int]]:
        return {ours: held[theirs] for ours, theirs in here.items() if theirs in held}

    return Document(
        file=file.file, data=made.data, lines=file.lines, places=places(dict(file.places)),
        keys=places(dict(file.keys)), names=made.names,
    )  # fmt: skip


def _notes(made: Translation) -> Iterator[str]:
    parts = made.parts
    yield f"Read from a file of the Cerebras Model Zoo ({FORMS[parts.form]}): {_listed(made.used)}."
    if made.filled:
        yield f"Not in that file, and so as in the Model Zoo: {_listed(made.filled)}."
    if costs := [*made.apart, *parts.apart]:
        yield f"In that file, and not in any time here: {_listed(costs)}."
    if free := [*made.free, *parts.idle]:
        yield f"In that file, and without effect on any time here: {_listed(free)}."
    if unknown := [*made.unknown, *parts.unknown]:
        yield f"In that file, and not known here: {_listed(unknown)}."


def _listed(names: Iterable[str]) -> str:
    return printable(", ".join(dict.fromkeys(names)), keep="")
