"""Pictures of a run: readable, and the same bytes each time."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.traces import require_trace

from wsesim.cores import show
from wsesim.cores.builder import Builder
from wsesim.cores.machine import CoreMachine, CoreRun

Make = Callable[..., Builder]
FRAME = 8


@pytest.fixture
def run(make: Make) -> CoreRun:
    program = make(4, 3)
    color = program.color("data")
    first, rest = program.role("first"), program.role("rest")
    first.route(color, "RAMP", "EAST")
    rest.route(color, "WEST", "EAST", "RAMP")
    last = program.role("last")
    last.route(color, "WEST", "RAMP")
    with first.task("send", start=True):
        first.fmovs(first.fabout(color, 30), first.memory("x", 30))
    for role in (rest, last):
        with role.task("receive", start=True):
            role.fmovs(role.memory("y", 30), role.fabin(color, 30), thread=2)
    program.place(first, [0], range(3))
    program.place(rest, [1, 2], range(3))
    program.place(last, [3], range(3))
    return CoreMachine(program).run(frame_cycles=FRAME, watch=[(0, 1), (3, 1)])


def test_maps_are_by_name(run: CoreRun) -> None:
    assert show.core_map(run, "busy").tolist() == run.busy.tolist()
    assert show.core_map(run, "stalled").tolist() == run.stalled.tolist()
    assert show.core_map(run, "fabric-wait").tolist() == run.spent["fabric wait"].tolist()
    assert show.core_map(run, "east").tolist() == [[30, 30, 30, 0]] * 3
    assert show.core_map(run, "ramp").tolist() == [[0, 30, 30, 30]] * 3
    assert show.core_map(run, "links").tolist() == [[30, 30, 30, 0]] * 3
    with pytest.raises(KeyError):
        show.core_map(run, "lazy")


def test_an_animation(run: CoreRun) -> None:
    from PIL import Image

    data = show.activity_gif(run, title="a row of cores", frame_cycles=FRAME)
    assert data == show.activity_gif(run, title="a row of cores", frame_cycles=FRAME)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (600 + 2 * 8, 450 + 2 * 8 + 2 * 21 + 8 + 21)
        assert getattr(picture, "n_frames", 1) > 1
        first = np.asarray(picture.convert("RGB"))
        picture.seek(1)
        second = np.asarray(picture.convert("RGB"))
    assert (first[:29] == second[:29]).all(), "the title stays"
    assert (first[29:50] != second[29:50]).any(), "the cycle goes on"
    assert {tuple(color) for color in first[:29].reshape(-1, 3).tolist()} == {(255, 255, 255), (20, 20, 20)}
    with pytest.raises(ValueError, match="run it with frame_cycles"):
        show.activity_gif(CoreRun(**{**fields(run), "frames": run.frames[:0]}), title="", frame_cycles=FRAME)  # type: ignore[arg-type]


def test_the_critical_path_is_framed_and_a_row_of_the_trace(make: Make) -> None:
    from PIL import Image

    program = make(2)
    for column, waits in enumerate((30, 4)):
        role = program.role(f"core {column}")
        with role.task("main", start=True):
            role.wait(waits)
        program.place(role, [column], [0])
    found = CoreMachine(program).run(frame_cycles=FRAME, watch=[(0, 0)], path=True)
    assert found.path is not None
    with Image.open(io.BytesIO(show.activity_gif(found, title="", frame_cycles=FRAME))) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    red = (pixels == show.RED).all(2).nonzero()[1] - 8
    assert red.size
    assert red.max() < 300, "only the left core is framed"
    events = require_trace(show.trace_json(found.spans, found.flows, found.path.segments))
    assert events[0]["args"] == {"name": "critical path"}
    assert [(event["name"], event["dur"]) for event in events[1:2]] == [("scalar code (0, 0)", 0.03)]


def fields(run: CoreRun) -> dict[str, object]:
    return {name: getattr(run, name) for name in CoreRun.__dataclass_fields__}


def test_a_trace(run: CoreRun) -> None:
    events = require_trace(show.trace_json(run.spans))
    names = [event["args"]["name"] for event in events if event["ph"] == "M"]
    assert names == ["core (0, 1)", "main thread", "core (3, 1)", "main thread", "microthread 2"]
    slices = {(e["pid"], e["tid"], e["name"]): (e["ts"], e["dur"]) for e in events if e["ph"] == "X"}
    assert slices[1, 1, "mov"] == (0, 0.03)
    assert slices[1, 1, "send"] == (0, 0.03)
    assert slices[2, 4, "mov"][1] == pytest.approx((8 + 30) / 1000)
    assert next(e for e in events if e.get("name") == "mov")["args"]["line"].startswith("test_show.py")


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    source = str(Path(show.__file__).parents[2])
    script = f"import sys; sys.path.insert(0, {source!r}); import wsesim.cores.show; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_slice_says_what_it_streams_and_an_arrow_where_to(run: CoreRun) -> None:
    events = require_trace(show.trace_json(run.spans, run.flows))
    sends, receives = ([e for e in events if e["ph"] == "X" and key in e["args"]] for key in ("sends", "receives"))
    assert [(e["args"]["sends"], e["args"]["elements"]) for e in sends] == [("data", 30)]
    assert [(e["args"]["receives"], e["args"]["elements"]) for e in receives] == [("data", 30)]
    begin, end = (next(e for e in events if e["ph"] == phase) for phase in ("s", "f"))
    assert (begin["id"], begin["name"], end["bp"]) == (end["id"], "data", "e")
    for arrow, (piece,) in ((begin, sends), (end, receives)):
        assert (arrow["pid"], arrow["tid"]) == (piece["pid"], piece["tid"])
        assert piece["ts"] <= arrow["ts"] <= piece["ts"] + piece["dur"]
    assert begin["ts"] < end["ts"]
