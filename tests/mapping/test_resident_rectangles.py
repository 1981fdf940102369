"""Rectangles that use the whole wafer: laws of room, of places, and of time; wafers that large models need."""

from dataclasses import replace
from functools import cache, partial
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.errors import SpecError
from wsesim.hardware import Cluster, load_cluster
from wsesim.mapping.resident import DoesNotFit, PipelineStage, ResidentPlan, ResidentRequest, plan_resident
from wsesim.mapping.resident.advice import fewest_systems
from wsesim.mapping.resident.goal import PlanGoal
from wsesim.mapping.resident.memory import each, needs_bytes, region_memory
from wsesim.mapping.resident.room import distribute
from wsesim.model import ModelSpec
from wsesim.software import load_software

CS3 = load_cluster("cs-3").cluster
SOFTWARE = load_software("waferengine").for_inference()
asked = partial(ResidentRequest, software=SOFTWARE)
MANY = replace(CS3, systems=CS3.max_systems)
KIB = 1024


def llama(layers: int, width: int, heads: int, ffn_width: int, *, tied: bool = False) -> ModelSpec:
    return ModelSpec(
        name=f"{layers} x {width}", layers=layers, width=width, heads=heads, kv_heads=8, head_width=width // heads,
        ffn_width=ffn_width, vocab=128256, max_length=131072, activation="swiglu", norm="rms_norm", position="rotary",
        tied=tied,
    )  # fmt: skip


SMALL, LARGE, LARGEST = llama(32, 4096, 32, 14336), llama(80, 8192, 64, 28672), llama(126, 16384, 128, 53248)
MODELS = st.builds(
    lambda layers, heads, times, tied: llama(layers, heads * 128, heads, heads * 128 * times, tied=tied),
    st.integers(1, 130), st.sampled_from([8, 24, 40, 64]), st.sampled_from([2, 4]), st.booleans(),
)  # fmt: skip
REQUESTS = st.builds(
    lambda model, positions, batch: asked(
        model=model, cluster=MANY, positions=positions, batch=batch, replicas=1
    ),
    MODELS, st.sampled_from([1, 1024, 30_000]), st.sampled_from([1, 8]),
)  # fmt: skip


def planned(request: ResidentRequest) -> ResidentPlan:
    found = plan_resident(request)
    assert isinstance(found, ResidentPlan)
    return found


def with_sram(cluster: Cluster, size_bytes: int) -> Cluster:
    core = replace(cluster.wafer.core, sram_bytes=size_bytes)
    return replace(cluster, wafer=replace(cluster.wafer, core=core))


def fewest_wafers(request: ResidentRequest) -> int | None:
    goal = PlanGoal.half(request.positions, batch=request.batch, writes=request.writes)
    return fewest_systems(replace(request, replicas=1), goal)


def apart(one: PipelineStage, other: PipelineStage) -> bool:
    return (
        one.wafer != other.wafer
        or one.column + one.columns <= other.column or other.column + other.columns <= one.column
        or one.row + one.rows <= other.row or other.row + other.rows <= one.row
    )  # fmt: skip


@pytest.mark.parametrize(("model", "wafers"), [(SMALL, 1), (LARGE, 4), (LARGEST, 22)])
@pytest.mark.every(3)
def test_large_models_need_as_many_wafers_as_their_weights_say(model: ModelSpec, wafers: int) -> None:
    request = asked(model=model, cluster=MANY, positions=8192)
    assert fewest_wafers(request) == wafers
    plan = planned(replace(request, wafers=wafers))
    assert plan.wafers == wafers
    weights = 2 * (plan.request.laid.values + 2 * model.vocab * model.width)
    assert weights / CS3.wafer.sram_bytes > 0.8 * (wafers - 1)


@settings(deadline=None, max_examples=2)
@given(REQUESTS)
def test_all_layers_lie_once_on_the_wafer_and_apart(request: ResidentRequest) -> None:
    found = plan_resident(request)
    if isinstance(found, DoesNotFit):
        return
    regions = (*found.stages, *found.tables)
    assert sum(stage.layers for stage in found.stages) == request.model.layers
    assert min(stage.layers for stage in found.stages) >= 1
    assert sum(table.embeds for table in found.tables) == sum(table.heads for table in found.tables) == 1
    for at in regions:
        assert 0 <= at.column <= at.column + at.columns <= CS3.wafer.columns
        assert 0 <= at.row <= at.row + at.rows <= CS3.wafer.rows
    assert {at.wafer for at in regions} == set(range(found.wafers))
    for wafer in range(found.wafers):
        assert all(apart(*pair) for pair in combinations([at for at in regions if at.wafer == wafer], 2))
    assert [stage.wafer for stage in found.stages] == sorted(stage.wafer for stage in found.stages)


def test_a_token_passes_from_neighbour_to_neighbour() -> None:
    plan = planned(asked(model=replace(SMALL, layers=12), cluster=CS3, positions=1024, stages=12))
    for one, other in pairwise(plan.stages):
        steps = abs(one.column - other.column) // one.columns + abs(one.row - other.row) // one.rows
        assert steps == 1


@settings(deadline=None, max_examples=2)
@given(REQUESTS)
def test_what_fits_is_what_the_memory_table_says(request: ResidentRequest) -> None:
    sram_bytes = CS3.wafer.core.sram_bytes
    fewest = fewest_wafers(request)
    if fewest is None:
        found = plan_resident(request)
        assert isinstance(found, DoesNotFit)
        assert needs_bytes(found.memory) > sram_bytes
        return
    plan = planned(replace(request, wafers=fewest))
    full = [needs_bytes(region_memory(request, at, tokens=plan.group)) for at in plan.stages]
    assert max(full) <= needs_bytes(plan.memory) <= sram_bytes
    assert all(needs_bytes(region_memory(request, at, tokens=request.batch)) <= sram_bytes for at in plan.tables)
    if fewest > 1:
        less = plan_resident(replace(request, wafers=fewest - 1))
        assert isinstance(less, DoesNotFit)
        assert needs_bytes(less.memory) > sram_bytes


@settings(deadline=None, max_examples=4)
@given(REQUESTS, st.integers(40, 96), st.integers(0, 40))
def test_more_sram_never_needs_more_wafers(request: ResidentRequest, size_kib: int, more_kib: int) -> None:
    less = fewest_wafers(replace(request, cluster=with_sram(MANY, size_kib * KIB)))
    more = fewest_wafers(replace(request, cluster=with_sram(MANY, (size_kib + more_kib) * KIB)))
    if less is not None:
        assert more is not None
        assert more <= less


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.data())
def test_stages_are_shared_as_evenly_as_there_is_room(rooms: list[int], data: st.DataObject) -> None:
    stages = data.draw(st.integers(0, sum(rooms)))
    found = distribute(stages, rooms)
    assert sum(found) == stages
    assert all(here <= most for here, most in zip(found, rooms, strict=True))
    below = [here for here, most in zip(found, rooms, strict=True) if here < most]
    assert not below or max(found) - min(below) <= 1


@cache
def large_plan() -> ResidentPlan:
    return planned(asked(model=LARGE, cluster=MANY, positions=8192, wafers=4))


@settings(deadline=None, max_examples=12)
@given(st.integers(1, 8191), st.integers(1, 8191))
def test_time_grows_with_the_position_and_with_the_prompt(one: int, other: int) -> None:
    plan = large_plan()
    low, high = sorted((one, other))
    assert plan.decode(low).cycles <= plan.decode(high).cycles
    assert plan.prefill(low).cycles <= plan.prefill(high).cycles
    assert plan.decode(1).cycles < plan.decode(8192).cycles


def test_sequences_side_by_side_cost_little_more_than_one() -> None:
    plan = planned(asked(model=SMALL, cluster=CS3, positions=1024, batch=16))
    times = [plan.decode(512, batch=batch, group=batch) for batch in (1, 2, 16)]
    assert times[0].cycles < times[1].cycles < times[2].cycles < 16 * times[0].cycles
    assert [time.flops / times[0].flops for time in times] == pytest.approx([1, 2, 16])


def test_a_cache_takes_memory_by_positions() -> None:
    request = asked(model=SMALL, cluster=MANY, positions=1170)
    stage = PipelineStage(wafer=0, column=0, row=0, columns=755, rows=117, layers=3, embeds=False, heads=False)

    def cache(positions: int, batch: int) -> int:
        lines = region_memory(replace(request, positions=positions, batch=batch), stage, tokens=1)
        return next(line.bytes_per_core for line in lines if line.what == "cache")

    assert cache(1170, 1) == 4 * 3 * 10 * 2
    assert cache(2340, 3) == 6 * cache(1170, 1)


def test_a_prompt_passes_in_groups_while_weights_stay_where_memory_is_short() -> None:
    plan = large_plan()
    assert plan.together is not None
    assert plan.chunk > plan.together
    assert plan.prefill(8192).seconds < 8192 * plan.decode(4096).seconds / 10
    assert fewest_wafers(asked(model=LARGE, cluster=with_sram(MANY, 512 * KIB), positions=8192)) == 1
    assert planned(replace(plan.request, chunk=64)).chunk == 64


def test_one_table_serves_both_ends_where_they_meet() -> None:
    shared, untied = (
        planned(asked(model=llama(16, 2048, 32, 8192, tied=tied), cluster=CS3, positions=1024))
        for tied in (True, False)
    )
    assert [(table.embeds, table.heads) for table in shared.tables] == [(True, True)]
    assert [(table.embeds, table.heads) for table in untied.tables] == [(True, False), (False, True)]
    time = shared.decode(512)
    assert len(time.stage_cycles) == len(shared.stages) + 2
    assert sum(time.stage_cycles) < time.cycles


@pytest.mark.parametrize("stages", [1, 7, 80])
@pytest.mark.nightly
def test_as_many_stages_as_asked(stages: int) -> None:
    found = plan_resident(asked(model=LARGE, cluster=MANY, positions=64, stages=stages))
    if stages == 1:
        assert isinstance(found, DoesNotFit)
    else:
        assert isinstance(found, ResidentPlan)
        assert len(found.stages) == stages


def test_more_stages_than_can_be_cut_is_an_answer() -> None:
    small = replace(CS3, wafer=replace(CS3.wafer, columns=4, rows=4))
    found = plan_resident(asked(model=llama(20, 1024, 8, 2048), cluster=small, positions=64, stages=20, ends=False))
    assert isinstance(found, DoesNotFit)
    assert "20 stages are more than 1 wafer can be cut into" in found.why


def test_each_of_the_wafers_asked_for_has_a_stage() -> None:
    plan = planned(asked(model=SMALL, cluster=MANY, positions=1024, wafers=5))
    assert plan.wafers == 5
    assert {stage.wafer for stage in plan.stages} == set(range(5))


def test_more_wafers_than_layers_are_not_taken() -> None:
    plan = planned(asked(model=replace(SMALL, layers=2), cluster=MANY, positions=64, wafers=9))
    assert plan.wafers <= 2


def test_what_is_too_large_says_by_how_much_and_what_would_fit() -> None:
    found = plan_resident(asked(model=LARGE, cluster=CS3, positions=64))
    assert isinstance(found, DoesNotFit)
    assert "on 1 wafer in rectangles of" in found.why
    assert "4 systems would fit" in found.why
    table = plan_resident(asked(model=replace(SMALL, vocab=20_000_000), cluster=CS3, positions=8))
    assert isinstance(table, DoesNotFit)
    assert "most for tables" in table.why


def test_memory_is_told_in_plain_words() -> None:
    plan = planned(asked(model=SMALL, cluster=CS3, positions=1, stages=32))
    notes = [line.note for line in region_memory(plan.request, plan.stages[0], tokens=1)]
    assert "1 token" in notes
    assert "1 layer" in notes
    assert "keys and values of 1 sequence of 1 position" in notes


def test_rectangles_have_no_side() -> None:
    with pytest.raises(SpecError, match="rectangles must fit and have no side"):
        asked(model=SMALL, cluster=CS3, positions=8, placement="rectangles", decode_grid=100)


@given(st.integers(0, 10**6), st.integers(1, 2000))
def test_each_core_holds_its_part(size: int, cores: int) -> None:
    assert (each(size, cores) - 1) * cores < size or size == 0
    assert each(size, cores) * cores >= size
