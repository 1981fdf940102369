"""What the compiler computes and what the core computes is the same; layouts make as many classes as cores differ."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from tests.csl.cases import LAUNCHED, Case, cases, run_all

from wsesim.csl import limits
from wsesim.csl.compile import compile_file, compile_tile
from wsesim.errors import InputError

pytestmark = pytest.mark.xdist_group("csl")  # one worker compiles the engine that runs compiled code
WORDS = (
    "i16",
    "f32",
    "0",
    "-1",
    "1.5",
    "&",
    ".*",
    "[0]",
    "()",
    ".{}",
    "void",
    "comptime",
    "@zeros",
    "if",
    "return",
    "type",
)
NAMES = {"i16": ("a", "b"), "u16": ("c", "d"), "i32": ("e", "f"), "f32": ("g", "h")}
VALUES = {"a": -7, "b": 300, "c": 65000, "d": 9, "e": -70000, "f": 12345, "g": 1.7, "h": -0.3}


def _expression(of: str, depth: int, source: random.Random) -> str:
    if depth == 0:
        return source.choice(NAMES[of])
    left, right = _expression(of, depth - 1, source), _expression(of, depth - 1, source)
    op = source.choice(["+", "-", "*"] if of == "f32" else ["+", "-", "*", "/", "%", "&", "|", "^"])
    right = f"({right} | 1)" if op in ("/", "%") else right
    return f"({left} {op} {right})"


def test_known_and_unknown_values_compute_alike(tmp_path: Path) -> None:
    """The same expressions over constants, evaluated while compiling, and over variables, lowered to code."""
    source = random.Random(5)
    lines: list[str] = []
    main: list[str] = []
    for of, names in NAMES.items():
        for name in names:
            lines.append(f"const {name}_: {of} = {VALUES[name]};")
            main.append(f"  var {name}: {of} = v_{name};")
            lines.append(f"export var v_{name}: {of} = {VALUES[name]};")
        written = [_expression(of, 1 + number % 3, source) for number in range(12)]
        known = [_known(text) for text in written]
        lines.append(f"const known_{of} = [12]{of} {{ {', '.join(known)} }};")
        lines.append(f"export var k_{of}: [12]{of} = known_{of};")
        lines.append(f"export var r_{of} = @zeros([12]{of});")
        main += [f"  r_{of}[{number}] = {text};" for number, text in enumerate(written)]
    text = "\n".join([*lines, "fn main() void {", *main, "}\n"])
    (found,) = run_all([Case("law", "arithmetic", text)], "wse3", tmp_path).values()
    assert not isinstance(found, Exception), found
    for of in NAMES:
        assert np.array_equal(found[f"k_{of}"], found[f"r_{of}"]), of


def _known(text: str) -> str:
    return "".join(f"{char}_" if char.isalpha() else char for char in text)


def test_whatever_a_file_says_the_compiler_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs with a word changed, left out or put twice compile, or are refused with a place; none hangs."""
    monkeypatch.setattr(limits, "MAX_STEPS", 50_000)
    source, path = random.Random(11), tmp_path / "program.csl"
    for case in source.sample(cases("programs"), 100):
        words = re.findall(r"\s+|\w+|@\w+|.", case.text)
        at = source.randrange(len(words))
        words[at : at + 1] = source.choice([[], [words[at]] * 2, [source.choice(words)], [source.choice(WORDS)]])
        path.write_text("".join(words) + LAUNCHED)
        with suppress(InputError):
            compile_tile(path, {}, arch=case.arch)


def test_cores_share_a_class_where_file_params_and_colors_agree(tmp_path: Path) -> None:
    (tmp_path / "pe.csl").write_text("param kind: u16;\nvar x: u16 = kind;\n")
    layout = """
      const c = @get_color(1);
      layout {
        @set_rectangle(6, 4);
        for (@range(u16, 4)) |y| { for (@range(u16, 6)) |x| {
          @set_tile_code(x, y, "pe.csl", .{ .kind = x % 3 });
          if (y == 0) { @set_color_config(x, y, c, .{ .routes = .{ .rx = .{WEST}, .tx = .{EAST} } }); }
        } }
      }"""
    (tmp_path / "layout.csl").write_text(layout)
    image = compile_file(tmp_path / "layout.csl", arch="wse3")
    numbers = np.frombuffer(image.class_of, np.int32).reshape(4, 6)
    assert len(image.classes) == 6
    assert np.array_equal(numbers[1], numbers[3])
    assert np.array_equal(numbers[0][:3], numbers[0][3:])
