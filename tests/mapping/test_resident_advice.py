"""What is advised fits by planning itself, with any number of copies; one step less does not."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from tests.mapping.test_resident_search import MODELS, SMALL_CS2, SOFTWARE

from wsesim.answer import DoesNotFit
from wsesim.mapping.resident import PlanGoal, ResidentPlan, ResidentRequest, plan_resident, plan_service
from wsesim.model import ModelSpec

GOAL = PlanGoal(prompt=200, position=300, passes=9.0)
TINY = replace(SMALL_CS2, wafer=replace(SMALL_CS2.wafer, columns=20, rows=25), systems=3)
LARGE = ModelSpec(
    name="large", layers=32, width=256, heads=8, kv_heads=8, head_width=32, ffn_width=1024, vocab=997, max_length=4096,
    activation="swiglu", norm="rms_norm", position="rotary", tied=True,
)  # fmt: skip


def asked(model: ModelSpec, **changes: Any) -> ResidentRequest:
    values: dict[str, Any] = {"positions": 400, "batch": 1, "software": SOFTWARE[0], "cluster": TINY} | changes
    return ResidentRequest(model=model, **values)


def advised(found: ResidentPlan | DoesNotFit, form: str) -> int | None:
    assert isinstance(found, DoesNotFit)
    words = re.search(form, found.why.rpartition(": ")[2])
    return int(words.group(1).replace(",", "")) if words else None


def planned(request: ResidentRequest) -> ResidentPlan | DoesNotFit:
    positions = min(request.positions, GOAL.position)
    goal = replace(GOAL, prompt=min(positions, GOAL.prompt), position=positions)
    return plan_resident(request, replace(goal, batch=request.batch, prompts=request.batch))


def changed(request: ResidentRequest, field: str, value: int) -> ResidentRequest:
    if field.startswith("systems"):
        request = request if field == "systems" else replace(request, wafers=None)
        return replace(request, cluster=replace(request.cluster, systems=value))
    return replace(request, **{field: value})  # type: ignore[arg-type]


ADVICE = {
    "systems": (r"(\d+) systems(?! with)", -1),
    "systems of any wafers": (r"(\d+) systems with wafers left open", -1),
    "batch": (r"a batch of ([\d,]+)", 1),
    "positions": (r"([\d,]+) positions?", 1),
    "replicas": (r"(\d+) cop", 1),
    "wafers": (r"(\d+) wafers", -1),
}
BY_HAND = st.fixed_dictionaries(
    {"batch": st.sampled_from([1, 3, 50, 200]), "positions": st.sampled_from([400, 4000])},
    optional={"replicas": st.integers(1, 3), "stages": st.integers(1, 3), "wafers": st.integers(1, 1),
              "placement": st.sampled_from(["auto", "rectangles", "blocks", "whole"])},
)  # fmt: skip


@pytest.mark.nightly
@settings(deadline=None, max_examples=12, phases=[Phase.generate])  # made small again and again, one takes minutes
@given(MODELS, BY_HAND)
def test_what_is_advised_fits_and_one_step_back_does_not(model: ModelSpec, by_hand: dict[str, Any]) -> None:
    assume(by_hand.get("stages", 1) <= model.layers)
    request = asked(model, **by_hand)
    found = planned(request)
    assume(isinstance(found, DoesNotFit))
    for field, (form, back) in ADVICE.items():
        if (number := advised(found, form)) is None:
            continue
        assert isinstance(planned(changed(request, field, number)), ResidentPlan)
        if number + back:
            assert isinstance(planned(changed(request, field, number + back)), DoesNotFit)


@pytest.mark.parametrize(("systems", "copies"), [(3, 2), (5, 2), (6, 2), (6, 3)])
@pytest.mark.parametrize("serves", [True, False])
@pytest.mark.every(4)
def test_copies_with_too_few_wafers_each_say_how_many_a_copy_needs(systems: int, copies: int, serves: bool) -> None:
    cluster = replace(TINY, systems=systems)
    request = asked(LARGE, cluster=cluster, replicas=copies, batch=1 if serves else 4)
    goal = replace(GOAL, streams=serves, batch=1 if serves else 4)
    found = (plan_service if serves else plan_resident)(request, goal)
    assert isinstance(found, DoesNotFit)
    wafers, each = f"{copies} copies on {systems} wafers", systems // copies
    needs = advised(found, r"(\d+) systems") or 0
    assert found.why.startswith(f"{wafers} have {each} each; a copy needs {needs // copies}: {needs} systems")
    one = (plan_service if serves else plan_resident)(replace(request, replicas=1), goal)
    assert (advised(found, r"(\d+) cop") is not None) == isinstance(one, ResidentPlan)
