"""Where more scalars are under way than a core has registers, it is said."""

from __future__ import annotations

from pathlib import Path

from tests.csl.cases import Case, compiled

from wsesim.csl.compile import compile_file
from wsesim.csl.image import TileClass
from wsesim.csl.machine import CslMachine
from wsesim.csl.profile import crowding, take
from wsesim.csl.profile.registers import REGISTER_WORDS, live_words

MANY = 20


def program(count: int, t: str) -> str:
    """A loop that keeps so many variables."""
    names = range(count)
    begins = "".join(f"  var a{n}: {t} = x[{n}];\n" for n in names)
    turn = " ".join(f"a{n} = (a{n} ^ a{(n + 1) % count}) + {n + 3};" for n in names)
    ends = "".join(f"  x[{n}] = a{n};\n" for n in names)
    loop = f"  for (@range(u16, 50)) |i| {{ {turn} }}\n"
    return f"var x = @zeros([{count}]{t});\nfn main() void {{\n{begins}{loop}{ends}}}\n"


def most_live(count: int, t: str, folder: Path) -> int:
    tile = compiled(Case("registers", f"{count} {t}", program(count, t)), folder)
    assert isinstance(tile, TileClass)
    return max(live_words(tile))


def test_words_that_are_live_are_counted_by_their_width(tmp_path: Path) -> None:
    assert 4 <= (narrow := most_live(4, "u16", tmp_path)) <= 10
    assert 1.5 * narrow <= most_live(4, "i32", tmp_path) <= 2 * narrow
    assert most_live(MANY, "u16", tmp_path) >= MANY


def test_a_profile_says_where_registers_are_too_few(tmp_path: Path) -> None:
    layout = """
      layout { @set_rectangle(1, 1); @set_tile_code(0, 0, "pe.csl", .{}); @export_name("start", fn () void); }
    """
    (tmp_path / "layout.csl").write_text(layout)
    for count, said in ((MANY, True), (4, False)):
        start = 'const sys = @import_module("<memcpy/memcpy>", .{});\n'
        start += "fn start() void { main(); sys.unblock_cmd_stream(); }\ncomptime { @export_symbol(start); }\n"
        (tmp_path / "pe.csl").write_text(program(count, "u16") + start)
        machine = CslMachine(compile_file(tmp_path / "layout.csl", arch="wse3"))
        machine.launch("start")
        notes = crowding(machine.image, take(machine))
        assert bool(notes) == said
        assert all(f"more than {REGISTER_WORDS} words of scalars" in note for note in notes)
