"""Elementwise kernels: hand-counted cases and laws."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.hardware import Cluster
from wsesim.kernels import Region
from wsesim.kernels.elementwise import elementwise
from wsesim.ops import Recipe, kinds

MakeRegion = Callable[..., Region]
TOKENS = st.integers(1, 300)


def test_a_norm_by_hand(region_of: MakeRegion) -> None:
    cost = elementwise(region_of(), "layer_norm", width=20)
    # 4 tokens x 2 features, 6 operations 2 wide; a mean and a variance go along the row and back
    assert cost.overlapped == {"elementwise": 8 * 6 / 2, "reduction": 2 * 2 * 4}
    assert cost.serial == {"launch": 6 * 6, "fill": 2 * 54}
    assert cost.cycles == 24 + 36 + 108
    assert cost.fabric_bytes == 16 * 4 * 60


def test_an_activation_by_hand(region_of: MakeRegion) -> None:
    cost = elementwise(region_of(), "gelu", width=20)
    assert cost.overlapped == {"elementwise": 8 * (9 / 2 + 40 + 50), "reduction": 0}
    assert cost.serial == {"launch": 9 * 6}
    assert cost.fabric_bytes == 0


def test_precision_shows_in_memory_traffic_only(region_of: MakeRegion) -> None:
    half, full = (elementwise(region_of(), "residual", width=20, bytes_each=size) for size in (2, 4))
    assert (half.sram_bytes, full.sram_bytes) == (8 * 3 * 2 * 60, 8 * 3 * 4 * 60)
    assert half.cycles == full.cycles


@given(rate=st.floats(0.1, 10))
def test_sums_take_the_longer_the_slower_links_are(region_of: MakeRegion, small: Cluster, rate: float) -> None:
    wafer = replace(small.wafer, fabric=replace(small.wafer.fabric, link_wavelets_per_cycle=rate))
    usual, other = (
        elementwise(region_of(cluster=cluster), "layer_norm", width=20).overlapped
        for cluster in (small, replace(small, wafer=wafer))
    )
    assert other == {**usual, "reduction": pytest.approx(usual["reduction"] / rate)}


def test_a_norm_of_heads_sums_along_the_columns_of_a_head(region_of: MakeRegion) -> None:
    whole, heads = (elementwise(region_of(), "head_norm", width=20, parts=parts) for parts in (1, 5))
    # two columns a head: what passes a link is the same, the way is one of nine hops
    assert heads.overlapped == whole.overlapped == {"elementwise": 8 * 4 / 2, "reduction": 2 * 4}
    assert heads.serial["fill"] == whole.serial["fill"] / 9
    inside = elementwise(region_of(), "head_norm", width=20, parts=10)
    assert (inside.overlapped["reduction"], inside.serial["fill"], inside.fabric_bytes) == (0, 0, 0)


@given(
    kind=st.sampled_from(sorted(name for name, kind in kinds().items() if isinstance(kind.work, Recipe))),
    width=st.integers(1, 5000),
    sequences=TOKENS,
    positions=st.floats(0.01, 1),
    more=st.integers(0, 500),
)
def test_nothing_larger_is_quicker(
    region_of: MakeRegion, kind: str, width: int, sequences: int, positions: float, more: int
) -> None:
    def cycles(width: int, sequences: int, positions: float) -> float:
        return elementwise(region_of(sequences=sequences), kind, width=width, positions=positions).cycles

    base = cycles(width, sequences, positions)
    assert cycles(width + more, sequences, positions) >= base
    assert cycles(width, sequences + more, positions) >= base
    assert cycles(width, sequences, 1) >= base
