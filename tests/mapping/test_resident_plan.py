"""Placing a model with weights in SRAM, and timing what it does."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.errors import NotModelled, SpecError
from wsesim.hardware import load_cluster
from wsesim.mapping.resident import DoesNotFit, PlanGoal, ResidentPlan, ResidentRequest, plan_resident
from wsesim.mapping.resident.memory import needs_bytes
from wsesim.mapping.resident.pipeline import critical_path
from wsesim.mapping.resident.plan import timed_positions
from wsesim.mapping.resident.stages import lay_out, shares, squares_on
from wsesim.model import ModelSpec
from wsesim.software import load_software

CS3 = load_cluster("cs-3", systems=4).cluster
SOFTWARE = load_software("waferengine").for_inference()
asked = partial(ResidentRequest, software=SOFTWARE)
QWEN = ModelSpec(
    name="Qwen3-1.7B", layers=28, width=2048, heads=16, kv_heads=8, head_width=128, ffn_width=6144, vocab=151936,
    max_length=8192, activation="swiglu", norm="rms_norm", position="rotary", tied=False,
)  # fmt: skip
BLOCKS = asked(
    model=QWEN, cluster=CS3, replicas=1, placement="blocks", decode_grid=256, wafers=1, stages=8, positions=8192,
    chunk=256,
)  # fmt: skip


def planned(request: ResidentRequest) -> ResidentPlan:
    found = plan_resident(request)
    assert isinstance(found, ResidentPlan)
    return found


@given(st.integers(1, 130), st.integers(1, 40))
def test_shares_are_all_layers_and_no_stage_is_empty(layers: int, stages: int) -> None:
    stages = min(stages, layers)
    found = shares(layers, stages)
    assert sum(found) == layers
    assert len(found) == stages
    assert min(found) >= 1
    assert max(found) == -(-layers // stages)


def test_the_ends_have_fewer_layers() -> None:
    assert shares(28, 8) == (2, 4, 4, 4, 4, 4, 4, 2)


@given(st.integers(1, 755), st.integers(1, 30))
def test_squares_lie_on_their_wafer_and_apart(side: int, count: int) -> None:
    wafer = CS3.wafer
    regions = lay_out(wafer, side, squares_on(wafer, side), (1,) * count)
    assert all(r.column + r.columns <= wafer.columns and r.row + r.rows <= wafer.rows for r in regions)
    assert len({(r.wafer, r.column, r.row) for r in regions}) == count


RUNS = st.lists(
    st.tuples(st.lists(st.integers(1, 9), min_size=4, max_size=4), st.integers(1, 5)), min_size=1, max_size=6
)


@given(RUNS)
def test_the_critical_path_sums_to_the_end(runs: list[tuple[list[int], int]]) -> None:
    ends = [0.0] * 4
    for row, times in runs:
        for _ in range(times):
            for stage, cycles in enumerate(row):
                ends[stage] = max(ends[stage], ends[stage - 1] if stage else 0) + cycles
    assert sum(times * runs[run][0][stage] for run, stage, times in critical_path(runs)) == ends[-1]


def test_blocks_lie_two_by_four() -> None:
    plan = planned(BLOCKS)
    assert plan.wafers == 1
    assert [(stage.column, stage.row) for stage in plan.stages[:3]] == [(0, 0), (256, 0), (0, 256)]
    assert plan.stages[0].embeds
    assert plan.stages[-1].heads
    assert needs_bytes(plan.memory) <= CS3.wafer.core.sram_bytes


@settings(deadline=None, max_examples=12)
@given(st.integers(1, 8192), st.integers(1, 8192))
def test_parts_sum_to_the_time(tokens: int, position: int) -> None:
    plan = planned(BLOCKS)
    for time in (plan.prefill(tokens), plan.decode(position)):
        assert sum(time.parts.values()) == pytest.approx(time.cycles)
        assert time.seconds == time.cycles / CS3.wafer.core.clock_hz
        assert max(time.stage_cycles) <= time.interval_cycles < time.cycles


def test_a_token_takes_all_stages_and_its_way_back_a_full_pipeline_one() -> None:
    time = planned(BLOCKS).decode(1000)
    turn = SOFTWARE.token_turn_s * CS3.wafer.core.clock_hz
    assert time.cycles == pytest.approx(sum(time.stage_cycles) + turn)
    assert time.interval_cycles == max(time.stage_cycles)
    assert time.flops > 2 * QWEN.layers * 49e6


def test_chunks_of_a_prompt_overlap_and_a_reused_prefix_saves_time() -> None:
    plan = planned(BLOCKS)
    one, two = plan.prefill(256), plan.prefill(512)
    assert one.cycles < two.cycles < 2 * one.cycles
    all_of_it, half = plan.prefill(4096), plan.prefill(4096, reused=2048)
    assert half.cycles < all_of_it.cycles
    assert half.cycles == pytest.approx(plan.prefill(2048, start=2048).cycles)


@settings(deadline=None, max_examples=12)
@given(st.integers(1, 8000), st.sampled_from([None, 4]), st.integers(2, 6))
def test_prompts_follow_one_another_as_their_chunks_do(tokens: int, together: int | None, count: int) -> None:
    """All chunks of all prompts on one path through the stages, but for how the last differ."""
    plan = replace(planned(BLOCKS), together=together)
    one, several = plan.prefill(tokens), plan.prompts(count, tokens)
    size = together or plan.chunk
    ends = [min(at + size, tokens) for at in range(0, tokens, size)]
    sizes = [end - at for at, end in zip([0, *ends], ends, strict=False)]
    at = [end if together is None else timed_positions(end) for end in ends]
    rows = [plan._chunks[key] for key in zip(sizes, at, [end == tokens for end in ends], strict=True)]
    path = critical_path([([station.cycles for station in row], 1) for row in rows * count])
    cycles = sum((rows * count)[run][stage].cycles for run, stage, _ in path)
    assert several.cycles == pytest.approx(cycles, rel=0.05)
    assert several.cycles - one.cycles == pytest.approx((count - 1) * one.interval_cycles)
    assert sum(several.parts.values()) == pytest.approx(several.cycles)


def test_a_token_read_behind_a_token_waits_for_one() -> None:
    """However long a chunk could be."""
    short, long = (replace(planned(BLOCKS), together=1, chunk=chunk) for chunk in (1, 4096))
    assert short.prompts(2, 1).cycles == long.prompts(2, 1).cycles < 2 * long.prefill(1).cycles


def test_caches_go_up_no_faster_than_the_floor() -> None:
    plan, host = planned(BLOCKS), CS3.host
    assert plan.host_in(1) == host.upload_floor_s
    assert plan.host_in(10e9) == 10e9 / host.upload_bytes_per_s
    assert plan.host_out(1e9) > 1e9 / host.download_bytes_per_s
    assert plan.cache_bytes(1000) == 131072 * 1000


def test_other_squares_for_prompts_cost_a_move() -> None:
    plan = planned(replace(BLOCKS, prefill_grid=300, decode_grid=200, placement="whole", stages=None, must_fit=False))
    assert (plan.prefill_stages[0].side, plan.stages[0].side) == (300, 200)
    assert plan.replacement_s() > 0
    assert planned(BLOCKS).replacement_s() == 0


def test_left_open_it_takes_the_wafers_that_are_fastest_and_a_chunk() -> None:
    plan = planned(asked(model=QWEN, cluster=CS3, positions=4096))
    for wafers in (1, 2, 3, 4):
        other = planned(asked(model=QWEN, cluster=CS3, positions=4096, wafers=wafers))
        assert PlanGoal.half(4096)(plan) <= PlanGoal.half(4096)(other)
    assert needs_bytes(plan.memory) <= CS3.wafer.core.sram_bytes
    assert plan.chunk >= 1


def test_sequences_that_have_no_memory_side_by_side_write_in_groups() -> None:
    """Those for which there is no stage yet are numbers of tokens, and more of them never write fewer."""

    def written(batch: int) -> ResidentPlan:
        goal = PlanGoal(position=1024, passes=1, batch=batch)
        request = asked(model=QWEN, cluster=CS3, positions=1025, batch=batch, replicas=1, wafers=1, stages=28)
        found = plan_resident(request, goal)
        assert isinstance(found, ResidentPlan)
        return found

    few, many = written(64), written(128)
    assert (few.group, many.group) == (64, 32)
    assert needs_bytes(many.memory) <= CS3.wafer.core.sram_bytes
    assert 128 / many.decode(1024, batch=128).cycles > 64 / few.decode(1024, batch=64).cycles
    slowed = replace(many, group=1)
    assert slowed.decode(1024, batch=128).cycles == many.decode(1024, batch=128, group=1).cycles


@pytest.mark.nightly
def test_a_cache_too_large_says_so_and_the_advice_fits() -> None:
    request = asked(model=QWEN, cluster=CS3, positions=400_000, batch=8, wafers=1)
    found = plan_resident(request)
    assert isinstance(found, DoesNotFit)
    assert "most for cache" in found.why
    assert "would fit" in found.why
    words = found.why.split(" a batch of ")
    batch = int(words[1].split()[0]) if len(words) > 1 else 1
    assert isinstance(plan_resident(replace(request, batch=batch, positions=1)), ResidentPlan)


@pytest.mark.nightly
def test_advice_on_wafers_is_the_fewest_that_fit() -> None:
    large = replace(QWEN, layers=400)
    request = asked(model=large, cluster=CS3, positions=1024, wafers=1)
    found = plan_resident(request)
    assert isinstance(found, DoesNotFit)
    wafers = int(found.why.split(" wafers")[0].split()[-1])
    assert isinstance(plan_resident(replace(request, wafers=wafers)), ResidentPlan)
    assert isinstance(plan_resident(replace(request, wafers=wafers - 1)), DoesNotFit)


def test_more_stages_than_room_is_an_answer() -> None:
    found = plan_resident(replace(BLOCKS, stages=9))
    assert isinstance(found, DoesNotFit)
    assert "9 stages" in found.why


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": "mixed"}, "precision must be one of fp16"),
        ({"placement": "rows"}, "placement must be one of"),
        ({"decode_grid": 800}, "decode_grid must be at most 755"),
        ({"stages": 29}, "stages must be at most 28"),
        ({"wafers": 5000}, "wafers must be at most 2048"),
        ({"positions": 0}, "positions must be positive"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        replace(BLOCKS, **changes)  # type: ignore[arg-type]


def test_what_the_cache_cannot_hold_is_refused() -> None:
    plan = planned(BLOCKS)
    with pytest.raises(SpecError, match="positions must be at most 8,192"):
        plan.decode(8193)
    with pytest.raises(SpecError, match="batch must be at most 1"):
        plan.decode(1, batch=2)
    with pytest.raises(SpecError, match="reused must be from 0 to 99"):
        plan.prefill(100, reused=100)


def test_a_chunk_computes_scores_up_to_its_last_token() -> None:
    model = replace(QWEN, layers=2, ffn_width=1024, vocab=1000)
    flops = {
        chunk: planned(replace(BLOCKS, model=model, stages=1, chunk=chunk)).prefill(256).flops
        for chunk in (16, 64, 256)
    }
    scores_and_values = 2 * 2 * model.layers * model.attention_width
    for chunk in (16, 64):  # of each 256 tokens over what ends with their chunk: 256 x (256 + chunk) / 2
        assert flops[256] - flops[chunk] == scores_and_values * 256 * (256 - chunk) // 2


def test_groups_of_a_batch_follow_each_other_where_that_is_faster() -> None:
    plan = planned(replace(BLOCKS, batch=8, positions=1024))
    one, eight = plan.decode(500), plan.decode(500, batch=8)
    assert eight.cycles < plan.decode(500, batch=8, group=8).cycles
    assert eight.cycles == max(one.cycles, 8 * one.interval_cycles)
    assert sum(eight.parts.values()) == pytest.approx(eight.cycles)
    assert eight.flops == pytest.approx(8 * one.flops)
    assert eight.interval_cycles == 8 * one.interval_cycles


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 15), st.integers(1, 15), st.sampled_from([256, 700]))
def test_more_sequences_never_take_less(batch: int, more: int, position: int) -> None:
    plan = planned(replace(BLOCKS, batch=30, positions=1024))
    small, large = (plan.decode(position, batch=size) for size in (batch, batch + more))
    assert small.cycles <= large.cycles


def test_what_is_not_modelled_says_so() -> None:
    with pytest.raises(NotModelled, match="sparse resident weights"):
        plan_resident(replace(BLOCKS, model=replace(QWEN, sparsity=0.5)))
    classifier = planned(replace(BLOCKS, model=replace(QWEN, task="classify")))
    assert classifier.prefill(100).cycles > 0
    with pytest.raises(NotModelled, match="task classify"):
        classifier.decode(100)


def test_ops_have_the_names_and_kinds_of_the_graph() -> None:
    plan = planned(BLOCKS)
    kinds = {op.name: op.kind for op in plan.decode(100).ops}
    assert kinds["attention.qkv"] == "linear"
    assert kinds["head.choice"] == "argmax"
    assert {"embed.tokens", "attention.softmax", "ffn.silu", "head.logits", "handover", "token turn"} <= kinds.keys()
    assert {op.name for op in plan.prefill(300).ops} == kinds.keys() - {"token turn"}


def test_biases_norms_and_experts_take_memory() -> None:
    def weights(model: ModelSpec) -> int:
        lines = planned(replace(BLOCKS, model=model, must_fit=False)).memory
        return next(line.bytes_per_core for line in lines if line.what == "weights")

    plain = replace(QWEN, bias=False, attention_bias=False)
    assert weights(plain) < weights(QWEN)
    assert weights(replace(plain, experts=4)) > 3 * weights(plain)
