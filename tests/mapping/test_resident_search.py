"""What is left open is never worse than anything by hand; no bound is above what the plan takes; machines in pairs."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wsesim.hardware import Cluster, load_cluster
from wsesim.kernels.resident_ops import TokenStep
from wsesim.mapping.resident import PlanGoal, ResidentPlan, ResidentRequest, plan_resident, plan_service
from wsesim.mapping.resident.bounds import Bounds, Places
from wsesim.mapping.resident.ends import quickest_strips
from wsesim.mapping.resident.memory import needs_bytes
from wsesim.mapping.resident.options import stage_options
from wsesim.mapping.resident.paths import path_cycles
from wsesim.mapping.resident.rectangles import plan_at
from wsesim.mapping.resident.room import NONE, WaferRoom
from wsesim.mapping.resident.sizes import shrinking_sizes
from wsesim.mapping.resident.squares import fits_in_squares, plan_in_squares
from wsesim.mapping.resident.stage_times import StageTimes
from wsesim.mapping.resident.tables import strip_choices, table_cycles
from wsesim.mapping.resident.ways import ways_to_read
from wsesim.model import ModelSpec
from wsesim.software import load_software

SMALL_CS2 = load_cluster("cs-2", systems=4).cluster
SMALL_CS2 = replace(SMALL_CS2, wafer=replace(SMALL_CS2.wafer, columns=120, rows=150))
SOFTWARE = [load_software(stack).for_inference() for stack in ("waferllm", "waferengine")]


def drawn(layers: int, heads: int, times: int, tied: bool, kind: dict[str, Any]) -> ModelSpec:
    dense: dict[str, Any] = {"dense_layers": 1, "dense_width": 96} if "experts" in kind and layers > 1 else {}
    return ModelSpec(
        name="drawn", layers=layers, width=32 * heads, heads=heads, kv_heads=heads, head_width=32,
        ffn_width=32 * heads * times, vocab=997, max_length=4096, activation="swiglu", norm="rms_norm",
        position="rotary", tied=tied, **kind, **dense,
    )  # fmt: skip


KINDS: list[dict[str, Any]] = [
    {}, {"weight_format": "int4/32x1+zeros"}, {"window": 9, "full_every": 2}, {"window": 300, "full_every": 5},
    {"window": 300},
    {"latent_rank": 24, "rotary_width": 8, "experts": 4, "experts_per_token": 2, "shared_width": 40},
]  # fmt: skip
ALIKE, MODELS = (
    st.builds(
        drawn, st.integers(1, most), st.sampled_from([2, 5, 8]), st.sampled_from([2, 4]), st.booleans(),
        st.sampled_from(kinds),
    )
    for most, kinds in ((4, KINDS[:2]), (13, KINDS))
)  # fmt: skip
BY_DAY = pytest.mark.parametrize("models", [ALIKE, pytest.param(MODELS, marks=pytest.mark.nightly)])
"""A few layers, all alike, by day: others take some seconds each where everything is open."""
GOALS = st.one_of(
    st.builds(PlanGoal, prompt=st.integers(1, 700), prompts=st.integers(1, 3)),
    st.builds(PlanGoal, position=st.integers(1, 700), passes=st.just(9.0), batch=st.integers(1, 9),
              guesses=st.integers(0, 2), guess_cost=st.just(0.1)),
    st.builds(PlanGoal, prompt=st.integers(2, 700), reused=st.integers(0, 1), position=st.just(700),
              passes=st.just(20.0)),
)  # fmt: skip


def request(model: ModelSpec, goal: PlanGoal, cluster: Cluster = SMALL_CS2, **changes: Any) -> ResidentRequest:
    batch = max(goal.batch, goal.prompts)
    values: dict[str, Any] = {"positions": 800, "batch": batch, "software": SOFTWARE[0]} | changes
    return ResidentRequest(model=model, cluster=cluster, **values)


def seconds(asked: ResidentRequest, goal: PlanGoal) -> float:
    found = plan_resident(asked, goal)
    assume(isinstance(found, ResidentPlan))
    assert isinstance(found, ResidentPlan)
    assert needs_bytes(found.memory) <= asked.cluster.wafer.core.sram_bytes
    return goal(found)


BY_HAND = st.one_of(
    st.fixed_dictionaries({"stages": st.integers(1, 13)}), st.fixed_dictionaries({"wafers": st.integers(1, 4)}),
    st.fixed_dictionaries({"replicas": st.integers(1, 4)}),
    st.fixed_dictionaries({"chunk": st.sampled_from([1, 8, 64, 128, 800])}),
    st.fixed_dictionaries({"placement": st.sampled_from(["whole", "blocks", "rectangles"])}),
)  # fmt: skip


@BY_DAY
@settings(deadline=None, max_examples=3)
@given(data=st.data(), goal=GOALS, software=st.sampled_from(SOFTWARE), by_hand=BY_HAND)
def test_nothing_by_hand_is_faster(
    models: st.SearchStrategy[ModelSpec], data: st.DataObject, goal: PlanGoal, software: Any, by_hand: dict[str, Any]
) -> None:
    model = data.draw(models)
    assume(by_hand.get("stages", 1) <= model.layers)
    asked = request(model, goal, software=software)
    assert seconds(asked, goal) <= (1 + 1e-9) * seconds(replace(asked, **by_hand), goal)


@pytest.mark.parametrize(
    ("link", "rows", "chosen"), [(1.0, 64, "blocks"), (0.05, 64, "rectangles"), (0.05, 48, "whole")]
)
def test_the_kind_of_placement_is_chosen_by_its_time(link: float, rows: int, chosen: str) -> None:
    wafer = replace(SMALL_CS2.wafer, columns=48, rows=rows,
                    fabric=replace(SMALL_CS2.wafer.fabric, link_wavelets_per_cycle=link))  # fmt: skip
    model = ModelSpec(name="m", layers=2, width=32, heads=1, kv_heads=1, head_width=32, ffn_width=128, vocab=1000,
                  max_length=8192, activation="gelu", norm="layer_norm", position="learned", tied=False, causal=False,
                  norm_order="post", token_types=2, task="mlm")  # fmt: skip
    goal, cluster = PlanGoal(prompt=128), replace(SMALL_CS2, systems=1, wafer=wafer)
    kinds = ("whole", "blocks", "rectangles", "auto")
    plans = [plan_resident(request(model, goal, cluster, positions=128, placement=kind), goal) for kind in kinds]
    each = [plan for plan in plans if isinstance(plan, ResidentPlan)]
    assert [plan.placement for plan in each] == [*kinds[:3], chosen]
    assert goal(each[-1]) == min(map(goal, each[:3]))


@given(st.integers(2, 3000))
def test_a_shorter_prompt_can_pass_in_no_more_and_no_larger_parts(prompt: int) -> None:
    asked = request(ModelSpec(name="m", layers=1, width=32, heads=1, kv_heads=1, head_width=32, ffn_width=32, vocab=10,
                          max_length=4096, activation="gelu", norm="layer_norm", position="learned"),
                    PlanGoal(prompt=1), positions=3000)  # fmt: skip
    longer, shorter = ([(way.shifts, -(-tokens // way.tokens), way.tokens) for way in ways_to_read(asked, tokens)]
                       for tokens in (prompt, prompt - 1))  # fmt: skip
    for kind, parts, tokens in longer:
        assert any(kind == one and fewer <= parts and less <= tokens for one, fewer, less in shorter)


def better(cluster: Cluster, name: str, times: float) -> Cluster:
    wafer, core, fabric = cluster.wafer, cluster.wafer.core, cluster.wafer.fabric
    if name == "systems":
        return replace(cluster, systems=round(cluster.systems * times))
    if name in {field.name for field in fields(wafer)}:
        return replace(cluster, wafer=replace(wafer, **{name: round(getattr(wafer, name) * times)}))
    if name in {field.name for field in fields(core)}:
        value = getattr(core, name) * times
        value = round(value) if isinstance(getattr(core, name), int) else value
        return replace(cluster, wafer=replace(wafer, core=replace(core, **{name: value})))
    value = getattr(fabric, name)
    return replace(
        cluster,
        wafer=replace(wafer, fabric=replace(fabric, **{name: value * times if times < 1 else round(value * times)})),
    )


UP = ("columns", "rows", "systems", "sram_bytes", "clock_hz", "link_wavelets_per_cycle")
DOWN = ("task_launch_cycles", "vector_launch_cycles", "hop_cycles", "ramp_cycles")


@BY_DAY
@settings(deadline=None, max_examples=3)
@given(data=st.data(), goal=GOALS, name=st.sampled_from(UP), times=st.sampled_from([1.1, 1.5, 2, 3]))
def test_more_of_the_machine_is_never_slower(
    models: st.SearchStrategy[ModelSpec], data: st.DataObject, goal: PlanGoal, name: str, times: float
) -> None:
    model = data.draw(models)
    more = request(model, goal, better(SMALL_CS2, name, times))
    assert seconds(more, goal) <= (1 + 1e-9) * seconds(request(model, goal), goal)


@pytest.mark.nightly
@settings(deadline=None, max_examples=3)
@given(MODELS, GOALS, st.sampled_from(DOWN), st.sampled_from([2, 5]))
def test_slower_starts_and_ways_are_never_faster(model: ModelSpec, goal: PlanGoal, name: str, times: int) -> None:
    worse = request(model, goal, better(SMALL_CS2, name, times))
    assert seconds(request(model, goal), goal) <= (1 + 1e-9) * seconds(worse, goal)


@pytest.mark.nightly
@settings(deadline=None, max_examples=3)
@given(MODELS, st.sampled_from(["systems", "rows", "columns", "sram_bytes"]), st.sampled_from([1.5, 2, 4]))
def test_a_service_is_never_slower_with_more(model: ModelSpec, name: str, times: float) -> None:
    goal = PlanGoal(prompt=200, position=250, passes=100, streams=True)
    plans = [
        plan_service(request(model, goal, cluster, batch=1), goal)
        for cluster in (SMALL_CS2, better(SMALL_CS2, name, times))
    ]
    if isinstance(plans[0], ResidentPlan):
        assert isinstance(plans[1], ResidentPlan)
        assert goal(plans[1]) <= (1 + 1e-9) * goal(plans[0])


@settings(deadline=None, max_examples=10)
@given(ALIKE, GOALS, st.sampled_from([None, 1, 2]), st.integers(1, 30))
def test_each_option_has_the_quickest_strips_that_leave_room(
    model: ModelSpec, goal: PlanGoal, wafers: int | None, batch: int
) -> None:  # fmt: skip
    asked = request(model, goal, batch=batch, wafers=wafers)
    options, choices = stage_options(asked), strip_choices(asked)
    assume(len(options) and choices)
    strips = tuple(one.pair(number) for one in choices for number in range(len(one.above) * len(one.below)))
    room = WaferRoom(asked, options)
    taken = np.stack([room.taken(one) for one in strips])
    fewest = room.fewest(choices)
    assert fewest.tolist() == taken.min(axis=0).tolist(), "the lowest strips leave most room"
    there = np.flatnonzero(fewest < NONE)
    used, which, strip = quickest_strips(choices, room.some(there), fewest[there])
    assert sorted({*which.tolist()}) == [*range(len(there))]
    for size, of_both in (*((size, 0) for size in asked.groups), (batch, 1)):
        step = TokenStep(positions=1, batch=size)
        each = np.where(taken == fewest, table_cycles(asked, strips, step, size)[of_both][:, None], np.inf)
        found = np.full(len(there), np.inf)
        np.minimum.at(found, which, table_cycles(asked, used, step, size)[of_both][strip])
        assert found.tolist() == each.min(axis=0)[there].tolist()


@BY_DAY
@settings(deadline=None, max_examples=3)
@given(data=st.data(), batch=st.integers(1, 9), software=st.sampled_from(SOFTWARE))
def test_more_sequences_are_never_quicker(
    models: st.SearchStrategy[ModelSpec], data: st.DataObject, batch: int, software: Any
) -> None:
    model = data.draw(models)
    less, more = (PlanGoal(position=400, passes=9.0, batch=size) for size in (batch, batch + 1))
    asked = [request(model, goal, software=software, replicas=1) for goal in (less, more)]
    assert seconds(asked[0], less) <= (1 + 1e-9) * seconds(asked[1], more)


@pytest.mark.parametrize("chunk", [None, 7])
@pytest.mark.parametrize("kind", KINDS[:2])
def test_squares_fit_where_a_plan_in_them_is_found(chunk: int | None, kind: dict[str, Any]) -> None:
    model, goal, fit = drawn(4, 8, 4, True, kind), PlanGoal(prompt=40, position=45, passes=9.0), list[bool]()
    for positions, batch in ((50, 1), (800, 60), (30_000, 3), (30_000, 60), (2_000_000, 60)):
        asked = request(model, goal, batch=batch, chunk=chunk, positions=positions, wafers=2)
        fit.append(fits_in_squares(asked, goal))
        assert fit[-1] == isinstance(plan_in_squares(asked, goal), ResidentPlan)
    assert fit[0]
    assert not fit[-1]


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.every(2)
def test_the_head_of_a_service_has_the_rows_that_many_tokens_side_by_side_need(width: int) -> None:
    """Of one token a head of one row is the quickest; of those of a hundred sequences it would be what all wait for."""
    model = ModelSpec(name="m", layers=2, width=width, heads=1, kv_heads=1, head_width=32, ffn_width=128, vocab=1000,
                  max_length=8192, activation="gelu", norm="layer_norm", position="learned", tied=False)  # fmt: skip
    cluster = replace(SMALL_CS2, systems=1, wafer=replace(SMALL_CS2.wafer, columns=48, rows=64))
    goal = PlanGoal(prompt=60, position=90, passes=61, streams=True)
    plan = plan_service(request(model, goal, cluster, positions=512, batch=1), goal)
    assert isinstance(plan, ResidentPlan)
    embed, head = plan.tables
    free = cluster.wafer.rows - embed.rows - max(stage.row + stage.rows - embed.rows for stage in plan.stages)
    assert head.rows <= free
    shapes = [(columns, rows) for rows in range(1, free + 1) for columns in (8, 12, 20, 24, 32, 42, 48)]
    heads = [replace(head, columns=columns, rows=rows) for columns, rows in shapes]
    assert goal(plan) <= 1.03 * min(goal(replace(plan, tables=(embed, other))) for other in heads)


@settings(deadline=None, max_examples=4)
@given(MODELS, GOALS, st.integers(0, 2**32 - 1))
def test_no_bound_is_above_what_the_plan_takes(model: ModelSpec, goal: PlanGoal, seed: int) -> None:
    asked = request(model, goal, replicas=1)
    options = stage_options(asked)
    places = Places.of(asked, options)
    assume(len(places.options))
    draw = np.random.default_rng(seed)
    places = places.some(draw.integers(len(places.options), size=1))
    bounds = Bounds(goal, StageTimes(asked, places.options))
    ways = [way for way in ways_to_read(asked, max(1, goal.prompt), goal.reused) if bounds.holds(places, way)[0]]
    way = ways[int(draw.integers(len(ways)))]
    plan = plan_at(places, way, 1)
    cycles = goal(plan) * plan.clock_hz
    written = bounds.writing(places)[0]
    looks = [bounds.reading(places, way, look)[0] for look in (1, 4, None)] if goal.prompt else [0.0]
    looks += [bounds.roughly(places, way)[0], path_cycles(places, way, goal, bounds.times)[0]] if goal.prompt else []
    assert max(looks) + written <= (1 + 1e-9) * cycles


@pytest.mark.nightly
@settings(deadline=None, max_examples=3)
@given(MODELS, GOALS, st.integers(1, 800), st.sampled_from([0, 2, 5]))
def test_a_longer_window_is_never_faster(model: ModelSpec, goal: PlanGoal, window: int, every: int) -> None:
    """A window that binds nowhere costs what none does, a shorter one no more; its caches hold no more than it."""
    assume(not model.experts)
    models = [replace(model, window=size, full_every=every) for size in (window, 2 * window, 800, 0)]
    took = [seconds(request(one, goal), goal) for one in models]
    assert took[0] <= (1 + 1e-9) * took[1]
    assert took[1] <= (1 + 1e-9) * took[3]
    assert took[2] == pytest.approx(took[3])
    plan = plan_resident(request(models[0], goal), goal)
    assert isinstance(plan, ResidentPlan)
    if not every:
        slots = len(plan.stages) * max(stage.layers for stage in plan.stages)
        assert plan.cache_bytes(800) == 2 * 2 * slots * min(window, 800) * model.kv_heads * 32


def test_a_larger_wafer_has_all_sizes_of_a_smaller_one() -> None:
    spread = frozenset({4096, 14336, 6144, 2176})
    small, large = (shrinking_sizes(spread, most).tolist() for most in (700, 1170))
    assert set(small) <= set(large)
    assert [size for size in large if size <= 700] == small
    assert small[:30] == list(range(1, 31))


def test_a_size_in_between_has_no_smaller_parts() -> None:
    found = shrinking_sizes(frozenset({100}), 100).tolist()
    assert {-(-100 // size) for size in range(1, 35)} == {-(-100 // size) for size in found if size < 35}
    assert not {51, 60, 75, 99} & set(found)


@pytest.mark.parametrize("batch", [1, 5, 8])
@pytest.mark.every(3)
def test_copies_share_a_batch_and_one_sequence_has_one_copy(batch: int) -> None:
    model = ModelSpec(name="m", layers=4, width=256, heads=4, kv_heads=4, head_width=64, ffn_width=1024, vocab=997,
                  max_length=4096, activation="gelu", norm="layer_norm", position="learned")  # fmt: skip
    goal = PlanGoal(prompt=500, prompts=batch, position=600, passes=50, batch=batch)
    plan = plan_resident(request(model, goal), goal)
    assert isinstance(plan, ResidentPlan)
    assert 1 <= plan.all_wafers <= 4
    assert plan.replicas == 1 if batch == 1 else plan.replicas > 1
    assert plan.request.batch == plan.share(batch) == -(-batch // plan.replicas)
    other = plan.next_best
    assert isinstance(other, ResidentPlan)
    assert goal(plan) <= goal(other)
