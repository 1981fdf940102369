"""Each figure against its definition."""

import math
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from wsesim import questions
from wsesim.answer import Answer, Bound
from wsesim.errors import SpecError
from wsesim.mapping import Program
from wsesim.questions.base import Question
from wsesim.questions.shared.power import step_counts
from wsesim.questions.shared.step import Step
from wsesim.questions.shared.step_answer import timed_answer
from wsesim.questions.shared.step_bound import bound_of, closed_spent
from wsesim.questions.training import TrainingStep
from wsesim.system import Timed, fastest

CASES: dict[str, dict[str, object]] = {
    "one system": {"model": "cerebras-gpt-111m", "batch": {"sequences": 120, "length": 2048}, "cluster": "cs-2"},
    "sixteen systems": {
        "model": "cerebras-gpt-13b",
        "batch": {"sequences": 288, "length": 2048},
        "cluster": {"machine": "andromeda", "systems": 16},
    },
    "weights set the pace": {
        "model": "gpt3-175b", "batch": {"sequences": 2, "length": 2048, "sub_batch": 1}, "cluster": "cs-2",
    },
    "uneven shares and passes": {
        "model": "gpt2", "batch": {"sequences": 71, "length": 1024, "sub_batch": 10}, "recompute": "always",
        "cluster": {"machine": "cs-2", "systems": 3},
    },
    "single precision": {
        "model": "bert-base", "batch": {"sequences": 64, "length": 128}, "cluster": "cs-3", "precision": "fp32",
    },
    "half precision, slow store": {
        "model": "gpt2", "batch": {"sequences": 24, "length": 1024, "sub_batch": 6}, "cluster": "cs-2",
        "precision": "fp16", "hardware": {"memoryx.stream": "1 GB/s", "memoryx.update": "2 GB/s"},
    },
}  # fmt: skip


class Measured(NamedTuple):
    step: Step
    program: Program
    timed: Timed
    answer: Answer
    figures: dict[str, Any]
    spent: dict[str, float]
    gap: dict[str, float]


def question_of(data: dict[str, object]) -> Question:
    return questions.ask({**data, "verification": {"enabled": False}}, file="case.yaml", folder=Path())


def measure(question: Question) -> Measured:
    assert isinstance(question, TrainingStep)
    step = question.step
    ways = fastest(step.request(step.graph()))
    assert isinstance(ways, tuple)
    answer = timed_answer(question, step, ways[0])
    assert answer.spent is not None
    assert answer.bound is not None
    return Measured(
        step, ways[0].program, ways[0].timed, answer, dict(answer.figures), dict(answer.spent.by_cause),
        dict(answer.bound.gap),
    )  # fmt: skip


@pytest.fixture(params=CASES)
def measured(request: pytest.FixtureRequest) -> Measured:
    return measure(question_of(CASES[request.param]))


def test_rates_are_of_the_whole_batch(measured: Measured) -> None:
    figures, timed, step = measured.figures, measured.timed, measured.step
    assert figures["step_s"] == timed.step_s
    assert figures["step_cycles"] == round(timed.step_s * measured.program.cluster.wafer.core.clock_hz)
    assert figures["samples_per_s"] * figures["step_s"] == pytest.approx(step.sequences)
    assert figures["tokens_per_s"] == pytest.approx(figures["samples_per_s"] * step.length)
    steps = step.token_budget / (step.sequences * step.length)
    ends = figures["first_step_s"] - figures["step_s"] + figures["last_update_s"]
    assert figures["budget_s"] == pytest.approx(steps * figures["step_s"] + ends)


def test_where_the_step_goes_adds_up(measured: Measured) -> None:
    assert sum(measured.spent.values()) == pytest.approx(measured.figures["step_s"], rel=1e-9)
    assert min(measured.spent.values()) > 0


def test_the_gap_is_what_the_step_takes_over_its_bound(measured: Measured) -> None:
    figures, gap = measured.figures, measured.gap
    assert figures["bound_s"] <= figures["step_s"]
    assert sum(gap.values()) == pytest.approx(figures["step_s"] - figures["bound_s"], rel=1e-9)
    assert min(gap.values()) > 0
    assert gap.keys() <= measured.spent.keys()
    assert all(seconds <= measured.spent[cause] for cause, seconds in gap.items())


def test_the_bound_by_hand() -> None:
    """The larger of the two sums: multiply-accumulates at peak, or what goes through the edge in one direction."""
    found = measure(question_of(CASES["one system"]))
    w, vocab, tokens = 768, 50257, 120 * 2048
    layer, table = 12 * w * w, vocab * w
    wafer = found.program.cluster.wafer
    peak = 2 * wafer.cores * wafer.core.clock_hz  # multiply-accumulates a second
    arithmetic = 3 * (10 * tokens * (layer + 2 * 2048 * w) + tokens * table) / peak
    assert found.figures["bound_s"] == pytest.approx(arithmetic)
    assert found.gap["fmac"] == pytest.approx(found.spent["fmac"] - arithmetic)
    assert found.gap["launch"] == found.spent["launch"]
    held = measure(question_of(CASES["half precision, slow store"]))
    gradients = 2 * held.program.parameters + 2 * vocab * w  # of the tied table twice
    assert held.figures["bound_s"] == pytest.approx((3 * 5 + 15) * gradients / 2e9)  # the last of four passes updates
    assert held.gap.get("update", 0) == pytest.approx(max(0, held.spent["update"] - held.figures["bound_s"]))


@pytest.mark.parametrize("seconds", [-1e-9, math.inf, math.nan])
def test_nothing_on_top_of_a_bound_is_negative_or_endless(seconds: float) -> None:
    Bound(seconds=1.0, meaning="", gap={"launch": 0.0})
    with pytest.raises(SpecError, match="must be finite and not negative"):
        Bound(seconds=1.0, meaning="", gap={"launch": 1.0, "fmac": seconds})


def test_what_the_bound_covers_beyond_its_own_causes_is_spread_evenly() -> None:
    found = measure(question_of(CASES["half precision, slow store"]))
    left = {cause: seconds / found.spent[cause] for cause, seconds in found.gap.items() if cause != "update"}
    assert len(left) > 3
    assert max(left.values()) == pytest.approx(min(left.values()))
    assert 0 < min(left.values()) < 1


def test_the_formula_is_between_bound_and_step(measured: Measured) -> None:
    closed, precision = measured.program.least_s, measured.step.precision
    assert bound_of(measured.program, {}, precision).seconds <= closed * (1 + 1e-9)
    assert closed <= measured.timed.step_s * (1 + 1e-9)
    spent = closed_spent(measured.program)
    assert sum(spent.values()) == pytest.approx(closed)
    assert min(spent.values()) > 0


def test_a_bound_that_was_beaten_is_one() -> None:
    """Weights of a layer come in while an earlier one computes: the longer of both, layer by layer, is no bound."""
    found = measure(question_of({
        "model": "cerebras-gpt-13b", "batch": {"sequences": 8, "length": 2048, "sub_batch": 1}, "cluster": "cs-3",
        "software": {"training.kernel_launch": "1 us"},
    }))  # fmt: skip
    assert found.figures["bound_s"] == pytest.approx(2.769, abs=0.001)
    assert found.figures["bound_s"] <= found.figures["step_s"] <= 1.01 * found.figures["bound_s"]


def test_utilization_by_hand() -> None:
    found = measure(question_of(CASES["one system"]))
    tokens, w, layers, vocab = 120 * 2048, 768, 10, 50257
    flops = 3 * 2 * tokens * (layers * (12 * w * w + 2 * 2048 * w) + vocab * w)
    assert found.figures["flops_per_step"] == flops
    peak = 745_500 * 8 * found.program.cluster.wafer.core.clock_hz
    assert found.figures["mfu"] == pytest.approx(flops / (found.figures["step_s"] * peak))
    assert found.answer.headline["mfu"] == f"of dense fp16 peak of 1 wafer, {peak / 1e15:.3g} PFLOP/s"


@pytest.mark.parametrize(
    ("case", "precision", "wafers"), [("sixteen systems", "fp16", 16), ("single precision", "fp32", 1)]
)
def test_utilization_divides_by_all_wafers_at_16_bits_unless_single_precision(
    case: str, precision: str, wafers: int
) -> None:
    found = measure(question_of(CASES[case]))
    peak = wafers * found.program.cluster.wafer.peak_flops(precision)
    assert found.figures["mfu"] == pytest.approx(found.figures["flops_per_step"] / found.figures["step_s"] / peak)
    count = f"{wafers} wafer{'s' if wafers > 1 else ''}"
    assert found.answer.headline["mfu"].startswith(f"of dense {precision} peak of {count}, ")


def test_recompute_is_work_but_no_use() -> None:
    case = {**CASES["one system"], "batch": {"sequences": 120, "length": 2048, "sub_batch": 8}}
    always, never = (measure(question_of({**case, "recompute": policy})) for policy in ("always", "never"))
    assert always.figures["flops_per_step"] == never.figures["flops_per_step"]
    assert always.figures["bound_s"] == never.figures["bound_s"]
    assert always.spent["recompute"] > 0
    assert "recompute" not in never.spent
    assert always.spent["strips"] == pytest.approx(never.spent["strips"])


def test_power_is_idle_and_what_is_done(measured: Measured) -> None:
    figures, cluster = measured.figures, measured.program.cluster
    done = cluster.wafer.energy.joules(step_counts(measured.program))
    assert figures["power_w"] == pytest.approx(figures["idle_w"] + sum(done.values()) / figures["step_s"])
    assert figures["idle_w"] == pytest.approx(cluster.systems * 16_100, rel=1e-3)
    assert figures["energy_per_token_j"] * figures["tokens_per_s"] == pytest.approx(figures["power_w"])


def test_utilization_is_never_over_one_however_odd_the_core() -> None:
    rates = {"core.fmac_fp16_per_cycle": 1, "core.fmac_mixed_per_cycle": 4, "core.sram_read_bytes_per_cycle": 64}
    found = measure(question_of({**CASES["one system"], "hardware": rates, "software": "ideal"}))
    assert found.figures["mfu"] < 1
    assert "mixed peak" in found.answer.headline["mfu"]
