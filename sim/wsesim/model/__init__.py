"""Transformer shapes and their graphs."""

from wsesim.model.build import build_graph
from wsesim.model.counts import megatron_forward_flops, megatron_parameters, megatron_training_flops, parameters
from wsesim.model.hf import read_hf_config
from wsesim.model.presets import load_preset, model_names
from wsesim.model.spec import Model

__all__ = [
    "Model",
    "build_graph",
    "load_preset",
    "megatron_forward_flops",
    "megatron_parameters",
    "megatron_training_flops",
    "model_names",
    "parameters",
    "read_hf_config",
]
