"""What is drawn: of the likeliest only, as often as their shares say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.errors import InputError
from wsesim.numerics import Sampling


@given(
    logits=st.lists(st.floats(-20, 20), min_size=1, max_size=12), top_k=st.integers(0, 13), top_p=st.floats(0.01, 1),
    temperature=st.floats(0.1, 10),
)  # fmt: skip
def test_shares_are_of_the_likeliest(logits: list[float], top_k: int, top_p: float, temperature: float) -> None:
    sampling = Sampling(do_sample=True, top_k=top_k, top_p=top_p, temperature=temperature)
    given_logits = np.array(logits)
    shares = sampling.shares(given_logits)
    assert shares.sum() == pytest.approx(1)
    kept = shares > 0
    assert kept[given_logits.argmax()]
    assert not top_k or kept.sum() <= top_k
    assert (given_logits[kept].min() >= given_logits[~kept]).all()
    full = np.exp((given_logits - given_logits.max()) / temperature)
    if not top_k:
        # Without the least likely of those kept, they are not enough.
        assert full[kept].sum() - full[kept].min() < top_p * full.sum() * (1 + 1e-9)
    np.testing.assert_allclose(shares[kept], full[kept] / full[kept].sum())


def test_tokens_are_drawn_as_often_as_their_shares_say() -> None:
    logits, sampling = np.log([[0.5, 0.3, 0.2, 1e-30]]), Sampling(do_sample=True, temperature=0.5)
    draw = np.random.default_rng(1)
    drawn = np.array([sampling.next_tokens(logits, [draw])[0] for _ in range(2000)])
    np.testing.assert_allclose(sampling.shares(logits[0])[:3], np.square([0.5, 0.3, 0.2]) / 0.38)
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 2000, sampling.shares(logits[0]), atol=0.03)


def test_logits_that_are_no_numbers_choose_nothing() -> None:
    with pytest.raises(InputError, match="the logits hold NaN or infinity"):
        Sampling().next_tokens(np.array([[0.0, np.nan]]), [])
