"""A program that comes to no end is told why: operations and tasks that wait, by their places, and what lies unread."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsesim.csl.compile import compile_file
from wsesim.csl.machine import CslFault, CslMachine

pytestmark = pytest.mark.xdist_group("csl")
LAYOUT = """
param sends: u16; param keeps: u16;
const red = @get_color(1); const blue = @get_color(2);
layout {
  @set_rectangle(3, 1);
  for (@range(u16, 3)) |x| {
    @set_tile_code(x, 0, "pe.csl", .{ .sends = sends, .keeps = keeps, .first = x == 0 });
    const tx = if (x == 0) .{ EAST } else if (x == 1) .{ RAMP, EAST } else .{ RAMP };
    if (x == 0) {
      @set_color_config(x, 0, red, .{ .routes = .{ .rx = .{ RAMP }, .tx = .{ EAST } } });
    } else {
      @set_color_config(x, 0, red, .{ .routes = .{ .rx = .{ WEST }, .tx = tx } });
    }
  }
  @export_name("main", fn () void);
}
"""
PE = """\
param sends: u16; param keeps: u16; param first: bool;
const sys = @import_module("<memcpy/memcpy>", .{});
const red = @get_color(1); const blue = @get_color(2);
const out_q = @get_output_queue(2); const in_q = @get_input_queue(2); const blue_q = @get_input_queue(3);
const done_id = @get_local_task_id(9);
var a = @zeros([64]f32);
const all = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{64} -> a[i] });
const some = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{sends} -> a[i] });
const out = @get_dsd(fabout_dsd, .{ .extent = sends, .fabric_color = red, .output_queue = out_q });
const in = @get_dsd(fabin_dsd, .{ .extent = 64, .fabric_color = red, .input_queue = in_q });
const blue_in = @get_dsd(fabin_dsd, .{ .extent = 64, .fabric_color = blue, .input_queue = blue_q });
fn main() void {
  if (first and sends > 0) @fmovs(out, some);
  if (!first and keeps == 1) @fmovs(all, in);
  if (!first and keeps == 2) @fmovs(all, blue_in);
  if (!first and keeps == 3) @block(done_id);
  if (!first and keeps == 4) return;
  @activate(done_id);
}
task done() void { sys.unblock_cmd_stream(); }
task got(x: f32) void { a[0] = x; }
comptime {
  @bind_local_task(done, done_id);
  if (!first and keeps == 5) { @bind_data_task(got, @get_data_task_id(in_q)); @block(got); }
  @initialize_queue(out_q, .{ .color = red });
  @initialize_queue(in_q, .{ .color = red });
  @initialize_queue(blue_q, .{ .color = blue });
  @export_symbol(main);
}
"""
BOTH = "PE (1, 0), PE (2, 0)"


@pytest.mark.parametrize(
    ("sends", "keeps", "said"),
    [
        (64, 0, ["@fmovs on PE (0, 0) has done 22 of 64 elements and waits for room to send on color 1",
                 f"wavelets of color 1 lie unread at {BOTH}, where no operation reads them and no task is started"]),
        (40, 1, [f"pe.csl:14:30: @fmovs on {BOTH} has done 40 of 64 elements and waits for wavelets of color 1"]),
        (0, 2, [f"pe.csl:15:30: @fmovs on {BOTH} has done 0 of 64 elements and waits for wavelets of color 2, "
                "which no route of the layout brings to it"]),
        (0, 3, [f"pe.csl:20: task done (id 9) was activated on {BOTH} and is blocked; nothing unblocks it"]),
        (0, 4, [f"{BOTH}: nothing is under way and no task is activated that would unblock it"]),
        (64, 5, [f"lie unread at {BOTH}, as", "pe.csl:21: task got (id 2), which they start, is blocked"]),
    ],
)  # fmt: skip
def test_whoever_waits_is_named_by_place(tmp_path: Path, sends: int, keeps: int, said: list[str]) -> None:
    (tmp_path / "layout.csl").write_text(LAYOUT)
    (tmp_path / "pe.csl").write_text(PE)
    machine = CslMachine(compile_file(tmp_path / "layout.csl", arch="wse3", params={"sends": sends, "keeps": keeps}))
    with pytest.raises(CslFault, match="never unblocked the command stream") as caught:
        machine.launch("main")
    for each in said:
        assert each in str(caught.value), str(caught.value)
