"""Scores of measured rows as they are kept for questions that are like them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wsesim.measured import Row
from wsesim.validation.asking import answer_to
from wsesim.validation.constants import load_constants
from wsesim.validation.groups import MEASURED, has_old_software, kind_of
from wsesim.validation.kernels import KernelScore
from wsesim.validation.kernels import ask_row as ask_kernel
from wsesim.validation.kernels.rows import KernelRow
from wsesim.validation.rows import Measurement
from wsesim.validation.score import RowScore, ask_row

KERNELS = ("kernel",)
"""Kinds of question that rows of kernels speak for; some rows ask whole models, which rows of models do, too."""


def kept_models(rows: Iterable[Measurement], scores: Iterable[RowScore]) -> Iterator[Row]:
    """Yield the rows of steps and requests that were run; releases before 2.0 are not those simulated."""
    found = {score.id: score for score in scores}
    left_out = {entry.group: entry.worst for entry in load_constants().left_out}
    for row in rows:
        score = found[row.id]
        if score.error is not None and kind_of(row) in MEASURED and not has_old_software(row):
            traits = answer_to(ask_row(row)).traits
            yield Row(
                id=row.id, group=score.group, traits=traits, error=score.error, left_out=left_out.get(score.group)
            )  # fmt: skip


def kept_kernels(rows: Iterable[KernelRow], scores: Iterable[KernelScore]) -> Iterator[Row]:
    """Yield the rows of kernels that were run."""
    found = {score.id: score for score in scores}
    for row in rows:
        score = found[row.id]
        if score.error is not None and (traits := answer_to(ask_kernel(row)).traits).kind in KERNELS:
            yield Row(id=row.id, group=f"{score.family} ({score.target})", traits=traits, error=score.error)
