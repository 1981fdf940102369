"""`wsesim csl check`, `compile` and `show`, and what looks like a mistake in a program that compiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from wsesim.cli.csl_compile import COMMANDS
from wsesim.csl.compile import compile_file
from wsesim.csl.host import cslc

PROGRAM = """\
param n: u16 = 2;
const used = @get_color(2);
const unused = @get_color(5);
const iq = @get_input_queue(2);
const lonely = @get_input_queue(3);
const oq = @get_output_queue(3);
var a = @zeros([4]u16);
const out = @get_dsd(fabout_dsd, .{ .extent = n, .fabric_color = used, .output_queue = oq });
task receive(word: u16) void { a[0] += word; }
task never() void { a[1] = 1; }
fn main() void { @mov16(out, 3); }
comptime {
  @bind_data_task(receive, @get_data_task_id(iq));
  @bind_local_task(never, @get_local_task_id(9));
  @initialize_queue(iq, .{ .color = used });
  @initialize_queue(lonely, .{ .color = @get_color(4) });
  @initialize_queue(oq, .{ .color = used });
  @export_symbol(main);
}
layout {
  @set_rectangle(2, 1);
  for (@range(u16, 2)) |x| {
    @set_tile_code(x, 0);
    @set_color_config(x, 0, used, .{ .routes = .{ .rx = .{RAMP}, .tx = .{RAMP} } });
    @set_color_config(x, 0, unused, .{ .routes = .{ .rx = .{WEST}, .tx = .{EAST} } });
  }
}
"""


SECTIONS = """\
var small: u16 = 1;
var big = @zeros([100]u16);
var x: [2]u32 linksection(".fixed") = @zeros([2]u32);
fn main() void { small = 2; big[0] = 3; x[0] = 4; }
comptime { @export_symbol(main); }
layout { @set_rectangle(1, 1); @set_tile_code(0, 0); }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "program.csl"
    path.write_text(PROGRAM)
    return path


def _said(name: str, *arguments: str) -> str:
    command = next(each for each in COMMANDS if each.name == name)
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_check_names_what_nobody_uses(file: Path) -> None:
    said = _said("check", str(file))
    assert f"{file}:10: task never (id 9) is bound and nothing activates it" in said
    assert "input queue 3 of color 4 has no task and no descriptor that reads it" in said
    assert "color 5 has routes and no core sends or receives it" in said
    assert "task receive" not in said
    assert "color 2" not in said


def test_check_names_a_local_task_that_a_color_starts(file: Path) -> None:
    text = file.read_text().replace("_id(9)", "_id(2)").replace("_task_id(iq)", "_task_id(unused)")
    file.write_text(text)
    shared = "task never (id 2) is started by wavelets of color 2 too: on wse2 colors and tasks share their numbers"
    assert f"{file}:10: {shared}" in _said("check", str(file), "--arch", "wse2")
    file.write_text(text.replace("_id(2)", "_id(9)"))
    assert "share their numbers" not in _said("check", str(file), "--arch", "wse2")


def test_variables_lie_where_sections_begin(tmp_path: Path) -> None:
    path = tmp_path / "program.csl"
    path.write_text(SECTIONS)
    variables = {each.name: each for each in compile_file(path, sections={".fixed": 64}).classes[0].symbols}
    assert variables["x"].address == 32
    assert variables["big"].address == 36
    assert variables["small"].address < 32


def test_cslc_says_what_a_program_and_memcpy_share(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = file.read_text().replace("@get_color(5)", "@get_color(22)").replace("_id(9)", "_id(28)")
    file.write_text(text.replace("@set_tile_code(x, 0);", '@set_tile_code(x, 0, "program.csl", .{ .n = 2, .m = 1 });'))
    given = [str(file), "--arch=wse3", "--memcpy", "--fabric-dims=8,3", f"-o{file.parent / 'out'}"]
    assert cslc.main([*given, "--fabric-offsets=3,1"]) == 0
    said = capsys.readouterr().err
    assert "program.csl:23:5: " in said
    assert "program.csl has no param m" in said
    assert "color 22 belongs to memcpy, which keeps 21, 22, 23" in said
    assert "local task id 28 belongs to memcpy, which keeps 27, 28, 30" in said
    assert "--fabric-offsets=3,1 leaves memcpy no room: 4,1 or more" in said
    assert "--fabric-dims=8,3 is too small for 2 x 1 cores and memcpy: 8,3 or more" not in said
    assert cslc.main([*given, "--warnings-as-errors"]) == 1
    assert "--fabric-dims=8,3 is too small for 2 x 1 cores and memcpy: 9,3 or more" in capsys.readouterr().err


def test_check_reads_a_file_without_a_layout(tmp_path: Path) -> None:
    path = tmp_path / "pe.csl"
    path.write_text("fn f() void {}")
    assert "no layout block" in _said("check", str(path))


def test_compile_says_what_came_of_it(file: Path) -> None:
    assert "compile successful: 2 x 1 cores, 1 classes" in _said("compile", str(file), "--params", "n:3")


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ("tokens", "1:1\tkeyword\tparam"),
        ("ast", "VarDecl 1:7 kind='param' name='n'"),
        ("classes", "tasks: receive data 2, never local 9"),
        ("code", "mov16(dsd r"),
        ("memory", "u16[4] a"),
        ("routes", "R>R R>R"),
    ],
)
def test_stages_are_shown(file: Path, stage: str, words: str) -> None:
    assert words in _said("show", str(file), "--stage", stage)
