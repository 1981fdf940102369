"""Attention: hand-counted cases and laws."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.kernels import Region
from wsesim.kernels.attention import Sight, product, softmax, softmax_backward

MakeRegion = Callable[..., Region]
WIDTH = st.integers(1, 5000)
TOKENS = st.integers(1, 300)


def test_product_by_hand(region_of: MakeRegion) -> None:
    cost = product(region_of(), width=20)
    # 12 keys of 2 features: 24 AXPYs over 4 queries in single precision
    assert cost.overlapped == {"fmac": 24 * (4 / 1 + 1), "reduction": 4 * 12, "arrival": 24}
    assert cost.serial == {"fill": 54, "reduction": 4 * 12 / 2}  # each passing score is added, two a cycle
    assert cost.cycles == 198
    assert cost.fabric_bytes == (24 + 48) * 4 * 60
    assert cost.sram_bytes == 24 * 4 * 12 * 60


def test_the_way_back_is_two_products(region_of: MakeRegion) -> None:
    once, twice = product(region_of(), width=20), product(region_of(), width=20, times=2)
    assert twice.overlapped == {name: 2 * cycles for name, cycles in once.overlapped.items()}
    assert twice.serial == {**once.serial, "reduction": 2 * once.serial["reduction"]}


def test_products_are_single_precision_whatever_the_model_is(region_of: MakeRegion) -> None:
    assert product(region_of(precision="fp16"), width=20) == product(region_of(precision="mixed"), width=20)


def test_softmax_by_hand(region_of: MakeRegion) -> None:
    cost = softmax(region_of(), heads=5)
    # 4 queries x 12 keys x 5 heads over 10 columns: 24 scores, each an exponential of 40 cycles and 5 operations 2 wide
    assert cost.overlapped == {"elementwise": 24 * (40 + 5 / 2)}
    assert cost.serial == {"fill": 6}  # the two columns of a head
    assert softmax_backward(region_of(), heads=5).overlapped == {"elementwise": 24 * 4 / 2}


def test_more_heads_than_columns_need_no_chain(region_of: MakeRegion) -> None:
    assert softmax(region_of(), heads=11).serial == {"fill": 0}


@given(width=WIDTH, sequences=TOKENS, length=TOKENS, more=st.integers(0, 500), heads=st.integers(1, 40))
def test_nothing_larger_is_quicker(
    region_of: MakeRegion, width: int, sequences: int, length: int, more: int, heads: int
) -> None:
    def cycles(width: int, sequences: int, length: int) -> tuple[float, float, float]:
        region = region_of(sequences=sequences, length=length)
        kernels = product(region, width=width), softmax(region, heads=heads), softmax_backward(region, heads=heads)
        return kernels[0].cycles, kernels[1].cycles, kernels[2].cycles

    base = cycles(width, sequences, length)
    for larger in (
        cycles(width + more, sequences, length),
        cycles(width, sequences + more, length),
        cycles(width, sequences, length + more),
    ):
        assert all(after >= before for before, after in zip(base, larger, strict=True))


def test_a_window_by_hand(region_of: MakeRegion) -> None:
    seen = Sight.of(region_of(), ((3, 0.5), (0, 0.5)))
    # each of 4 tokens of a core sees 3 keys of 12, all together 6; in every other layer all see 12
    assert (seen.each, seen.passing) == ((3 + 12) / 2, (6 + 12) / 2)
    band = product(region_of(), width=20, sight=Sight.of(region_of(), ((3, 1.0),)))
    assert band.overlapped == {"fmac": 6 * 2 * (4 * 3 / 6 + 1), "reduction": 4 * 3, "arrival": 6 * 2}
    assert softmax(region_of(), heads=5, sight=seen).overlapped == {"elementwise": 4 * 7.5 / 2 * (40 + 5 / 2)}


@given(sequences=TOKENS, length=TOKENS, window=st.integers(1, 300), more=st.integers(0, 300), share=st.floats(0, 1))
def test_a_longer_window_is_never_faster(
    region_of: MakeRegion, sequences: int, length: int, window: int, more: int, share: float
) -> None:
    region = region_of(sequences=sequences, length=length)
    shorter, longer, none = (
        product(region, width=20, sight=sight).cycles + softmax(region, heads=5, sight=sight).cycles
        for sight in (Sight.of(region, ((size, share), (0, 1 - share))) for size in (window, window + more, length))
    )
    assert shorter <= longer <= none


@given(length=st.integers(1, 500))
def test_scores_grow_with_the_square_of_the_length(region_of: MakeRegion, length: int) -> None:
    once, twice = (softmax(region_of(sequences=6, length=n), heads=10) for n in (length, 2 * length))
    assert twice.overlapped["elementwise"] == pytest.approx(4 * once.overlapped["elementwise"])
