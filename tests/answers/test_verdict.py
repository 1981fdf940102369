"""The answer in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from wsesim.answer import Answer, Limit, Spent
from wsesim.answers.verdict import verdict


def answer(limits: Mapping[str, Mapping[str, float]], spent: Mapping[str, float]) -> Answer:
    found = [
        Limit(name=name, figures=("core.clock",), saved_s=sum(saved.values()), by_cause=saved)
        for name, saved in limits.items()
    ]
    ranked = tuple(sorted(found, key=lambda limit: -limit.saved_s))
    return Answer(
        level="system", figures={}, spent=Spent(total_s=sum(spent.values()), by_cause=spent, what="step"), limits=ranked
    )  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "spent", "said"),
    [
        ({}, {"fmac": 1.0}, "Longest in this step: FMAC, 100.0 % of it."),
        ({"datapath": {"fmac": 0.4}, "kernel launch": {"launch": 0.1}}, {"fmac": 0.8, "launch": 0.2},
         "Held by datapath: twice as good, this step would take 40.0 % less."),
        ({"datapath": {"fmac": 0.1}, "kernel launch": {"launch": 0.4}}, {"fmac": 0.2, "launch": 0.8},
         "80.0 % of this step is fixed cost, launches of kernels above all: too small a step."),
        ({"datapath": {"fmac": 0.01}}, {"fmac": 1.0},
         "No limit that was tried holds this step: twice as good, none would save a twentieth."),
    ],
)  # fmt: skip
def test_what_holds_the_time_is_said(
    limits: Mapping[str, Mapping[str, float]], spent: Mapping[str, float], said: str
) -> None:
    assert verdict(answer(limits, spent)) == said
