"""Messages from core to core: where they come, when, and what is said of those that never do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.csl.cases import Case, compiled, variables

from wsesim.csl.image import Image, TileClass
from wsesim.csl.machine import CslFault, CslMachine

pytestmark = pytest.mark.xdist_group("csl")
PROGRAM = """
const mp = @import_module("<message_passing>", .{});
const place = @import_module("<layout>");
const sent = @get_local_task_id(9);
const came = @get_local_task_id(10);
var from = @zeros([2]u32);
var into = @zeros([2]u32);
var count: u16 = 0;
task on_sent() void {}
task on_came() void { count += 1; SECOND }
comptime { @bind_local_task(on_sent, sent); @bind_local_task(on_came, came); }
fn main() void {
  const x = place.get_x_coord();
  const y = place.get_y_coord();
  from[0] = @as(u32, x); from[1] = @as(u32, y);
  mp.recv_message(&into, .{ .activate = came });
  mp.send_message(GOAL, y, &from, LENGTH, .{ .activate = sent });
}
"""


def machine(folder: Path, *, second: str = "", goal: str = "2 - x", length: int = 2, arch: str = "wse3") -> CslMachine:
    text = PROGRAM.replace("SECOND", second).replace("GOAL", goal).replace("LENGTH", str(length))
    tile = compiled(Case("messages", "exchange", text, arch, {"into": [], "count": []}), folder)
    if isinstance(tile, Exception):
        raise tile
    assert isinstance(tile, TileClass)
    return CslMachine(Image(arch=arch, width=3, height=2, classes=(tile,), class_of=np.zeros(6, np.int32).tobytes()))


def test_cores_of_a_row_exchange_messages(tmp_path: Path) -> None:
    built = machine(tmp_path)
    built.launch("main")
    found = [variables(built.image.classes[0], built.memory(core)) for core in range(6)]
    assert [each["into"].tolist() for each in found] == [[2 - core % 3, core // 3] for core in range(6)]
    assert [each["count"].tolist() for each in found] == [[1]] * 6


def test_what_never_comes_and_what_cannot_be_sent_is_told(tmp_path: Path) -> None:
    waiting = machine(tmp_path, second="mp.recv_message(&into, .{ .activate = came });")
    waiting.launch("main")
    assert "PE (2, 1) waits in recv_message, and nobody has sent to it" in waiting.explain()
    with pytest.raises(CslFault, match=r"send_message to \(3, 0\); the rectangle has 3 x 2 cores"):
        machine(tmp_path, goal="3").launch("main")
    with pytest.raises(CslFault, match="send_message of 33 words; 1 to 32 go in one message"):
        machine(tmp_path, length=33).launch("main")
    with pytest.raises(Exception, match="<message_passing> is of the WSE-3"):
        machine(tmp_path, arch="wse2")
