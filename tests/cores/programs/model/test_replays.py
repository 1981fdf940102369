"""What cores are compared with, NumPy in their order and rounding, is what the kernels mean in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from math import erf

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.kit import exact, replay
from wsesim.cores.kit.base import Array, gather
from wsesim.cores.programs import PROGRAMS, KernelCase
from wsesim.cores.programs.model import cross_entropy, gelu, layer_norm, rms_norm, rotary, silu_gate, softmax, steps
from wsesim.cores.programs.model.feature import FeatureLayout
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-2").cluster.wafer
LAYOUT = FeatureLayout(columns=3, rows=2, tokens=7, features=22)
CLOSE = 3e-6
"""Of values of a few units, in fp32."""
HALF = 2e-3


def shares(x: Array) -> Array:
    grown = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(grown / grown.sum(-1, keepdims=True))


def norm(x: Array) -> Array:
    return np.asarray(x / np.sqrt(np.square(x).mean(-1, keepdims=True) + steps.EPSILON))


MEANT: dict[str, tuple[object, dict[str, str], Callable[[dict[str, Array]], Array]]] = {
    "softmax": (softmax, {}, lambda given: shares(given["x"])),
    "rms-norm": (rms_norm, {}, lambda given: norm(given["x"]) * given["scale"]),
    "layer-norm": (
        layer_norm, {},
        lambda given: norm((x := given["x"]) - x.mean(-1, keepdims=True)) * given["scale"]
        + given["bias"],
    ),
    "silu-gate": (
        silu_gate, {},
        lambda given: (x := given["gate"]) / (1 + np.exp(-x)) * given["up"],
    ),
    "gelu-erf": (
        gelu, {"form": "erf"}, lambda given: (x := given["x"]) / 2 * (1 + np.vectorize(erf)(x / 2**0.5)),
    ),
    "gelu-tanh": (
        gelu, {"form": "tanh"},
        lambda given: (x := given["x"]) / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))),
    ),
    "cross-entropy": (
        cross_entropy, {},
        lambda given: np.broadcast_to(
            -np.log(shares(given["x"]))[np.arange(7), given["labels"].astype(int)]
            [:, None], (7, 3),
        ),
    ),
    "rotary": (
        rotary, {},
        lambda given: np.ascontiguousarray(
            given["x"].view(np.complex128)
            * np.exp(1j * np.arange(7)[:, None] * 1e4 ** (-np.arange(0, 22, 2) / 22))
        ).view(np.float64),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANT)
def test_replays_are_what_is_meant(name: str) -> None:
    module, chosen, meant = MEANT[name]
    for precision, close in (("fp32", CLOSE), ("mixed", HALF)):
        options = {**chosen, "precision": precision}
        program = module.PROGRAM  # type: ignore[attr-defined]
        case = KernelCase(program=program, wafer=WAFER, grid=(3, 2), shape=(7, 22), options=options)
        drawn = module.operands(replace(LAYOUT, options=options), np.random.default_rng(0))  # type: ignore[attr-defined]
        wanted = meant({operand: values.astype(float) for operand, values in drawn.items()})
        assert np.abs(case.load().expected - wanted).max() < close * max(1, np.abs(wanted).max()), precision


@pytest.mark.parametrize("causal", [True, False])
def test_attention_is_what_is_meant(causal: bool) -> None:
    load = PROGRAMS["attention-prefill"].prepare
    assert load is not None
    prepared = load(WAFER, (3, 2), (2, 5, 7), {"mask": "causal" if causal else "none"}, 0)
    layout = FeatureLayout(columns=3, rows=2, tokens=7, features=10)
    q, k, v = (layout.take(gather(prepared.machine, name)) for name in "qkv")
    for head in (np.s_[:, :5], np.s_[:, 5:]):
        scores = q[head] @ k[head].T / 5**0.5
        meant = shares(np.where(np.tri(7) > 0, scores, -np.inf) if causal else scores) @ v[head]
        assert np.abs(prepared.expected[head] - meant).max() < CLOSE


def test_decoding_is_what_is_meant() -> None:
    load = PROGRAMS["attention-decode"].prepare
    assert load is not None
    prepared = load(WAFER, (2, 1), (1, 6, 8), {}, 0)
    q, k, v = (gather(prepared.machine, name)[0] for name in ("query", "keys", "values"))
    keys, values = k.reshape(6, 8), v.reshape(2, 8, 4)[..., :3]
    meant = np.einsum("k,ckf->cf", shares(q.reshape(6) @ keys / 6**0.5), values)
    assert np.abs(prepared.expected[0] - meant).max() < CLOSE


def test_a_tree_adds_what_it_is_given() -> None:
    parts = np.random.default_rng(0).integers(-99, 99, (13, 4)).astype(np.float32)
    for group in range(1, 14):
        assert (replay.line_sum(parts, group) == parts.sum(0)).all()


def test_the_order_of_a_tree_is_seen() -> None:
    parts = np.random.default_rng(0).standard_normal((13, 400), np.float32)
    assert (replay.line_sum(parts, 3) != replay.line_sum(parts, 4)).any()


@pytest.mark.parametrize("kind", [isa.F32, isa.F16])
@pytest.mark.parametrize("depth", [1, 7, 500, 2048, 60_000, 200_000])
def test_sums_are_exact_on_the_way(kind: int, depth: int) -> None:
    random = np.random.default_rng(depth)
    a, b = (exact.factors(random, (depth,), kind, depth) for _ in range(2))
    sums = np.abs(np.cumsum(a * b))
    assert sums.max() <= exact.EXACT[kind]
    assert np.abs(np.cumsum(exact.terms(random, (depth,), kind, depth))).max() <= exact.EXACT[kind]
    if depth < 60_000 or kind == isa.F32:
        assert (a * b != 0).all()


def test_the_compiled_exponential_is_that_of_the_c_library() -> None:
    numba = pytest.importorskip("numba")

    @numba.njit  # type: ignore[untyped-decorator]
    def compiled(values: object, found: object) -> None:
        for number in range(len(values)):  # type: ignore[arg-type]
            found[number] = math.exp(values[number])  # type: ignore[index]

    values = np.random.default_rng(0).uniform(-100, 88, 200_000).astype(np.float32)
    found = np.empty(len(values))
    compiled(values.astype(np.float64), found)
    assert (found.astype(np.float32) == replay.exponential(values)).all()
