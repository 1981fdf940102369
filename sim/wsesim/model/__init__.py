"""Transformer shapes and their graphs.

Importing this package is cheap: what reads and writes files of Hugging Face is imported by the function that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wsesim.model.alike import LayerKind, counts_of, fullest_of, layer_kinds, with_layers
from wsesim.model.build import build_graph, parameters
from wsesim.model.presets import load_preset, model_names
from wsesim.model.spec import EXTRAS, ModelSpec, choices

__all__ = [
    "EXTRAS",
    "LayerKind",
    "ModelSpec",
    "build_graph",
    "choices",
    "counts_of",
    "fullest_of",
    "hf_config",
    "layer_kinds",
    "load_preset",
    "model_names",
    "parameters",
    "read_hf_config",
    "with_layers",
]


def read_hf_config(path: str | Path, *, task: str | None = None) -> ModelSpec:
    """Return the model that the `config.json` at *path* describes.

    The task is the one of its `architectures`, or *task*; what is not followed stands in the model's `notes`,
    what of it changes numbers in `differs`.

    Raises:
        InputError: the file is missing, over 1 MiB or not JSON; a key is missing or wrong; something is not supported.
    """
    from wsesim.model.hf import read_hf_config

    return read_hf_config(path, task=task)


def hf_config(model: ModelSpec) -> Mapping[str, object]:
    """Return what the config.json of *model* says; there is no dropout.

    Raises:
        SpecError: naming a field that GPT-2 has otherwise, so that the file could not say it.
    """
    from wsesim.model.hf_write import hf_config

    return hf_config(model)
