"""The shape of a transformer: everything the graph builder needs, and nothing about machines."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from wsesim.errors import SpecError, require_choice, require_positive
from wsesim.model.checks import check_experts, check_extras, check_latent
from wsesim.ops import chosen, option_named, options
from wsesim.slotted import Hashed, hashed_once


def choices() -> dict[str, tuple[str, ...]]:
    """Return what may be chosen, by field; activations and norms are those that ops state."""
    plain = tuple(sorted({*option_named("activation", gated=False).values()}))
    return {"activation": options("activation"), "norm": options("norm"), "head_activation": plain, **_CHOICES}


_CHOICES = {
    "position": ("learned", "rotary", "alibi", "none"),
    "rotary_pairs": ("halves", "interleaved"),
    "rotary_scaling": ("yarn", "yarn_smooth", "llama3", "linear"),
    "block": ("sequential", "parallel"),
    "norm_order": ("pre", "post", "both", "inner"),
    "router": ("chosen", "all", "sigmoid"),
    "adapted": ("attention", "all"),
    "weight_packed": ("all", "attention", "ffn"),
    "task": ("lm", "classify", "mlm", "tag", "embed"),
}
EXTRAS = frozenset((
    "position_offset", "project_bias", "head_bias", "head_activation", "untied_norms", "embed_norm", "embed_width",
    "embed_scale", "residual_scale", "logits_scale", "logits_cap", "head_layer_norm", "wide_norm", "attention_scale",
    "scale_by_layer", "attention_cap", "sinks", "router", "router_bias", "adapter_rank", "adapter_scale", "adapted",
    "shared_width", "shared_gate", "window", "full_every", "stored_less", "latent_rank", "query_rank", "value_width",
    "dense_layers", "dense_width", "router_groups", "router_groups_kept", "router_scale", "router_shift",
    "still_every", "rotary_factor", "rotary_scaling", "rotary_trained", "rotary_fast", "rotary_slow", "rotary_scale",
    "rotary_window_base", "weight_format", "weight_packed",
))  # fmt: skip
"""Fields whose default is that a model has no such thing, as most have not."""


@hashed_once
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec(Hashed):
    """A GPT-, BERT- or Llama-like transformer.

    Raises:
        SpecError: on construction, for sizes that are not positive or do not divide.
    """

    name: str
    layers: int
    width: int
    """Size of the residual stream (d_model)."""
    heads: int
    kv_heads: int
    """Key and value heads; fewer than `heads` for grouped- or multi-query attention."""
    head_width: int
    ffn_width: int
    vocab: int
    max_length: int
    """Positions the model knows; rows of the position table if it is learned."""
    activation: str = "gelu"
    """One of those that ops state: gelu | gelu_tanh | relu | relu2 | silu, or with a gate swiglu | geglu ..."""
    norm: str = "layer_norm"
    """One of those that ops state: layer_norm | layer_norm_scale (no bias) | layer_norm_plain (no weights) |
    rms_norm."""
    position: str = "learned"
    """learned | rotary | alibi (scores fall with distance, by head) | none."""
    position_offset: int = 0
    """Rows of the table of positions before that of the first token (OPT, RoBERTa: 2)."""
    rotary_width: int = 0
    """Numbers of each head that rotary positions turn, the first (with a latent vector the last); 0 means all."""
    rotary_pairs: str = "halves"
    """halves (a number turns with the one half of them further on: Llama) | interleaved (with its neighbour: GPT-J)."""
    still_every: int = 0
    """Of so many layers the last does not turn queries and keys, which then have no positions (SmolLM3, Cohere 2); 0:
    all turn."""
    rotary_factor: float = 0.0
    """How often more positions than it was trained on first: angles are divided by it, as `rotary_scaling` says; 0:
    none is."""
    rotary_scaling: str = "yarn"
    """Which angles are: yarn, slow ones, in between by the number of the pair (Peng et al. 2023, arXiv 2309.00071) |
    yarn_smooth, with bounds that are no whole pairs (gpt-oss) | llama3, slow ones, in between by turns (Llama 3.1) |
    linear, all (Chen et al. 2023, arXiv 2306.15595)."""
    rotary_trained: int = 0
    """Positions that it was trained on first."""
    rotary_fast: float = 32.0
    """Turns over these from which an angle stays."""
    rotary_slow: float = 1.0
    """Turns over these up to which an angle is divided; between the two it is in between."""
    rotary_scale: float = 1.0
    """What is turned is multiplied by it."""
    rotary_window_base: float = 0.0
    """The base in layers with a window, whose angles are never divided (Gemma 3); 0: they turn as all others."""
    block: str = "sequential"
    """sequential | parallel (attention and FFN read the same input, as GPT-J)."""
    untied_norms: bool = False
    """In a parallel block: whether attention and FFN each have a norm of their own (GPT-NeoX), not one for both."""
    norm_order: str = "pre"
    """pre (GPT) | post (BERT: of the sum) | both (Gemma 2: before a half, and of what it gives) | inner (OLMo 2: of
    what a half gives, before the sum)."""
    embed_norm: bool | None = None
    """Whether what is embedded is normed (BERT, BLOOM); None: where norm_order is post."""
    embed_width: int = 0
    """Width of the table, if it is another than the stream's: a matrix leads there, and one back (OPT-350M); 0: no."""
    embed_scale: float = 1.0
    """What is embedded is multiplied by it (Gemma: sqrt(width))."""
    residual_scale: float = 1.0
    """What a half gives is multiplied by it before the sum (Granite)."""
    causal: bool = True
    """Whether a token sees only the past; False for an encoder."""
    bias: bool = True
    """Whether linear layers have a bias."""
    attention_bias: bool = True
    """Whether queries, keys and values have a bias; and what attention gives, unless `project_bias` says otherwise."""
    project_bias: bool | None = None
    """Whether the projection of what attention gives has a bias; None: as attention_bias (Qwen2: False)."""
    head_norm: bool = False
    """Whether queries and keys are normed by head, before they turn (Qwen3)."""
    head_layer_norm: bool = False
    """Whether they are layer-normed by head, with scales of each head's own and no bias, before they turn (Command R+,
    StableLM 2 12B)."""
    wide_norm: bool = False
    """Whether all queries of a token, and all its keys, are normed together, before they turn (OLMo 2)."""
    attention_scale: float = 0.0
    """What scores are multiplied by; 0: 1 / sqrt(head_width)."""
    scale_by_layer: bool = False
    """Whether scores are divided by the number of their layer, from 1."""
    attention_cap: float = 0.0
    """Scores s become cap * tanh(s / cap) (Gemma 2); 0: no."""
    latent_rank: int = 0
    """Numbers of the latent vector that a token's keys and values are made of (multi-head latent attention,
    DeepSeek-V2, arXiv 2405.04434); beside it stands a key of `rotary_width` that turns and all heads share. 0: keys and
    values are made of the stream, as usual."""
    query_rank: int = 0
    """Numbers of a vector that queries are made of; 0: they are made of the stream."""
    value_width: int = 0
    """Size of a head's values, if another than `head_width`; with a latent vector alone."""
    sinks: bool = False
    """Whether each head has a learned score that takes its share of the softmax, and goes nowhere (gpt-oss)."""
    window: int = 0
    """Keys that a token sees, itself included, in layers that have a window; 0: all before it."""
    full_every: int = 0
    """Of so many layers the last sees all keys whatever the window (Gemma 3: 6); 0: none does."""
    tied: bool = True
    """Whether the head shares the token table."""
    head_bias: bool = False
    """Whether the head over the vocabulary has a bias (GPT-J); that of mlm always has one."""
    head_activation: str = "gelu"
    """Of the head of mlm, between its matrix and its norm: one without a gate."""
    logits_scale: float = 1.0
    """What logits are multiplied by."""
    logits_cap: float = 0.0
    """Logits z become cap * tanh(z / cap) (Gemma 2); 0: no."""
    token_types: int = 0
    """Rows of a token-type table (BERT: 2)."""
    task: str = "lm"
    """lm | classify (an encoder's first token, or a causal model's last, into `classes`) | mlm (`masked` positions) |
    tag (each token into `classes`) | embed (no head: hidden states, and an encoder's pooled first token)."""
    classes: int = 2
    masked: int = 20
    """Masked positions a sequence, for mlm."""
    sentence_head: bool = True
    """For mlm: whether the first token is also pooled and told apart two ways (BERT's next-sentence task)."""
    sparsity: float = 0.0
    """Share of the weights of the layers' matrices that are zero, anywhere in them, and stay so. Dense remain tables,
    norms, biases, a router, and all matrices of the head, which a tied model shares with its table."""
    weight_format: str = ""
    """How matrices of layers are kept where they stay with the cores, as `graph.packing` spells it: e4m3/128x128, say;
    they are unpacked to be multiplied. Empty: as they are multiplied."""
    weight_packed: str = "all"
    """Which of them: all | attention | ffn (the feed-forward networks). Tables, heads, norms, biases and routers never
    are."""
    experts: int = 0
    """Feed-forward networks of a layer, of which a router picks some for each token; 0: one, and no router."""
    experts_per_token: int = 1
    """Experts a token is computed by."""
    router: str = "chosen"
    """Which logits share out a token: chosen (those of its experts, Mixtral) | all (so that shares come to less) |
    sigmoid (of each of its experts, over their sum: DeepSeek-V3)."""
    router_groups: int = 0
    """Groups that experts stand in; a token goes to experts of `router_groups_kept` of them, those whose largest share
    is largest (with sigmoid: whose two largest are). 0: one group."""
    router_groups_kept: int = 0
    router_scale: float = 1.0
    """What shares are multiplied by."""
    router_shift: bool = False
    """Whether what experts are chosen by is shifted, for each by a number that evens out their load and no gradient
    changes (DeepSeek-V3, arXiv 2412.19437)."""
    router_bias: bool = False
    """Whether a router has a bias (gpt-oss)."""
    dense_layers: int = 0
    """The first so many layers have one network in place of experts."""
    dense_width: int = 0
    """Its inner size."""
    shared_width: int = 0
    """Inner size of a feed-forward network that computes every token beside its experts; 0: there is none."""
    shared_gate: bool = False
    """Whether what the shared network gives is weighed token by token (Qwen2-MoE)."""
    expert_imbalance: float = 1.0
    """Tokens of the busiest expert over the mean: what every expert takes room and time for, as a program is laid out
    before it knows who gets which token."""
    adapter_rank: int = 0
    """Rank of what is learned beside matrices that stay as they are (LoRA, Hu et al. 2022, arXiv 2106.09685): x W +
    adapter_scale x A B; all else is frozen but the head of a task with classes. 0: all weights are learned."""
    adapter_scale: float = 1.0
    """What an adapter's part is multiplied by: alpha / rank in files of adapters."""
    adapted: str = "attention"
    """Which matrices have adapters: attention (queries, keys and values together, and the projection) | all (those of
    the feed-forward network, too)."""
    norm_epsilon: float = 1e-5
    stored_less: float = 0.0
    """What files have scales of norms less by (Gemma: 1)."""
    rotary_base: float = 10000.0
    token_budget: int | None = None
    """Tokens the model was trained on, if known; by default 20 a parameter (Hoffmann et al. 2022)."""
    source: str = "given in the workload"
    notes: tuple[str, ...] = ()
    """What its file says that is not followed here, or changes no cost."""
    differs: tuple[str, ...] = ()
    """The part of it that changes numbers: costs hold, weights of a file are not computed with."""

    def __post_init__(self) -> None:
        """Check sizes and choices."""
        require_positive(
            layers=self.layers, width=self.width, heads=self.heads, kv_heads=self.kv_heads, vocab=self.vocab,
            head_width=self.head_width, ffn_width=self.ffn_width, max_length=self.max_length, classes=self.classes,
            masked=self.masked, norm_epsilon=self.norm_epsilon, rotary_base=self.rotary_base,
        )  # fmt: skip
        for name, known in choices().items():
            require_choice(name, getattr(self, name), known)
        if self.heads % self.kv_heads:
            raise SpecError("kv_heads", f"= {self.kv_heads} does not divide heads = {self.heads}")
        if self.rotary_width < 0 or self.rotary_width > self.head_width or self.rotary_width % 2:
            raise SpecError("rotary_width", f"must be even and at most head_width = {self.head_width}")
        if self.position == "rotary" and self.head_width % 2:
            raise SpecError("head_width", f"must be even for rotary positions, got {self.head_width}")
        if self.block == "parallel" and self.norm_order != "pre":
            raise SpecError("norm_order", "must be pre in a parallel block, where both halves read one normed input")
        check_extras(self)
        if not 0 <= self.sparsity < 1:
            raise SpecError("sparsity", f"must be at least 0 and below 1, got {self.sparsity}")
        check_experts(self)
        check_latent(self)
        if self.token_types < 0:
            raise SpecError("token_types", f"must not be negative, got {self.token_types}")
        if self.token_budget is not None and self.token_budget < 1:
            raise SpecError("token_budget", f"must be positive, got {self.token_budget}")

    @property
    def stated(self) -> dict[str, Any]:
        """Its fields by name, without the extras that it has not and without notes: what a file of it says."""
        usual = _usual()
        found = {name: getattr(self, name) for name in usual if name not in ("notes", "differs")}
        return {name: value for name, value in found.items() if name not in EXTRAS or value != usual[name]}

    @property
    def adapts(self) -> tuple[str, ...]:
        """Which linear layers of a layer have adapters."""
        if not self.adapter_rank:
            return ()
        inner = ("ffn.up", "ffn.gate", "ffn.down") if self.adapted == "all" else ()
        return ("attention.qkv", "attention.project", *inner)

    @property
    def packs(self) -> tuple[str, ...]:
        """What the names of matrices begin with that are packed, if any is."""
        parts = {"attention": ("attention.",), "ffn": ("ffn.", "dense.", "shared.")}
        return parts.get(self.weight_packed) or (*parts["attention"], *parts["ffn"])

    @property
    def gated(self) -> bool:
        """Whether the feed-forward network has a gate beside its way up."""
        return chosen("activation", self.activation).gated

    @property
    def projects_with_bias(self) -> bool:
        """Whether the projection of what attention gives has a bias."""
        return self.attention_bias if self.project_bias is None else self.project_bias

    @property
    def norms_embedding(self) -> bool:
        """Whether what is embedded is normed."""
        return self.norm_order == "post" if self.embed_norm is None else self.embed_norm

    @property
    def attention_width(self) -> int:
        """What all heads give side by side."""
        return self.heads * (self.value_width or self.head_width)

    @property
    def cached(self) -> tuple[int, ...]:
        """Numbers that a layer's cache holds of a token: those of its keys, and those of its values; or its latent
        vector, and the key that heads share."""
        return (self.latent_rank, self.rotary_width) if self.latent_rank else (self.kv_heads * self.head_width,) * 2

    @property
    def qkv_width(self) -> int:
        """Queries, keys and values of one token side by side, or queries and what keys and values are made of."""
        of_heads = self.latent_rank + self.rotary_width if self.latent_rank else 2 * self.kv_heads * self.head_width
        return self.heads * self.head_width + of_heads


@cache
def _usual() -> dict[str, Any]:
    """Return the fields of a model by name, each with what it is where nothing is said."""
    return {each.name: each.default for each in fields(ModelSpec)}
