"""What a serving run shows: requests one by one, ops, a timeline, and its largest rate."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer, Curve
from wsesim.errors import InputError
from wsesim.questions.shared import service_details

BASE: dict[str, object] = {
    "model": "gpt2", "phase": "serving", "cluster": "cs-2", "verification": {"enabled": False},
    "inference": {"placement": "blocks", "stages": 4, "chunk": 256},
}  # fmt: skip


def answer(folder: Path = Path(), **asked: Any) -> Answer:
    outputs = {"timeline": asked.pop("timeline", True)}
    data = {**BASE, "outputs": outputs, "serving": asked}
    found = questions.run(questions.ask(data, file="case.yaml", folder=folder)).answer
    assert found is not None
    return found


def rows(found: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(found.files["requests.csv"]().decode())))


def figure(found: Answer, name: str) -> float:
    value = found.figures[name]
    assert value is not None
    return float(value)


def curve(found: Answer, name: str = "rates") -> Curve:
    (drawn,) = (drawing for drawing in found.drawings if isinstance(drawing, Curve) and drawing.name == name)
    return drawn


@pytest.fixture(scope="module")
def served() -> Answer:
    return answer(rate=40, requests=300, slo_ttft="30 ms", slo_tpot="1 s")


def test_every_request_has_a_line_that_adds_up(served: Answer) -> None:
    lines = rows(served)
    assert [int(line["request"]) for line in lines] == list(range(1, 301))
    for line in lines:
        at = {name: float(line[name]) for name in service_details.COLUMNS if name.endswith("_s")}
        assert at["arrival_s"] <= at["ready_s"] <= at["begun_s"] <= at["first_s"] <= at["end_s"]
        assert at["waited_s"] == pytest.approx(at["begun_s"] - at["ready_s"], abs=3e-9)
        assert at["ttft_s"] == pytest.approx(at["first_s"] - at["arrival_s"], abs=3e-9)
        assert at["latency_s"] == pytest.approx(at["end_s"] - at["arrival_s"], abs=3e-9)
        assert at["tpot_s"] == pytest.approx((at["end_s"] - at["first_s"]) / (int(line["output"]) - 1), abs=3e-9)
        late = at["ttft_s"] > 0.030
        assert (line["met"], line["why"]) == (("false", "first token late") if late else ("true", ""))
    good = sum(line["met"] == "true" for line in lines) / 300
    assert 0 < good < 1
    assert good == served.figures["met_share"]


@pytest.mark.parametrize(("phase", "level"), [("serving", "closed"), ("serving", "system"), ("generate", "closed")])
def test_how_weights_are_kept_is_said(phase: str, level: str) -> None:
    model = {"preset": "gpt2", "layers": 4, "weight_format": "int4/32x1", "weight_packed": "ffn"}
    data: dict[str, Any] = {**BASE, "model": model, "phase": phase}
    if phase == "serving":
        data["serving"] = {"rate": 4, "requests": 3, "search": level == "closed"}
    else:
        data["inference"] = {"prompt": 8, "generate": 4}
    asked = questions.ask(data, file="case.yaml", folder=Path())
    found = questions.run(asked, level=questions.require_level(level)).answer
    assert found is not None
    assert sum("Matrices of feed-forward networks are kept as int4/32x1" in note for note in found.notes) == 1


def test_requests_of_a_run_can_be_served_again(served: Answer, tmp_path: Path) -> None:
    (tmp_path / "again.csv").write_bytes(served.files["requests.csv"]())
    again = answer(tmp_path, trace="again.csv", slo_ttft="50 ms", search=False)
    assert again.figures["ttft_p99_s"] == pytest.approx(served.figures["ttft_p99_s"], abs=2e-9)
    assert again.figures["requests"] == 300


def test_a_request_that_cannot_be_held_or_is_slow_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("arrival_s,prompt,output\n0,10,5\n1,90,10\n2,10,1\n")
    data = {**BASE, "serving": {"trace": "t.csv", "longest": 100, "slo_ttft": "1 ns", "slo_tpot": "1 ns"}}
    found = questions.run(questions.ask(data, file="case.yaml", folder=tmp_path)).answer
    assert found is not None
    assert [line["why"] for line in rows(found)] == ["first token late, tokens slow"] * 2 + ["first token late"]


def test_refused_requests_have_a_line_without_times(served: Answer) -> None:
    from tests.system.services import listed, times

    from wsesim.system import Objective, serve

    requests = listed((0.5, 100, 10), (1.0, 3000, 10))
    goal = Objective(ttft_s=1, tpot_s=1, share=1)
    text = service_details.requests_csv(requests, serve(requests, times(capacity_tokens=200)), goal).decode()
    last = text.splitlines()[-1]
    assert last == "2,1.0,3000,10,,,,,,,,,false,refused: longer than the wafers hold,0"


def test_ops_take_the_time_that_was_spent_by_phase(served: Answer) -> None:
    assert served.spent is not None
    for phase in ("prefill", "decode"):
        seconds = [op.seconds for op in served.ops if op.phase == phase]
        assert sum(seconds) == pytest.approx(served.spent.by_cause[phase])
    calls = {op.phase: op.calls for op in served.ops}
    lines = rows(served)
    assert calls == {"prefill": 300, "decode": sum(int(line["output"]) - 1 for line in lines)}
    assert any(f"{calls['prefill']:,}" not in note and "mean length" in note for note in served.sentences)


def test_the_timeline_has_a_lane_for_each_request(served: Answer) -> None:
    lines = rows(served)
    start = float(lines[0]["arrival_s"])
    tracks = [f"request {number}" for number in range(1, service_details.SHOWN_REQUESTS + 1)]
    assert list(dict.fromkeys(interval.track for interval in served.timeline)) == tracks
    assert {interval.cause for interval in served.timeline} == {"input", "queue", "prefill", "decode"}
    ends = {"input": "ready_s", "queue": "begun_s", "prefill": "first_s", "decode": "end_s"}
    for interval in served.timeline:
        line = lines[int(interval.track.split()[1]) - 1]
        assert interval.end_s == pytest.approx(float(line[ends[interval.cause]]) - start, abs=3e-9)
        assert interval.end_s > interval.start_s
    assert any("first 250 of 300 requests" in note for note in served.sentences)


def test_without_a_timeline_asked_for_there_is_none() -> None:
    found = answer(rate=20, requests=300, timeline=False, search=False)
    assert found.timeline == ()
    assert not any("timeline" in note for note in found.sentences)
    assert found.ops


@pytest.mark.nightly
def test_the_largest_rate_does_not_depend_on_how_many_requests_are_served() -> None:
    few, many = (answer(rate=20, requests=requests, slo_ttft="1 s", timeline=False) for requests in (1, 3000))
    assert figure(few, "largest_rate_per_s") == figure(many, "largest_rate_per_s") > 0


def test_rates_are_drawn_where_people_use_them(served: Answer) -> None:
    drawn, largest = curve(served), figure(served, "largest_rate_per_s")
    xs = [x for x, _ in drawn.points]
    assert min(xs) == pytest.approx(min(40, largest / 10))
    assert max(largest, 40) <= max(xs) <= 1.2 * max(largest, 40) * (1 + 1e-9)
    assert dict(drawn.marks) == {"asked": 40, "largest": largest}
    assert not drawn.log_x
    assert curve(answer(rate=1e6, requests=50)).log_x, "far beyond what is possible"


def test_waits_and_throughput_are_drawn_over_the_rate(served: Answer) -> None:
    largest, shares = figure(served, "largest_rate_per_s"), dict(curve(served).points)
    answered, ((_, good),) = (curve(served, "throughput").points, curve(served, "throughput").others)
    full = max(y for _, y in answered)
    assert all(y == pytest.approx(min(x, full)) for x, y in answered)
    assert dict(good) == pytest.approx({x: x * share for x, share in shares.items()})
    (table,) = (each for each in served.tables if each.name == "rates")
    for name, limit in (("ttft", 0.03), ("tpot", 1.0)):
        drawn = curve(served, f"rate_{name}")
        assert (drawn.limit, drawn.line, drawn.others[0][0], drawn.marks) == (limit, "P50", "P99", curve(served).marks)
        low, high = dict(drawn.points), dict(drawn.others[0][1])
        assert low.keys() == high.keys() <= shares.keys()
        assert largest in low
        assert 40 in low, "the rate that is asked"
        assert all(low[rate] <= high[rate] for rate in low)
        columns = [table.columns.index(f"{name}_{point}_s") for point in ("p50", "p99")]
        assert [(low[row[0]], high[row[0]]) for row in table.rows if row[0] in low] == [
            tuple(row[column] for column in columns) for row in table.rows if row[0] in low
        ]
    first = dict(curve(served, "rate_ttft").points)
    assert first[max(first)] > 1.1 * first[min(first)], "queues grow"
    assert served.verdict.startswith("Too much is asked: ")


@pytest.mark.parametrize(
    ("rows_of", "asked", "verdict", "note"),
    [
        ("0,300,5\n0,200,9", {}, "100.0 % of requests are good enough, as 99.0 % are", "that all arrive together"),
        ("0,300,5\n1,9000,9", {}, "50.0 % of requests are good enough, where", "one request has no rate"),
        ("0,9000,9", {}, "No request was served", "Longer than serving.longest"),
        pytest.param("0,300,1\n1,300,1", {"slo_ttft": "1 ns"}, "No rate holds the objective", "form",
                     marks=pytest.mark.nightly),
        ("0,300,5,3\n1,200,9,3", {}, "It holds: 1 requests a second arrive", "All requests have priority 3"),
    ],
)  # fmt: skip
def test_the_answer_comes_in_a_sentence(
    rows_of: str, asked: dict[str, Any], verdict: str, note: str, tmp_path: Path
) -> None:
    more = ",priority" if rows_of.count(",3\n") else ""
    (tmp_path / "t.csv").write_text(f"arrival_s,prompt,output{more}\n{rows_of}\n")
    found = answer(tmp_path, trace="t.csv", longest=1024, timeline=False, **asked)
    assert found.verdict.startswith(verdict)
    assert any(note in said for said in (*found.notes, *found.sentences)), found.notes
    assert (found.figures["energy_per_token_j"] is None) == (found.figures["served"] == 0) == (found.spent is None)
    assert all(seconds > 1e-12 for seconds in (found.spent.by_cause.values() if found.spent else ()))


def test_what_is_offered_is_not_what_is_served() -> None:
    over = answer(rate=1e5, requests=300)
    assert figure(over, "offered_per_s") == pytest.approx(1e5, rel=0.2)
    assert 0 < figure(over, "served_per_s") < 5000
    assert figure(over, "goodput_per_s") <= figure(over, "served_per_s")
    said = f"of {figure(over, 'served_per_s'):.4g} answered in the same time; "
    assert over.headline["goodput_per_s"] == f"{said}{figure(over, 'offered_per_s'):.4g} arrive a second"
    easy = answer(rate=1, requests=300, search=False)
    assert figure(easy, "goodput_per_s") == pytest.approx(figure(easy, "offered_per_s"), rel=0.01)
    assert figure(easy, "goodput_per_s") <= figure(easy, "offered_per_s") * (1 + 1e-9)


def test_good_answers_are_counted_over_the_span_of_all_answers() -> None:
    """Of few requests, whose last answer takes long beside their gaps, all good ones are as many as were answered."""
    few = answer(rate=50, requests=20, search=False)
    assert figure(few, "met_share") == 1
    assert figure(few, "goodput_per_s") == figure(few, "served_per_s") < figure(few, "offered_per_s")


@pytest.mark.nightly
def test_a_rate_that_draws_came_out_beside_is_said() -> None:
    few, many = (answer(rate=40, requests=count, search=False) for count in (100, 100_000))
    offered = figure(few, "offered_per_s")
    (said,) = (note for note in few.notes if "are asked for" in note)
    assert "40 requests a second are asked for" in said
    assert f"the 100 that were drawn come to {offered:.4g} a second" in said
    assert abs(offered / 40 - 1) > 0.01 > abs(figure(many, "offered_per_s") / 40 - 1)
    assert not any("are asked for" in note for note in many.notes)


def test_a_full_queue_of_prompts_is_what_the_formula_says() -> None:
    """One token each, none alone in the pipeline: prompts enter one behind the other."""
    data = {**BASE, "serving": {"rate": 1, "output": 1, "output_spread": 0, "prompt_spread": 0, "slo_ttft": "100 s"}}
    asked = questions.ask(data, file="case.yaml", folder=Path())
    closed, system = (questions.run(asked, level=level).answer for level in ("closed", "system"))
    assert closed is not None
    assert system is not None
    assert figure(system, "largest_rate_per_s") == pytest.approx(figure(closed, "largest_rate_per_s"), rel=0.01)


def test_a_full_pipeline_writes_as_a_batch_does() -> None:
    """The last of four that come together: no prompt enters behind it."""
    held: dict[str, object] = {**BASE["inference"], "batch": 4}  # type: ignore[dict-item]
    serving = {"rate": 1e9, "requests": 4, "prompt": 2, "prompt_spread": 0, "output": 500, "output_spread": 0,
               "longest": 502, "search": False}  # fmt: skip
    served = questions.run(questions.ask({**BASE, "inference": held, "serving": serving}, file="s", folder=Path()))
    writes = {name: value for name, value in held.items() if name != "chunk"}
    asked = {**BASE, "phase": "decode", "inference": {**writes, "prompt": 252}}
    batch = questions.run(questions.ask(asked, file="d", folder=Path()))
    assert served.answer is not None
    assert batch.answer is not None
    tpot_s = float(rows(served.answer)[-1]["tpot_s"])
    assert tpot_s == pytest.approx(figure(batch.answer, "tpot_s"), rel=0.02)


@pytest.mark.nightly
def test_who_is_let_in_is_chosen_where_tokens_would_be_slow() -> None:
    tight: dict[str, Any] = {"requests": 300, "slo_ttft": "2 s", "slo_tpot": "400 us", "slo_share": 0.9}
    found = answer(rate=1, **tight)
    _, choice = found.choices
    assert (choice.what, choice.figure) == ("sequences let in at once", "largest_rate_per_s")
    assert choice.value == found.figures["largest_rate_per_s"]
    ((words, rate),) = choice.others
    assert words.startswith("all ")
    assert rate < choice.value
    assert choice.chosen == f"{found.figures['slots']} at most"
    over = answer(rate=1e3, **tight)
    assert over.choices[1].chosen == choice.chosen
    assert over.choices[1].value == pytest.approx(choice.value)
    assert {each.figure for each in over.choices[2:]} <= {"met_share"}
    assert [each.what for each in answer(rate=1, **{**tight, "search": False}).choices] == ["placement"]


def test_a_service_says_how_its_largest_rate_was_judged(served: Answer) -> None:
    (said,) = (sentence for sentence in served.sentences if "judged on" in sentence)
    assert "2,800 requests drawn from the same seed" in said
    assert "queue grows without end" in said


def test_the_same_question_gives_the_same_files(served: Answer) -> None:
    again = answer(rate=40, requests=300, slo_ttft="30 ms", slo_tpot="1 s")
    assert replace(again, files={}) == replace(served, files={})
    assert made(again.files) == made(served.files)


def made(files: Mapping[str, Any]) -> dict[str, bytes]:
    return {name: make() for name, make in files.items()}


def test_the_page_shows_queue_batch_cache_and_how_waits_are_spread(served: Answer) -> None:
    curves = {drawing.name: drawing for drawing in served.drawings if isinstance(drawing, Curve)}
    assert {"queue", "batch", "cache", "ttft", "tpot", "latency"} <= curves.keys()
    for name in ("queue", "batch", "cache"):
        ys = [y for _, y in curves[name].points]
        assert ys[-1] == 0, "all are done"
        assert min(ys) >= 0
    assert 0 < max(y for _, y in curves["cache"].points) <= 1
    assert max(y for _, y in curves["batch"].points) <= figure(served, "slots")
    waits = {y: x for x, y in curves["ttft"].points}
    assert waits[0.5] == pytest.approx(figure(served, "ttft_p50_s"))
    assert served.figures["waited_p50_s"] is not None


def test_a_warm_up_does_not_count_and_overload_is_named(tmp_path: Path) -> None:
    rows_of = "".join(f"{0.001 * at},300,{9 if at else 600}\n" for at in range(40))
    (tmp_path / "t.csv").write_text(f"arrival_s,prompt,output\n{rows_of}")
    asked: dict[str, Any] = {"trace": "t.csv", "search": False, "timeline": False}
    warm = answer(tmp_path, **asked, warmup=1)
    took = [float(line["latency_s"]) for line in rows(warm)]
    assert figure(warm, "latency_mean_s") == pytest.approx(sum(took[1:]) / 39) != sum(took) / 40
    assert figure(warm, "served") == 40
    assert any("first 1 requests are served and count in no share" in note for note in warm.notes)
    assert warm.notes[0].startswith("Overload: 1000 requests arrive a second, and about ")
    with pytest.raises(InputError, match="leaves none of 40 requests to count"):
        answer(tmp_path, **asked, warmup=40)
    with pytest.raises(InputError, match=r"serving.warmup = 1,000 leaves none of 1,000 requests to count"):
        answer(rate=1, warmup=1000)


def test_reading_and_writing_apart() -> None:
    data: dict[str, Any] = {
        **BASE, "model": {"layers": 2, "width": 256, "heads": 4, "max_length": 512},
        "cluster": {"machine": "cs-2", "systems": 3}, "inference": {"readers": 1, "replicas": 2, "wafers": 1},
        "serving": {"rate": 40, "requests": 60, "search": False, "prompt": 100},
    }  # fmt: skip
    found = questions.run(questions.ask(data, file="case.yaml", folder=Path())).answer
    assert found is not None
    assert found.figures["wafers"] == 3
    assert found.sentences[0].startswith("To read: ")
    assert found.sentences[1].startswith("To write: ")
    assert found.spent is not None
    assert found.spent.by_cause["prefill"] > 0
    closed = questions.run(questions.ask(data, file="case.yaml", folder=Path()), level="closed").answer
    assert closed is not None
    assert closed.figures["full_request_s"] == found.figures["full_request_s"]
    assert "1 wafer to read and 2 copies of 1 wafer to write" in found.headline["utilization"]
    assert any(
        note.startswith("inference.wafers, inference.replicas hold for the wafers that write") for note in found.notes
    )
    prompts = {"inference": {"readers": 2, "chunk": 64, "placement": "blocks"}, "serving": data["serving"]}
    chunked = questions.run(questions.ask(data | prompts, file="case.yaml", folder=Path())).answer
    assert chunked is not None
    assert any(note.startswith("inference.chunk holds for the wafers that read") for note in chunked.notes)
    with pytest.raises(InputError, match=r"replicas must be at most cluster.systems less inference.readers"):
        questions.ask(data | {"inference": {"readers": 1, "replicas": 3}}, file="case.yaml", folder=Path())
    with pytest.raises(InputError, match="leaves none of 3 systems to write"):
        questions.ask(data | {"inference": {"readers": 3}}, file="case.yaml", folder=Path())
