"""What precision costs: errors of a model's numbers in each format, beside the time that the question takes in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim import units
from wsesim.cli.options import file_argument, manner, settings_option, speaking
from wsesim.cli.output import print_json, progress, say, table

if TYPE_CHECKING:
    from wsesim.questions.base import Question
    from wsesim.questions.shared.precision import KeptAs, PrecisionLost

CHOSEN_BY = {"fp16": "mixed"}
"""Word of `precision` whose values are of a format, where it is another: products are added up in fp32."""

TIMES = ("step_s", "total_s")
"""Figures that say how long a question takes: of a step, and of a request; weights of the latter are never fp32."""


@click.command()
@file_argument
@settings_option
@speaking
def precision(file: Path, settings: tuple[str, ...]) -> None:
    """Say what precision costs: errors of each kind of op, and time.

    A part of the model is computed forward and backward, each tensor kept as the machine would, and compared with
    float64. The time is that of the question in closed form.
    """
    from wsesim import questions

    question = questions.load(file, settings=settings)
    name = question.asked.name
    with progress(f"computing {name}") as tell:
        found = questions.precision_lost(question, say=tell)
    chosen = {(way.format, way.level) for way in found.ways}
    known = {way: _seconds(file, settings, question, *way) for way in chosen}
    times = [known[way.format, way.level] for way in found.ways]
    if manner().json:
        print_json({"status": "ok", "name": name, "reduced": found.reduced, "labels": found.labels, "ways": [
            {**asdict(way), "closed_s": seconds} for way, seconds in zip(found.ways, times, strict=True)
        ]})  # fmt: skip
    say("\n\n".join(_said(name, found, times)))


def _seconds(file: Path, settings: tuple[str, ...], question: Question, form: str, level: int | None) -> float | None:
    """Return how long the question takes with values of a format, at a level; None: no choice, or it does not fit."""
    from wsesim import questions
    from wsesim.answer import Answer

    figure = next((name for name in TIMES if name in {spec.name for spec in question.figures}), None)
    if figure is None or (form == "fp32" and figure != TIMES[0]):
        return None
    word = CHOSEN_BY.get(form, form) if figure == TIMES[0] else form
    more = [] if level is None else [f"precision_opt_level={level}"]
    outcome = questions.run(
        questions.load(file, settings=(*settings, f"precision={word}", *more)), level="closed", verify=False
    ).outcome
    return outcome.figures[figure] if isinstance(outcome, Answer) else None


def _said(name: str, found: PrecisionLost, times: Sequence[float | None]) -> list[str]:
    heads = ("KEPT AS", "LOSS SCALE", "TIME", "FORWARD ERROR", "GRADIENT ERROR", "GRADIENTS LOST", "WORST")
    rows = [_row(way, seconds) for way, seconds in zip(found.ways, times, strict=True)]
    kinds = dict.fromkeys((one.kind, one.backward) for way in found.ways for one in way.lost)
    each = [{(one.kind, one.backward): one.error for one in way.lost} for way in found.ways]
    words = [_name(way) for way in found.ways]
    more = [f"Gradients are of a mean over {found.labels:,} labels.", found.order]
    if found.reduced:
        more.append(f"Made smaller to stay quick: {found.reduced}.")
    return [
        f"{name}: what precision costs, beside float64", table(heads, rows),
        table(("ERROR OF", *words), [
            (kind, *(f"{errors[kind, backward]:.1e}" for errors in each)) for kind, backward in kinds
        ]),
        " ".join(more),
    ]  # fmt: skip


def _row(way: KeptAs, seconds: float | None) -> tuple[str, ...]:
    forward, gradients = ([one for one in way.lost if one.backward == backward] for backward in (False, True))
    worst = max(gradients, key=lambda one: (one.vanished, one.error))
    return (
        way.name, f"{way.loss_scale:g}", units.show_seconds(seconds) if seconds else "-",
        f"{max(one.error for one in forward):.1e}", f"{max(one.error for one in gradients):.1e}",
        units.show_share(max(one.vanished for one in gradients)), worst.kind,
    )  # fmt: skip


def _name(way: KeptAs) -> str:
    scale = f" x {way.loss_scale:g}" if way.loss_scale != 1 else ""
    return f"{way.name}{scale}".replace(" subnormals", " sub.").upper()
