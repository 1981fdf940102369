"""What an expert asks first: the sign, order and smoothness of twenty what-ifs, by figures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from wsesim import questions
from wsesim.answer import Answer, Level
from wsesim.questions.base import Question
from wsesim.study import asked

Changes = Mapping[str, object]
RATES = ("hardware.wafer.io", "hardware.memoryx.stream", "hardware.swarmx.link")


def question(**data: object) -> Question:
    return questions.ask(data, file="what-if", folder=Path())


def step(model: str, machine: str, sequences: int, length: int = 2048) -> Question:
    return question(
        phase="training", model=model, cluster=machine, batch={"sequences": sequences, "length": length}
    )  # fmt: skip


def decode(**inference: int) -> Question:
    given = {"prompt": 1024, "generate": 16, **inference}
    return question(phase="decode", model="llama-3-8b", cluster="cs-3", inference=given)


def of(base: Question, figure: str, changes: Sequence[Changes], level: Level | None = None) -> list[float]:
    found = []
    for change in changes:
        outcome = asked(base, change, level=level)  # type: ignore[arg-type]
        assert isinstance(outcome, Answer), (change, outcome)
        value = outcome.figures[figure]
        assert value is not None
        found.append(float(value))
    return found


def each(name: str, values: Sequence[object]) -> list[Changes]:
    return [{name: value} for value in values]


def rates(times: float) -> Changes:
    return dict.fromkeys(RATES, f"{150 * times:g} GB/s")


def falls(values: Sequence[float]) -> bool:
    return all(then <= now * (1 + 1e-9) for now, then in pairwise(values))


@pytest.fixture(scope="module")
def large() -> Question:
    return step("cerebras-gpt-13b", "cs-2", 720)


def test_01_more_systems_are_less_efficient_each() -> None:
    systems = (1, 4, 16, 64, 256, 1024, 2048)
    weak = step("cerebras-gpt-13b", "cs-3", 64)
    speed = of(weak, "tokens_per_s", [{"cluster.systems": n, "batch.sequences": 64 * n} for n in systems])
    efficiency = [rate / n / speed[0] for rate, n in zip(speed, systems, strict=True)]
    assert falls(efficiency)
    assert efficiency[2] == pytest.approx(15.3 / 16, abs=0.04)
    assert efficiency[-1] < 0.99
    strong = of(step("cerebras-gpt-13b", "cs-3", 4096), "tokens_per_s", each("cluster.systems", systems))
    assert falls([rate / n for rate, n in zip(strong, systems, strict=True)])
    assert falls([-rate for rate in strong])
    assert strong[-1] < 0.6 * 2048 * strong[0]


def test_02_a_cs_3_trains_large_models_much_faster(large: Question) -> None:
    slow, fast = of(large, "tokens_per_s", each("cluster", ("cs-2", "cs-3")))
    assert 1.4 < fast / slow < 2.4


def test_03_the_largest_model_gains_less_where_streams_are_as_slow() -> None:
    slow, fast = of(step("gpt3-175b", "cs-2", 128), "tokens_per_s", each("cluster", ("cs-2", "cs-3")))
    assert 1 < fast / slow < 2.4


def test_04_a_slow_host_holds_a_step_by_what_it_sends() -> None:
    base = step("cerebras-gpt-111m", "cs-2", 120)
    fast, slow = of(base, "step_s", each("hardware.host.input", ("12.3 GB/s", "10 MB/s")))
    sends_s = 120 * 2048 * 2 * 4 / 10e6
    assert max(fast, sends_s) <= slow < 1.1 * max(fast, sends_s)


def test_05_links_off_the_wafer_are_a_minimum_of_three(large: Question) -> None:
    slow, now, fast, alone = of(
        large, "step_s", [rates(0.05), rates(1), rates(10), {"hardware.wafer.io": "1500 GB/s"}]
    )  # fmt: skip
    assert slow > 1.5 * now
    assert fast <= alone
    assert alone == pytest.approx(now, rel=0.01)


def test_06_memory_is_smooth(large: Question) -> None:
    sizes = [f"{kib} KiB" for kib in (24, 28, 32, 36, 40, 44, 48, 53, 58, 64, 80, 96)]
    taken = of(large, "step_s", each("hardware.core.sram", sizes))
    assert falls(taken)
    assert all(now / then < 1.25 for now, then in pairwise(taken))


def test_07_a_faster_clock_helps_what_computes(large: Question) -> None:
    now, then = of(large, "step_s", each("hardware.core.clock", ("1.1 GHz", "4.4 GHz")))
    assert 2 < now / then <= 4


def test_08_slow_links_hold_tokens() -> None:
    slow, now = of(decode(), "tpot_s", each("hardware.fabric.link_wavelets_per_cycle", (0.1, 1.0)), "closed")
    assert slow > 1.2 * now


def test_09_far_hops_hold_tokens() -> None:
    near, far = of(decode(), "tpot_s", each("hardware.fabric.hop_cycles", (1, 10)), "closed")
    assert 1.5 * near < far < 10 * near


def test_10_more_rows_never_serve_slower() -> None:
    now, more = of(decode(), "tokens_per_s", each("hardware.wafer.rows", (1170, 2340)), "closed")
    assert more >= now


def test_11_more_sequences_together_are_faster(large: Question) -> None:
    sizes = [{"batch.micro_batch": size, "cluster.systems": 8} for size in (1, 2, 4, 8, 16, 22)]
    assert falls(of(large, "step_s", sizes))


def test_12_neighbouring_batches_are_alike() -> None:
    speed = of(step("cerebras-gpt-1.3b", "cs-2", 120), "tokens_per_s", each("batch.sequences", range(119, 129)))
    assert max(speed) < 1.02 * min(speed)


def test_13_zeros_help_less_and_less() -> None:
    zeros = (0, 0.25, 0.5, 0.75, 0.9)
    for model in ("cerebras-gpt-1.3b", "cerebras-gpt-6.7b"):
        taken = of(step(model, "cs-2", 120), "step_s", each("model.sparsity", zeros))
        assert falls(taken)
        assert taken[0] / taken[-1] < 10


def test_14_long_sequences_cost_their_attention() -> None:
    changes = [
        {"batch.length": 512 * k, "batch.sequences": 256 // k, "model.max_length": 512 * k} for k in (1, 4, 16, 64, 256)
    ]
    assert falls(of(step("cerebras-gpt-1.3b", "cs-2", 256, 512), "tokens_per_s", changes))


def test_15_sequences_side_by_side_write_more() -> None:
    speed = of(decode(), "tokens_per_s", each("inference.batch", (1, 2, 8, 32)), "closed")
    assert falls([-rate for rate in speed])
    assert falls([rate / n for rate, n in zip(speed, (1, 2, 8, 32), strict=True)])


def test_16_a_longer_context_slows_each_token() -> None:
    changes = [{"inference.prompt": prompt, "model.max_length": 40_000} for prompt in (128, 8192, 32_000)]
    taken = of(decode(), "tpot_s", changes, "closed")
    assert falls([-seconds for seconds in taken])
    assert taken[-1] < 4 * taken[0]


def test_17_more_wafers_never_serve_fewer() -> None:
    systems = (1, 2, 4)
    speed = of(decode(batch=64), "tokens_per_s", each("cluster.systems", systems), "closed")
    assert falls([-rate for rate in speed])


def test_18_energy_does_not_halve_with_twice_the_clock(large: Question) -> None:
    slow, now, fast = of(
        large, "energy_per_token_j", each("hardware.core.clock", ("0.8 GHz", "1.1 GHz", "1.4 GHz"))
    )  # fmt: skip
    assert slow / now < 1.25
    assert fast / now > 0.8


def test_19_a_slow_store_holds_weights(large: Question) -> None:
    slow, now = of(large, "step_s", each("hardware.memoryx.stream", ("20 GB/s", "150 GB/s")))
    assert 1.1 * now < slow < 7.5 * now


def test_20_defects_cost_what_spares_do_not_take_in(large: Question) -> None:
    taken = of(large, "step_s", each("hardware.die.defects_per_cm2", (0.0, 0.09, 20.0, 100.0)))
    assert taken[0] == taken[1]
    assert falls(taken[::-1])
    assert 1 < taken[3] / taken[0] < 2
