"""What is said of programs that get nowhere on their main threads, and of numbers that code makes up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wsesim.csl.compile import compile_tile
from wsesim.csl.image import Image
from wsesim.csl.machine import CslFault, CslMachine

pytestmark = pytest.mark.xdist_group("csl")
COMMON = """\
const sys = @import_module("<memcpy/memcpy>", .{}); const done = @get_local_task_id(12);
const c = @get_color(2); const iq = @get_input_queue(2); const oq = @get_output_queue(3);
var x: u32 = 0; var a = @zeros([4]u32); var buf = @zeros([4]u32); const fifo = @allocate_fifo(buf);
const ad = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{4} -> a[i] });
const in = @get_dsd(fabin_dsd, .{ .extent = 4, .fabric_color = c, .input_queue = iq });
const out = @get_dsd(fabout_dsd, .{ .extent = 40, .fabric_color = c, .output_queue = oq });
const cw = @get_dsd(fabout_dsd, .{ .extent = 1, .fabric_color = c, .output_queue = oq, .control = true });
task fin() void { sys.unblock_cmd_stream(); }
comptime { @initialize_queue(iq, .{ .color = c }); @initialize_queue(oq, .{ .color = c }); @bind_local_task(fin, done);
  @set_local_color_config(c, .{ .routes = .{ .rx = .{ RAMP }, .tx = .{ RAMP } } }); @export_symbol(main, "main"); }
"""


def _machine(programs: list[str]) -> CslMachine:
    """Cores in a row, each with a program of its own, in files 0.csl, 1.csl, ..."""
    tiles, spots = [], dict[str, int]()
    for number, text in enumerate(programs):
        Path(f"{number}.csl").write_text(COMMON + text)
        tiles.append(compile_tile(f"{number}.csl", {}, arch="wse3", spots=spots))
    classes = np.arange(len(tiles), dtype=np.int32).tobytes()
    return CslMachine(
        Image(arch="wse3", width=len(tiles), height=1, classes=tuple(tiles), class_of=classes, files=tuple(spots))
    )  # fmt: skip


def test_an_operation_whose_microthread_is_taken_is_told_with_what_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ".{ .async = true, .ut_id = @get_ut_id(3) }"
    machine = _machine([f"fn main() void {{ @mov32(ad, in, {options}); @mov32(out, 1, .{{ .async = true }}); }}"])
    with pytest.raises(CslFault):
        machine.launch("main")
    assert (
        "0.csl:11:78: @mov32 on PE (0, 0) waits for microthread 3, which the operation of 0.csl:11:18 holds; "
        "give one of them another queue, or .ut_id on wse3"
    ) in machine.explain()


def test_a_loop_without_end_is_told_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("wsesim.csl.machine.machine.LAST_CYCLE", 1 << 18)
    with pytest.raises(CslFault, match=r"(?s)still running after .*0.csl:11:\d+: PE \(0, 0\) still runs"):
        _machine(["fn main() void { while (x < 1) { x = 0; } }"]).launch("main")


WILD = {
    "var k: u16 = 200;\nfn main() void { @mov32(out, 1, .{ .async = true, .ut_id = @get_ut_id(k) }); }":
        r"0.csl:12:18: .* names a microthread that no core has",
    "var p: *const fn() void = &main;\nfn main() void { @ptrcast(*u16, &p).* = 60000; p(); }":
        r"0.csl:12:\d+: .* goes to code that is none",
    "var d: mem1d_dsd = ad;\n"
    "fn main() void { const p = @ptrcast([*]u16, &d); p[0] = 0xfffa; p[1] = 0xffff; @mov32(d, 1); }":
        r"0.csl:12:\d+: .* names a color, or a queue",
    "var d: mem1d_dsd = ad;\n"
    "fn main() void { const p = @ptrcast([*]u16, &d); p[0] = 0xfffd; p[1] = 0xffff; @mov32(d, 1); }":
        r"0.csl:12:\d+: .* names a color, or a queue",
}  # fmt: skip


@pytest.mark.parametrize("text", WILD, ids=["microthread", "function", "shape", "fifo"])
def test_numbers_that_code_makes_up_are_no_danger(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CslFault, match=WILD[text]):
        _machine([text]).launch("main")
