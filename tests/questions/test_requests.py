"""From a question of resident weights to a result: requests, services, and what cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer, DoesNotFit, Result, Status
from wsesim.errors import InputError
from wsesim.questions.base import Question

BASE: dict[str, object] = {"model": "llama-3-8b", "cluster": "cs-2", "verification": {"enabled": False}}


def question_of(phase: str, asked: dict[str, object] | None = None, **changes: object) -> Question:
    sections = {"inference": asked} if asked is not None else {}
    return questions.ask({**BASE, "phase": phase, **sections, **changes}, file="case.yaml", folder=Path())


def result_of(phase: str, asked: dict[str, object] | None = None, **changes: object) -> Result:
    return questions.run(question_of(phase, asked, **changes))


def answer(phase: str, asked: dict[str, object] | None = None, **changes: object) -> Answer:
    found = result_of(phase, asked, **changes).answer
    assert found is not None
    return found


def request(phase: str, **asked: object) -> Mapping[str, Any]:
    return answer(phase, asked).figures


def service(**asked: object) -> Mapping[str, Any]:
    return answer("serving", model="gpt2", serving={"requests": 300, **asked}).figures


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate"])
def test_seconds_by_cause_are_the_whole_request(phase: str) -> None:
    found = answer(phase, {"prompt": 1000})
    figures: Mapping[str, Any] = found.figures
    assert found.spent is not None
    assert found.spent.total_s == figures["total_s"]
    assert ("ttft_s" in figures) == (phase != "decode")
    assert ("tpot_s" in figures) == (phase != "prefill")
    assert figures["energy_per_token_j"] > 0
    assert 0 < figures["mfu"] < 1


def test_a_generation_is_a_prefill_and_a_decode() -> None:
    where = {"placement": "blocks", "stages": 8, "must_fit": False}
    prompt, token = {"prompt": 1000, "prefill_grid": 240, "chunk": 250}, {"prompt": 1000, "decode_grid": 240}
    whole = request("generate", generate=65, **where, **prompt, decode_grid=240)
    read, written = request("prefill", **where, **prompt), request("decode", generate=64, **where, **token)
    assert whole["ttft_s"] == pytest.approx(read["ttft_s"])
    assert whole["total_s"] == pytest.approx(read["total_s"] + written["total_s"], rel=1e-3)
    assert whole["tpot_s"] == pytest.approx(written["tpot_s"], rel=1e-3)


def test_nothing_is_quicker_than_where_the_model_was_placed_for_it_alone() -> None:
    whole, read = request("generate", prompt=1000, generate=65), request("prefill", prompt=1000)
    written = request("decode", prompt=1000, generate=64)
    assert whole["ttft_s"] >= (1 - 1e-9) * read["ttft_s"]
    assert whole["tpot_s"] >= 0.999 * written["tpot_s"]


def test_a_prompt_alone_is_answered_by_its_first_token() -> None:
    figures = request("generate", prompt=100, generate=1)
    assert figures["tpot_s"] is None
    assert figures["ttft_s"] == pytest.approx(figures["total_s"])


def test_a_longer_prompt_takes_longer_and_a_reused_one_less() -> None:
    times = [request("prefill", prompt=prompt)["total_s"] for prompt in (256, 512, 1024, 2048)]
    assert times == sorted(times)
    assert request("prefill", prompt=2048, reused=1024)["total_s"] < times[-1]


def test_a_batch_writes_more_together_and_each_no_faster() -> None:
    one, many = request("decode", prompt=512, generate=8), request("decode", prompt=512, generate=8, batch=8)
    assert many["tpot_s"] >= one["tpot_s"]
    assert many["tokens_per_s"] > one["tokens_per_s"]


def test_guesses_that_are_never_right_cost_and_those_always_right_pay() -> None:
    plain = request("decode", prompt=512, generate=60)["tpot_s"]
    wrong = request("decode", prompt=512, generate=60, draft_tokens=4, acceptance=0.0)["tpot_s"]
    right = request("decode", prompt=512, generate=60, draft_tokens=4, acceptance=1.0)["tpot_s"]
    assert right < plain < wrong


def test_no_more_wafers_are_taken_than_there_are() -> None:
    with pytest.raises(InputError, match=r"inference\.wafers must be at most cluster\.systems, which is 1; got 3"):
        question_of("decode", {"prompt": 100, "wafers": 3})


def test_layers_alone_take_less_than_a_whole_model() -> None:
    whole, layers = (request("decode", prompt=512, ends=ends)["tpot_s"] for ends in (True, False))
    assert layers < whole


def test_the_placement_and_its_memory_are_told() -> None:
    found = answer("generate", {"prompt": 512})
    assert found.facts["placement"]["wafers"] == 1
    assert found.sentences[0].startswith("Weights lie as ")
    assert sum(line.bytes_per_core for line in found.memory) <= found.memory_limit_bytes
    assert found.ops
    assert found.timeline


def test_what_does_not_fit_says_why_and_what_would() -> None:
    result = result_of("decode", {"prompt": 4096}, model="llama-3-70b")
    assert result.status is Status.DOES_NOT_FIT
    assert "systems would fit" in result.why
    assert isinstance(result.outcome, DoesNotFit)
    assert result.outcome.memory_limit_bytes == 48 * 1024 < sum(use.bytes_per_core for use in result.outcome.memory)
    forced = result_of("decode", {"prompt": 4096, "must_fit": False}, model="llama-3-70b")
    assert forced.status is Status.OK


@pytest.mark.nightly
def test_a_service_at_a_low_rate_is_good_and_at_a_high_rate_is_not() -> None:
    low, high = (service(rate=rate, slo_ttft="20 ms", slo_tpot="1 s") for rate in (0.2, 50_000))
    assert low["met_share"] == 1
    assert high["met_share"] < low["met_share"]
    assert low["utilization"] < high["utilization"] <= 1
    assert low["largest_rate_per_s"] > 0.2
    points = ("mean", "p50", "p90", "p95", "p99")
    assert {f"{name}_{point}_s" for name in ("ttft", "tpot", "latency") for point in points} <= low.keys()


def test_an_objective_no_rate_can_meet_is_a_result_with_a_reason() -> None:
    found = answer("serving", model="gpt2", serving={"rate": 1, "requests": 50, "slo_ttft": "1 us"})
    assert found.figures["largest_rate_per_s"] == 0
    assert any("No rate holds" in sentence for sentence in found.sentences)


def test_a_trace_is_served_and_is_an_input(tmp_path: Path) -> None:
    trace = tmp_path / "requests.csv"
    trace.write_text("arrival_s,prompt,output\n0,100,20\n0.1,900,1\n")
    question = question_of("serving", model="gpt2", serving={"trace": str(trace)})
    assert question.inputs == (trace,)
    assert questions.run(question).figures["served"] == 2
    assert "requests of a trace" in question.title


def test_requests_that_all_arrive_together_have_no_rate(tmp_path: Path) -> None:
    trace = tmp_path / "requests.csv"
    trace.write_text("arrival_s,prompt,output\n0,10,1\n0,10,1\n0,20,1\n")
    found = questions.compare(
        question_of("serving", serving={"trace": str(trace), "longest": 4096}), ("closed", "system")
    )
    closed, system = found.outcomes["closed"], found.outcomes["system"]
    assert isinstance(closed, Answer)
    assert isinstance(system, Answer)
    assert (system.figures["served"], system.figures["largest_rate_per_s"]) == (3, None)
    assert system.figures["tpot_p50_s"] is None, "answers of one token have no time per token"
    assert "largest_rate_per_s" not in system.headline
    assert closed.figures["tokens_per_s"]


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate", "serving"])
def test_every_level_gives_the_figures_that_the_kind_states(phase: str) -> None:
    section = {"serving": {"rate": 2, "requests": 60}} if phase == "serving" else {}
    question = question_of(phase, None if section else {"prompt": 512}, model="gpt2", **section)
    for outcome in questions.compare(question, ("closed", "system")).outcomes.values():
        assert isinstance(outcome, Answer)
        assert list(outcome.figures) == [spec.name for spec in question.figures]
        assert set(outcome.headline) <= set(outcome.figures)


def test_products_that_add_up_in_fp32_take_longer_and_are_measured_by_their_own_peak() -> None:
    asked: dict[str, object] = {"prompt": 512, "generate": 16}
    half, brain, cerebras = (answer("generate", asked, precision=name) for name in ("fp16", "bf16", "cb16"))
    half_s, brain_s, cerebras_s = (float(each.figures["total_s"] or 0) for each in (half, brain, cerebras))
    assert half_s < brain_s == cerebras_s
    assert "dense bf16 peak" in brain.headline["mfu"]
    assert question_of("generate", asked, precision="cb16").title.endswith("cb16 precision.")
