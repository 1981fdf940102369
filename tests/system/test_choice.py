"""The way that is chosen is the fastest of all."""

from dataclasses import replace
from itertools import islice
from math import ceil, log

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wsesim.answer import DoesNotFit
from wsesim.graph import with_training
from wsesim.hardware import load_cluster
from wsesim.mapping import PARTS, StepRequest, floor_from_s, floor_s, lay, misfit, passes_that_fit
from wsesim.model import build_graph, load_preset
from wsesim.software import load_software
from wsesim.system import Way, fastest, least_of_all, time_step
from wsesim.system.choice import Search
from wsesim.system.part import WORTH, _lowest

TINY = replace(
    load_preset("gpt2"),
    layers=2,
    width=64,
    heads=4,
    kv_heads=4,
    head_width=16,
    ffn_width=256,
    vocab=200,
    max_length=4096,
    name="tiny",
)
MODELS = {
    "tiny": TINY,
    "gpt2": load_preset("gpt2"),
    "llama": load_preset("llama-2-7b"),
    "256M": load_preset("cerebras-gpt-256m"),
}
HARDWARE = st.fixed_dictionaries({}, optional={
    "core.sram": st.sampled_from(["12 KiB", "24 KiB", "96 KiB"]), "wafer.rows": st.sampled_from([40, 300, 4000]),
    "memoryx.stream": st.sampled_from(["100 MB/s", "10 GB/s"]), "host.input": st.sampled_from(["20 kB/s", "2 MB/s"]),
    "memoryx.update": st.sampled_from(["1 GB/s", "50 GB/s"]), "host.latency": st.sampled_from(["0 s", "10 ms"]),
})  # fmt: skip
REQUESTS = st.fixed_dictionaries({
    "model": st.sampled_from(["gpt2", "llama", "tiny"]), "sequences": st.integers(1, 24),
    "length": st.sampled_from([16, 100, 512]),
    "systems": st.sampled_from([1, 1, 3]), "trains": st.booleans(), "hardware": HARDWARE,
    "stack": st.sampled_from(["release-2", "ideal"]), "even": st.booleans(),
})  # fmt: skip
Draw = dict[str, object]


def request_of(
    *, model: str = "gpt2", sequences: int = 24, length: int = 512, systems: int = 1, trains: bool = True,
    hardware: dict[str, object] | None = None, stack: str = "release-2", even: bool = False,
) -> StepRequest:  # fmt: skip
    forward = build_graph(MODELS[model], sequences=sequences, length=length)
    return StepRequest(
        graph=with_training(forward) if trains else forward,
        cluster=load_cluster("cs-2", systems=systems, overrides=hardware or {}).cluster,
        software=replace(load_software(stack).for_training(), even_passes=int(even)),
        sequences=sequences, length=length, precision="mixed",
        recompute="auto" if trains else "never",
    )  # fmt: skip


def chosen(request: StepRequest) -> tuple[Way, ...]:
    found = fastest(request)
    assert isinstance(found, tuple)
    return found


def fitting(asked: Draw) -> StepRequest:
    """Return what is asked, if it fits."""
    request = request_of(**asked)  # type: ignore[arg-type]
    assume(misfit(request) is None)
    return request


def step_s(request: StepRequest) -> float:
    return chosen(request)[0].timed.step_s


def all_ways(request: StepRequest) -> dict[tuple[int, float], float]:
    return {
        (passes, recompute): time_step(lay(request, passes=passes, recompute=recompute)).step_s
        for recompute in request.policies[:2] for passes in passes_that_fit(request, recompute=recompute)
    }  # fmt: skip


@settings(max_examples=6, deadline=None)
@given(asked=REQUESTS)
def test_nothing_is_faster_than_what_is_chosen(asked: Draw) -> None:
    """Of all that use the whole wafer the two fastest are found; a part of it is only taken where it is faster yet."""
    request = fitting(asked)
    search, most = Search(request), 0
    for recompute in request.policies[:2]:
        most = max(most, search.policy(recompute=recompute))
    search.larger(most)
    whole, times = [way.timed.step_s for way in search.found], sorted(all_ways(request).values())
    assert all(one <= other for one, other in zip(whole, times, strict=False))
    chosen_s = [way.timed.step_s for way in chosen(request)]
    assert chosen_s == sorted(chosen_s)
    assert chosen_s[0] <= whole[0]


@settings(max_examples=1, deadline=None)
@given(asked=REQUESTS, other=HARDWARE)
def test_the_fastest_alone_is_the_same_whatever_was_asked_before(asked: Draw, other: Draw) -> None:
    """It is looked for beyond a bound that no way is faster than, and from what was fastest around another wafer."""
    request = fitting(asked)
    best = least_of_all(request)
    assert best is not None
    for hardware in (asked["hardware"], other, asked["hardware"]):
        again = request_of(**{**asked, "hardware": hardware})  # type: ignore[arg-type]
        ways, alone = fastest(again), fastest(again, alone=True)
        if isinstance(ways, DoesNotFit):
            assert alone == ways
            continue
        assert isinstance(alone, tuple)
        assert (alone[0].timed, alone[0].program.placement) == (ways[0].timed, ways[0].program.placement)
        assert all(way.promised_s <= way.least_s <= way.timed.step_s for way in ways)
    assert best.promised_s <= step_s(request)
    small = request_of(**{**asked, "hardware": {"memoryx.capacity": "1 kB"}})  # type: ignore[arg-type]
    assert isinstance(fastest(small, alone=True), DoesNotFit)


def test_alone_passes_are_all_alike_too_where_software_has_no_others() -> None:
    """171 sequences of 512 would fit in one part, and be faster: three passes that are not alike."""
    request = request_of(model="256M", sequences=512, length=2048, even=True)
    ways, alone = fastest(request), fastest(request, alone=True)
    assert not isinstance(ways, DoesNotFit)
    assert not isinstance(alone, DoesNotFit)
    assert (alone[0].program.placement, alone[0].timed) == (ways[0].program.placement, ways[0].timed)
    assert [group.sequences for group in alone[0].program.groups] == [256]


@settings(max_examples=2, deadline=None)
@given(asked=REQUESTS, starts=st.sampled_from([0.0, 0.5, 1.0]))
def test_parts_that_are_free_are_never_worse(asked: Draw, starts: float) -> None:
    request = fitting(asked)
    request = replace(request, software=replace(request.software, part_launches=starts))
    free = chosen(request)[0]
    assert free.program.placement.parts in request.counts
    for parts in PARTS:
        stated = fastest(replace(request, parts=parts))
        if isinstance(stated, tuple):
            assert stated[0].program.placement.parts == parts
            assert free.timed.step_s <= stated[0].timed.step_s * (1 + 1e-12)


def test_parts_leave_room_for_larger_passes() -> None:
    """70B on a CS-3: layers in two parts pass with more sequences at a time, for which weights come in less often."""
    request = StepRequest(
        graph=with_training(build_graph(load_preset("llama-3-70b"), sequences=48, length=8192)),
        cluster=load_cluster("cs-3").cluster, software=load_software("release-2").for_training(), sequences=48,
        length=8192, precision="mixed",
    )  # fmt: skip
    whole, free = chosen(replace(request, parts=1))[0], chosen(request)[0]
    assert (whole.program.placement.parts, free.program.placement.parts) == (1, 2)
    assert free.program.passes < whole.program.passes
    assert 0.9 < free.timed.step_s / whole.timed.step_s < 0.99
    layers = [next(stage for stage in way.program.groups[0].stages if stage.block == "layer") for way in (whole, free)]
    assert layers[0].weight_bytes == layers[1].weight_bytes
    work = [next(line.bytes_per_core for line in way.program.memory if line.what == "one layer at work")
            / way.program.placement.sub_batch for way in (whole, free)]  # fmt: skip
    assert work[1] < 0.75 * work[0]


@settings(max_examples=4, deadline=None)
@given(passes=st.integers(1, 6), kept=st.integers(0, 11), less=st.integers(0, 11))
def test_what_computes_less_again_is_no_slower_in_passes_of_one_size(passes: int, kept: int, less: int) -> None:
    """On which the search rests: more is computed again only for passes that do not fit else."""
    request = request_of(sequences=24)
    one, other = (lay(request, passes=passes, recompute=request.policies[at]) for at in sorted((kept, less)))
    assert time_step(one).step_s <= time_step(other).step_s
    assert one.least_s <= other.least_s


@pytest.mark.parametrize(("model", "sequences", "sram"), [("gpt2", 300, "5 KiB"), ("llama", 16, "16 KiB")])
def test_of_all_that_may_be_kept_the_fastest_is_found(model: str, sequences: int, sram: str) -> None:
    request = request_of(model=model, sequences=sequences, length=512 if model == "gpt2" else 4096,
                         hardware={"core.sram": sram})  # fmt: skip
    times = [
        lay(request, passes=passes, recompute=recompute).least_s for recompute in request.policies
        for passes in islice(passes_that_fit(request, recompute=recompute), 3)
    ]  # fmt: skip
    best = chosen(request)[0]
    assert best.program.placement.recompute > 1
    assert best.program.least_s <= min(times)


SMOOTH = [("cerebras-gpt-6.7b", 2048), ("cerebras-gpt-13b", 2048), ("gpt3-175b", 2048), ("llama-3-70b", 8192)]


@pytest.mark.parametrize(("name", "length"), SMOOTH)
def test_a_little_more_memory_never_makes_a_step_much_faster(name: str, length: int) -> None:
    """An eighth more SRAM: by a third at most, by half where one or two sequences are all that fits."""
    graph = with_training(build_graph(load_preset(name), sequences=48, length=length))
    before: Way | None = None
    for eighths in range(16, 49, 4):
        sram = round(1024 * 6 * 1.125 ** (eighths / 4))
        way = fastest(StepRequest(
            graph=graph, cluster=load_cluster("cs-3", overrides={"core.sram": f"{sram} B"}).cluster,
            software=load_software("release-2").for_training(), sequences=48, length=length, precision="mixed",
        ))  # fmt: skip
        if before is not None and isinstance(way, tuple):
            assert way[0].timed.step_s > before.timed.step_s * (0.66 if before.program.placement.sub_batch > 2 else 0.5)
        before = way[0] if isinstance(way, tuple) else None


PUBLISHED = [
    ("cerebras-gpt-13b", "cs-2", 2048, 60), ("cerebras-gpt-13b", "cs-2", 2048, 90),
    ("cerebras-gpt-6.7b", "cs-2", 2048, 65), ("cerebras-gpt-6.7b", "cs-2", 2048, 130),
    ("gpt-j-6b", "cs-2", 2048, 65), ("llama-3-70b", "cs-3", 8192, 10),
]  # fmt: skip


@pytest.mark.parametrize(("name", "machine", "length", "held"), PUBLISHED)
def test_published_micro_batches_fit(name: str, machine: str, length: int, held: int) -> None:
    """Of the vendor's model cards and configurations; a step is a quarter slower than the best at most."""
    request = StepRequest(
        graph=with_training(build_graph(load_preset(name), sequences=held, length=length)),
        cluster=load_cluster(machine).cluster, software=load_software("release-2").for_training(),
        sequences=held, length=length, precision="mixed", micro_batch=held,
    )  # fmt: skip
    way, free = chosen(request)[0], chosen(replace(request, micro_batch=None))[0]
    place = way.program.placement
    assert place.micro_batch == held >= place.sub_batch
    assert place.recompute > 1
    assert sum(line.bytes_per_core for line in way.program.memory) <= request.cluster.wafer.core.sram_bytes
    assert free.timed.step_s <= way.timed.step_s <= 1.25 * free.timed.step_s


def test_a_tiny_step_uses_a_part_of_the_wafer() -> None:
    request = request_of(sequences=3, length=16, stack="ideal")
    way = chosen(request)[0]
    place = way.program.placement
    whole = time_step(lay(request, passes=1, recompute=False)).step_s
    assert place.columns < 750
    assert way.timed.step_s < 0.95 * whole
    for columns in range(20, 750, 10):
        other = replace(request, rows=way.request.rows, columns=columns)
        assert way.timed.step_s <= 1.002 * time_step(lay(other, passes=1, recompute=False)).step_s
    assert chosen(request_of(sequences=240, length=1024))[0].program.placement.columns == 750


@pytest.mark.parametrize("lowest", [1, 2, 3, 17, 400, 749, 750])
@pytest.mark.parametrize("high", [750, 1000])
def test_the_lowest_point_is_found_in_few_steps(lowest: int, high: int) -> None:
    asked: set[int] = set()

    def of(number: int) -> float:
        asked.add(number)
        return number / lowest + lowest / number

    assert _lowest(of, 1, high) == lowest
    assert len(asked) < 30


@settings(max_examples=6, deadline=None)
@given(asked=REQUESTS)
def test_no_way_is_faster_than_its_floor(asked: Draw) -> None:
    """From every way with as many passes or fewer."""
    request = fitting(asked)
    times = all_ways(request)
    for (passes, recompute), seconds in times.items():
        laid = lay(request, passes=passes, recompute=recompute)
        more = {number: other for (number, policy), other in times.items() if policy == recompute and number >= passes}
        assert all(floor_s(request, laid, number) <= other * (1 + 1e-9) for number, other in more.items())
        assert all(floor_from_s(request, laid, number) <= min(
            other for later, other in more.items() if later >= number) * (1 + 1e-9) for number in more)  # fmt: skip
        assert floor_from_s(request, laid, passes) <= floor_s(request, laid, passes) * (1 + 1e-9)
        assert floor_s(request, laid, passes) == pytest.approx(seconds, rel=1) or seconds > 0


def test_the_floor_is_close_where_kernels_set_the_time() -> None:
    request = request_of(sequences=120, length=1024)
    laid = lay(request, passes=3, recompute=True)
    assert floor_s(request, laid, 3) == pytest.approx(time_step(laid).step_s, rel=0.05)
    other = lay(request, passes=6, recompute=True)
    assert floor_s(request, laid, 6) == pytest.approx(time_step(other).step_s, rel=0.05)


@settings(max_examples=3, deadline=None)
@given(asked=REQUESTS, more=st.integers(1, 9))
def test_more_sequences_never_take_less(asked: Draw, more: int) -> None:
    """But for what leaving cores unused could bring where it is not looked for: at most what filling them takes."""
    request = fitting(asked)
    way, larger = chosen(request)[0], replace(request, sequences=request.sequences + more)
    filled_s = way.program.causes.get("fill", 0.0)
    unsought_s = filled_s if filled_s < WORTH * way.timed.step_s else 0.0
    assert step_s(larger) >= way.timed.step_s * (1 - 1e-9) - unsought_s


@settings(max_examples=3, deadline=None)
@given(asked=REQUESTS, micro_batch=st.integers(1, 50), recompute=st.sampled_from(["never", "always"]))
def test_what_is_stated_is_never_faster_than_what_is_chosen(asked: Draw, micro_batch: int, recompute: str) -> None:
    request = fitting(asked)
    for stated in (replace(request, micro_batch=micro_batch), replace(request, recompute=recompute)):
        assume(misfit(stated) is None and (asked["trains"] or stated.recompute == "never"))
        assert step_s(request) <= step_s(stated) * (1 + 1e-9)


@settings(max_examples=3, deadline=None)
@given(asked=REQUESTS, systems=st.integers(2, 5))
def test_systems_without_a_tree_in_the_way_are_never_slower(asked: Draw, systems: int) -> None:
    """The tree has one level from one system up to its fan-in; of several systems the slowest is waited for."""
    request = fitting({**asked, "systems": 1})
    shared = replace(request, cluster=replace(request.cluster, systems=systems))
    late = request.software.step_jitter * (2 * log(systems)) ** 0.5
    assert step_s(shared) <= step_s(request) * (1 + late + 1e-9)


@settings(max_examples=3, deadline=None)
@given(
    asked=REQUESTS, what=st.sampled_from(["sram_bytes", "rows", "columns"]), times=st.sampled_from([1.01, 1.3, 2, 16])
)
def test_more_memory_or_cores_are_never_slower(asked: Draw, what: str, times: float) -> None:
    request = fitting(asked)
    wafer = request.cluster.wafer
    if what != "sram_bytes":
        better = replace(wafer, **{what: ceil(getattr(wafer, what) * times)})
    else:
        better = replace(wafer, core=replace(wafer.core, sram_bytes=round(wafer.core.sram_bytes * times)))
    roomy = replace(request, cluster=replace(request.cluster, wafer=better))
    worth = WORTH if what != "sram_bytes" else 1e-9  # whole cycles hide what the last few columns bring
    assert step_s(roomy) <= step_s(request) * (1 + worth)


def test_a_slow_store_makes_fewer_passes_worth_computing_layers_again() -> None:
    asked = request_of(sequences=240, length=1024)
    slow = request_of(sequences=240, length=1024, hardware={"memoryx.stream": "100 MB/s"})
    never = chosen(replace(slow, recompute="never"))[0].program
    program = chosen(slow)[0].program
    assert program.placement.recompute
    assert program.passes < never.passes
    assert chosen(replace(slow, recompute="always"))[0].timed.step_s < step_s(replace(slow, recompute="never"))
    assert step_s(asked) < step_s(slow)


def test_a_slow_host_sets_the_pace_of_steps_whatever_the_passes() -> None:
    """The first tokens of a step come during the step before."""
    slow = request_of(stack="ideal", hardware={"host.input": "1 MB/s"})
    for passes in (1, 3):
        timed = time_step(lay(slow, passes=passes, recompute=0))
        assert timed.step_s == pytest.approx(24 * 512 * 8 / 1e6, rel=0.01)


def test_the_slowest_of_many_systems_is_waited_for() -> None:
    """By one standard deviation times sqrt(2 ln n): 0.9 % of its arithmetic with 16 systems, nothing with one."""
    asked = {"sequences": 64, "length": 1024}
    one = lay(request_of(**asked), passes=2, recompute=0)  # type: ignore[arg-type]
    many = lay(request_of(**asked | {"sequences": 64 * 16, "systems": 16}), passes=2, recompute=0)  # type: ignore[arg-type]
    timed = time_step(many)
    assert one.straggle_s == 0
    assert many.straggle_s == pytest.approx(0.004 * (2 * log(16)) ** 0.5 * many.busy_s()["compute"])
    assert timed.seconds["wafer", "stragglers"] == pytest.approx(many.straggle_s)
    assert timed.step_s == pytest.approx(time_step(one).step_s + many.straggle_s, rel=1e-3)


def test_nodes_of_the_tree_and_hosts_are_shared() -> None:
    """Four children share a node's 100 GB/s, eight or more are eight; two systems share a host."""
    shared = {"swarmx.node": "100 GB/s", "host.feeds": 2}
    for systems, children in ((1, 1), (4, 4), (8, 8), (64, 8)):
        program = lay(request_of(sequences=64 * 12, systems=systems, hardware=shared), passes=1, recompute=0)
        assert program.stream_bytes_per_s == min(150e9, 100e9 / children)
        host, group = program.cluster.host, program.groups[0]
        assert program.input_s(group) == pytest.approx(
            host.latency_s + group.token_bytes * min(2, systems) / host.input_bytes_per_s
        )


def test_auto_recomputes_where_nothing_else_fits() -> None:
    asked = request_of(model="llama", sequences=8, length=4096, hardware={"core.sram": "24 KiB"})
    assert isinstance(fastest(replace(asked, recompute="never")), DoesNotFit)
    assert chosen(asked)[0].program.placement.recompute


def test_a_huge_batch_is_answered_at_once() -> None:
    whole, prime = (chosen(request_of(sequences=count))[0] for count in (10**9, 999_999_937))
    assert whole.timed.step_s == pytest.approx(prime.timed.step_s, rel=1e-6)
    assert whole.timed.step_s > prime.timed.step_s
    single = chosen(replace(request_of(sequences=999_999_937), sub_batch=1))[0]
    assert single.program.passes == 999_999_937
    assert single.timed.pieces < 10_000


def test_only_what_takes_less_is_looked_for_if_told() -> None:
    request = request_of(sequences=240, length=1024)
    best = step_s(request)
    found = fastest(request, below_s=best / 2)
    assert isinstance(found, tuple)
    assert all(way.timed.step_s > best / 2 for way in found)
    assert fastest(request, below_s=best * 1.001)[0].timed.step_s == best  # type: ignore[index]
