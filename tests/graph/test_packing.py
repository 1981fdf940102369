"""How weights of fewer bits are spelled."""

import re

import pytest

from wsesim.errors import SpecError
from wsesim.graph import packing_of


def test_a_spelling_says_bits_and_who_shares_a_scale() -> None:
    block, group, alone = packing_of("e4m3/128x64"), packing_of("int4/32x1+zeros"), packing_of("int8/allx1")
    assert (block.format.bits, block.inputs, block.outputs, block.zeros) == (8, 128, 64, False)
    assert (group.format.bits, group.inputs, group.outputs, group.zeros, group.after) == (4, 32, 1, True, 2)
    assert (alone.inputs, alone.outputs, packing_of("e4m3").inputs) == (0, 1, 0)
    assert (block.group_bytes, group.group_bytes, alone.group_bytes) == (4, 3, 2)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("mxfp4", "e2m1/32x1"), ("int4/128", "int4/128x1"), ("INT4/32+zeros", "int4/32x1+zeros"), ("e4m", "e4m3")],
)
def test_what_others_write_is_told_as_it_is_spelled_here(text: str, meant: str) -> None:
    with pytest.raises(SpecError, match=re.escape(f"did you mean '{meant}'?")):
        packing_of(text)


@pytest.mark.parametrize("text", ["fp8", "int4/128", "int4/0x1", "e4m3/1x1+zeros", "int3/8x1", "", "int4/9999999x1"])
def test_what_spells_none_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="weight_format"):
        packing_of(text)
