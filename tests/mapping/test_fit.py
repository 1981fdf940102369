"""Which passes fit, and what is said when none do."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.answer import DoesNotFit
from wsesim.mapping import StepRequest, fits, larger_that_fit, largest_pass, lay, misfit, passes_that_fit
from wsesim.units import Dimension, parse

MakeRequest = Callable[..., StepRequest]


def _refused(request: StepRequest) -> DoesNotFit:
    answer = misfit(request)
    assert answer is not None
    return answer


def _needs(request: StepRequest, size: int, *, recompute: bool) -> int:
    program = lay(replace(request, sequences=size * request.cluster.systems), passes=1, recompute=recompute)
    return sum(line.bytes_per_core for line in program.memory)


@settings(max_examples=25, deadline=None)
@given(sequences=st.integers(1, 150), length=st.integers(64, 1024), sram=st.integers(12, 64), recompute=st.booleans())
def test_the_largest_pass_is_the_last_that_fits(
    request_of: MakeRequest, sequences: int, length: int, sram: int, recompute: bool
) -> None:
    asked = request_of(sequences=sequences, length=length, hardware={"core.sram": f"{sram} KiB"})
    size = largest_pass(asked, recompute=recompute)
    assert 0 <= size <= sequences
    if size:
        assert _needs(asked, size, recompute=recompute) <= sram * 1024
    if size < sequences:
        assert _needs(asked, size + 1, recompute=recompute) > sram * 1024


@settings(max_examples=25, deadline=None)
@given(sequences=st.integers(1, 400), sram=st.integers(20, 64), systems=st.integers(1, 3))
def test_every_number_of_passes_of_a_micro_batch_is_tried_once(
    request_of: MakeRequest, sequences: int, sram: int, systems: int
) -> None:
    asked = request_of(sequences=sequences, systems=systems, hardware={"core.sram": f"{sram} KiB"})
    largest = largest_pass(asked, recompute=True)
    found = list(passes_that_fit(asked, recompute=True))
    assert found == sorted({-(-asked.share // size) for size in range(1, largest + 1)})
    for size in range(1, asked.share + 1):
        stated = tuple(passes_that_fit(replace(asked, sub_batch=size), recompute=True))
        even = -(-asked.share // -(-asked.share // size))
        assert stated == ((-(-asked.share // size),) if even <= largest else ())


@pytest.mark.parametrize(("sram", "most"), [(8, 0), (12, 2)])
def test_larger_passes_keep_what_leaves_room(request_of: MakeRequest, sram: int, most: int) -> None:
    asked = request_of(sequences=60, hardware={"core.sram": f"{sram} KiB"})
    found = list(larger_that_fit(asked, most))
    largest = largest_pass(asked, recompute=asked.policies[-1])
    sizes = sorted({-(-60 // passes) for passes in range(1, 61)})
    assert [passes for passes, _ in found] == [-(-60 // size) for size in sizes if most < size <= largest]
    for passes, recompute in found:
        assert recompute == next(each for each in asked.policies if fits(asked, -(-60 // passes), recompute=each))
    assert len({recompute for _, recompute in found}) > 1
    assert [passes for passes, _ in larger_that_fit(replace(asked, sub_batch=29), 0)] == [3]
    assert not list(larger_that_fit(replace(asked, sub_batch=29), 20))


def test_a_release_may_ask_for_passes_of_one_size(request_of: MakeRequest) -> None:
    asked = request_of(sequences=120)
    even = replace(asked, software=replace(asked.software, even_passes=1))
    assert list(passes_that_fit(even, recompute=True)) == [number for number in range(1, 121) if 120 % number == 0]
    assert list(passes_that_fit(replace(even, sub_batch=50), recompute=True)) == [3]
    assert list(passes_that_fit(replace(even, sub_batch=29), recompute=True)) == [5]
    assert list(passes_that_fit(replace(even, micro_batch=29), recompute=True)) == [5, 10, 15, 20, 30, 40, 60, 120]
    assert list(passes_that_fit(replace(even, micro_batch=29, sub_batch=9), recompute=True)) == [15]
    assert list(passes_that_fit(replace(even, sequences=127), recompute=True)) == [1, 127]


@pytest.mark.parametrize("even", [0, 1])
def test_a_huge_batch_is_cut_at_once(request_of: MakeRequest, even: int) -> None:
    for sequences in (10**9, 999_999_937):
        asked = request_of(sequences=sequences)
        asked = replace(asked, software=replace(asked.software, even_passes=even))
        assert sum(1 for _ in passes_that_fit(asked, recompute=True)) <= 2000
        assert list(passes_that_fit(replace(asked, micro_batch=1), recompute=True)) == [sequences]
        assert list(passes_that_fit(replace(asked, sub_batch=10**9), recompute=True)) == []


def _advice(why: str) -> list[str]:
    return why.split(" too much): ")[1].removesuffix(" would fit").split(" or ")


_SIZE = r"([\d.]+ \w+)"


def _follow(request: StepRequest, advice: str) -> StepRequest:
    """Do what one piece of advice says."""
    cluster = request.cluster
    core, memoryx = cluster.wafer.core, cluster.memoryx
    if found := re.fullmatch(r"a (micro|sub)-batch of ([\d,]+)", advice):
        return replace(request, **{f"{found[1]}_batch": int(found[2].replace(",", ""))})  # type: ignore[arg-type]
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
    "one sequence": {"model": "llama-2-7b", "length": 40_000, "hardware": {"core.sram": "12 KiB"}},
    "micro-batch": {"sequences": 61440, "micro_batch": 61440},
    "sub-batch": {"sequences": 7680, "sub_batch": 3840},
    "micro-batch without recompute": {"sequences": 960, "micro_batch": 480, "recompute": "never"},
    "recompute never": {"model": "llama-2-7b", "length": 16_384, "recompute": "never"},
    "recompute does not help": {"model": "llama-2-7b", "length": 16_384, "recompute": "never",
                                "hardware": {"core.sram": "8 KiB"}},
    "masked head": {"model": "bert-base", "sequences": 960, "sub_batch": 960, "hardware": {"core.sram": "5 KiB"}},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_every_advice_fits(request_of: MakeRequest, case: str) -> None:
    asked = request_of(**REFUSED[case])
    answer = _refused(asked)
    assert sum(line.bytes_per_core for line in answer.memory) > asked.cluster.wafer.core.sram_bytes
    advice = _advice(answer.why)
    assert advice
    for each in advice:
        assert misfit(_follow(asked, each)) is None, each


@settings(max_examples=40, deadline=None)
@given(
    model=st.sampled_from(["gpt2", "bert-base", "llama-2-7b"]), sequences=st.integers(1, 60),
    length=st.integers(1, 512), share=st.integers(1, 60), sram=st.integers(3, 30), part=st.sampled_from([None, 1, 9]),
    recompute=st.sampled_from(["auto", "never", "always"]),
)  # fmt: skip
def test_every_advice_fits_whatever_was_asked(
    request_of: MakeRequest, model: str, sequences: int, length: int, share: int, sram: int, part: int | None,
    recompute: str,
) -> None:  # fmt: skip
    asked = request_of(
        model=model, sequences=sequences * share, length=length, recompute=recompute,
        micro_batch=sequences if part else None, sub_batch=min(sequences, part) if part else sequences,
        hardware={"core.sram": f"{sram} KiB"},
    )  # fmt: skip
    answer = misfit(asked)
    if answer is not None:
        for each in _advice(answer.why):
            assert misfit(_follow(asked, each)) is None, each


def test_a_refusal_says_what_by_how_much_and_with_which_policy(request_of: MakeRequest) -> None:
    why = _refused(request_of(**REFUSED["micro-batch without recompute"])).why
    ways = "without recompute, layers in 16 parts, 1 at a time,"
    assert re.match(rf"480 sequences of 512 tokens {ways} need [\d.]+ KiB a core, a core has 48 KiB \(", why)
    assert "recompute: auto" in why
    one = _refused(request_of(**REFUSED["one sequence"])).why
    assert one.startswith("1 sequence of 40,000 tokens with recompute, layers in 16 parts, needs ")
    assert "a micro-batch" not in one
    assert "recompute: auto" not in _refused(request_of(**REFUSED["recompute does not help"])).why


def test_weights_and_state_must_fit_the_store(request_of: MakeRequest) -> None:
    parameters = request_of().graph.parameters()
    exact = {"memoryx.capacity": f"{16 * parameters} B"}
    assert misfit(request_of(hardware=exact)) is None
    asked = request_of(hardware={"memoryx.capacity": f"{16 * parameters - 1} B"})
    answer = _refused(asked)
    assert answer.memory == ()
    assert f"{parameters:,} parameters" in answer.why
    store, model = answer.why.split("use ")[1].split(" or ")
    assert misfit(_follow(asked, store)) is None
    assert model == f"a model of at most {parameters - 1:,} parameters"


@pytest.mark.parametrize("name", ["gpt3-175b", "llama-2-13b"])
def test_the_store_advised_is_never_too_small(request_of: MakeRequest, name: str) -> None:
    asked = request_of(model=name, hardware={"memoryx.capacity": "1 GB"})
    store = _refused(asked).why.split("use ")[1].split(" or ")[0]
    assert misfit(_follow(asked, store)) is None
