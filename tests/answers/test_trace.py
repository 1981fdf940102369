import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.report import write_timeline
from wsesim.report.trace import lanes, timeline_gz
from wsesim.result import Interval, Result

TIMES = st.tuples(st.integers(0, 40), st.integers(0, 20))


def events(packed: bytes) -> list[dict[str, Any]]:
    trace = json.loads(gzip.decompress(packed))
    assert trace["displayTimeUnit"] == "ns"
    found: list[dict[str, Any]] = trace["traceEvents"]
    return found


def interval(track: str, start_s: float, end_s: float) -> Interval:
    return Interval(track=track, name="x", start_s=start_s, end_s=end_s, cause="compute")


def test_every_thread_has_a_name_and_a_number_above_zero(result: Result, tmp_path: Path) -> None:
    write_timeline(result, tmp_path / "timeline.json.gz")
    found = events((tmp_path / "timeline.json.gz").read_bytes())
    names = {event["tid"]: event["args"]["name"] for event in found if event["name"] == "thread_name"}
    assert min(names) == 1
    assert {event["tid"] for event in found if event["ph"] == "X"} == set(names)
    assert {name.split(" (")[0] for name in names.values()} == {interval.track for interval in result.timeline}
    assert {event["pid"] for event in found} == {1}


def test_durations_sum_to_the_result(result: Result) -> None:
    found = events(timeline_gz(result))
    slices = [event for event in found if event["ph"] == "X"]
    assert len(slices) == len(result.timeline)
    for cause in {interval.cause for interval in result.timeline}:
        traced = sum(event["dur"] for event in slices if event["cat"] == cause)
        simulated = sum(interval.end_s - interval.start_s for interval in result.timeline if interval.cause == cause)
        assert traced == pytest.approx(simulated * 1e6, abs=0.001 * len(slices))


def test_what_touches_still_touches(make: Callable[..., Result]) -> None:
    third = 1 / 3e6
    run = make(timeline=(interval("wafer", 0.0, third), interval("wafer", third, 2 * third)))
    first, second = (event for event in events(timeline_gz(run)) if event["ph"] == "X")
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


def test_no_timeline_is_still_a_trace(misfit: Result) -> None:
    assert [event["name"] for event in events(timeline_gz(misfit))] == ["process_name"]
