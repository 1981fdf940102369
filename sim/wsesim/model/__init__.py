"""Transformer shapes and their graphs."""

from wsesim.model.alike import LayerKind, counts_of, fullest_of, layer_kinds, with_layers
from wsesim.model.build import build_graph, parameters
from wsesim.model.hf import read_hf_config
from wsesim.model.hf_write import hf_config
from wsesim.model.presets import load_preset, model_names
from wsesim.model.spec import EXTRAS, Model, choices

__all__ = [
    "EXTRAS",
    "LayerKind",
    "Model",
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
