"""What host scripts ask of the runtime: copies in all orders, launches, streams, what goes wrong."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wsesim.csl.colors import ColorSetting, FilterSetting, PopMode, SwitchSetting
from wsesim.csl.host import cslc
from wsesim.csl.host.arrays import MemcpyDataType, MemcpyOrder
from wsesim.csl.host.commands import run_script
from wsesim.csl.host.debug import debug_util
from wsesim.csl.host.runtime import SdkRuntime
from wsesim.csl.host.store import load, save
from wsesim.csl.host.utils import calculate_cycles, input_array_to_u32, memcpy_view
from wsesim.csl.profile import profile_text
from wsesim.errors import InputError

pytestmark = pytest.mark.xdist_group("csl")  # one worker compiles the engine that runs compiled code
LAYOUT = """
param columns: u16;
param rows: u16;
const into = @get_color(0);
const out = @get_color(1);
const memcpy = @import_module("<memcpy/get_params>",
  .{ .width = columns, .height = rows, .MEMCPYH2D_1 = into, .MEMCPYD2H_1 = out });
const c2d = @import_module("<collectives_2d/params>");
const ids = .{ .x_entrypoints = .{ @get_local_task_id(9), @get_local_task_id(10) } };
layout {
  @set_rectangle(columns, rows);
  for (@range(u16, columns)) |x| {
    for (@range(u16, rows)) |y| {
      @set_tile_code(x, y, "pe.csl",
        .{ .memcpy_params = memcpy.get_params(x), .c2d_params = c2d.get_params(x, y, ids) });
    }
  }
  @export_name("a", [*]f32, true);
  @export_name("h", [*]i16, true);
  @export_name("scale", fn (f32, i16) void);
  @export_name("forget", fn () void);
  @export_name("gather", fn () void);
}
"""
PROGRAM = """
param memcpy_params: comptime_struct;
param c2d_params: comptime_struct;
const sys_mod = @import_module("<memcpy/memcpy>", memcpy_params);
const mpi = @import_module("<collectives_2d/pe>", .{ .dim_params = c2d_params.x });
const trace = @import_module("<debug>", .{ .key = "seen", .buffer_size = 100 });
const print = @import_module("<simprint>");
const place = @import_module("<layout>");
const in_q = @get_input_queue(2);
const out_q = @get_output_queue(2);
const echo_id = @get_data_task_id(in_q);
const done_id = @get_local_task_id(8);
var a = @zeros([4]f32);
var h = @zeros([4]i16);
var a_ptr: [*]f32 = &a;
var h_ptr: [*]i16 = &h;
const send = @get_dsd(fabout_dsd, .{ .extent = 1, .fabric_color = sys_mod.MEMCPYD2H_1, .output_queue = out_q });
const dsd = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{4} -> a[i] });

task echo(word: u32) void {
  @mov32(send, word + 1);
}
fn scale(factor: f32, shift: i16) void {
  @fmuls(dsd, dsd, factor);
  for (@range(i16, 4)) |i| { h[i] += shift; }
  trace.trace_i16(h[0]);
  trace.trace_string("text");
  print.print_string("core ");
  print.print_u16_decimal(place.get_x_coord());
  print.print_string("\\n");
  sys_mod.unblock_cmd_stream();
}
fn forget() void {}
fn gather() void {
  mpi.init();
  mpi.reduce_fadds(1, a_ptr, a_ptr, 2, done_id);
}
task done() void { sys_mod.unblock_cmd_stream(); }
comptime {
  @bind_data_task(echo, echo_id);
  @bind_local_task(done, done_id);
  @initialize_queue(in_q, .{ .color = sys_mod.MEMCPYH2D_1 });
  @initialize_queue(out_q, .{ .color = sys_mod.MEMCPYD2H_1 });
  @export_symbol(a_ptr, "a");
  @export_symbol(h_ptr, "h");
  @export_symbol(scale);
  @export_symbol(forget);
  @export_symbol(gather);
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of 3 x 2 cores, as cslc leaves it."""
    here = tmp_path_factory.mktemp("host")
    (here / "layout.csl").write_text(LAYOUT)
    (here / "pe.csl").write_text(PROGRAM)
    out = here / "out"
    options = ["--arch=wse3", "--params=columns:3, rows:2", "--fabric-dims=10,4", "--fabric-offsets=4,1", "--memcpy"]
    assert cslc.main([str(here / "layout.csl"), *options, f"-o={out}"]) == 0
    return out


@pytest.fixture
def runner(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SdkRuntime:
    """The program, running."""
    monkeypatch.chdir(tmp_path)
    found = SdkRuntime(str(folder), cmaddr=None)
    found.load()
    found.run()
    return found


def test_copies_go_where_they_belong_in_every_order(runner: SdkRuntime) -> None:
    a, h = runner.get_id("a"), runner.get_id("h")
    rows = np.arange(24, dtype=np.float32)
    runner.memcpy_h2d(a, rows, 0, 0, 3, 2, 4, order=MemcpyOrder.ROW_MAJOR)
    columns = np.zeros(24, np.float32)
    runner.memcpy_d2h(columns, a, 0, 0, 3, 2, 4, order=MemcpyOrder.COL_MAJOR)
    assert np.array_equal(columns.reshape(4, 3, 2).transpose(2, 1, 0).ravel(), rows)
    runner.memcpy_h2d_rowbcast(a, np.array([[7, 8]], np.float32), 1, 1, 2, 1, 2)
    runner.memcpy_h2d_colbcast(a, np.array([5, 6], np.float32), 0, 0, 2, 2, 1)
    runner.memcpy_h2d_stride(a, np.array([9, 9], np.float32), 0, 0, 3, 1, 1, 2, 1)
    found = np.zeros((2, 3, 4), np.float32)
    runner.memcpy_d2h(found.ravel(), a, 0, 0, 3, 2, 4)
    assert found[:, :, :2].tolist() == [[[9, 1], [6, 5], [9, 9]], [[5, 13], [6, 8], [7, 8]]]
    runner.memcpy_h2d(h, np.array([0x1FFFF, 3], np.uint32), 2, 1, 1, 1, 2, data_type=MemcpyDataType.MEMCPY_16BIT)
    half = np.full(2, -1, np.int32)
    runner.memcpy_d2h(half, h, 2, 1, 1, 1, 2, data_type=MemcpyDataType.MEMCPY_16BIT)
    assert half.tolist() == [0xFFFF, 3]
    assert memcpy_view(half, np.int16).tolist() == [-1, 3]


def test_launches_streams_and_what_is_left_of_a_run(runner: SdkRuntime, folder: Path) -> None:
    a = runner.get_id("a")
    runner.memcpy_h2d(a, np.ones(24, np.float32), 0, 0, 3, 2, 4)
    runner.launch("scale", np.float32(2.5), np.int16(-3), nonblock=False)
    runner.call("scale", [np.float32(2).view(np.uint32), 1])
    found = np.zeros(24, np.float32)
    runner.memcpy_d2h(found, a, 0, 0, 3, 2, 4)
    assert set(found) == {5.0}
    runner.launch("gather")
    runner.memcpy_d2h(found, a, 1, 0, 1, 2, 2)
    assert found[:4].tolist() == [15.0] * 4
    words = np.zeros(12, np.uint32)
    runner.memcpy_d2h(words, 1, 0, 0, 3, 2, 2, streaming=True, nonblock=True)
    runner.memcpy_h2d(0, np.arange(12, dtype=np.uint32), 0, 0, 3, 2, 2, streaming=True, nonblock=True)
    runner.stop()
    assert words.tolist() == list(range(1, 13))
    assert runner.read_symbol(2, 1, "h", dtype=np.int16).tolist() == [-2] * 4
    assert debug_util(folder).read_trace(5, 1, "seen") == [-3, "text", -2, "text"]
    assert debug_util(folder).get_symbol(4, 1, "h", np.int16).tolist() == [-2] * 4
    assert sorted(line.split(" ", 1)[1] for line in Path("sim.log").read_text().splitlines())[:3] == ["core 0"] * 3
    text = profile_text(folder, 5)
    assert "pe.csl" in text
    assert "busiest cores" in text


def test_mistakes_of_scripts_are_told(runner: SdkRuntime, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="exports no 'b'"):
        runner.get_id("b")
    with pytest.raises(RuntimeError, match="scale takes 2 arguments"):
        runner.launch("scale", np.float32(1))
    with pytest.raises(RuntimeError, match="argument 1 of scale is i16"):
        runner.launch("scale", np.float32(1), np.float32(1))
    with pytest.raises(RuntimeError, match=r"reaches outside the program's rectangle of 3 x 2"):
        runner.memcpy_d2h(np.zeros(4, np.float32), 0, 3, 0, 1, 1, 4)
    with pytest.raises(RuntimeError, match="32-bit items"):
        runner.memcpy_h2d(0, np.zeros(4), 0, 0, 1, 1, 4)
    with pytest.raises(RuntimeError, match=r"launch of 'forget': PE \(0, 0\), PE \(1, 0\).* never unblocked"):
        runner.launch("forget")
    with pytest.raises(RuntimeError, match="it reaches no system"):
        SdkRuntime(str(folder), cmaddr="10.0.0.1:9000")
    with pytest.raises(RuntimeError, match="compile it with cslc"):
        SdkRuntime(str(tmp_path))
    (tmp_path / "wsesim.image").write_bytes(pickle.dumps(Path("x")))
    with pytest.raises(InputError, match=r"an image holds no pathlib"):
        load(tmp_path)
    (tmp_path / "wsesim.image").write_bytes(pickle.dumps(ColorSetting()))
    with pytest.raises(InputError, match=r"it is a ColorSetting"):
        load(tmp_path)


def test_what_is_kept_of_a_program_is_the_program(folder: Path, tmp_path: Path) -> None:
    image = load(folder)
    setting = ColorSetting(
        positions=(SwitchSetting(1, 16),), pop_mode=PopMode.ALWAYS_POP, filter=FilterSetting(kind="range")
    )
    routed = replace(image, classes=tuple(replace(each, colors={3: setting}) for each in image.classes))
    save(routed, tmp_path)
    assert [each.colors for each in load(tmp_path).classes] == [{3: setting} for _ in image.classes]


def test_helpers_of_scripts() -> None:
    stamps = np.array([1, 2, 0, 5, 3, 0], np.uint16).view(np.float32)
    assert calculate_cycles(stamps) == 4 + (1 << 16)
    given = input_array_to_u32(np.array([[7, 8], [9, -1]], np.int16), 0, 2)
    assert given.tolist() == [[7, 0x10008], [9, 0x1FFFF]]


def test_scripts_run_as_they_are(folder: Path) -> None:
    here = folder.parent
    (here / "run.py").write_text(
        "import sys\n"
        "from cerebras.sdk.runtime.sdkruntimepybind import SdkRuntime\n"
        "from cerebras.sdk.sdk_utils import memcpy_view\n"
        "with SdkRuntime('again') as runner:\n"
        "    assert runner.get_id('h') == 1\n"
        "print('SUCCESS!', file=sys.stderr)\n"
    )
    (here / "commands.sh").write_text(
        "set -e\ncslc layout.csl --arch wse3 --params=columns:1,rows:1 -o again | grep 'compile successful'\n"
        "cs_python run.py\n"
    )
    assert run_script(here / "commands.sh") == 0
    (here / "host.py").write_text("import sys\nimport cerebras.sdk\nsys.exit(int(sys.argv[1]))\n")
    assert run_script(here / "host.py", ["3"]) == 3  # a host script needs no shell around it
    assert (here / "again" / "out.json").read_text().count('"1"') == 2
