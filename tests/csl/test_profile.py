"""Where the cycles of a compiled program went: sums tie, the trace can be read, what is asked for is written."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.traces import require_trace

from wsesim.cli.csl import csl
from wsesim.csl.host import cslc
from wsesim.csl.host.runtime import SdkRuntime
from wsesim.csl.host.store import load
from wsesim.csl.image import Image
from wsesim.csl.profile import Taken, load_taken, profile_files, profile_text
from wsesim.csl.profile.flame import flame_of
from wsesim.csl.profile.page import profile_answer
from wsesim.csl.profile.spans import flows_of, spans_of
from wsesim.csl.profile.sums import SCALAR_CODE, by_cause, by_function, by_line, by_operation, by_task, put_in_place
from wsesim.csl.profile.taken import FILE
from wsesim.errors import InputError

pytestmark = pytest.mark.xdist_group("csl")  # one worker compiles the engine that runs compiled code
LAYOUT = """
const memcpy = @import_module("<memcpy/get_params>", .{ .width = 2, .height = 1 });
const red = @get_color(1);
layout {
  @set_rectangle(2, 1);
  @set_tile_code(0, 0, "pe.csl", .{ .memcpy_params = memcpy.get_params(0), .sends = true });
  @set_tile_code(1, 0, "pe.csl", .{ .memcpy_params = memcpy.get_params(1), .sends = false });
  @set_color_config(0, 0, red, .{ .routes = .{ .rx = .{RAMP}, .tx = .{EAST} } });
  @set_color_config(1, 0, red, .{ .routes = .{ .rx = .{WEST}, .tx = .{RAMP} } });
  @export_name("main", fn () void);
}
"""
PROGRAM = """\
param memcpy_params: comptime_struct;
param sends: bool;
const sys = @import_module("<memcpy/memcpy>", memcpy_params);
const red = @get_color(1);
const out_q = @get_output_queue(2);
const in_q = @get_input_queue(2);
const done_id = @get_local_task_id(9);
var a = @zeros([32]f32);
var total: i32 = 0;
const dsd = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{32} -> a[i] });
const out = @get_dsd(fabout_dsd, .{ .extent = 32, .fabric_color = red, .output_queue = out_q });
const in = @get_dsd(fabin_dsd, .{ .extent = 32, .fabric_color = red, .input_queue = in_q });
fn weigh(x: i32) i32 {
  var found: i32 = x;
  for (@range(i32, 20)) |i| {
    found += (found ^ i) * 3;
    found = (found ^ 1) * 3 + (found & 5);
    found = (found ^ 2) * 4 + (found & 7);
    found = (found ^ 3) * 5 + (found & 9);
    found = (found ^ 4) * 6 + (found & 11);
    found = (found ^ 5) * 7 + (found & 13);
    found = (found ^ 6) * 8 + (found & 15);
    found = (found ^ 7) * 9 + (found & 17);
    found = (found ^ 8) * 10 + (found & 19);
  }
  return found;
}
fn scale(x: f32) void {
  total ^= 3;
  @fmacs(dsd, dsd, dsd, x);
}
fn main() void {
  for (@range(i32, 4)) |i| { total += weigh(i); }
  total += weigh(total);
  scale(0.5);
  if (sends) {
    @fmovs(out, dsd, .{ .async = true, .activate = done_id });
  } else {
    @fmovs(dsd, in);
    @activate(done_id);
  }
}
task done() void { sys.unblock_cmd_stream(); }
comptime {
  @bind_local_task(done, done_id);
  @initialize_queue(out_q, .{ .color = red });
  @initialize_queue(in_q, .{ .color = red });
  @export_symbol(main);
}
"""
UNWATCHED: list[Taken] = []
"""The run with nothing asked for."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, run once with nothing asked for, and once with all."""
    here = tmp_path_factory.mktemp("profile")
    (here / "layout.csl").write_text(LAYOUT)
    (here / "pe.csl").write_text(PROGRAM)
    out = here / "out"
    options = ["--arch=wse3", "--fabric-dims=9,4", "--fabric-offsets=4,1", "--memcpy", f"-o={out}"]
    assert cslc.main([str(here / "layout.csl"), *options]) == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        _run(out)
        unwatched = load_taken(out)
        patch.setenv("WSESIM_CSL_REPORT", str(here / "page.html"))
        _run(out)
    UNWATCHED.append(unwatched)
    return out


def _run(out: Path) -> None:
    with SdkRuntime(str(out)) as runner:
        runner.launch("main")


@pytest.fixture(scope="module")
def image(folder: Path) -> Image:
    return load(folder)


@pytest.fixture(scope="module")
def taken(folder: Path) -> Taken:
    return load_taken(folder)


def test_a_profile_changes_nothing_of_the_run(folder: Path, taken: Taken) -> None:
    before = UNWATCHED[-1]
    assert not len(before.spans)
    assert len(taken.spans)
    for name in ("causes", "cores", "main", "work", "runs"):
        assert np.array_equal(getattr(before, name), getattr(taken, name)), name


def test_sums_by_line_operation_and_function_are_one(image: Image, taken: Taken) -> None:
    sums = [by(image, taken).values() for by in (by_line, by_operation, by_function)]
    worked = [sum(share.worked for share in each) for each in sums]
    assert len(set(worked)) == 1
    assert len({sum(share.waited for share in each) for each in sums}) == 1
    asleep = sum(share.by_cause.get("compute", 0) for share in by_operation(image, taken).values())
    assert asleep == taken.causes[1]
    assert taken.causes.sum() == 2 * taken.cycles
    assert taken.cores.sum((1, 2)).tolist() == taken.causes.tolist()


def test_lines_tasks_and_functions_say_what_took_how_long(image: Image, taken: Taken) -> None:
    lines = {line: share for (_, line), share in by_line(image, taken).items()}
    send, receive = (next(n for n, text in enumerate(PROGRAM.splitlines(), 1) if part in text)
                     for part in ("@fmovs(out", "@fmovs(dsd"))  # fmt: skip
    assert (lines[send].elements, lines[receive].elements) == (32, 32)
    assert lines[receive].waited > 0
    assert SCALAR_CODE not in lines[send].by_cause
    loop = next(n for n, text in enumerate(PROGRAM.splitlines(), 1) if "found ^ i" in text)
    assert lines[loop].by_cause[SCALAR_CODE] > 100
    tasks = by_task(image, taken)
    assert {name: (what, times) for name, (what, times, _) in tasks.items()} == {
        "main": ("launched", 2), "done": ("local task", 2)
    }  # fmt: skip
    functions = by_function(image, taken)
    assert {"main", "weigh", "done"} <= functions.keys()
    assert functions["weigh"].worked > functions["done"].worked


def test_what_runs_before_the_cores_do_takes_none_of_their_cycles(image: Image, taken: Taken) -> None:
    begins = next(n for n, text in enumerate(PROGRAM.splitlines(), 1) if text.startswith("comptime"))
    charged = [line for file, line in by_line(image, taken) if file.endswith("pe.csl")]
    assert charged
    assert max(charged) < begins


def test_terminal_and_page_name_the_same_causes(image: Image, taken: Taken, folder: Path) -> None:
    causes = by_cause(image, taken)
    assert sum(causes.values()) == taken.causes.sum()
    shares = [share.by_cause.get(SCALAR_CODE, 0) for share in by_operation(image, taken).values()]
    assert causes[SCALAR_CODE] == sum(shares) > 0
    answer = profile_answer(folder, image, taken)
    assert answer.spent is not None
    assert answer.spent.by_cause.keys() == causes.keys()
    text = profile_text(folder, 0)
    assert all(re.search(rf"^  {cause} +{cycles:,.0f}  ", text, re.MULTILINE) for cause, cycles in causes.items())


def test_spans_nest_and_arrows_lead_from_sender_to_receiver(image: Image, taken: Taken, folder: Path) -> None:
    spans = spans_of(image, taken)
    names = {span.name for span in spans}
    assert {"main", "weigh", "done", "@fmacs", "@fmovs"} <= names
    assert sum(span.name == "weigh" for span in spans) == 10
    ((sender, receiver),) = flows_of(image, spans)
    assert (sender.core, receiver.core, sender.sends, receiver.elements) == ((0, 0), (1, 0), "color 1", 32)
    events = require_trace(profile_files(folder, image, taken)["trace.json"].decode())
    assert [event["ph"] for event in events if event["ph"] in "sf"] == ["s", "f"]
    told = next(event for event in events if event["name"] == "@fmovs" and event["ph"] == "X")
    assert told["args"]["line"].startswith("pe.csl:")
    frames = {(frame.depth, frame.label): frame.cycles for frame in flame_of(spans, put_in_place(image, taken))}
    assert frames[0, "main"] == by_task(image, taken)["main"][2]
    assert frames[1, "weigh"] < frames[0, "main"]
    assert "scale" not in names  # it stands where it is called, and has a frame of what it does
    assert frames[2, "@fmacs"] < frames[1, "scale"] < frames[2, "@fmacs"] + 100


def test_an_answer_has_all_of_it(image: Image, taken: Taken, folder: Path) -> None:
    found = profile_answer(folder, image, taken)
    assert [table.name for table in found.tables] == ["tasks", "operations", "functions"]
    assert [drawing.name for drawing in found.drawings] == ["cores", "flame", "file-0"]
    assert found.spent is not None
    assert found.spent.by_cause[SCALAR_CODE] > 0
    assert not found.notes
    page = (folder.parent / "page.html").read_text("utf-8")
    assert "fn weigh(x: i32) i32" in page
    assert "What ran within what" in page


def test_the_command_runs_a_script_and_writes_all(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def as_a_script(script: Path, arguments: tuple[str, ...], more: Mapping[str, str]) -> int:
        assert arguments == ("5",)
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        _run(folder)
        return 3

    monkeypatch.setattr("wsesim.csl.host.commands.run_script", as_a_script)
    (tmp_path / "commands.sh").write_text("")
    asked = ["profile", str(tmp_path / "commands.sh"), "5", "--out", str(tmp_path / "all"), "--watch", "1,0"]
    done = CliRunner().invoke(csl, asked)
    assert done.exit_code == 3, done.output
    assert "found += (found ^ i) * 3" in done.output
    names = {path.name for path in (tmp_path / "all").iterdir()}
    assert {"report.html", "trace.json", "tasks.csv", "operations.csv", "functions.csv"} <= names
    events = require_trace((tmp_path / "all" / "trace.json").read_text())
    assert {e["args"]["name"] for e in events if e["name"] == "process_name"} == {"core (1, 0)"}


def test_what_cannot_be_told_is_said(image: Image, taken: Taken, folder: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(csl, ["profile", str(folder), "--watch", "0,0"])
    assert "for a script that is run" in str(done.exception)
    with pytest.raises(InputError, match="has not run"):
        load_taken(tmp_path)
    later = 2 * (folder / FILE).stat().st_mtime
    os.utime(folder.parent / "pe.csl", (later, later))
    assert any("Written since the run" in note for note in profile_answer(folder, image, taken).notes)
    (tmp_path / FILE).write_bytes(b"no archive")
    with pytest.raises(InputError, match="is no profile of a run"):
        load_taken(tmp_path)
