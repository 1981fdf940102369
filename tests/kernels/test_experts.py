"""Tokens on their way to experts and back: a hand-counted case and laws."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.kernels import Region
from wsesim.kernels.experts import exchange

MakeRegion = Callable[..., Region]


def test_dispatch_by_hand(region_of: MakeRegion) -> None:
    cost = exchange(region_of(), "dispatch", width=20, positions=2)
    # 4 tokens, twice, and 2 features a core: 16 values of 2 bytes, 8 wavelets; 6 rows
    assert cost.overlapped == {"elementwise": 16 * 1 / 2, "exchange": 6 * 8 / 4}
    assert cost.serial == {"launch": 6, "fill": 6 * 5}
    assert cost.fabric_bytes == 8 * 4 * 60 * 6 / 3


def test_the_middle_link_passes_what_a_count_over_all_pairs_says() -> None:
    rows, middle = 12, 6
    pairs = [(source, target) for source in range(rows) for target in range(rows)]
    crossing = sum(source < middle <= target for source, target in pairs)
    assert crossing / len(pairs) == 1 / 4
    assert sum(abs(source - target) for source, target in pairs) / len(pairs) == pytest.approx(rows / 3, rel=0.01)


@given(width=st.integers(1, 5000), sequences=st.integers(1, 300), positions=st.floats(1, 8), more=st.integers(1, 500))
def test_more_to_move_is_never_quicker(
    region_of: MakeRegion, width: int, sequences: int, positions: float, more: int
) -> None:
    for kind in ("dispatch", "dispatch_backward", "combine", "combine_backward"):
        base = exchange(region_of(sequences=sequences), kind, width=width, positions=positions).cycles
        assert exchange(region_of(sequences=sequences), kind, width=width + more, positions=positions).cycles >= base
        assert exchange(region_of(sequences=sequences + more), kind, width=width, positions=positions).cycles >= base
        assert exchange(region_of(sequences=sequences), kind, width=width, positions=2 * positions).cycles >= base
