"""Attention with a latent vector, and routers of groups: each op against its formula, written out number by number."""

import math

import numpy as np
import pytest
from tests.numerics.test_ops import numbers, run

HEADS, STILL, TURNED, VALUE = 3, 2, 4, 5
HEAD, MADE = STILL + TURNED, STILL + VALUE


@pytest.mark.parametrize("scale", [None, 0.3])
def test_scores_are_of_the_key_of_a_head_and_of_the_one_that_heads_share(scale: float | None) -> None:
    query, made, shared = (
        numbers(2, 4, HEADS * HEAD),
        numbers(2, 5, HEADS * MADE, seed=1),
        numbers(2, 5, TURNED, seed=2),
    )
    found = run("latent_scores", query, made, shared, dims={"head": HEAD}, heads=HEADS,
                **({"scale": scale} if scale else {}))  # fmt: skip
    assert found.shape == (2, HEADS, 4, 5)
    for b, h, t, s in np.ndindex(2, HEADS, 4, 5):
        own = sum(query[b, t, h * HEAD + i] * made[b, s, h * MADE + i] for i in range(STILL))
        of_all = sum(query[b, t, h * HEAD + STILL + i] * shared[b, s, i] for i in range(TURNED))
        assert found[b, h, t, s] == pytest.approx((own + of_all) * (scale or 1 / math.sqrt(HEAD)))


def test_values_stand_behind_the_key_that_is_made_for_a_head() -> None:
    shares, made = numbers(2, HEADS, 4, 5), numbers(2, 5, HEADS * MADE, seed=1)
    found = run("latent_sum", shares, made, dims={"value": VALUE}, heads=HEADS)
    assert found.shape == (2, 4, HEADS * VALUE)
    for b, h, t, i in np.ndindex(2, HEADS, 4, VALUE):
        wanted = sum(shares[b, h, t, s] * made[b, s, h * MADE + STILL + i] for s in range(5))
        assert found[b, t, h * VALUE + i] == pytest.approx(wanted)


@pytest.mark.parametrize("interleaved", [False, True])
def test_the_end_of_each_head_turns_and_nothing_else(interleaved: bool) -> None:
    x = numbers(2, 3, HEADS * HEAD)
    found = run("rotary_tail", x, base=100.0, turned=TURNED, size=HEAD, interleaved=interleaved)
    wanted = x.copy()
    for b, t, h, i in np.ndindex(2, 3, HEADS, TURNED // 2):
        first = h * HEAD + STILL + (2 * i if interleaved else i)
        second = first + (1 if interleaved else TURNED // 2)
        angle = t * 100.0 ** (-2 * i / TURNED)
        wanted[b, t, first] = x[b, t, first] * math.cos(angle) - x[b, t, second] * math.sin(angle)
        wanted[b, t, second] = x[b, t, first] * math.sin(angle) + x[b, t, second] * math.cos(angle)
    np.testing.assert_allclose(found, wanted, atol=1e-13)


@pytest.mark.parametrize("router", ["all", "chosen", "sigmoid"])
@pytest.mark.parametrize("shifted", [False, True])
def test_gates_are_shares_of_the_best_experts_of_the_best_groups(router: str, shifted: bool) -> None:
    logits, shift = numbers(2, 7, 6), numbers(6, seed=1) if shifted else np.zeros(6)
    found = run("route_grouped", logits, *([shift] if shifted else []), dims={"chosen": 3}, router=router, scale=2.5,
                groups=3, kept=2)  # fmt: skip
    for at in np.ndindex(2, 7):
        powers = [math.exp(value) for value in logits[at]]
        shares = [power / (1 + power) if router == "sigmoid" else power / math.fsum(powers) for power in powers]
        ranked = [share + more for share, more in zip(shares, shift, strict=True)]
        worth = [
            sum(pair) if router == "sigmoid" else max(pair) for pair in zip(ranked[::2], ranked[1::2], strict=True)
        ]
        groups = sorted(range(3), key=lambda group: -worth[group])[:2]
        experts = sorted((one for one in range(6) if one // 2 in groups), key=lambda one: -ranked[one])[:3]
        total = 1.0 if router == "all" else math.fsum(shares[one] for one in experts)
        wanted = [2.5 * shares[one] / total if one in experts else 0.0 for one in range(6)]
        np.testing.assert_allclose(found[at], wanted, rtol=1e-12)
