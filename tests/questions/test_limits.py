"""What holds a time: every limit is asked again, and what is said of it is what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import fsum
from pathlib import Path

import pytest

from wsesim import questions
from wsesim.answer import Answer, Limit
from wsesim.answers import limits as told
from wsesim.questions.shared.capped import CAUSE
from wsesim.questions.shared.limits import LIMITS, TIED

STEP = {
    "phase": "training", "model": "cerebras-gpt-256m", "cluster": "cs-2",
    "batch": {"sequences": 32, "length": 512, "micro_batch": 32}, "recompute": "always",
}  # fmt: skip
PROMPT = {"phase": "prefill", "model": "cerebras-gpt-111m", "cluster": "cs-2", "inference": {"prompt": 512}}
LLAMA = {
    "layers": 4, "width": 1536, "heads": 12, "ffn_width": 4096, "vocab": 5000, "max_length": 512,
    "activation": "swiglu", "norm": "rms_norm", "position": "rotary", "bias": False,
    "attention_bias": False, "tied": False,
}  # fmt: skip
TOKEN = {
    "phase": "decode", "model": LLAMA, "cluster": "cs-2",
    "inference": {"prompt": 300, "batch": 4, "placement": "blocks", "decode_grid": 300},
}  # fmt: skip
DATAPATH = {"core.fmac_fp16_per_cycle": 8, "core.fmac_mixed_per_cycle": 4, "core.fmac_fp32_per_cycle": 2,
            "core.simd_fp16_per_cycle": 8, "core.simd_fp32_per_cycle": 4}  # fmt: skip
BANKS = {"core.colliding_cycles": 1}
"""Of a CS-2, half as many."""


def answer_of(data: Mapping[str, object]) -> Answer:
    outcome = questions.run(questions.ask(data, file="limits", folder=Path()), verify=False, explain=True).outcome
    assert isinstance(outcome, Answer)
    return outcome


@pytest.fixture(scope="module")
def step() -> Answer:
    return answer_of(STEP)


def limit(answer: Answer, name: str) -> Limit:
    return next(each for each in answer.limits if each.name == name)


def test_what_a_limit_saves_is_what_the_question_with_twice_of_it_saves(step: Answer) -> None:
    assert step.spent is not None
    doubled = answer_of(STEP | {"hardware": {"fabric.link_wavelets_per_cycle": 2}})
    assert doubled.spent is not None
    assert limit(step, "links").saved_s == pytest.approx(step.spent.total_s - doubled.spent.total_s, rel=0.01)
    halved = answer_of(STEP | {"software": {"training.kernel_launch": "61 us"}})
    assert halved.spent is not None
    assert limit(step, "kernel launch").saved_s == pytest.approx(step.spent.total_s - halved.spent.total_s, rel=0.01)


@pytest.mark.parametrize(
    ("data", "name", "twice"),
    [pytest.param(STEP, "datapath", DATAPATH, id="step"),
     pytest.param(TOKEN, "bank collisions", BANKS, id="token", marks=pytest.mark.nightly)],
)  # fmt: skip
def test_under_a_cap_twice_is_asked_with_the_cap(
    data: Mapping[str, object], name: str, twice: Mapping[str, float]
) -> None:
    free = answer_of(data)
    cap = {"energy.nameplate": f"{0.95 * float(free.figures['power_w'] or 0)} W", "energy.capped": True}
    capped, doubled = (answer_of({**data, "hardware": {**cap, **more}}) for more in ({}, twice))
    assert capped.spent is not None
    assert doubled.spent is not None
    found = limit(capped, name)
    near = 0.002 * capped.spent.total_s  # two clocks, each as near the cap as is tried
    assert found.saved_s == pytest.approx(capped.spent.total_s - doubled.spent.total_s, abs=near)
    assert CAUSE in found.by_cause, "another clock keeps the cap"


def test_causes_add_up_and_those_that_bring_most_come_first(step: Answer) -> None:
    saved = [each.saved_s for each in step.limits]
    assert saved == sorted(saved, reverse=True)
    for each in step.limits:
        assert fsum(each.by_cause.values()) == pytest.approx(each.saved_s, abs=1e-12)


def test_limits_that_tie_bring_more_together_than_alone(step: Answer) -> None:
    ties = [each for each in step.limits if each.ties]
    for tie in ties:
        names = tie.name.split(" + ")
        assert set(names) <= set(TIED)
        assert tie.saved_s > fsum(max(0.0, limit(step, name).saved_s) for name in names)


def test_each_cause_is_said_to_be_held_by_what_shortens_it(step: Answer) -> None:
    held = told.held_by(step)
    assert held["launch"] == "kernel launch"
    assert held["step"] == "step overhead"
    assert "datapath" in held["fmac"]


def test_every_cause_says_what_holds_it_or_that_nothing_alone_does(step: Answer) -> None:
    assert step.spent is not None
    held = told.told_holders(step)
    assert held.keys() == step.spent.by_cause.keys()
    assert all(held.values())
    shared = told.told_holders(replace(step, limits=tuple(
        replace(each, by_cause={"launch": 0.06 * step.spent.by_cause["launch"]}) for each in step.limits
    )))  # fmt: skip
    assert shared["launch"] == f"none alone: {step.limits[0].name} most, 6.0 % of it"
    assert shared["fmac"] == told.NOTHING
    assert told.told_holders(replace(step, limits=())) == {}


def test_what_is_above_the_bound_is_split_by_what_holds_it(step: Answer) -> None:
    assert step.bound is not None
    split = told.above_bound(step)
    assert fsum(split.values()) == pytest.approx(fsum(step.bound.gap.values()))
    assert "kernel launch" in told.told_above_bound(step)


def test_prompts_have_limits_too() -> None:
    answer = answer_of(PROMPT)
    assert limit(answer, "datapath").saved_s > 0
    assert limit(answer, "hop latency").by_cause


def test_every_limit_is_made_of_figures_that_some_kind_reads() -> None:
    read = {name for kind in questions.kinds().values() for name in (*kind.reads.hardware, *kind.reads.software)}
    assert {figure for figures in LIMITS.values() for figure in figures} <= read
