"""The micro-batch and the policy that are chosen, and what is said when nothing fits."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.answer import DoesNotFit
from wsesim.errors import SpecError
from wsesim.graph import flops
from wsesim.mapping import Program, StepRequest, map_step
from wsesim.mapping.recompute import from_its_input, from_its_inside
from wsesim.model import load_preset
from wsesim.units import Dimension, parse

MakeRequest = Callable[..., StepRequest]


def _program(request: StepRequest) -> Program:
    program = map_step(request)
    assert isinstance(program, Program), program.why
    return program


def _refused(request: StepRequest) -> DoesNotFit:
    answer = map_step(request)
    assert isinstance(answer, DoesNotFit)
    return answer


def _used(program: Program | DoesNotFit) -> int:
    return sum(line.bytes_per_core for line in program.memory)


def _largest_by_trying(request: StepRequest) -> int:
    """Return the largest micro-batch that fits when it is asked for."""
    sizes = [size for size in range(1, request.sequences + 1) if request.sequences % size == 0]
    return max(size for size in sizes if isinstance(map_step(replace(request, micro_batch=size)), Program))


@settings(max_examples=40, deadline=None)
@given(
    sequences=st.integers(1, 150), length=st.integers(64, 1024), sram=st.integers(12, 64),
    recompute=st.sampled_from(["never", "always"]),
)  # fmt: skip
def test_the_micro_batch_is_the_largest_divisor_that_fits(
    request_of: MakeRequest, sequences: int, length: int, sram: int, recompute: str
) -> None:
    asked = request_of(sequences=sequences, length=length, hardware={"core.sram": f"{sram} KiB"}, recompute=recompute)
    program = map_step(asked)
    if isinstance(program, DoesNotFit):
        assert isinstance(map_step(replace(asked, micro_batch=1)), DoesNotFit)
        return
    placement = program.placement
    assert placement.micro_batch == _largest_by_trying(asked)
    assert placement.micro_batch * placement.passes == sequences
    assert placement.tokens_per_core == -(-placement.micro_batch * length // 994)
    assert placement.recompute == (recompute == "always")
    assert _used(program) <= sram * 1024


def test_auto_takes_the_policy_that_is_faster(request_of: MakeRequest) -> None:
    def compute_s(program: Program) -> float:
        return program.placement.passes * sum(stage.repeat * stage.compute_s for stage in program.stages)

    for sequences, length in ((24, 512), (512, 1024), (7, 1024)):
        asked = request_of(sequences=sequences, length=length)
        both = [_program(replace(asked, recompute=policy)) for policy in ("never", "always")]
        chosen = _program(asked)
        assert chosen in both
        assert compute_s(chosen) == min(map(compute_s, both))


def test_a_slow_store_counts_when_policies_are_compared(request_of: MakeRequest) -> None:
    """Fewer passes stream weights less often, which is worth computing layers again."""
    asked = request_of(sequences=240, length=1024)
    slow = request_of(sequences=240, length=1024, hardware={"memoryx.stream": "100 MB/s"})
    never = _program(replace(slow, recompute="never"))
    assert _program(slow).placement.recompute
    assert _program(slow).placement.passes < never.placement.passes
    assert _program(slow).stream_bytes_per_s == 1e8
    assert _program(asked).stream_bytes_per_s == 150e9


def test_auto_recomputes_where_nothing_else_fits(request_of: MakeRequest) -> None:
    asked = request_of(model="llama-2-7b", sequences=8, length=16_384)
    assert isinstance(map_step(replace(asked, recompute="never")), DoesNotFit)
    assert _program(asked).placement.recompute


@pytest.mark.parametrize("name", ["gpt2", "gpt2-xl", "bert-large", "gpt-j-6b", "llama-2-7b"])
@pytest.mark.parametrize("recompute", ["never", "always"])
def test_the_stages_do_the_work_of_the_graph(request_of: MakeRequest, name: str, recompute: str) -> None:
    asked = request_of(model=name, sequences=6, length=512, micro_batch=1, recompute=recompute, systems=3)
    program = _program(asked)
    kernels = [kernel for stage in program.stages for kernel in stage.kernels]
    once = sum(kernel.flops for kernel in kernels if kernel.phase != "recompute")
    again = {(kernel.block, kernel.name) for kernel in kernels if kernel.phase == "recompute"}
    layer = asked.graph.blocks[1]
    assert layer.repeat > 1
    assert once == flops(asked.graph, phases=("forward", "backward"))
    policy = from_its_input if recompute == "always" else from_its_inside
    assert again == {("layer", op.name) for op in policy(layer)} | {("head", "head.logits")}
    assert program.model_flops == once * 3
    assert program.parameters == asked.graph.parameters()


def test_a_model_of_one_layer_is_mapped(request_of: MakeRequest) -> None:
    shape = replace(load_preset("gpt2"), layers=1)
    program = _program(request_of(model=shape, recompute="always"))
    deep = _program(request_of(recompute="always"))
    assert program.buffer_bytes == deep.buffer_bytes
    assert [stage.repeat for stage in program.stages] == [1] * 6
    assert [len(stage.kernels) for stage in program.stages] == [len(stage.kernels) for stage in deep.stages]


def test_a_huge_batch_is_mapped_at_once(request_of: MakeRequest) -> None:
    assert _program(request_of(sequences=10**9)).placement.passes == 10**6
    assert _program(request_of(sequences=999_999_937)).placement.micro_batch == 1  # a prime


def test_a_micro_batch_that_does_not_divide_is_a_mistake(request_of: MakeRequest) -> None:
    with pytest.raises(SpecError, match="= 5 does not divide the 24 sequences") as caught:
        map_step(request_of(micro_batch=5))
    assert caught.value.name == "micro_batch"


def _advice(why: str) -> list[str]:
    return why.split(" too much): ")[1].removesuffix(" would fit").split(" or ")


_SIZE = r"([\d.]+ \w+)"


def _follow(request: StepRequest, advice: str) -> StepRequest:
    """Do what one piece of advice says."""
    cluster = request.cluster
    core, memoryx = cluster.wafer.core, cluster.memoryx
    if found := re.fullmatch(r"a micro-batch of ([\d,]+)", advice):
        return replace(request, micro_batch=int(found[1].replace(",", "")))
    if found := re.fullmatch(r"a length of ([\d,]+)", advice):
        length = int(found[1].replace(",", ""))
        return replace(request, length=length, graph=request.graph.with_dims(length=length, keys=length))
    if found := re.fullmatch(rf"{_SIZE} of SRAM a core \(hardware: core.sram\)", advice):
        core = replace(core, sram_bytes=int(parse(found[1], Dimension.BYTES)))
        return replace(request, cluster=replace(cluster, wafer=replace(cluster.wafer, core=core)))
    if found := re.fullmatch(rf"a store of {_SIZE} \(hardware: memoryx.capacity\)", advice):
        memoryx = replace(memoryx, capacity_bytes=int(parse(found[1], Dimension.BYTES)))
        return replace(request, cluster=replace(cluster, memoryx=memoryx))
    assert advice == "recompute: auto"
    return replace(request, recompute="auto")


REFUSED: dict[str, dict[str, object]] = {
    "one sequence": {"model": "llama-2-7b", "length": 40_000, "hardware": {"core.sram": "20 KiB"}},
    "micro-batch": {"sequences": 3840, "micro_batch": 1920},
    "micro-batch without recompute": {"sequences": 960, "micro_batch": 480, "recompute": "never"},
    "recompute never": {"model": "llama-2-7b", "length": 16_384, "recompute": "never"},
    "recompute does not help": {"model": "llama-2-7b", "length": 16_384, "recompute": "never",
                                "hardware": {"core.sram": "8 KiB"}},
    "masked head": {"model": "bert-base", "sequences": 960, "micro_batch": 960, "hardware": {"core.sram": "5 KiB"}},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_every_advice_fits(request_of: MakeRequest, case: str) -> None:
    asked = request_of(**REFUSED[case])
    answer = _refused(asked)
    assert _used(answer) > asked.cluster.wafer.core.sram_bytes
    advice = _advice(answer.why)
    assert advice
    for each in advice:
        assert isinstance(map_step(_follow(asked, each)), Program), each


@settings(max_examples=60, deadline=None)
@given(
    model=st.sampled_from(["gpt2", "bert-base", "llama-2-7b"]), sequences=st.integers(1, 60),
    length=st.integers(1, 512), share=st.integers(1, 60), sram=st.integers(3, 30),
    recompute=st.sampled_from(["auto", "never", "always"]),
)  # fmt: skip
def test_every_advice_fits_whatever_was_asked(
    request_of: MakeRequest, model: str, sequences: int, length: int, share: int, sram: int, recompute: str
) -> None:
    asked = request_of(
        model=model, sequences=sequences * share, length=length, micro_batch=sequences, recompute=recompute,
        hardware={"core.sram": f"{sram} KiB"},
    )  # fmt: skip
    answer = map_step(asked)
    if isinstance(answer, DoesNotFit):
        for each in _advice(answer.why):
            assert isinstance(map_step(_follow(asked, each)), Program), each


def test_a_refusal_says_what_by_how_much_and_with_which_policy(request_of: MakeRequest) -> None:
    why = _refused(request_of(**REFUSED["micro-batch without recompute"])).why
    assert re.match(r"480 sequences of 512 tokens without recompute need [\d.]+ KiB a core, a core has 48 KiB \(", why)
    assert "recompute: auto" in why
    one = _refused(request_of(**REFUSED["one sequence"])).why
    assert one.startswith("1 sequence of 40,000 tokens with recompute needs ")
    assert "a micro-batch" not in one
    assert "recompute: auto" not in _refused(request_of(**REFUSED["recompute does not help"])).why


def test_weights_and_state_must_fit_the_store(request_of: MakeRequest) -> None:
    parameters = request_of().graph.parameters()
    exact = {"memoryx.capacity": f"{16 * parameters} B"}
    _program(request_of(hardware=exact))
    asked = request_of(hardware={"memoryx.capacity": f"{16 * parameters - 1} B"})
    answer = _refused(asked)
    assert answer.memory == ()
    assert f"{parameters:,} parameters" in answer.why
    store, model = answer.why.split("use ")[1].split(" or ")
    assert isinstance(map_step(_follow(asked, store)), Program)
    assert model == f"a model of at most {parameters - 1:,} parameters"


@pytest.mark.parametrize("name", ["gpt3-175b", "llama-2-13b"])
def test_the_store_advised_is_never_too_small(request_of: MakeRequest, name: str) -> None:
    asked = request_of(model=name, hardware={"memoryx.capacity": "1 GB"})
    store = _refused(asked).why.split("use ")[1].split(" or ")[0]
    assert isinstance(map_step(_follow(asked, store)), Program)
