"""Steps whose time can be said beforehand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from wsesim.graph import with_training
from wsesim.hardware import load_cluster
from wsesim.mapping import Program, StepRequest, lay
from wsesim.model import build_graph, load_preset
from wsesim.software import load_software
from wsesim.system import Played, play, time_step

MakeProgram = Callable[..., Program]
# 1,000 bytes take 1 ms at 1 MB/s


def _seconds(played: Played) -> dict[tuple[str, str], float]:
    """Leave out what rounds to nothing."""
    return {key: seconds for key, seconds in played.seconds.items() if seconds > 1e-12}


def test_compute_alone(program_of: MakeProgram) -> None:
    played = play(program_of((3, 0.25, 0, 0), (1, 0.5, 0, 0), passes=2, step_s=0.1))
    assert played.step_s == pytest.approx(2 * (3 * 0.25 + 0.5) + 0.1)
    assert _seconds(played) == pytest.approx({("wafer", "compute"): 2.5, ("wafer", "step"): 0.1})
    assert dict(played.moved) == {}


def test_bound_by_compute(program_of: MakeProgram) -> None:
    """Only the first weights, the last gradients and their update are waited for."""
    program = program_of(
        (10, 0.01, 1000, 0), (10, 0.02, 1000, 1000), passes=3, latency_s=0.0005, update=1e7, step_s=0.005
    )
    played = play(program)
    head, compute = 0.001 + 0.0005 + program.cluster.swarmx.hop_s, 3 * (10 * 0.01 + 10 * 0.02)
    tail = 0.001 + 0.0005 + 1000 * 15 / 1e7
    assert played.first_s == pytest.approx(head + compute + 0.005)
    assert played.step_s == pytest.approx(compute + 0.005)  # both go on in the 5 ms of the software
    busy = play(replace(program, software=replace(program.software, step_s=0.001)))
    assert busy.tail_s == pytest.approx(tail - 0.001)
    assert busy.step_s == pytest.approx(compute + tail + head)
    assert busy.seconds["wafer", "update"] == pytest.approx(tail - 0.001)
    assert busy.seconds["wafer", "weights"] == pytest.approx(head)
    assert ("wafer", "gradients") not in _seconds(played)
    assert played.seconds["memoryx", "accumulate"] == pytest.approx(2 * 10 * 1000 * 5 / 1e7)
    assert played.seconds["memoryx", "update"] == pytest.approx(10 * 1000 * 15 / 1e7)


def test_bound_by_weights(program_of: MakeProgram) -> None:
    """The link never rests, so the step is its time and the compute of the last weights."""
    played = play(program_of((10, 0.0001, 1000, 0), (10, 0.0004, 1000, 0), passes=4))
    assert played.seconds["swarmx down", "weights"] == pytest.approx(4 * 20 * 0.001)
    assert played.first_s == pytest.approx(4 * 20 * 0.001 + 0.0004)
    assert played.step_s == pytest.approx(4 * 20 * 0.001)


def test_bound_by_gradients(program_of: MakeProgram) -> None:
    """Room for two pieces: the first is computed, the others leave one after another."""
    played = play(program_of((10, 0.0001, 0, 1000), passes=2))
    assert played.first_s + played.tail_s == pytest.approx(0.0001 + 20 * 0.001)
    assert played.tail_s == pytest.approx(2 * 0.001)  # at the end two are left
    assert played.step_s == pytest.approx(20 * 0.001)
    assert played.seconds["wafer", "gradients"] == pytest.approx(20 * 0.0009)


def test_bound_by_the_host(program_of: MakeProgram) -> None:
    played = play(program_of((1, 0.001, 0, 0), passes=5, token_bytes=1000, host=1e5, host_latency_s=0.002))
    assert played.first_s == pytest.approx(5 * (0.002 + 0.01) + 0.001)
    assert played.step_s == pytest.approx(5 * (0.002 + 0.01))
    assert played.seconds["wafer", "input"] == pytest.approx(5 * 0.011)


def test_the_next_input_comes_while_a_step_is_computed(program_of: MakeProgram) -> None:
    """A host that takes 9 of 10 ms is waited for once, at the first step."""
    played = play(program_of((1, 0.01, 0, 0), token_bytes=900, host=1e5))
    assert played.first_s == pytest.approx(0.009 + 0.01)
    assert played.step_s == pytest.approx(0.01)
    slow = play(program_of((1, 0.01, 0, 0), token_bytes=1100, host=1e5))
    assert slow.step_s == pytest.approx(0.011)


def test_weights_come_in_the_order_that_the_store_updates_them(program_of: MakeProgram) -> None:
    """Ten layers whose update takes 10 ms each, and the arithmetic of one 8: the next step begins with the first layer.

    The store begins with the gradient of the last layer as it comes; with the last gradient that of the first layer is
    worked off, and what it is behind with is needed later. So a step takes what the store has to do, and no more.
    """
    layers = (10, 0.004, 10, 0), (10, 0.004, 10, 1000)
    played = play(program_of(*layers, stream=1e9, update=1.5e6, buffer_bytes=10**6))
    assert played.step_s == pytest.approx(10 * 0.01, rel=0.1)
    assert played.first_s + played.tail_s == pytest.approx(0.04 + 0.004 + 10 * 0.01, rel=0.01)
    waits = play(program_of(*layers, stream=1e9, update=1.5e6, buffer_bytes=10**6, update_waits=1))
    assert waits.step_s == pytest.approx(0.04 + 10 * 0.01 + 0.004, rel=0.1)  # adding up the last gradients is hidden


def test_smaller_passes_come_after_the_larger(program_of: MakeProgram) -> None:
    """Three quarters of the tokens come in, and are computed; the host sets the pace."""
    program = program_of((1, 0.004, 0, 0), passes=2, smaller=3, token_bytes=1000, host=1e5)
    played = play(program)
    assert played.step_s == pytest.approx(2 * 0.01 + 3 * 0.0075)
    assert played.seconds["wafer", "compute"] == pytest.approx(2 * 0.004 + 3 * 0.003)
    assert played.seconds["host", "input"] == pytest.approx(2 * 0.01 + 3 * 0.0075)


def test_bound_by_the_update(program_of: MakeProgram) -> None:
    """15 bytes of memory traffic a byte of gradient in the last pass, 5 before."""
    played = play(program_of((10, 0.0001, 1, 1000), passes=2, update=1e6, buffer_bytes=10**6))
    assert played.first_s + played.tail_s == pytest.approx(0.2009)  # the second 10 begin with the store far behind
    assert played.step_s == pytest.approx(10 * 0.005 + 10 * 0.015, rel=0.1)


def test_half_duplex_is_not_assumed(program_of: MakeProgram) -> None:
    """Weights come in while gradients leave."""
    both = play(program_of((10, 0.0, 1000, 1000)))
    assert both.first_s + both.tail_s == pytest.approx(11 * 0.001)


def test_prefetch_goes_as_far_as_the_buffer(program_of: MakeProgram) -> None:
    stages = (1, 0.01, 0, 0), (10, 0.0, 1000, 0)
    waits = [play(program_of(*stages, buffer_bytes=room)).first_s - 0.01 for room in (1000, 2000, 5000)]
    # one piece more than the room has crossed the link by then, and waits at its end
    assert waits == pytest.approx([8 * 0.001, 7 * 0.001, 4 * 0.001])


def test_the_slowest_link_sets_the_rate(program_of: MakeProgram) -> None:
    program = program_of((4, 0.0, 1000, 0), stream=1e6)
    cluster = program.cluster
    slow_tree = replace(program, cluster=replace(cluster, swarmx=replace(cluster.swarmx, link_bytes_per_s=5e5)))
    slow_edge = replace(program, cluster=replace(cluster, wafer=replace(cluster.wafer, io_bytes_per_s=5e5)))
    assert play(program).step_s == pytest.approx(4 * 0.001)
    assert play(slow_tree).step_s == pytest.approx(4 * 0.002)
    assert play(slow_edge).step_s == pytest.approx(4 * 0.002)


@pytest.mark.parametrize(("systems", "levels"), [(1, 1), (2, 1), (8, 1), (9, 2), (16, 2), (64, 2), (65, 3), (192, 3)])
def test_a_tree_of_eight_has_a_level_for_each_power(program_of: MakeProgram, systems: int, levels: int) -> None:
    played = play(program_of((1, 0.0, 1000, 0), systems=systems, latency_s=0.01, hop_s=0.1))
    assert played.first_s == pytest.approx(0.001 + 0.01 + levels * 0.1)


def test_a_shard_is_a_piece_up_to_sixteen(program_of: MakeProgram) -> None:
    """The wafer starts as soon as the first piece is there."""
    for shard, pieces in ((1000, 1), (999, 2), (250, 4), (62, 16), (1, 16)):
        played = play(program_of((1, 0.016, 1000, 0), shard_bytes=shard))
        assert played.first_s == pytest.approx(0.001 / pieces + 0.016)
        assert played.step_s == pytest.approx(0.016)


def test_seconds_and_intervals_of_a_short_step(program_of: MakeProgram) -> None:
    played = play(program_of((1, 0.002, 1000, 0), (1, 0.003, 0, 1000), update=1e7, step_s=0.001))
    lasting = [interval for interval in played.intervals if interval.end_s - interval.start_s > 1e-12]
    found = [(i.track, i.name, i.cause, round(i.start_s, 9), round(i.end_s, 9)) for i in lasting]
    assert found == [
        ("memoryx", "update", "update", 0, 0.0015),  # of the step before, whose gradient came in the millisecond before
        ("wafer", "wait for update", "update", 0, 0.0015),
        ("swarmx down", "block0 forward", "weights", 0.0015, 0.0025),
        ("wafer", "wait for weights", "weights", 0.0015, 0.0025),
        ("wafer", "block0 forward", "compute", 0.0025, 0.0045),
        ("wafer", "block1 backward", "compute", 0.0045, 0.0075),
        ("swarmx up", "gradients", "gradients", 0.0075, 0.0085),
        ("wafer", "step overhead", "step", 0.0075, 0.0085),
    ]


@pytest.mark.parametrize(("model", "length", "passes"), [("cerebras-gpt-111m", 2048, 3), ("llama-2-7b", 256, 2)])
def test_folding_changes_no_figure_of_a_model(model: str, length: int, passes: int) -> None:
    sequences = 2 * (4 * passes - 1)
    request = StepRequest(
        graph=with_training(build_graph(load_preset(model), sequences=sequences, length=length)),
        cluster=load_cluster("cs-2", systems=2).cluster, software=load_software("release-2").for_training(),
        sequences=sequences, length=length, precision="mixed",
    )  # fmt: skip
    program = lay(request, passes=passes, recompute=True)
    folded, whole = play(program), play(program, fold=False)
    assert folded.events < whole.events / 2
    assert folded.step_s == pytest.approx(whole.step_s, rel=1e-9)
    assert folded.moved == pytest.approx(whole.moved, rel=1e-9)
    one_wafer = {key: seconds for key, seconds in whole.seconds.items() if not key[0].endswith("1")}
    assert folded.seconds == pytest.approx(one_wafer, rel=1e-9)
    exact = time_step(program, fold=False)
    assert (exact.step_s, exact.seconds, exact.moved) == (whole.step_s, one_wafer, dict(whole.moved))


def test_an_update_that_waits_for_the_norm_goes_over_all_weights_at_last(program_of: MakeProgram) -> None:
    """Two gradients of 1000 bytes: added as they come, 5 bytes each, then updated, 15 bytes each."""
    stages = [(2, 1e-3, 1000, 1000)]
    at_once, waits = (
        play(program_of(*stages, stream=1e9, update=1e6, update_waits=update_waits)) for update_waits in (0, 1)
    )
    assert ("memoryx", "accumulate") not in at_once.seconds
    assert at_once.seconds["memoryx", "update"] == pytest.approx(30e-3)
    assert waits.seconds["memoryx", "accumulate"] == pytest.approx(10e-3)
    assert waits.seconds["memoryx", "update"] == pytest.approx(30e-3)
    assert waits.first_s + waits.tail_s == pytest.approx(1e-3 + 40e-3, abs=1e-5)
    assert waits.step_s > at_once.step_s
