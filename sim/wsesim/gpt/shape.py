"""Sizes under the names that a model class gives them, as a `ModelSpec`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from wsesim.errors import SpecError, require_choice, require_not_negative, require_positive, require_whole
from wsesim.model import ModelSpec
from wsesim.numerics import EXACT, FORMATS, Storage

DEFAULTS: Mapping[str, Any] = MappingProxyType({
    "num_classes": 0, "hidden_size": None, "vocab_size": 50257, "max_position_embeddings": 2048, "filter_size": None,
    "activation": "gelu", "layer_norm_epsilon": 1e-5, "dtype": "float32", "precision": None, "seed": 0,
})  # fmt: skip
"""What may be left out, and what it is then: GPT-2's vocabulary, Cerebras-GPT's positions, GELU and epsilon."""
NEEDED = ("num_layers", "num_heads")
HEAD_WIDTH, FILTERS = 64, 4
"""Width of a head and filters for each of the width where nothing is said: as in most of Cerebras-GPT."""
_NO_CLASSES = 2
"""What a model that has no classes has in that field."""
_CALLED = {
    "layers": "num_layers", "heads": "num_heads", "width": "hidden_size", "ffn_width": "filter_size",
    "vocab": "vocab_size", "max_length": "max_position_embeddings", "classes": "num_classes",
    "norm_epsilon": "layer_norm_epsilon",
}  # fmt: skip


def model_of(sizes: Mapping[str, Any]) -> ModelSpec:
    """Return the shape that `NEEDED` and `DEFAULTS` say; `hidden_size` is 64 a head, `filter_size` four times that.

    Raises:
        SpecError: a size that no model has, by the name it has here.
    """
    layers, heads, classes = (require_whole(name, sizes[name]) for name in (*NEEDED, "num_classes"))
    require_positive(num_layers=layers, num_heads=heads)
    require_not_negative(num_classes=classes)
    width = _size("hidden_size", sizes["hidden_size"], HEAD_WIDTH * heads)
    if width % heads:
        raise SpecError("hidden_size", f"= {width} is not a multiple of num_heads = {heads}")
    try:
        return ModelSpec(
            name=f"cerebras-gpt-{layers}x{width}", layers=layers, width=width, heads=heads, kv_heads=heads,
            head_width=width // heads, ffn_width=_size("filter_size", sizes["filter_size"], FILTERS * width),
            vocab=require_whole("vocab_size", sizes["vocab_size"]), activation=sizes["activation"],
            max_length=require_whole("max_position_embeddings", sizes["max_position_embeddings"]),
            norm_epsilon=sizes["layer_norm_epsilon"],
            task="classify" if classes else "lm", classes=classes or _NO_CLASSES,
        )  # fmt: skip
    except SpecError as error:
        raise SpecError(_CALLED.get(error.name, error.name), error.message) from None


def sizes_of(model: ModelSpec) -> dict[str, Any]:
    """Return the sizes of a model under the names they have here."""
    sizes = {there: getattr(model, here) for here, there in _CALLED.items()}
    return {**sizes, "num_classes": model.classes if model.task == "classify" else 0, "activation": model.activation}


def dtype_of(name: Any) -> np.dtype[Any]:
    """Return the type that is computed in.

    Raises:
        SpecError: not float32 or float64.
    """
    called = getattr(name, "__name__", str(name))
    require_choice("dtype", called, ("float32", "float64"))
    return np.dtype(np.float64 if called == "float64" else np.float32)


def storage_of(precision: Any, dtype: np.dtype[Any]) -> Storage:
    """Return how tensors are kept between ops.

    Raises:
        SpecError: a format that is not known, or one of 16 bits for numbers of 64.
    """
    if precision is None:
        return EXACT
    require_choice("precision", precision, [name for name in FORMATS if name != EXACT.format])
    if dtype != np.float32:
        raise SpecError("precision", f"= {precision} rounds float32, and dtype is {dtype.name}")
    return Storage(format=precision)


def _size(name: str, value: Any, usual: int) -> int:
    found = usual if value is None else require_whole(name, value)
    require_positive(**{name: found})
    return found
