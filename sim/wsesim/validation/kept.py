"""Scores of measured rows as they are kept for questions that are like them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from wsesim.measured import Row, Traits
from wsesim.validation.asking import answer_to
from wsesim.validation.constants import load_constants
from wsesim.validation.groups import MEASURED, has_old_software, kind_of
from wsesim.validation.kernels import KernelScore
from wsesim.validation.kernels import ask_row as ask_kernel
from wsesim.validation.kernels.rows import KernelRow
from wsesim.validation.requests import INTERVAL
from wsesim.validation.rows import Measurement
from wsesim.validation.score import RowScore, ask_row

KERNELS = ("kernel",)
"""Kinds of question that rows of kernels speak for; some rows ask whole models, which rows of models do, too."""
KNOWN_AHEAD = "tokens known ahead"
"""A feature of rows alone: no question asks for that."""


def kept_models(rows: Iterable[Measurement], scores: Iterable[RowScore]) -> Iterator[Row]:
    """Yield the rows of steps and requests that were run; releases before 2.0 are not those simulated."""
    found = {score.id: score for score in scores}
    left_out = {entry.group: entry.worst for entry in load_constants().left_out}
    for row in rows:
        score = found[row.id]
        if score.error is not None and kind_of(row) in MEASURED and not has_old_software(row):
            yield Row(
                id=row.id, group=score.group, traits=_traits_of(row), error=score.error,
                left_out=left_out.get(score.group),
            )  # fmt: skip


def _traits_of(row: Measurement) -> Traits:
    """Return what a row is like; one of tokens known ahead tells how soon they follow, not how long each takes."""
    asked = ask_row(row)
    traits = answer_to(asked).traits
    known = {KNOWN_AHEAD} if asked.figure == INTERVAL else set()
    return replace(traits, features=traits.features | known)


def kept_kernels(rows: Iterable[KernelRow], scores: Iterable[KernelScore]) -> Iterator[Row]:
    """Yield the rows of kernels that were run."""
    found = {score.id: score for score in scores}
    for row in rows:
        score = found[row.id]
        if score.error is not None and (traits := answer_to(ask_kernel(row)).traits).kind in KERNELS:
            yield Row(id=row.id, group=f"{score.family} ({score.target})", traits=traits, error=score.error)
