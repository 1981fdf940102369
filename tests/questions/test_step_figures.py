"""Each figure against its definition."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from wsesim import questions
from wsesim.answer import Answer
from wsesim.mapping import Program, map_step
from wsesim.questions.base import Question
from wsesim.questions.shared.step import Step
from wsesim.questions.shared.step_answer import played_answer, step_request
from wsesim.questions.training import TrainingStep
from wsesim.system import Played, play

CASES: dict[str, dict[str, object]] = {
    "one system": {"model": "cerebras-gpt-111m", "batch": {"sequences": 120, "length": 2048}, "cluster": "cs-2"},
    "sixteen systems": {
        "model": "cerebras-gpt-13b",
        "batch": {"sequences": 288, "length": 2048},
        "cluster": {"machine": "andromeda", "systems": 16},
    },
    "weights set the pace": {
        "model": "gpt3-175b", "batch": {"sequences": 2, "length": 2048, "micro_batch": 1}, "cluster": "cs-2",
    },
    "single precision": {
        "model": "bert-base", "batch": {"sequences": 64, "length": 128}, "cluster": "cs-3", "precision": "fp32",
    },
    "half precision, slow store": {
        "model": "gpt2", "batch": {"sequences": 24, "length": 1024, "micro_batch": 6}, "cluster": "cs-2",
        "precision": "fp16", "hardware": {"memoryx.stream": "1 GB/s", "memoryx.update": "2 GB/s"},
    },
}  # fmt: skip


class Measured(NamedTuple):
    step: Step
    program: Program
    played: Played
    answer: Answer
    figures: dict[str, Any]
    spent: dict[str, float]
    gap: dict[str, float]


def question_of(data: dict[str, object]) -> Question:
    return questions.ask({**data, "verification": {"enabled": False}}, file="case.yaml", folder=Path())


def measure(question: Question) -> Measured:
    assert isinstance(question, TrainingStep)
    step = question.step
    program = map_step(step_request(step, step.graph()))
    assert isinstance(program, Program)
    played = play(program)
    answer = played_answer(question, step, step.graph(), program, played)
    assert answer.spent is not None
    assert answer.bound is not None
    return Measured(
        step, program, played, answer, dict(answer.figures), dict(answer.spent.by_cause), dict(answer.bound.gap)
    )  # fmt: skip


@pytest.fixture(params=CASES)
def measured(request: pytest.FixtureRequest) -> Measured:
    return measure(question_of(CASES[request.param]))


def test_rates_are_of_the_whole_batch(measured: Measured) -> None:
    figures, played, step = measured.figures, measured.played, measured.step
    assert figures["step_s"] == played.step_s
    assert figures["step_cycles"] == round(played.step_s * measured.program.cluster.wafer.core.clock_hz)
    assert figures["samples_per_s"] * figures["step_s"] == pytest.approx(step.sequences)
    assert figures["tokens_per_s"] == pytest.approx(figures["samples_per_s"] * step.length)
    steps = step.token_budget / (step.sequences * step.length)
    assert figures["budget_s"] == pytest.approx(steps * figures["step_s"])


def test_where_the_step_goes_adds_up(measured: Measured) -> None:
    assert sum(measured.spent.values()) == pytest.approx(measured.figures["step_s"], rel=1e-9)
    assert min(measured.spent.values()) > 0


def test_the_gap_is_what_the_step_takes_over_its_bound(measured: Measured) -> None:
    figures, gap = measured.figures, measured.gap
    assert figures["bound_s"] <= figures["step_s"]
    assert sum(gap.values()) == pytest.approx(figures["step_s"] - figures["bound_s"], rel=1e-9)
    assert all(seconds > 0 for cause, seconds in gap.items() if cause != "overlap")
    assert gap.get("overlap", 0) <= 0


def test_the_bound_by_hand() -> None:
    """Per layer and sweep, the larger of injection and arithmetic."""
    found = measure(question_of(CASES["one system"]))
    w, vocab, tokens = 768, 50257, 120 * 2048
    layer, table = 12 * w * w, vocab * w
    wafer = found.program.cluster.wafer
    peak = 2 * wafer.cores * wafer.core.clock_hz  # multiply-accumulates a second
    forward = 10 * tokens * (layer + 2 * 2048 * w) / peak
    head = tokens * table / peak
    embed = 2 * (table + 2048 * w) / 150e9  # no arithmetic: the table comes in, and its gradient leaves
    assert found.figures["bound_s"] == pytest.approx(3 * forward + 3 * head + 2 * embed)


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
    case = {**CASES["one system"], "batch": {"sequences": 120, "length": 2048, "micro_batch": 8}}
    always, never = (measure(question_of({**case, "recompute": policy})) for policy in ("always", "never"))
    assert always.figures["flops_per_step"] == never.figures["flops_per_step"]
    assert always.figures["bound_s"] == never.figures["bound_s"]
    assert always.gap["recompute"] > never.gap["recompute"] > 0


def test_power_lies_between_idle_and_busy(measured: Measured) -> None:
    wafer, systems = measured.program.cluster.wafer, measured.program.cluster.systems
    busy = measured.played.seconds["wafer", "compute"] / measured.played.step_s
    figures = measured.figures
    assert 0 < busy < 1
    assert figures["power_w"] == pytest.approx(systems * (wafer.idle_power_w + busy * wafer.active_power_w))
    assert figures["energy_per_token_j"] * figures["tokens_per_s"] == pytest.approx(figures["power_w"])


def test_utilization_is_never_over_one_however_odd_the_core() -> None:
    rates = {"core.fmac_fp16_per_cycle": 1, "core.fmac_mixed_per_cycle": 4, "core.sram_read_bytes_per_cycle": 64}
    found = measure(question_of({**CASES["one system"], "hardware": rates, "software": "ideal"}))
    assert found.figures["mfu"] < 1
    assert "mixed peak" in found.answer.headline["mfu"]
