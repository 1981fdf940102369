"""The kernels of a GPT compute what NumPy computes, on any rectangle, and their closed forms give the cores' cycles."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from wsesim.answer import Level
from wsesim.cores.programs import PROGRAMS, KernelOutcome, run_kernel
from wsesim.errors import InputError
from wsesim.hardware import Wafer, load_cluster

MACHINES: list[Wafer] = [load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")]
WAFER = MACHINES[1]
MEDIAN, WORST = 0.03, 0.10
"""How far a closed form may be from the cores."""
FEATURES = ("layer-norm", "rms-norm", "softmax", "gelu", "silu-gate", "residual", "rotary", "cross-entropy")
NAMES = (*FEATURES, "attention-decode", "attention-prefill", "embedding", "gpt-layer")
GRIDS = ((1, 1), (2, 1), (1, 3), (5, 2), (8, 3), (13, 1))


def shape_of(name: str, random: np.random.Generator) -> tuple[int, ...]:
    """Return a small shape that the kernel can have."""
    few, some, more = (int(random.integers(1, most)) for most in (5, 9, 30))
    if name == "rotary":
        return more, 2 * int(random.integers(1, 60))
    if name in FEATURES:
        return more, int(random.integers(1, 90))
    if name == "embedding":
        return 8 + more, int(random.integers(1, 60)), more
    return (some, few * int(random.integers(1, 5)), few) if name == "gpt-layer" else (few, some, more)


def options_of(name: str, random: np.random.Generator) -> dict[str, str]:
    """Return options, each chosen at random."""
    choices = {
        "group": [str(size) for size in range(1, 9)], "precision": ["fp32", "mixed"], "form": ["erf", "tanh"],
        "mask": ["causal", "none"],
    }  # fmt: skip
    return {option: str(random.choice(choices[option])) for option in PROGRAMS[name].options}


def check(found: KernelOutcome, options: dict[str, str]) -> None:
    assert found.right, (found.agreement, options)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", NAMES)
def test_values_are_those_of_numpy(name: str, grid: tuple[int, int]) -> None:
    random = np.random.default_rng(sum(grid))
    for seed in range(2):
        shape, options = shape_of(name, random), options_of(name, random)
        check(run_kernel(name, WAFER, grid, shape, options=options, seed=seed), options)


@pytest.mark.parametrize("name", NAMES)
def test_the_closed_form_meets_the_cores(name: str) -> None:
    random, errors = np.random.default_rng(1), []
    small = name in ("gpt-layer", "attention-decode", "attention-prefill")
    for number in range(24):
        grid = (int(random.integers(1, 9 if small else 20)), int(random.integers(1, 6 if small else 4)))
        shape, options = shape_of(name, random), options_of(name, random)
        found = run_kernel(name, MACHINES[number % 3], grid, shape, options=options, seed=number)
        check(found, options)
        errors.append(abs(found.closed_cycles / found.cycles - 1))
    assert statistics.median(errors) <= MEDIAN
    assert max(errors) <= WORST


def test_what_does_not_travel_is_timed_to_the_cycle() -> None:
    random = np.random.default_rng(2)
    for name in ("gelu", "silu-gate", "residual", "rotary"):
        for wafer in MACHINES:
            options = options_of(name, random)
            found = run_kernel(name, wafer, (3, 2), shape_of(name, random), options=options)
            assert found.closed_cycles == found.cycles, (name, options)


def test_rows_of_a_table_arrive_as_they_are() -> None:
    assert run_kernel("embedding", WAFER, (3, 5), (20, 30, 7)).right


def test_more_tokens_and_columns_than_features_are_no_matter() -> None:
    for name in FEATURES:
        assert run_kernel(name, WAFER, (9, 4), (3, 2)).right
    assert run_kernel("gpt-layer", WAFER, (6, 5), (2, 4, 2)).right
    assert run_kernel("attention-decode", WAFER, (7, 6), (2, 2, 3)).right
    assert run_kernel("embedding", WAFER, (4, 7), (2, 3, 1)).right


def test_a_segment_of_columns_keeps_its_heads_to_itself() -> None:
    apart = run_kernel("attention-prefill", WAFER, (8, 2), (2, 16, 8))
    together = run_kernel("attention-prefill", WAFER, (7, 2), (2, 16, 8))
    assert apart.right
    assert together.right
    assert apart.wavelet_hops < together.wavelet_hops


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("softmax", (4,), "softmax takes tokens and features, for example 64 x 128; got 4"),
        ("rotary", (4, 3), "rotary takes tokens and features (a multiple of 2), for example 64 x 128; got 4 x 3"),
        ("embedding", (4, 3), "embedding takes tokens, vocabulary and features, for example 16 x 100 x 32"),
        ("attention-decode", (4, 0, 3), "attention-decode takes heads, features of a head and positions"),
        ("attention-prefill", (), "attention-prefill takes heads, features of a head and tokens"),
        ("gpt-layer", (8, 32, 5), "gpt-layer takes tokens, width, and heads that divide it"),
    ],
)
@pytest.mark.parametrize("level", ["cores", "closed"])
def test_shapes_that_cannot_be_are_messages(name: str, shape: tuple[int, ...], message: str, level: Level) -> None:
    with pytest.raises(InputError) as caught:
        run_kernel(name, WAFER, (2, 2), shape, level=level)
    assert message in str(caught.value)


@pytest.mark.parametrize(("name", "option"), [("gelu", "form"), ("layer-norm", "precision"), ("gpt-layer", "form")])
@pytest.mark.parametrize("level", ["cores", "closed"])
def test_options_that_cannot_be_are_messages(name: str, option: str, level: Level) -> None:
    shape = (4, 4, 2) if name == "gpt-layer" else (4, 4)
    with pytest.raises(InputError, match=f"option {option} must be one of"):
        run_kernel(name, WAFER, (2, 1), shape, options={option: "x"}, level=level)
