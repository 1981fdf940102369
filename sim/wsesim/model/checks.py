"""What cannot be of a model's shape, beyond sizes and choices."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from wsesim.errors import SpecError, require_positive
from wsesim.graph import packing_of

if TYPE_CHECKING:
    from wsesim.model.spec import ModelSpec


def check_extras(model: ModelSpec) -> None:
    """Refuse what cannot be of the parts that most models have not.

    Raises:
        SpecError: named by the field.
    """
    for name in ("position_offset", "embed_width", "shared_width", "adapter_rank", "window", "full_every",
                 "attention_scale", "attention_cap", "logits_cap", "stored_less", "latent_rank", "query_rank",
                 "value_width", "dense_layers", "dense_width", "router_groups", "router_groups_kept", "rotary_factor",
                 "rotary_trained", "still_every", "rotary_window_base"):  # fmt: skip
        if not 0 <= getattr(model, name) < inf:
            raise SpecError(name, f"must not be negative, got {getattr(model, name)}")
    require_positive(
        embed_scale=model.embed_scale,
        residual_scale=model.residual_scale,
        logits_scale=model.logits_scale,
        adapter_scale=model.adapter_scale,
        router_scale=model.router_scale,
        rotary_scale=model.rotary_scale,
        rotary_fast=model.rotary_fast,
        rotary_slow=model.rotary_slow,
    )
    normed = [name for name in ("wide_norm", "head_layer_norm", "head_norm") if getattr(model, name)]
    if len(normed) > 1:
        raise SpecError(normed[0], f"and {normed[1]} cannot both be: queries and keys are normed once")
    if model.untied_norms and model.block != "parallel":
        raise SpecError("untied_norms", "is of parallel blocks: in a sequential one each half has its norm")
    if model.position_offset and model.position != "learned":
        raise SpecError("position_offset", "is of a table of positions: position is " + model.position)
    of_experts = {"shared_width": 0, "router_bias": False, "router": "chosen", "router_groups": 0, "router_scale": 1.0,
                  "router_shift": False, "dense_layers": 0}  # fmt: skip
    for name, usual in of_experts.items():
        if getattr(model, name) != usual and not model.experts:
            raise SpecError(name, "is of a mixture of experts: experts = 0")
    _check_rotary(model)
    if model.shared_gate and not model.shared_width:
        raise SpecError("shared_gate", "weighs a shared network: shared_width = 0")
    if model.adapter_rank > min(model.width, model.ffn_width):
        raise SpecError("adapter_rank", f"must be below the matrices' sizes, got {model.adapter_rank}")
    if model.adapter_rank and model.adapted == "all" and model.experts:
        raise SpecError("adapted", "= all is not modelled of experts, of which each would have adapters of its own")
    if model.still_every and (model.position != "rotary" or model.latent_rank or model.dense_layers):
        raise SpecError("still_every", "is of layers that turn, without a latent vector, all with the same networks")
    if model.weight_format:
        packing_of(model.weight_format)
        if model.sparsity:
            raise SpecError("weight_format", "beside sparsity is not modelled: packed matrices are whole")
    if model.window and not model.causal:
        raise SpecError("window", "looks back: here a token sees those after it")


def _check_rotary(model: ModelSpec) -> None:
    linear = model.rotary_scaling == "linear"
    if bool(model.rotary_factor) != bool(model.rotary_trained) and not (linear and model.rotary_factor):
        raise SpecError("rotary_factor", "and rotary_trained go together: how often more positions than how many")
    if model.rotary_scaling == "llama3" and model.rotary_fast <= model.rotary_slow:
        raise SpecError("rotary_fast", f"must be above rotary_slow = {model.rotary_slow:g}, got {model.rotary_fast:g}")
    if model.rotary_window_base and not model.window:
        raise SpecError("rotary_window_base", "is of layers with a window: window = 0")


def check_experts(model: ModelSpec) -> None:
    """Refuse mixtures of experts that cannot be.

    Raises:
        SpecError: named by the field.
    """
    if model.experts < 0:
        raise SpecError("experts", f"must not be negative, got {model.experts}")
    if not 1 <= model.experts_per_token <= max(1, model.experts):
        message = f"must be from 1 to experts = {model.experts}, got {model.experts_per_token}"
        raise SpecError("experts_per_token", message)
    if not 1 <= model.expert_imbalance <= max(1.0, model.experts / model.experts_per_token):
        most = f"experts / experts_per_token = {max(1.0, model.experts / model.experts_per_token):g}"
        raise SpecError("expert_imbalance", f"must be from 1 to {most}, got {model.expert_imbalance}")
    _check_groups(model)
    if bool(model.dense_layers) != bool(model.dense_width):
        raise SpecError("dense_width", "and dense_layers go together: how wide, and how many")
    if model.dense_layers and model.dense_layers >= model.layers:
        raise SpecError("dense_layers", f"must be fewer than layers = {model.layers}, got {model.dense_layers}")
    if model.dense_layers and (model.window or model.scale_by_layer or model.block == "parallel"):
        raise SpecError("dense_layers", "beside windows, scales by layer or parallel halves are not modelled")


def _check_groups(model: ModelSpec) -> None:
    groups, kept = model.router_groups, model.router_groups_kept
    if not groups and not kept:
        return
    if not groups or model.experts % groups:
        raise SpecError("router_groups", f"must divide experts = {model.experts}, got {groups}")
    if not 1 <= kept <= groups or kept * (model.experts // groups) < model.experts_per_token:
        message = f"must be from 1 to router_groups = {groups} with room for experts_per_token, got {kept}"
        raise SpecError("router_groups_kept", message)
    if model.router == "sigmoid" and model.experts // groups < 2:
        raise SpecError("router_groups", "must leave two experts or more to each group, whose best two are looked at")


def check_latent(model: ModelSpec) -> None:
    """Refuse latent attention that cannot be.

    Raises:
        SpecError: named by the field.
    """
    if not model.latent_rank:
        for name in ("query_rank", "value_width"):
            if getattr(model, name):
                raise SpecError(name, "is of attention with a latent vector: latent_rank = 0")
        return
    if model.kv_heads != model.heads:
        raise SpecError("kv_heads", "must be heads: with a latent vector each head has keys and values of its own")
    if model.position != "rotary" or not 0 < model.rotary_width < model.head_width:
        raise SpecError("rotary_width", f"must be from 2 to below head_width = {model.head_width}: that key is shared")
    others = {"head_norm": False, "wide_norm": False, "head_layer_norm": False, "sinks": False, "window": 0,
              "scale_by_layer": False, "adapter_rank": 0, "causal": True}  # fmt: skip
    for name, usual in others.items():
        if getattr(model, name) != usual:
            raise SpecError(name, "beside a latent vector is not modelled")
