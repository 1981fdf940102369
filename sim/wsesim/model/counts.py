"""Parameters of a model, and published closed forms for a GPT's, to hold the graph's own counts against.

Narayanan et al. 2021, arXiv 2104.04473, with l layers, width h, vocabulary V, s tokens a sequence, B sequences:

    parameters          12 l h² (1 + 13/(12h) + (V + s)/(12 l h))
    FLOPs of a step     96 B s l h² (1 + s/(6h) + V/(16 l h))

The step counts every layer four times (forward, backward twice, and forward again, as activations are recomputed) and
the head three times. Without recomputing, forward is 24 B s l h² (1 + s/(6h) + V/(12 l h)) and a step is three of it.
Here the forms are multiplied out, so that they are whole numbers. They leave out the final norm (2h parameters) and
everything elementwise, and count attention in full, not halved for causality.
"""

from __future__ import annotations

from wsesim.errors import SpecError
from wsesim.model.build import build_graph
from wsesim.model.spec import Model


def parameters(model: Model) -> int:
    """Return how many numbers training adjusts, a tied table counted once, the task's head included."""
    return build_graph(model, sequences=1, length=1).parameters()


def megatron_parameters(model: Model, length: int) -> int:
    """Return the parameters of a GPT with `length` learned positions, by the closed form.

    Raises:
        SpecError: the model is not of the shape the form is for.
    """
    _require_gpt(model)
    return 12 * model.layers * model.width**2 + 13 * model.layers * model.width + (model.vocab + length) * model.width


def megatron_forward_flops(model: Model, sequences: int, length: int) -> int:
    """Return the FLOPs of one forward pass over `sequences` x `length` tokens, by the closed form.

    Raises:
        SpecError: the model is not of the shape the form is for.
    """
    return _layer_flops(model, sequences, length) + _head_flops(model, sequences, length)


def megatron_training_flops(model: Model, sequences: int, length: int, *, recompute: bool = False) -> int:
    """Return the FLOPs of one training step on `sequences` x `length` tokens, by the closed form.

    Args:
        model: A GPT.
        sequences: Sequences in the batch.
        length: Tokens of a sequence.
        recompute: Whether the backward pass computes each layer's activations again.

    Raises:
        SpecError: the model is not of the shape the form is for.
    """
    sweeps = 4 if recompute else 3
    return sweeps * _layer_flops(model, sequences, length) + 3 * _head_flops(model, sequences, length)


def _layer_flops(model: Model, sequences: int, length: int) -> int:
    _require_gpt(model)
    tokens = sequences * length
    return 24 * tokens * model.layers * model.width**2 + 4 * tokens * length * model.layers * model.width


def _head_flops(model: Model, sequences: int, length: int) -> int:
    return 2 * sequences * length * model.vocab * model.width


def _require_gpt(model: Model) -> None:
    """Refuse a model with other terms than the closed forms have."""
    wanted = {
        "kv_heads": model.heads, "attention_width": model.width, "ffn_width": 4 * model.width,
        "norm": "layer_norm", "position": "learned", "block": "sequential", "norm_order": "pre", "bias": True,
        "attention_bias": True, "head_norm": False, "tied": True, "token_types": 0, "task": "lm",
    }  # fmt: skip
    for name, value in wanted.items():
        if (found := getattr(model, name)) != value:
            raise SpecError(name, f"must be {value} for the closed form of a GPT, got {found}")
    if model.gated:
        raise SpecError("activation", f"must have no gate for the closed form of a GPT, got {model.activation}")
