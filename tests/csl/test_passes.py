"""Passes leave what a program computes, and make it shorter; what a core computes is what the compiler computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.csl.cases import Case, cases, compiled, differs, run_all
from tests.csl.drawn import Drawn
from tests.csl.walked import RUNS, Walked

from wsesim.csl.image import Operation, TileClass
from wsesim.csl.passes import PASSES

pytestmark = pytest.mark.xdist_group("csl")
LOOP = """
var x = @constants([16]u16, 0x8001);
fn over(left: u16, right: u16, carry: bool) bool {
  return (left + right < left) or (left + right + @as(u16, carry) < left + right);
}
fn main() void {
  var at: i16 = 15;
  while (at >= 0) : (at -= 1) {
    x[at] <<= 1;
    if (at > 0) { if ((x[at - 1] & 0x8000) != 0) { x[at] |= 0x1; } }
  }
}
"""
_ONE_LESS = [tuple(name for name in PASSES if name != left) for left in PASSES]
_ALONE = [(name,) for name in PASSES]


def same(drawn: list[Case], folder: Path, passes: tuple[str, ...]) -> None:
    """Hold that cases come to the same with *passes* and without."""
    for name in ("with", "without"):
        (folder / name).mkdir()
    found = run_all(drawn, "wse3", folder / "with", passes)
    plain = run_all(drawn, "wse3", folder / "without", ())
    for case in drawn:
        values, wanted = found[case.id], plain[case.id]
        assert not isinstance(wanted, Exception), (wanted, case.text)
        assert not isinstance(values, Exception), (values, case.text)
        for name in case.expected:
            assert np.array_equal(values[name], wanted[name]), (name, values[name], wanted[name], case.text)


def programs(first: int, count: int) -> list[Case]:
    expected: dict[str, list[float]] = {"found": [], "x": [], "y": []}
    return [Case("drawn", str(seed), Drawn(seed).text(), "wse3", expected) for seed in range(first, first + count)]


def test_drawn_programs_come_to_the_same(tmp_path: Path) -> None:
    same(programs(0, 40), tmp_path, PASSES)


@pytest.mark.nightly
@pytest.mark.parametrize("passes", [PASSES, *_ONE_LESS, *_ALONE], ids="-".join)
def test_each_pass_leaves_what_many_programs_compute(tmp_path: Path, passes: tuple[str, ...]) -> None:
    same(programs(1000, 400), tmp_path, passes)


def walk(folder: Path, first: int, count: int) -> None:
    """Hold that functions come to the same evaluated while compiling and by the core."""
    expected: dict[str, list[float]] = {f"{name}{run}": [] for run in range(RUNS) for name in ("known", "found")}
    drawn = [Case("walked", str(seed), Walked(seed).text(), "wse3", expected) for seed in range(first, first + count)]
    found = run_all(drawn, "wse3", folder)
    for case in drawn:
        values = found[case.id]
        assert not isinstance(values, Exception), (values, case.text)
        for run in range(RUNS):
            known, run_time = values[f"known{run}"], values[f"found{run}"]
            same = np.array_equal(known, run_time, equal_nan=known.dtype.kind == "f")
            assert same, (case.title, run, known, run_time, case.text)


def test_functions_come_to_the_same_while_compiling_and_on_a_core(tmp_path: Path) -> None:
    walk(tmp_path, 8, 2)


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(1000, 1400, 50))
def test_many_functions_come_to_the_same_while_compiling_and_on_a_core(tmp_path: Path, first: int) -> None:
    walk(tmp_path, first, 50)


@pytest.mark.nightly
@pytest.mark.parametrize("passes", [(), *_ONE_LESS, *_ALONE], ids="-".join)
def test_rules_of_the_language_hold_without_passes(tmp_path: Path, passes: tuple[str, ...]) -> None:
    chosen = [case for case in cases("programs") if case.arch == "wse3"]
    found = run_all(chosen, "wse3", tmp_path, passes)
    assert not [wrong for case in chosen for wrong in differs(case, found[case.id])]


def test_a_turn_of_a_loop_is_what_it_computes_and_one_branch(tmp_path: Path) -> None:
    tile = compiled(Case("loop", "shift", LOOP), tmp_path)
    assert isinstance(tile, TileClass)
    back = next(at for at, step in enumerate(tile.steps) if step.op == Operation.JUMP_LESS and step.n < at)
    turn = [step.op for step in tile.steps[tile.steps[back].n : back + 1]]
    assert turn.count(Operation.LOAD) == 1  # x[at - 1], which the next turn shifts
    assert sum("JUMP" in op.name for op in turn) == 1
    assert Operation.CALL not in [step.op for step in tile.steps]
