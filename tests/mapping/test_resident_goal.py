"""What a placement is chosen for: the lengths asked; and that a better machine is never worse."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from wsesim.errors import SpecError
from wsesim.hardware import Cluster, load_cluster
from wsesim.mapping.resident import PlanGoal, ResidentPlan, ResidentRequest, plan_resident, plan_service
from wsesim.model import load_preset
from wsesim.software import load_software

WAFERLLM = load_software("waferllm").for_inference()
CS2, CS3 = (load_cluster(machine).cluster for machine in ("cs-2", "cs-3"))
GOALS = {
    "token": PlanGoal(position=1024, passes=1),
    "prompt": PlanGoal(prompt=1024),
    "both": PlanGoal(prompt=512, position=576, passes=127),
    "eight": PlanGoal(position=516, passes=1, batch=8),
}
SERVICE = PlanGoal(prompt=1024, position=1100, passes=128, streams=True)


def request(model: str, cluster: Cluster, **changes: Any) -> ResidentRequest:
    values = {"positions": 2048} | changes
    return ResidentRequest(model=load_preset(model), cluster=cluster, software=WAFERLLM, **values)


def planned(asked: ResidentRequest, goal: PlanGoal) -> ResidentPlan:
    found = plan_resident(asked, goal)
    assert isinstance(found, ResidentPlan)
    return found


@cache
def seconds(model: str, machine: str, goal: PlanGoal) -> float:
    cluster = {"cs-2": CS2, "cs-3": CS3}[machine]
    return goal(planned(request(model, cluster, batch=goal.batch), goal))


@pytest.mark.parametrize(("machine", "best_s"), [("cs-2", 19.75e-3), ("cs-3", 12.2e-3)])
@pytest.mark.every(2)
def test_a_prompt_alone_is_read_as_fast_as_with_the_best_number_of_stages(machine: str, best_s: float) -> None:
    assert seconds("llama-3-8b", machine, PlanGoal(prompt=2048)) <= best_s


def test_eight_sequences_write_as_fast_as_one_where_the_pipeline_has_room() -> None:
    plan = planned(request("llama-3-8b", CS2, batch=8, positions=517), GOALS["eight"])
    rate = 8 / plan.decode(516, batch=8).seconds
    assert 18_300 < rate < 19_600


@pytest.mark.nightly
def test_a_long_cache_does_not_choose_for_long_prompts() -> None:
    goal = PlanGoal(prompt=1024)
    short, long = (planned(request("llama-3-8b", CS3, positions=positions), goal) for positions in (1024, 8192))
    assert goal(long) < 1.2 * goal(short)
    unsaid = planned(request("llama-3-8b", CS3, positions=8192, stages=long.request.stages), PlanGoal(prompt=8192))
    assert goal(long) <= goal(unsaid)


@pytest.mark.parametrize("model", ["cerebras-gpt-111m", "cerebras-gpt-1.3b", "llama-3-8b"])
@pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS)
@pytest.mark.every(3)
def test_with_the_same_software_a_cs3_is_no_slower_than_a_cs2(model: str, goal: PlanGoal) -> None:
    assert seconds(model, "cs-3", goal) <= seconds(model, "cs-2", goal)


@pytest.mark.nightly
def test_a_service_gives_memory_to_prompts_and_is_no_slower_on_a_cs3() -> None:
    found = [plan_service(request("cerebras-gpt-111m", cluster), SERVICE) for cluster in (CS2, CS3)]
    plans = [plan for plan in found if isinstance(plan, ResidentPlan)]
    assert SERVICE(plans[1]) <= SERVICE(plans[0])
    assert all(plan.request.batch > 1 for plan in plans)
    for times in (0.25, 0.5, 0.9):
        other = planned(request("cerebras-gpt-111m", CS3, batch=round(times * plans[1].request.batch)), SERVICE)
        assert SERVICE(plans[1]) <= SERVICE(other)


def with_core(**changes: Any) -> Cluster:
    return replace(CS2, wafer=replace(CS2.wafer, core=replace(CS2.wafer.core, **changes)))


def with_fabric(**changes: Any) -> Cluster:
    return replace(CS2, wafer=replace(CS2.wafer, fabric=replace(CS2.wafer.fabric, **changes)))


BETTER = {
    "clock": with_core(clock_hz=2.2e9),
    "lanes": with_core(fmac_fp16_per_cycle=8, simd_fp16_per_cycle=8),
    "ports": with_core(sram_read_bytes_per_cycle=32, sram_write_bytes_per_cycle=32),
    "tasks": with_core(task_launch_cycles=2),
    "memory": with_core(sram_bytes=96 * 1024),
    "links": with_fabric(link_wavelets_per_cycle=2),
    "ramps": with_fabric(ramp_cycles=1),
    "columns": replace(CS2, wafer=replace(CS2.wafer, columns=1500)),
    "rows": replace(CS2, wafer=replace(CS2.wafer, rows=1988)),
}


@pytest.mark.parametrize("goal", [GOALS["token"], GOALS["prompt"]], ids=["token", "prompt"])
@pytest.mark.parametrize("cluster", BETTER.values(), ids=BETTER)
@pytest.mark.every(3)
def test_a_better_machine_is_never_slower(cluster: Cluster, goal: PlanGoal) -> None:
    better = goal(planned(request("cerebras-gpt-1.3b", cluster), goal))
    assert better <= (1 + 1e-9) * seconds("cerebras-gpt-1.3b", "cs-2", goal)


@pytest.mark.parametrize("goal", [GOALS["token"], GOALS["prompt"]], ids=["token", "prompt"])
def test_slower_hops_and_links_are_never_faster(goal: PlanGoal) -> None:
    for worse in (with_fabric(hop_cycles=2), with_fabric(link_wavelets_per_cycle=0.5)):
        assert goal(planned(request("cerebras-gpt-1.3b", worse), goal)) >= seconds("cerebras-gpt-1.3b", "cs-2", goal)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "or passes must be positive"),
        ({"prompt": 8, "reused": 8}, "reused must be from 0 to 7"),
        ({"prompt": -1}, "prompt must be zero or above"),
        ({"passes": 1, "batch": 0}, "batch must be positive"),
    ],
)
def test_a_goal_is_some_work(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        PlanGoal(**values)
