"""What formats lose is what was measured: half precision drops small gradients, and a scale brings them back."""

from dataclasses import replace

import numpy as np
import pytest

from wsesim.graph import with_training
from wsesim.model import build_graph, load_preset
from wsesim.numerics import AdamW, NamedArrays, Schedule, SeededWeights, Storage, execute, step, token_inputs
from wsesim.numerics.precision import InPrecision, Lost
from wsesim.numerics.rounding import FORMATS, rounded

SMALL = replace(load_preset("gpt2"), layers=2, width=64, heads=4, kv_heads=4, head_width=16, ffn_width=256, vocab=500,
                max_length=64)  # fmt: skip
GRAPH = with_training(build_graph(SMALL, sequences=2, length=32))
TOKENS = token_inputs(GRAPH, np.random.default_rng(0).integers(0, 500, (2, 32)))
WEIGHTS = SeededWeights(GRAPH, 0)
ADAMW = AdamW(schedule=Schedule(peak=1e-3))
PASSES = InPrecision(GRAPH, WEIGHTS, TOKENS, labels=120 * 2048)


def gradients(storage: Storage, loss_scale: float = 1.0) -> list[Lost]:
    return [one for one in PASSES.lost(storage, loss_scale=loss_scale) if one.backward]


def worst(name: str, losses: list[Lost]) -> float:
    return float(max(getattr(one, name) for one in losses))


def test_half_precision_loses_gradients_and_a_scale_brings_them_back() -> None:
    bare, scaled = gradients(Storage(format="fp16")), gradients(Storage(format="fp16"), 2.0**15)
    assert worst("vanished", bare) > 0.9
    assert worst("error", bare) > 0.3
    assert worst("vanished", scaled) < 0.01
    assert worst("error", scaled) < 0.003


def test_the_machines_format_needs_no_scale_unless_small_numbers_become_zero() -> None:
    kept, flushed = gradients(Storage(format="cb16")), gradients(Storage(format="cb16", subnormals=False))
    assert worst("error", kept) < 0.005
    assert worst("vanished", kept) < 0.01
    assert worst("vanished", flushed) > 0.1
    assert worst("vanished", gradients(Storage(format="cb16", subnormals=False), 2.0**15)) < 0.01


def test_errors_are_in_the_order_of_the_bits_that_are_kept() -> None:
    ways = [Storage(format=name) for name in ("fp32", "fp16", "cb16", "bf16")]
    errors = [worst("error", gradients(way, 2.0**15)) for way in ways]
    assert errors == sorted(errors)
    assert errors[0] < 1e-5
    for way, error in zip(ways[1:], errors[1:], strict=True):
        assert way.kept.unit_roundoff / 2 < error < 10 * way.kept.unit_roundoff


def test_what_is_too_large_for_a_format_is_counted() -> None:
    assert worst("overflowed", gradients(Storage(format="fp16"), 2.0**40)) > 0
    assert worst("overflowed", gradients(Storage(format="bf16"), 2.0**40)) == 0


@pytest.mark.parametrize("name", ["fp16", "bf16", "cb16"])
def test_every_tensor_that_is_kept_has_the_format(name: str) -> None:
    storage = Storage(format=name)
    kept = [tensor.name for block in GRAPH.blocks for tensor in block.tensors.values() if tensor.role == "activation"
            and tensor.dtype != "fp32"]  # fmt: skip
    found = execute(build_graph(SMALL, sequences=2, length=32), WEIGHTS, TOKENS, keep=kept, storage=storage)
    assert found.kept
    for array in found.kept.values():
        assert np.array_equal(rounded(array, FORMATS[name]), array)


def test_the_optimizers_own_weights_stay_exact_and_a_seed_gives_the_same_bits() -> None:
    def trained(seed: int) -> NamedArrays:
        arrays = NamedArrays.begin(GRAPH, WEIGHTS)
        storage = Storage(format="cb16", stochastic=True, seed=seed)
        step(GRAPH, arrays, [TOKENS], ADAMW, 1, storage=storage)
        return arrays

    one, other, third = (trained(seed).arrays for seed in (0, 0, 1))
    assert all(np.array_equal(one[key], other[key]) for key in one)
    assert any(not np.array_equal(one[key], third[key]) for key in one)
    weight = one["layer", 0, "ffn.up.weight"]
    assert not np.array_equal(rounded(weight.astype(np.float32), FORMATS["cb16"]), weight)


def test_recompute_gives_the_same_bits_in_any_format() -> None:
    def losses(*, recompute: bool) -> list[float]:
        arrays = NamedArrays.begin(GRAPH, WEIGHTS)
        return [
            float(step(GRAPH, arrays, [TOKENS], ADAMW, number, recompute=recompute,
                       storage=Storage(format="bf16")).norm)
            for number in (1, 2)
        ]  # fmt: skip

    assert losses(recompute=False) == losses(recompute=True)


def test_full_precision_changes_nothing() -> None:
    arrays = NamedArrays.begin(GRAPH, WEIGHTS)
    plain = step(GRAPH, arrays, [TOKENS], ADAMW, 1).norm
    again = NamedArrays.begin(GRAPH, WEIGHTS)
    assert step(GRAPH, again, [TOKENS], ADAMW, 1, storage=Storage(format="fp32")).norm == plain
