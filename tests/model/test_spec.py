from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from wsesim.errors import SpecError
from wsesim.model import ModelSpec

SIZES: dict[str, Any] = {
    "name": "m", "layers": 2, "width": 8, "heads": 4, "kv_heads": 2, "head_width": 2, "ffn_width": 32, "vocab": 11,
    "max_length": 16,
}  # fmt: skip


def test_widths_of_the_attention() -> None:
    model = ModelSpec(**SIZES)
    assert model.attention_width == 8
    assert model.qkv_width == 8 + 2 * 4


@pytest.mark.parametrize("name", ["layers", "width", "heads", "kv_heads", "head_width", "ffn_width", "vocab",
                                  "max_length", "classes", "masked", "norm_epsilon", "rotary_base"])  # fmt: skip
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_sizes_are_positive(name: str, value: float) -> None:
    with pytest.raises(SpecError, match=f"{name} must be positive, got {value}"):
        ModelSpec(**SIZES | {name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kv_heads": 3}, "kv_heads = 3 does not divide heads = 4"),
        ({"rotary_width": 4}, "rotary_width must be even and at most head_width = 2"),
        ({"rotary_width": 1}, "rotary_width must be even and at most head_width = 2"),
        ({"position": "rotary", "head_width": 3}, "head_width must be even for rotary positions, got 3"),
        ({"token_types": -1}, "token_types must not be negative, got -1"),
        ({"token_budget": 0}, "token_budget must be positive, got 0"),
        ({"block": "parallel", "norm_order": "post"}, "norm_order must be pre in a parallel block"),
        (
            {"activation": "gelu_new"},
            "activation must be one of geglu, geglu_tanh, gelu, gelu_tanh, reglu, relu, relu2, silu, swiglu, "
            "swiglu_bounded; got 'gelu_new', did you mean",
        ),
        ({"norm": "batch_norm"}, "norm must be one of"),
        ({"position": "fixed"}, "position must be one of"),
        ({"window": -1}, "window must not be negative"),
        ({"attention_cap": float("nan")}, "attention_cap must not be negative, got nan"),
        ({"head_norm": True, "wide_norm": True}, "wide_norm and head_norm cannot both be"),
        ({"head_norm": True, "head_layer_norm": True}, "head_layer_norm and head_norm cannot both be"),
        ({"untied_norms": True}, "untied_norms is of parallel blocks"),
        ({"position": "alibi", "position_offset": 2}, "position_offset is of a table of positions"),
        ({"router_bias": True}, "router_bias is of a mixture of experts"),
        ({"experts": 2, "shared_gate": True}, "shared_gate weighs a shared network"),
        ({"window": 4, "causal": False}, "window looks back"),
        ({"block": "ladder"}, "block must be one of"),
        ({"norm_order": "sandwich"}, "norm_order must be one of"),
        ({"task": "clm"}, "task must be one of lm, classify, mlm, tag, embed"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        ModelSpec(**SIZES | changes)
    assert str(caught.value).startswith(message)


def test_a_model_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        ModelSpec(**SIZES).layers = 3  # type: ignore[misc]
