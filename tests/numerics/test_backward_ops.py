"""Every backward op against central differences of its forward op, in float64."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.errors import SpecError
from wsesim.graph import Op
from wsesim.numerics import functions
from wsesim.numerics.arrays import Array
from wsesim.numerics.functions import Setting, function_of
from wsesim.ops import find, kinds

STEP = 1e-6
DIMS = {"batch": 2, "length": 3, "keys": 3, "head": 4, "value": 3, "chosen": 2, "masked": 2}
SPLIT = {"heads": 4, "kv_heads": 2}
STRETCHED = {"factor": 4.0, "scaling": "yarn", "trained": 8, "fast": 32.0, "slow": 1.0, "times": 1.2}
Case = tuple[Callable[[np.random.Generator], list[Array]], Mapping[str, Any]]


def normal(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], list[Array]]:
    return lambda draw: [draw.normal(size=shape) for shape in shapes]


def with_ids(high: int, ids: tuple[int, ...], *shapes: tuple[int, ...], at: int) -> Any:
    def make(draw: np.random.Generator) -> list[Array]:
        arrays: list[Array] = [draw.normal(size=shape) for shape in shapes]
        return [*arrays[:at], draw.integers(0, high, ids), *arrays[at:]]

    return make


def masked(*shapes: tuple[int, ...]) -> Callable[[np.random.Generator], list[Array]]:
    return lambda draw: [*normal(*shapes)(draw), np.array([[1, 1, 0], [0, 1, 1]])]


def gated(*shapes: tuple[int, ...], at: int) -> Callable[[np.random.Generator], list[Array]]:
    """Gates of two experts of three for each token, at a place among the inputs."""

    def make(draw: np.random.Generator) -> list[Array]:
        gates = draw.uniform(0.2, 1.0, (2, 3, 3))
        np.put_along_axis(gates, draw.integers(0, 3, (2, 3, 1)), 0.0, axis=-1)
        arrays = normal(*shapes)(draw)
        return [*arrays[:at], gates, *arrays[at:]]

    return make


CASES: dict[str, list[Case]] = {
    "embedding": [(with_ids(5, (2, 3), (5, 4), at=0), {})],
    "position": [(normal((2, 3, 4), (6, 4)), {}), (masked((2, 3, 4), (6, 4)), {})],
    "select": [
        (normal((2, 3, 4)), {"positions": "first"}), (normal((2, 3, 4)), {"positions": "last"}),
        (normal((2, 3, 4)), {"positions": "masked"}), (masked((2, 3, 4)), {"positions": "last"}),
    ],
    "layer_norm": [(normal((2, 3, 5), (5,), (5,)), {"epsilon": 1e-3})],
    "rms_norm": [(normal((2, 3, 5), (5,)), {"epsilon": 1e-3})],
    "head_norm": [(normal((2, 3, 32), (4,), (4,)), {"epsilon": 1e-3, **SPLIT})],
    "head_layer_norm": [(normal((2, 3, 32), (16,), (8,)), {"epsilon": 1e-3, **SPLIT})],
    "linear": [
        (normal((2, 3, 4), (4, 5), (5,)), {}), (normal((2, 3, 4), (4, 5)), {}),
        (normal((2, 3, 4), (5, 4), (5,)), {"transposed": True}),
    ],
    "expert_linear": [(gated((2, 3, 2, 4), (3, 4, 5), (3, 5), at=2), {})],
    "route": [(normal((2, 3, 3)), {})],
    "route_grouped": [
        (make, {"router": router, "scale": 1.5, "groups": 3, "kept": kept})
        for router in ("all", "chosen", "sigmoid") for kept in (2, 3)
        for make in (normal((2, 3, 6)), normal((2, 3, 6), (6,)))
    ],
    "dispatch": [(gated((2, 3, 4), at=1), {})],
    "combine": [(gated((2, 3, 2, 4), at=1), {})],
    "layer_norm_scale": [(normal((2, 3, 5), (5,)), {"epsilon": 1e-3})],
    "layer_norm_plain": [(normal((2, 3, 5)), {"epsilon": 1e-3})],
    "wide_norm": [(normal((2, 3, 32), (16,), (8,)), {"epsilon": 1e-3})],
    "route_all": [(normal((2, 3, 3)), {})],
    "weigh": [(normal((2, 3, 4), (2, 3, 1)), {})],
    "scale": [(normal((3, 7)), {"factor": 0.3})],
    "cap": [(normal((3, 7)), {"cap": 0.8})],
    "cap_scores": [(normal((2, 4, 3, 3)), {"cap": 0.8})],
    "sink_softmax": [
        (normal((2, 4, 3, 3), (4,)), {"causal": True, "window": 2}), (masked((2, 4, 3, 3), (4,)), {"causal": True}),
    ],
    "silu": [(normal((3, 7)), {})],
    "squared_relu": [(normal((3, 7)), {})],
    "relu_gate": [(normal((3, 7), (3, 7)), {})],
    "gelu_gate": [(normal((3, 7), (3, 7)), {})],
    "gelu_tanh_gate": [(normal((3, 7), (3, 7)), {})],
    "silu_bounded_gate": [(lambda draw: [4 * each for each in normal((3, 7), (3, 7))(draw)], {})],
    "rotary": [
        (make, {"base": 50.0, "turned": turned, "interleaved": interleaved, **SPLIT})
        for turned in (2, 4) for interleaved in (False, True) for make in (normal((2, 3, 32)), masked((2, 3, 32)))
    ],
    "rotary_tail": [
        (make, {"base": 50.0, "turned": turned, "size": 8, "interleaved": interleaved, **stretched})
        for turned in (2, 4) for interleaved in (False, True) for stretched in ({}, STRETCHED)
        for make in (normal((2, 3, 16)), masked((2, 3, 16)))
    ],
    "scores": [(normal((2, 3, 32)), SPLIT)],
    "latent_scores": [
        (normal((2, 3, 16), (2, 3, 20), (2, 3, 2)), attrs) for attrs in ({"heads": 4}, {"heads": 4, "scale": 0.7})
    ],
    "latent_sum": [(normal((2, 4, 3, 3), (2, 3, 20)), {"heads": 4})],
    "softmax": [
        (normal((2, 4, 3, 3)), {"causal": True}), (normal((2, 4, 3, 3)), {"causal": False}),
        (masked((2, 4, 3, 3)), {"causal": True}), (normal((2, 4, 3, 3)), {"causal": True, "window": 2}),
    ],
    "weighted_sum": [(normal((2, 4, 3, 3), (2, 3, 32)), SPLIT)],
    "gelu": [(normal((3, 7)), {})],
    "gelu_tanh": [(normal((3, 7)), {})],
    "relu": [(normal((3, 7)), {})],
    "silu_gate": [(normal((3, 7), (3, 7)), {})],
    "tanh": [(normal((3, 7)), {})],
    "cross_entropy": [
        (with_ids(5, (2, 3), (2, 3, 5), at=1), {"shift": True}), (with_ids(5, (2, 3), (2, 3, 5), at=1), {}),
        (lambda draw: [draw.normal(size=(2, 3, 5)), np.array([[1, -100, 4], [-100, 0, 2]])], {"shift": True}),
    ],
}  # fmt: skip


def run(kind: str, inputs: list[Array], attrs: Mapping[str, Any], outputs: list[tuple[int, ...]]) -> tuple[Array, ...]:
    op = Op(
        name="op", kind=kind, inputs=tuple(f"in{n}" for n in range(len(inputs))),
        outputs=tuple(f"out{n}" for n in range(len(outputs))), attrs=attrs,
    )  # fmt: skip
    return function_of(op)(op, inputs, Setting(dims=DIMS, shapes=outputs))


def gradients(kind: str, inputs: list[Array], attrs: Mapping[str, Any], incoming: Array) -> list[Array]:
    """What the backward ops hand to each input that takes a gradient."""
    (output,) = run(kind, inputs, attrs, [(0,)])
    stated = find(kind)
    wanted = [place for place in stated.differentiable if place < len(inputs)]
    shapes = [inputs[place].shape for place in wanted]
    if len(stated.backward) == 2:
        to_input, to_weight = (each.name for each in stated.backward)
        routes = [inputs[place] for place in range(2, len(inputs)) if place not in stated.differentiable]
        (of_input,) = run(to_input, [incoming, inputs[1], *routes], attrs, shapes[:1])
        return [of_input, *run(to_weight, [inputs[0], incoming, *routes], attrs, shapes[1:])]
    saved = [inputs[place] for place in stated.needs if place < len(inputs)] + [output] * stated.needs_output
    given = saved if stated.is_loss else [incoming, *saved]
    return list(run(stated.backward[0].name, given, attrs, shapes))


@pytest.mark.parametrize("kind", CASES)
@given(seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=20)
def test_gradients_are_central_differences(kind: str, seed: int) -> None:
    for make, attrs in CASES[kind]:
        draw = np.random.default_rng(seed)
        inputs = make(draw)
        (output,) = run(kind, inputs, attrs, [(0,)])
        incoming = np.ones(1) if find(kind).is_loss else draw.normal(size=output.shape)
        places = [place for place in find(kind).differentiable if place < len(inputs)]
        found = gradients(kind, inputs, attrs, incoming)
        if kind == "combine":  # the gates' gradient of experts that a token is not sent to is not one
            found[1] = found[1] * (inputs[1] != 0)
        for place, gradient in zip(places, found, strict=True):
            assert gradient.shape == inputs[place].shape
            direction = draw.normal(size=gradient.shape) * (inputs[place] != 0)

            moved = [
                run(kind, [*inputs[:place], inputs[place] + h * direction, *inputs[place + 1 :]], attrs, [(0,)])[0]
                for h in (STEP, -STEP)
            ]
            numeric = float((incoming * (moved[0] - moved[1])).sum()) / (2 * STEP)
            scale = float(np.abs(gradient * direction).sum()) + 1.0
            assert float((gradient * direction).sum()) == pytest.approx(numeric, abs=1e-6 * scale)


def test_every_kind_with_a_gradient_is_among_the_cases() -> None:
    assert CASES.keys() == {name for name, kind in kinds().items() if kind.backward}


def test_gradients_that_meet_are_added() -> None:
    first, second, third = (np.full((2, 3), value) for value in (1.0, 2.0, 4.0))
    np.testing.assert_array_equal(run("accumulate", [first, second, third], {}, [(2, 3)])[0], np.full((2, 3), 7.0))
    np.testing.assert_array_equal(first, np.ones((2, 3)))


def test_a_weight_without_places_elsewhere_gets_no_gradient_there() -> None:
    x, gradient, places = np.ones((2, 3)), np.ones((2, 4)), np.eye(3, 4) > 0
    (of_weight,) = run("linear_grad_weight", [x, gradient, places], {}, [(3, 4)])
    np.testing.assert_array_equal(of_weight, 2.0 * np.eye(3, 4))


def test_what_is_left_to_numerics_and_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(functions._REGISTERED, "gelu")
    op = Op(name="op", kind="gelu", inputs=("x",), outputs=("y",))
    with pytest.raises(SpecError, match="which leaves its function to numerics; there is none"):
        function_of(op)
