"""Each op against its formula, written out number by number."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.errors import InputError, SpecError
from wsesim.graph import Op
from wsesim.numerics import arrays
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import Setting, computes, function_of
from wsesim.ops import kinds

Attributes = Mapping[str, Any]


def run(kind: str, *inputs: Array, dims: Mapping[str, int] | None = None, **attrs: Any) -> Array:
    names = tuple(f"in{n}" for n in range(len(inputs)))
    copies = [array.copy() for array in inputs]
    op = Op(name="op", kind=kind, inputs=names, outputs=("out",), attrs=attrs)
    (result,) = function_of(op)(op, inputs, Setting(dims=dims or {}))
    for array, copy in zip(inputs, copies, strict=True):
        if kind != "extend":
            np.testing.assert_array_equal(array, copy, err_msg="an op wrote to its input")
    return result


def numbers(*shape: int, seed: int = 0, scale: float = 1.0) -> Array:
    return np.random.default_rng(seed).normal(0, scale, shape)


def test_only_what_is_left_to_be_registered_can_be_once() -> None:
    for kind in ("relu", "argmax", "linear"):
        with pytest.raises(SpecError, match=f"{kind} leaves no function to register"):
            computes(kind)


def test_embedding_takes_rows() -> None:
    table = numbers(5, 3)
    found = run("embedding", np.array([[4, 0], [1, 1]]), table)
    np.testing.assert_array_equal(found, [[table[4], table[0]], [table[1], table[1]]])


@pytest.mark.parametrize(("bad", "said"), [(-1, "id -1"), (5, "id 5")])
def test_ids_outside_the_table_are_refused(bad: int, said: str) -> None:
    with pytest.raises(InputError, match=rf"in0 holds the {said}; ids here go from 0 to 4"):
        run("embedding", np.array([[0, bad]]), numbers(5, 3))
    with pytest.raises(InputError, match=f"in1 holds the {said}"):
        run("cross_entropy", numbers(2, 5), np.array([0, bad]))


def test_position_adds_the_row_of_each_position() -> None:
    x, table = numbers(2, 3, 4), numbers(7, 4, seed=1)
    found = run("position", x, table)
    for row in range(2):
        for p in range(3):
            np.testing.assert_array_equal(found[row, p], x[row, p] + table[p])


def test_layer_norm() -> None:
    x, scale, bias = numbers(2, 3, 5, scale=4), numbers(5, seed=1), numbers(5, seed=2)
    found = run("layer_norm", x, scale, bias, epsilon=1e-3)
    for at in np.ndindex(2, 3):
        row = [float(v) for v in x[at]]
        mean = math.fsum(row) / 5
        variance = math.fsum((v - mean) ** 2 for v in row) / 5
        wanted = [(row[i] - mean) / math.sqrt(variance + 1e-3) * scale[i] + bias[i] for i in range(5)]
        np.testing.assert_allclose(found[at], wanted, rtol=1e-12)


def test_rms_norm() -> None:
    x, scale = numbers(2, 3, 5, scale=4), numbers(5, seed=1)
    found = run("rms_norm", x, scale, epsilon=1e-3)
    for at in np.ndindex(2, 3):
        mean_square = math.fsum(float(v) ** 2 for v in x[at]) / 5
        wanted = [x[at][i] / math.sqrt(mean_square + 1e-3) * scale[i] for i in range(5)]
        np.testing.assert_allclose(found[at], wanted, rtol=1e-12)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("has_bias", [False, True])
def test_linear(transposed: bool, has_bias: bool) -> None:
    x, weight, bias = numbers(2, 3, 4), numbers(4, 5, seed=1), numbers(5, seed=2)
    stored = np.ascontiguousarray(weight.T) if transposed else weight
    found = run("linear", x, stored, *([bias] if has_bias else []), transposed=transposed)
    for b, t, o in np.ndindex(2, 3, 5):
        wanted = sum(x[b, t, i] * weight[i, o] for i in range(4)) + (bias[o] if has_bias else 0)
        assert found[b, t, o] == pytest.approx(wanted)


def test_residual_and_tanh() -> None:
    a, b = numbers(2, 3), numbers(2, 3, seed=1)
    np.testing.assert_array_equal(run("residual", a, b), a + b)
    np.testing.assert_allclose(run("tanh", a), [[math.tanh(v) for v in row] for row in a])


def normal_cdf(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def test_a_norm_of_heads_leaves_values_as_they_are() -> None:
    x, query, key = numbers(2, 3, 20), numbers(4, seed=1), numbers(4, seed=2)
    found = run("head_norm", x, query, key, dims={"head": 4}, heads=3, kv_heads=1, epsilon=1e-3)
    np.testing.assert_array_equal(found[..., 16:], x[..., 16:])
    for at in np.ndindex(2, 3):
        for head in range(4):
            row = x[at][4 * head : 4 * head + 4]
            root = math.sqrt(sum(v * v for v in row) / 4 + 1e-3)
            wanted = [v / root * s for v, s in zip(row, query if head < 3 else key, strict=True)]
            np.testing.assert_allclose(found[at][4 * head : 4 * head + 4], wanted, atol=1e-15)


def test_a_layer_norm_of_heads_has_scales_for_each_and_leaves_values_as_they_are() -> None:
    x, query, key = numbers(2, 3, 20), numbers(12, seed=1), numbers(4, seed=2)
    found = run("head_layer_norm", x, query, key, dims={"head": 4}, heads=3, kv_heads=1, epsilon=1e-3)
    np.testing.assert_array_equal(found[..., 16:], x[..., 16:])
    scales = [*query, *key]
    for at in np.ndindex(2, 3):
        for head in range(4):
            row = x[at][4 * head : 4 * head + 4]
            away = [v - sum(row) / 4 for v in row]
            root = math.sqrt(sum(v * v for v in away) / 4 + 1e-3)
            wanted = [v / root * s for v, s in zip(away, scales[4 * head : 4 * head + 4], strict=True)]
            np.testing.assert_allclose(found[at][4 * head : 4 * head + 4], wanted, atol=1e-14)


def test_relu_keeps_what_is_above_zero() -> None:
    x = np.array([[-1.5, -0.0, 0.0, 2.5]])
    np.testing.assert_array_equal(run("relu", x), [[0, 0, 0, 2.5]])


def gelu_by_tanh(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def test_activations() -> None:
    x, up = numbers(3, 50, scale=3), numbers(3, 50, seed=1)
    flat = [float(v) for v in x.ravel()]
    np.testing.assert_allclose(run("gelu", x).ravel(), [v * normal_cdf(v) for v in flat], atol=1e-15)
    np.testing.assert_allclose(run("gelu_tanh", x).ravel(), [gelu_by_tanh(v) for v in flat], atol=1e-15)
    silu = np.array([v / (1 + math.exp(-v)) for v in flat]).reshape(x.shape)
    np.testing.assert_allclose(run("silu_gate", x, up), silu * up, atol=1e-15)


@pytest.mark.parametrize("kind", ["gelu", "gelu_tanh", "silu_gate"])
def test_activations_of_large_numbers_do_not_overflow(kind: str) -> None:
    x = np.array([-1e4, -100.0, 0.0, 100.0, 1e4], dtype=np.float32)
    found = run(kind, x, *([np.ones_like(x)] if kind == "silu_gate" else []))
    np.testing.assert_allclose(found, [0, 0, 0, 100, 1e4], atol=1e-40)


def test_select() -> None:
    x = numbers(2, 5, 3)
    np.testing.assert_array_equal(run("select", x, positions="first"), x[:, 0])
    np.testing.assert_array_equal(run("select", x, positions="last"), x[:, 4])
    np.testing.assert_array_equal(run("select", x, positions="masked", dims={"masked": 2}), x[:, :2])
    with pytest.raises(SpecError, match="op selects 'middle'; positions are first, last or masked"):
        run("select", x, positions="middle")


@pytest.mark.parametrize("shift", [False, True])
def test_cross_entropy(shift: bool) -> None:
    logits, labels = numbers(2, 4, 6, scale=3), np.arange(8).reshape(2, 4) % 6
    found = run("cross_entropy", logits, labels, shift=shift)
    losses = []
    for b in range(2):
        for t in range(3 if shift else 4):
            label = labels[b, t + 1 if shift else t]
            total = sum(math.exp(v) for v in logits[b, t])
            losses.append(-math.log(math.exp(logits[b, t, label]) / total))
    assert found.shape == (1,)
    assert found[0] == pytest.approx(sum(losses) / len(losses))


def test_cross_entropy_of_classes_and_of_huge_logits() -> None:
    assert run("cross_entropy", np.zeros((3, 4)), np.array([0, 1, 3]))[0] == pytest.approx(math.log(4))
    assert run("cross_entropy", np.array([[1e4, 0.0]]), np.array([1]))[0] == 1e4


def test_a_single_token_has_no_next() -> None:
    with pytest.raises(SpecError, match="length must be at least 2"):
        run("cross_entropy", numbers(1, 1, 3), np.zeros((1, 1), dtype=np.int64), shift=True)


def split(qkv: Array, heads: int, kv_heads: int, head: int, at: tuple[int, int, int]) -> tuple[Array, Array, Array]:
    """The query of one head at one token, and the key and value it shares."""
    batch, token, which = at
    shared = heads + which // (heads // kv_heads)
    starts = which * head, shared * head, (shared + kv_heads) * head
    query, key, value = (qkv[batch, token, start : start + head] for start in starts)
    return query, key, value


HEADS = st.sampled_from([(1, 1), (4, 4), (4, 2), (6, 2), (3, 1)])


@given(HEADS, st.integers(1, 5), st.integers(1, 5), st.booleans())
@settings(deadline=None)
def test_attention_is_one_head_and_one_query_at_a_time(
    heads: tuple[int, int], head: int, length: int, causal: bool
) -> None:
    query_heads, kv_heads = heads
    qkv = numbers(2, length, (query_heads + 2 * kv_heads) * head)
    attrs = {"heads": query_heads, "kv_heads": kv_heads}
    scores = run("scores", qkv, dims={"head": head}, **attrs)
    probabilities = run("softmax", scores, causal=causal)
    mixed = run("weighted_sum", probabilities, qkv, dims={"head": head}, **attrs)
    assert scores.shape == probabilities.shape == (2, query_heads, length, length)
    for b, h, t in np.ndindex(2, query_heads, length):
        query, _, _ = split(qkv, query_heads, kv_heads, head, (b, t, h))
        pairs = [split(qkv, query_heads, kv_heads, head, (b, s, h)) for s in range(length)]
        raw = [float(sum(query * key)) / math.sqrt(head) for _, key, _ in pairs]
        np.testing.assert_allclose(scores[b, h, t], raw, atol=1e-12)
        powers = [0 if causal and s > t else math.exp(raw[s]) for s in range(length)]
        np.testing.assert_allclose(probabilities[b, h, t], np.array(powers) / sum(powers), atol=1e-12)
        wanted = sum(p / sum(powers) * value for p, (_, _, value) in zip(powers, pairs, strict=True))
        np.testing.assert_allclose(mixed[b, t, h * head : (h + 1) * head], wanted, atol=1e-12)


@given(HEADS, st.integers(1, 4), st.integers(0, 2), st.booleans())
@settings(deadline=None)
def test_rotary_turns_queries_and_keys_and_nothing_else(
    heads: tuple[int, int], pairs: int, rest: int, interleaved: bool
) -> None:
    query_heads, kv_heads = heads
    turned, head = 2 * pairs, 2 * pairs + rest
    qkv = numbers(2, 3, (query_heads + 2 * kv_heads) * head)
    found = run(
        "rotary", qkv, dims={"head": head}, base=100.0, turned=turned, heads=query_heads, kv_heads=kv_heads,
        interleaved=interleaved,
    )  # fmt: skip
    wanted = qkv.copy()
    for b, t, h, i in np.ndindex(2, 3, query_heads + kv_heads, pairs):
        first = h * head + (2 * i if interleaved else i)
        second = first + (1 if interleaved else pairs)
        angle = t * 100.0 ** (-2 * i / turned)
        x, y = qkv[b, t, first], qkv[b, t, second]
        wanted[b, t, first] = x * math.cos(angle) - y * math.sin(angle)
        wanted[b, t, second] = x * math.sin(angle) + y * math.cos(angle)
    np.testing.assert_allclose(found, wanted, atol=1e-13)


def test_softmax_of_scores_that_would_overflow() -> None:
    scores = np.array([[[[1e4, -1e4, 0.0]]]], dtype=np.float32)
    np.testing.assert_array_equal(run("softmax", scores, causal=False), [[[[1, 0, 0]]]])


@pytest.mark.parametrize("causal", [False, True])
def test_the_size_of_pieces_changes_nothing(causal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    scores, logits, x = numbers(2, 3, 7, 7), numbers(4, 9), numbers(5, 11)
    labels = np.array([0, 8, 3, 4])

    def results() -> list[Array]:
        return [run("softmax", scores, causal=causal), run("cross_entropy", logits, labels), run("gelu", x)]

    whole = results()
    monkeypatch.setattr(arrays, "CHUNK_ELEMENTS", 10)
    for found, wanted in zip(results(), whole, strict=True):
        np.testing.assert_array_equal(found, wanted)


CASES: list[tuple[str, tuple[Array, ...], Attributes]] = [
    ("embedding", (np.zeros((1, 2), dtype=np.int64), numbers(3, 4)), {}),
    ("position", (numbers(1, 2, 4), numbers(3, 4)), {}),
    ("layer_norm", (numbers(2, 4), numbers(4), numbers(4)), {"epsilon": 1e-5}),
    ("rms_norm", (numbers(2, 4), numbers(4)), {"epsilon": 1e-5}),
    ("linear", (numbers(2, 4), numbers(4, 3), numbers(3)), {}),
    ("expert_linear", (numbers(1, 2, 1, 4), numbers(3, 4, 5), numbers(1, 2, 3), numbers(3, 5)), {}),
    ("route", (numbers(1, 2, 3),), {}),
    ("route_grouped", (numbers(1, 2, 4),), {"router": "all", "scale": 1.5, "groups": 2, "kept": 1}),
    ("dispatch", (numbers(1, 2, 4), numbers(1, 2, 3)), {}),
    ("combine", (numbers(1, 2, 1, 4), numbers(1, 2, 3)), {}),
    ("rotary", (numbers(1, 2, 12),), {"base": 1e4, "turned": 4, "heads": 1, "kv_heads": 1, "interleaved": False}),
    ("scores", (numbers(1, 2, 12),), {"heads": 1, "kv_heads": 1}),
    ("rotary_tail", (numbers(1, 2, 8),), {"base": 1e4, "turned": 2, "size": 4, "interleaved": False}),
    ("latent_scores", (numbers(1, 2, 8), numbers(1, 2, 10), numbers(1, 2, 2)), {"heads": 2, "kv_heads": 2}),
    ("latent_sum", (numbers(1, 2, 2, 2), numbers(1, 2, 10)), {"heads": 2, "kv_heads": 2}),
    ("extend", (numbers(1, 2, 12), numbers(1, 3, 8)), {}),
    ("softmax", (numbers(1, 1, 2, 2),), {"causal": True}),
    ("weighted_sum", (numbers(1, 1, 2, 2), numbers(1, 2, 12)), {"heads": 1, "kv_heads": 1}),
    ("residual", (numbers(2, 4), numbers(2, 4)), {}),
    ("layer_norm_scale", (numbers(2, 4), numbers(4)), {"epsilon": 1e-5}),
    ("layer_norm_plain", (numbers(2, 4),), {"epsilon": 1e-5}),
    ("wide_norm", (numbers(1, 2, 12), numbers(4), numbers(4)), {"epsilon": 1e-5}),
    ("route_all", (numbers(1, 2, 3),), {}),
    ("weigh", (numbers(1, 2, 4), numbers(1, 2, 1)), {}),
    ("sink_softmax", (numbers(1, 1, 2, 2), numbers(1)), {"causal": True}),
    ("alibi", (numbers(1, 3, 2, 2),), {}),
    ("cap_scores", (numbers(1, 1, 2, 2),), {"cap": 3.0}),
    ("cap", (numbers(2, 4),), {"cap": 3.0}),
    ("scale", (numbers(2, 4),), {"factor": 0.7}),
    ("silu", (numbers(2, 4),), {}),
    ("squared_relu", (numbers(2, 4),), {}),
    ("relu_gate", (numbers(2, 4), numbers(2, 4)), {}),
    ("gelu_gate", (numbers(2, 4), numbers(2, 4)), {}),
    ("gelu_tanh_gate", (numbers(2, 4), numbers(2, 4)), {}),
    ("silu_bounded_gate", (numbers(2, 4), numbers(2, 4)), {}),
    ("head_norm", (numbers(1, 2, 12), numbers(4), numbers(4)), {"epsilon": 1e-5, "heads": 1, "kv_heads": 1}),
    ("head_layer_norm", (numbers(1, 2, 12), numbers(4), numbers(4)), {"epsilon": 1e-5, "heads": 1, "kv_heads": 1}),
    ("relu", (numbers(2, 4),), {}),
    ("gelu", (numbers(2, 4),), {}),
    ("gelu_tanh", (numbers(2, 4),), {}),
    ("silu_gate", (numbers(2, 4), numbers(2, 4)), {}),
    ("select", (numbers(1, 2, 4),), {"positions": "last"}),
    ("tanh", (numbers(2, 4),), {}),
    ("cross_entropy", (numbers(2, 4), np.array([0, 3])), {}),
]


@pytest.mark.parametrize(("kind", "inputs", "attrs"), CASES, ids=[case[0] for case in CASES])
def test_fp32_stays_fp32(kind: str, inputs: tuple[Array, ...], attrs: Attributes) -> None:
    narrow = [array.astype(np.float32) if array.dtype == np.float64 else array for array in inputs]
    dims = {"head": 4, "value": 3, "chosen": 1}
    found = run(kind, *narrow, dims=dims, **attrs)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, run(kind, *inputs, dims=dims, **attrs), rtol=2e-5, atol=2e-6)


def test_every_kind_is_among_the_cases() -> None:
    assert {case[0] for case in CASES} == {name for name, kind in kinds().items() if kind.differentiable} | {"extend"}
