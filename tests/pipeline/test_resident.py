"""From a workload with resident weights to a result: requests, services, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wsesim import pipeline
from wsesim.errors import InputError
from wsesim.levels.ask import compare
from wsesim.report import print_summary, render_html, to_json
from wsesim.result import RequestMetrics, ResidentPlacement, Result, ServingMetrics, Status
from wsesim.workload import build_workload

BASE: dict[str, object] = {"model": "llama-3-8b", "cluster": "cs-2", "verification": {"enabled": False}}


def answer(phase: str, asked: dict[str, object] | None = None, **changes: object) -> Result:
    sections = {"inference": asked} if asked is not None else {}
    data = {**BASE, "phase": phase, **sections, **changes}
    return pipeline.run(build_workload(data, file="case.yaml", folder=Path()))


def request(phase: str, **asked: object) -> RequestMetrics:
    metrics = answer(phase, asked).metrics
    assert isinstance(metrics, RequestMetrics)
    return metrics


def service(**asked: object) -> ServingMetrics:
    metrics = answer("serving", serving={"requests": 300, "longest": 4096, **asked}).metrics
    assert isinstance(metrics, ServingMetrics)
    return metrics


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate"])
def test_seconds_by_cause_are_the_whole_request(phase: str) -> None:
    metrics = request(phase, prompt=1000)
    assert sum(metrics.wafer_s.values()) == pytest.approx(metrics.total_s)
    assert (metrics.ttft_s is None) == (phase == "decode")
    assert (metrics.tpot_s is None) == (phase == "prefill")
    assert metrics.energy_per_token_j > 0
    assert 0 < metrics.mfu < 1


def test_a_generation_is_a_prefill_and_a_decode() -> None:
    whole, read = request("generate", prompt=1000, generate=65), request("prefill", prompt=1000)
    written = request("decode", prompt=1000, generate=64)
    assert whole.ttft_s == pytest.approx(read.ttft_s)
    assert whole.total_s == pytest.approx(read.total_s + written.total_s, rel=1e-3)
    assert whole.tpot_s == pytest.approx(written.tpot_s, rel=1e-3)


def test_a_longer_prompt_takes_longer_and_a_reused_one_less() -> None:
    times = [request("prefill", prompt=prompt).total_s for prompt in (256, 512, 1024, 2048)]
    assert times == sorted(times)
    assert request("prefill", prompt=2048, reused=1024).total_s < times[-1]


def test_a_batch_writes_more_together_and_each_no_faster() -> None:
    one, many = request("decode", prompt=512, generate=8), request("decode", prompt=512, generate=8, batch=8)
    assert one.tpot_s is not None
    assert many.tpot_s is not None
    assert one.tokens_per_s is not None
    assert many.tokens_per_s is not None
    assert many.tpot_s >= one.tpot_s
    assert many.tokens_per_s > one.tokens_per_s


def test_guesses_that_are_never_right_cost_and_those_always_right_pay() -> None:
    plain = request("decode", prompt=512, generate=60).tpot_s
    wrong = request("decode", prompt=512, generate=60, draft_tokens=4, acceptance=0.0).tpot_s
    right = request("decode", prompt=512, generate=60, draft_tokens=4, acceptance=1.0).tpot_s
    assert plain is not None
    assert wrong is not None
    assert right is not None
    assert right < plain < wrong


def test_the_placement_and_its_memory_are_told() -> None:
    result = answer("generate", {"prompt": 512})
    assert isinstance(result.placement, ResidentPlacement)
    assert result.placement.wafers == 1
    assert sum(line.bytes_per_core for line in result.memory) <= result.core_sram_bytes
    assert result.ops
    assert result.timeline


def test_what_does_not_fit_says_why_and_what_would() -> None:
    result = answer("decode", {"prompt": 4096}, model="llama-3-70b")
    assert result.status is Status.DOES_NOT_FIT
    assert "wafers would fit" in result.why
    assert result.metrics is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt": 9, "decode_grid": 4000}, "decode_grid must be at most"),
        ({"prompt": 9, "stages": 99}, "stages must be"),
    ],
)
def test_a_placement_that_cannot_be_is_a_message(asked: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        answer("decode", asked)


def test_precisions_that_resident_weights_do_not_have_are_a_message() -> None:
    with pytest.raises(InputError, match="precision must be"):
        answer("decode", {"prompt": 9}, precision="fp32")


def test_a_service_at_a_low_rate_is_good_and_at_a_high_rate_is_not() -> None:
    low, high = service(rate=0.2, slo_ttft="10 s", slo_tpot="1 s"), service(rate=500)
    assert low.met_share == 1
    assert high.met_share < low.met_share
    assert low.utilization < high.utilization <= 1
    assert low.largest_rate_per_s is not None
    assert low.largest_rate_per_s > 0.2
    assert [list(low.percentiles[name]) for name in ("ttft_s", "tpot_s")] == [["mean", "p50", "p90", "p95", "p99"]] * 2


def test_an_objective_no_rate_can_meet_is_a_result_with_a_reason() -> None:
    result = answer("serving", serving={"rate": 1, "requests": 50, "slo_ttft": "1 us", "longest": 4096})
    assert isinstance(result.metrics, ServingMetrics)
    assert result.metrics.largest_rate_per_s == 0
    assert any("No rate holds" in note for note in result.notes)


def test_a_trace_is_served(tmp_path: Path) -> None:
    trace = tmp_path / "requests.csv"
    trace.write_text("arrival_s,prompt,output\n0,100,20\n0.1,2000,1\n")
    result = answer("serving", serving={"trace": str(trace), "longest": 4096})
    assert isinstance(result.metrics, ServingMetrics)
    assert result.metrics.served == 2


@pytest.mark.parametrize("phase", ["prefill", "decode", "generate", "serving"])
def test_reports_show_every_phase(phase: str, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    serving = {"serving": {"rate": 2, "requests": 60, "longest": 4096}} if phase == "serving" else {}
    result = answer(phase, None if serving else {"prompt": 512, "generate": 4}, **serving)
    page = render_html(result)
    assert "The answer" in page
    assert "<script" not in page
    assert ("Good answers" in page) == (phase == "serving")
    print_summary(result, Console(width=100))
    assert "energy per token" in capsys.readouterr().out
    assert to_json(result)["metrics"]


def test_the_same_question_gives_the_same_page() -> None:
    one, two = (answer("serving", serving={"rate": 2, "requests": 60, "longest": 4096}) for _ in range(2))
    assert render_html(replace(one, cost=None)) == render_html(replace(two, cost=None))


def test_requests_that_all_arrive_together_have_no_rate(tmp_path: Path) -> None:
    trace = tmp_path / "requests.csv"
    trace.write_text("arrival_s,prompt,output\n0,10,1\n0,10,1\n0,20,1\n")
    data = {**BASE, "phase": "serving", "serving": {"trace": str(trace), "longest": 4096}}
    workload = build_workload(data, file="case.yaml", folder=Path())
    metrics = pipeline.run(workload).metrics
    assert isinstance(metrics, ServingMetrics)
    assert (metrics.served, metrics.largest_rate_per_s, metrics.tried) == (3, None, ())
    assert "tpot_s" not in metrics.percentiles, "answers of one token have no time per token"
    closed, system = compare(workload, ("closed", "system")).answers
    assert system.figures["tpot_p50_s"] is None
    assert "largest_rate_per_s" not in system.figures
    assert closed.figures["tokens_per_s"]
