"""What is said of how weights and caches of a placement are kept, and what that asks of cores."""

from __future__ import annotations

from wsesim.mapping.resident import ResidentPlan


def kept_words(plan: ResidentPlan) -> tuple[str, ...]:
    """Say how caches with a latent vector, and weights of fewer bits, are kept and multiplied."""
    return (*_latent_words(plan), *_packed_words(plan))


def _latent_words(plan: ResidentPlan) -> tuple[str, ...]:
    """Say how attention with a latent vector is computed, and what is cached."""
    model = plan.request.model
    if not model.latent_rank:
        return ()
    beside = "tokens that pass side by side are" if plan.together else "chunks of prompts make keys and values of it"
    absorbed = "tokens that are written are multiplied with it absorbed, keys and values never made"
    return (
        f"Caches hold {model.latent_rank} numbers of a latent vector and {model.rotary_width} of a key for each token "
        f"and layer: {absorbed}; {beside}{' absorbed, too' if plan.together else ', anew for each chunk'}.",
    )


def _packed_words(plan: ResidentPlan) -> tuple[str, ...]:
    """Say how weights of fewer bits are multiplied."""
    model = plan.request.model
    if not model.weight_format:
        return ()
    which = {"all": "layers", "ffn": "feed-forward networks", "attention": "attention"}[model.weight_packed]
    return (
        f"Matrices of {which} are kept as {model.weight_format}: cores multiply no numbers of fewer than 16 bits, so "
        "they are unpacked where they lie, once a step for all its tokens (cause unpacking). That program is assumed: "
        "none is published.",
    )
