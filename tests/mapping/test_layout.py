"""How the sequences of a step are cut into passes, and what the program then holds."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.graph import flops
from wsesim.mapping import StepRequest, compute_s, lay
from wsesim.mapping.cuts import pass_sizes
from wsesim.mapping.recompute import from_its_input, from_its_inside
from wsesim.model import load_preset

MakeRequest = Callable[..., StepRequest]


@given(sequences=st.integers(1, 10**9), passes=st.integers(1, 10**9))
def test_passes_are_as_even_as_they_can_be(sequences: int, passes: int) -> None:
    sizes = pass_sizes(sequences, passes)
    assert sum(size * count for size, count in sizes) == sequences
    assert sum(count for _, count in sizes) == min(passes, sequences)
    assert all(size > 0 and count > 0 for size, count in sizes)
    assert [size for size, _ in sizes] == sorted({size for size, _ in sizes}, reverse=True)
    assert sizes[0][0] - sizes[-1][0] <= 1


def test_a_program_has_a_group_for_each_size(request_of: MakeRequest) -> None:
    program = lay(request_of(sequences=127, length=512), passes=3, recompute=False)
    assert [(group.count, group.sequences) for group in program.groups] == [(1, 43), (2, 42)]
    assert [group.token_bytes for group in program.groups] == [2 * 4 * 43 * 512, 2 * 4 * 42 * 512]
    assert (program.passes, program.placement.passes, program.placement.micro_batch) == (3, 3, 43)
    assert program.largest_share == 127
    assert program.input_room_bytes == 2 * program.groups[0].token_bytes
    larger, smaller = (
        lay(request_of(sequences=size, length=512), passes=1, recompute=False).groups[0] for size in (43, 42)
    )
    assert [group.stages for group in program.groups] == [larger.stages, smaller.stages]
    assert sum(program.causes.values()) == pytest.approx(larger.compute_s + 2 * smaller.compute_s)


def test_rows_without_tokens_take_no_part(request_of: MakeRequest) -> None:
    placement = lay(request_of(sequences=1, length=100), passes=1, recompute=False).placement
    assert (placement.tokens_per_core, placement.rows) == (1, 100)
    placement = lay(request_of(sequences=3, length=512), passes=1, recompute=False).placement
    assert (placement.tokens_per_core, placement.rows) == (2, 768)
    full = lay(request_of(sequences=994, length=512), passes=1, recompute=False).placement
    assert (full.tokens_per_core, full.rows, full.columns) == (512, 994, 750)


def test_kernels_count_what_all_passes_do(request_of: MakeRequest) -> None:
    program = lay(request_of(sequences=127, length=512), passes=3, recompute=True)
    kernels = list(program.kernels())
    each = [[kernel for stage in group.stages for kernel in stage.kernels] for group in program.groups]
    assert len(kernels) == len(each[0]) == len(each[1])
    for whole, larger, smaller in zip(kernels, *each, strict=True):
        assert (whole.block, whole.phase, whole.name) == (larger.block, larger.phase, larger.name)
        assert whole.calls == 3 * larger.calls == 3 * smaller.calls
        assert whole.seconds == pytest.approx(larger.seconds + 2 * smaller.seconds)
        assert whole.flops == larger.flops + 2 * smaller.flops
        assert smaller.cycles <= whole.cycles <= larger.cycles
        assert sum(whole.parts.values()) == pytest.approx(whole.cycles)
        for size in ("sram_bytes", "fabric_bytes"):
            mean = (getattr(larger, size) + 2 * getattr(smaller, size)) / 3
            assert abs(getattr(whole, size) - mean) <= 0.5


def test_kernels_of_one_size_are_those_of_a_pass_so_often(request_of: MakeRequest) -> None:
    program = lay(request_of(sequences=24), passes=4, recompute=False)
    once = [kernel for stage in program.groups[0].stages for kernel in stage.kernels]
    for whole, one in zip(program.kernels(), once, strict=True):
        assert whole == replace(one, calls=4 * one.calls, flops=4 * one.flops, seconds=whole.seconds, parts=whole.parts)
        assert whole.seconds == pytest.approx(4 * one.seconds)
        assert whole.parts == pytest.approx(one.parts)


@pytest.mark.parametrize("name", ["gpt2", "gpt2-xl", "bert-large", "gpt-j-6b", "llama-2-7b"])
@pytest.mark.parametrize("recompute", [False, True])
def test_the_stages_do_the_work_of_the_graph(request_of: MakeRequest, name: str, recompute: bool) -> None:
    asked = request_of(model=name, sequences=18, length=512, systems=3)
    program = lay(asked, passes=4, recompute=recompute)
    kernels = list(program.kernels())
    once = sum(kernel.flops for kernel in kernels if kernel.phase in ("forward", "backward"))
    layer = asked.graph.blocks[1]
    assert layer.repeat > 1
    assert 3 * once == flops(asked.graph, phases=("forward", "backward")) == program.model_flops
    strips = {("layer", op.name) for op in from_its_inside(layer)} | {("head", "head.logits")}
    assert {(kernel.block, kernel.name) for kernel in kernels if kernel.phase == "strips"} == strips
    again = {("layer", op.name) for op in from_its_input(layer)} - strips if recompute else set()
    assert {(kernel.block, kernel.name) for kernel in kernels if kernel.phase == "recompute"} == again
    assert program.parameters == asked.graph.parameters()


def test_a_model_of_one_layer_is_laid(request_of: MakeRequest) -> None:
    shape = replace(load_preset("gpt2"), layers=1)
    program, deep = (lay(request_of(model=model), passes=1, recompute=True) for model in (shape, "gpt2"))
    assert program.buffer_bytes == deep.buffer_bytes
    stages, layers = program.groups[0].stages, deep.groups[0].stages
    assert [stage.repeat for stage in stages] == [1] * 6
    assert [len(stage.kernels) for stage in stages] == [len(stage.kernels) for stage in layers]


def test_what_a_slow_link_streams_at(request_of: MakeRequest) -> None:
    slow = {"memoryx.stream": "100 MB/s"}
    assert lay(request_of(hardware=slow), passes=1, recompute=False).stream_bytes_per_s == 1e8
    assert lay(request_of(), passes=1, recompute=False).stream_bytes_per_s == 150e9


def test_systems_share_as_evenly_as_they_can(request_of: MakeRequest) -> None:
    def load(sequences: int, systems: int, passes: int = 1) -> float:
        asked = request_of(sequences=sequences, systems=systems)
        assert asked.share == -(-sequences // systems)
        return lay(asked, passes=passes, recompute=False).load

    assert lay(request_of(sequences=3, systems=8), passes=1, recompute=False).wafers == 3
    assert lay(request_of(sequences=9, systems=8), passes=1, recompute=False).wafers == 8
    assert load(24, 8) == load(8, 8) == 1.0
    assert load(3, 8) == pytest.approx(3 / 8)  # the others compute nothing
    one, less = (lay(request_of(sequences=size), passes=1, recompute=False).groups[0].compute_s for size in (4, 3))
    assert load(26, 8) == pytest.approx((2 * one + 6 * less) / (8 * one))
    assert load(25, 8, passes=2) > load(25, 8, passes=4)  # of a system with three, one pass is empty


def test_the_parts_of_the_machine_are_busy_as_long_as_their_work_takes(request_of: MakeRequest) -> None:
    asked = request_of(
        sequences=10, systems=2,
        hardware={"memoryx.stream": "1 GB/s", "memoryx.update": "3 GB/s", "host.input": "1 MB/s",
                  "host.latency": "1 s"},
    )  # fmt: skip
    program, busy = (made := lay(asked, passes=2, recompute=False)), made.busy_s()
    stages = program.groups[0].stages
    weights = sum(stage.repeat * stage.weight_bytes for stage in stages)
    gradients = sum(stage.repeat * stage.gradient_bytes for stage in stages)
    assert busy["compute"] == pytest.approx(sum(program.causes.values()))
    assert busy["weights"] == pytest.approx(2 * weights / 1e9)
    assert busy["gradients"] == pytest.approx(2 * gradients / 1e9)
    assert busy["input"] == pytest.approx(2 + 2 * 4 * 5 * 512 / 1e6)
    assert busy["update"] == pytest.approx((5 + 15) * gradients / 3e9)


@pytest.mark.parametrize(("passes", "recompute"), [(1, 0.0), (3, 1.0)])
def test_what_a_step_computes_is_known_without_laying_it(
    request_of: MakeRequest, passes: int, recompute: float
) -> None:
    whole = request_of(sequences=127, length=512)
    for request in (whole, replace(whole, columns=500)):
        found = compute_s(request, passes=passes, recompute=recompute)
        assert found == lay(request, passes=passes, recompute=recompute).compute_s
