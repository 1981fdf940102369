import gzip
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.answer import Answer, Interval
from wsesim.answers.causes import known
from wsesim.answers.timeline import MOST_ROWS, lanes, timeline_svg, trace_gz

TIMES = st.tuples(st.integers(0, 40), st.integers(0, 20))


def events(packed: bytes) -> list[dict[str, Any]]:
    trace = json.loads(gzip.decompress(packed))
    assert trace["displayTimeUnit"] == "ns"
    found: list[dict[str, Any]] = trace["traceEvents"]
    return found


def interval(track: str, start_s: float, end_s: float) -> Interval:
    return Interval(track=track, name="x", start_s=start_s, end_s=end_s, cause="compute")


def test_every_thread_has_a_name_and_a_number_above_zero(answer: Answer) -> None:
    found = events(trace_gz("run", answer.timeline))
    names = {event["tid"]: event["args"]["name"] for event in found if event["name"] == "thread_name"}
    assert min(names) == 1
    assert {event["tid"] for event in found if event["ph"] == "X"} == set(names)
    assert {name.split(" (")[0] for name in names.values()} == {interval.track for interval in answer.timeline}
    assert {event["pid"] for event in found} == {1}


def test_every_event_is_of_the_trace_event_format(answer: Answer) -> None:
    """As the format's document has it: phases M and X, their fields and types; slices of a thread nest or are apart."""
    kinds = {"process_name": "name", "thread_name": "name", "thread_sort_index": "sort_index"}
    by_thread: dict[int, list[tuple[float, float]]] = {}
    for event in events(trace_gz("run", answer.timeline)):
        assert isinstance(event["name"], str)
        assert all(type(event[key]) is int for key in ("pid", "tid"))
        if event["ph"] == "M":
            assert set(event["args"]) == {kinds[event["name"]]}
            continue
        assert event["ph"] == "X"
        assert set(event) == {"ph", "pid", "tid", "name", "cat", "ts", "dur", "args"}
        assert all(type(event[key]) in (int, float) and event[key] >= 0 for key in ("ts", "dur"))
        by_thread.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    for slices in by_thread.values():
        assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(sorted(slices)))


def test_durations_sum_to_the_answers(answer: Answer) -> None:
    found = events(trace_gz("run", answer.timeline))
    slices = [event for event in found if event["ph"] == "X"]
    assert len(slices) == len(answer.timeline)
    for cause in {interval.cause for interval in answer.timeline}:
        traced = sum(event["dur"] for event in slices if event["cat"] == cause)
        simulated = sum(interval.end_s - interval.start_s for interval in answer.timeline if interval.cause == cause)
        assert traced == pytest.approx(simulated * 1e6, abs=0.001 * len(slices))


def test_what_touches_still_touches() -> None:
    third = 1 / 3e6
    packed = trace_gz("run", (interval("wafer", 0.0, third), interval("wafer", third, 2 * third)))
    first, second = (event for event in events(packed) if event["ph"] == "X")
    assert first["ts"] + first["dur"] == second["ts"] == 0.333


@given(st.lists(TIMES))
def test_lanes_keep_every_interval_and_never_overlap(times: list[tuple[int, int]]) -> None:
    timeline = [interval("link", start, start + length) for start, length in times]
    found = lanes(timeline)
    assert sorted((i.start_s, i.end_s) for lane in found.values() for i in lane) == sorted(
        (i.start_s, i.end_s) for i in timeline
    )
    for lane in found.values():
        assert all(left.end_s <= right.start_s for left, right in pairwise(lane))


def test_one_transfer_at_a_time_needs_one_lane() -> None:
    assert list(lanes([interval("b", 0, 1), interval("a", 0, 2), interval("b", 1, 2)])) == ["b", "a"]


def test_two_at_once_need_two() -> None:
    assert list(lanes([interval("link", 0, 2), interval("link", 1, 3)])) == ["link", "link (2)"]


def test_a_page_draws_the_first_rows_and_the_file_has_all() -> None:
    timeline = [interval(f"request {number}", number, number + 1) for number in range(MOST_ROWS + 1)]
    drawn = timeline_svg(timeline, known(["compute"]))
    assert f"request {MOST_ROWS - 1}<" in drawn
    assert f"request {MOST_ROWS}<" not in drawn
    assert len(lanes(timeline)) == MOST_ROWS + 1


def test_no_timeline_is_still_a_trace() -> None:
    assert [event["name"] for event in events(trace_gz("run", ()))] == ["process_name"]
