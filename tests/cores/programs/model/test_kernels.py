"""The kernels of a GPT: heads that keep to themselves, and questions that cannot be."""

from __future__ import annotations

import pytest

from wsesim.answer import Level
from wsesim.cores.programs import run_kernel
from wsesim.errors import InputError
from wsesim.hardware import Wafer, load_cluster

MACHINES: list[Wafer] = [load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")]
WAFER = MACHINES[1]


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
