"""What was recorded, by hand."""

from __future__ import annotations

import pytest

from wsesim.system.recorder import Recorder, Work


def shown(recorder: Recorder) -> list[tuple[str, str, float, float, str]]:
    return [(i.track, i.name, i.start_s, i.end_s, i.cause) for i in recorder.intervals]


def test_seconds_and_intervals_are_noted_together() -> None:
    recorder = Recorder()
    recorder.spent("wafer", "compute", 1.0, 3.0, name="layer")
    recorder.spent("wafer", "compute", 4.0, 4.5)
    assert dict(recorder.totals) == {("wafer", "compute", 0): 2.5}
    assert shown(recorder) == [("wafer", "layer", 1.0, 3.0, "compute"), ("wafer", "compute", 4.0, 4.5, "compute")]


def test_what_lasts_no_time_is_not_noted() -> None:
    recorder = Recorder()
    recorder.spent("wafer", "compute", 1.0, 1.0)
    assert not recorder.totals
    assert not recorder.intervals


def test_what_touches_and_is_the_same_is_one() -> None:
    recorder = Recorder()
    recorder.show("wafer", "compute", 1.0, 2.0)
    recorder.show("wafer", "compute", 2.0, 3.0)
    assert shown(recorder) == [("wafer", "compute", 1.0, 3.0, "compute")]


@pytest.mark.parametrize(
    ("track", "cause", "start", "name"),
    [("link", "compute", 2.0, ""), ("wafer", "input", 2.0, ""), ("wafer", "compute", 2.5, ""),
     ("wafer", "compute", 1.5, ""), ("wafer", "compute", 2.0, "layer")],
)  # fmt: skip
def test_what_differs_or_does_not_touch_stays_apart(track: str, cause: str, start: float, name: str) -> None:
    recorder = Recorder()
    recorder.show("wafer", "compute", 1.0, 2.0)
    recorder.show(track, cause, start, 4.0, name=name)
    assert len(recorder.intervals) == 2


def test_a_gap_of_a_picosecond_is_a_gap_and_less_is_rounding() -> None:
    for gap, count in ((1e-12, 2), (0.9e-12, 1)):
        recorder = Recorder()
        recorder.show("wafer", "compute", -1.0, 0.0)
        recorder.show("wafer", "compute", gap, 1.0)
        assert len(recorder.intervals) == count


def test_a_skip_counts_what_happened_since_as_often_as_it_says() -> None:
    recorder = Recorder()
    recorder.spent("wafer", "compute", 0.0, 1.0)
    recorder.count("host", "input", 5.0)
    recorder.moved["in", 0] += 100
    since = recorder.counts()
    recorder.spent("wafer", "compute", 1.0, 3.0)
    recorder.moved["in", 0] += 10
    recorder.skip(4, since, now=3.0, period=2.0, name="4 more", under_way=())
    assert dict(recorder.totals) == {("wafer", "compute", 0): 3.0 + 4 * 2.0, ("host", "input", 0): 5.0}
    assert dict(recorder.moved) == {("in", 0): 110 + 4 * 10}
    assert (recorder.offset, recorder.folded) == (8.0, 3.0)
    assert shown(recorder)[-1] == ("wafer", "4 more", 3.0, 11.0, "folded")
    assert [interval.track for interval in recorder.intervals] == ["wafer", "wafer"], "nothing of the host was skipped"


def test_after_skips_all_is_later() -> None:
    recorder = Recorder()
    since = recorder.counts()
    recorder.spent("wafer", "compute", 0.0, 1.0)
    recorder.skip(3, since, now=1.0, period=1.0, name="more", under_way=())
    recorder.spent("wafer", "compute", 0.5, 2.0)
    assert shown(recorder)[-1] == ("wafer", "compute", 4.0, 5.0, "compute"), "cut at the skip, shown after it"
    recorder.skip(2, recorder.counts(), now=2.5, period=0.5, name="none", under_way=())
    assert recorder.offset == 4.0
    recorder.skip(1, since, now=3.0, period=1.0, name="again", under_way=())
    assert shown(recorder)[-1] == ("wafer", "again", 7.0, 8.0, "folded")


def test_what_is_under_way_is_cut_where_time_was_skipped() -> None:
    recorder = Recorder()
    since = recorder.counts()
    work = Work(track="link", cause="weights", name="layer 3", start=0.5)
    fresh = Work(track="host", cause="input", name="tokens", start=2.0)
    recorder.skip(2, since, now=2.0, period=1.0, name="more", under_way=(work, fresh))
    assert shown(recorder) == [
        ("link", "layer 3", 0.5, 2.0, "weights"), ("host", "more", 2.0, 4.0, "folded"),
        ("link", "more", 2.0, 4.0, "folded"),
    ]  # fmt: skip
    assert not recorder.totals, "it counts when it ends"


def test_snapshots_do_not_change() -> None:
    recorder = Recorder()
    recorder.count("wafer", "compute", 1.0)
    totals, moved = recorder.counts()
    recorder.count("wafer", "compute", 1.0)
    recorder.moved["in", 0] += 1
    assert dict(totals) == {("wafer", "compute", 0): 1.0}
    assert dict(moved) == {}
