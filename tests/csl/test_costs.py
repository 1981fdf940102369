"""What scalar steps cost: descriptors that code computes are stored word by word, those of constants are constants."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.csl.cases import Case, compiled

from wsesim.csl.image import Operation, TileClass
from wsesim.csl.machine.costs import DESCRIPTOR_STORES, SETTLE_CYCLES, costs_of
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-3").cluster.wafer
BEGIN = """
var a = @zeros([32]f32); var b = @zeros([32]f32); var n: i16 = 3; var found: f32 = 0.0;
const da = @get_dsd(mem1d_dsd, .{ .tensor_access = |i|{8} -> a[i] });
fn main() void {
"""


def vector_costs(body: str, folder: Path) -> list[int]:
    """Cycles before each vector operation of a program is under way, in the order of the code."""
    tile = compiled(Case("costs", "descriptors", f"{BEGIN}{body}}}\n"), folder)
    assert isinstance(tile, TileClass)
    costs = costs_of(tile, WAFER)
    return [costs[at][0] for at, step in enumerate(tile.steps) if step.op == Operation.VECTOR]


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("@fmovs(da, 1.0);", 0),
        ("var d = @set_dsd_base_addr(da, &b); d = @set_dsd_length(d, @bitcast(u16, @as(i16, 4))); @fmovs(d, 1.0);", 0),
        ("var d = @increment_dsd_offset(da, n, f32); @fmovs(d, 1.0);", 1),
        ("var d = @increment_dsd_offset(da, n, f32); @fmacs(d, d, da, 0.5);", 2),
        ("var d = da; if (n > 2) { d = @set_dsd_base_addr(da, &b); } @fmacs(d, d, d, 0.5);", 3),
        ("var d = da; for (@range(i16, n)) |i| { @fadds(d, da, da); d = @increment_dsd_offset(d, 1, f32); }", 1),
    ],
)
def test_descriptors_that_code_makes_are_stored_word_by_word(body: str, made: int, tmp_path: Path) -> None:
    (found,) = vector_costs(body, tmp_path)
    least = 1 + (DESCRIPTOR_STORES * made + SETTLE_CYCLES if made else 0)
    assert least <= found <= least + WAFER.core.dependent_cycles
