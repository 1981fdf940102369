"""The forms of JSON that trainings are written in; `wsesim schema --results` prints their schema."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from wsesim.answers import schema_of
from wsesim.trainer.progress import Evaluation
from wsesim.trainer.seeds import MeanAndRange
from wsesim.trainer.wafer import AnsweringOnWafer, OnWafer


class HeldOutForm(TypedDict):
    """What is said of texts that are not learned from."""

    nats: float
    bits_a_byte: float | None
    right: float | None


class TrainingForm(TypedDict):
    """A training for real, and what it would take on the wafer."""

    program: Literal["wsesim"]
    version: str
    status: Literal["ok", "unfinished"]
    name: str
    title: str
    step: int
    steps: int
    text: str
    text_sha256: str
    about: str
    held_out: HeldOutForm
    evaluations: list[Evaluation]
    test: dict[str, float]
    wafer: OnWafer
    answering: AnsweringOnWafer
    notes: list[str]
    inputs: dict[str, Any]
    cost: dict[str, float]
    """What this run took; the only part that varies between runs."""


class SeedForm(TypedDict):
    """One of several trainings."""

    seed: int
    folder: str
    test: dict[str, float]
    cpu_s: float
    held_out: HeldOutForm


class SeedsForm(TypedDict):
    """Trainings that differ in their seed alone."""

    program: Literal["wsesim"]
    version: str
    status: Literal["ok"]
    name: str
    title: str
    text: str
    about: str
    seeds: list[SeedForm]
    best: int
    test: dict[str, MeanAndRange]
    said: str
    wafer: OnWafer
    answering: AnsweringOnWafer
    notes: list[str]
    inputs: dict[str, Any]
    cost: dict[str, float]


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each form, by what writes it."""
    return {"train": schema_of(TrainingForm), "train_seeds": schema_of(SeedsForm)}
