"""What files of all kinds have in common, as pydantic models: names, types, ranges, and a word on every field.

Only what one field can know by itself is checked here. What fields must be to each other, each kind of question checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from wsesim.hardware import machine_names
from wsesim.model import choices, model_names
from wsesim.ops import options
from wsesim.workload.fields import (
    LARGEST,
    LARGEST_TOTAL,
    AutoOrSize,
    Count,
    Default,
    Figures,
    Name,
    Section,
    Silent,
    Size,
    Text,
    choice,
    named,
    one_of,
)

Factor = Annotated[float, Field(gt=0, le=LARGEST)]
Bound = Annotated[float, Field(ge=0, le=LARGEST)]

SHORT: Mapping[str, str] = {"model": "preset", "cluster": "machine", "software": "stack"}
"""Sections that may be written as a bare name, and the key the name then stands for."""


class ModelSection(Section):
    """The model: a preset by name, a config.json, or a whole shape; fields given beside a preset change it."""

    preset: (
        Annotated[Text, one_of(model_names, "a model that wsesim knows", files={".json": "config", ".yaml": "zoo"})]
        | None
    ) = None
    """Name of a model that wsesim knows; `wsesim models` lists them."""
    config: Text | None = None
    """A Hugging Face config.json, or the folder it is in, relative to this file."""
    zoo: Text | None = None
    """A job of the Cerebras Model Zoo, relative to this file, of which the model is taken."""
    name: Text | None = None
    """What to call the model."""
    layers: Size | None = None
    """Transformer layers."""
    width: Size | None = None
    """Size of the residual stream (d_model)."""
    heads: Size | None = None
    """Attention heads."""
    kv_heads: Size | None = None
    """Key and value heads; fewer than heads for grouped-query attention. Default: heads."""
    head_width: Size | None = None
    """Size of one head. Default: width / heads."""
    ffn_width: Size | None = None
    """Inner size of the feed-forward network. Default: 4 x width."""
    vocab: Size | None = None
    """Entries of the vocabulary. Default: 50257, GPT-2's."""
    max_length: Size | None = None
    """Positions the model knows; rows of the position table if it is learned. Default: as many as are
    asked for."""
    activation: Annotated[str, *choice(lambda: options("activation"))] | None = None
    """Nonlinearity of the feed-forward network."""
    norm: Annotated[str, *choice(lambda: options("norm"))] | None = None
    """Normalization."""
    position: Annotated[str, *choice(lambda: choices()["position"])] | None = None
    """How a token knows its position: a table, turned queries and keys, scores that fall with distance, or not."""
    position_offset: Count | None = None
    """Rows of the position table before that of the first token. Default: 0."""
    rotary_width: Count | None = None
    """Numbers of each head that rotary positions turn; 0 means all."""
    rotary_pairs: Literal["halves", "interleaved"] | None = None
    """Whether a number turns with the one half of them further on (Llama), or with its neighbour (GPT-J)."""
    block: Literal["sequential", "parallel"] | None = None
    """Whether the feed-forward network follows attention, or both read the same input (GPT-J)."""
    untied_norms: bool | None = None
    """In a parallel block: whether each half has a norm of its own (GPT-NeoX). Default: false, one for both."""
    norm_order: Annotated[str, *choice(lambda: choices()["norm_order"])] | None = None
    """Whether norms stand before a half (pre, GPT), after its sum (post, BERT), before it and of what it gives (both,
    Gemma 2), or of what it gives alone (inner, OLMo 2)."""
    embed_norm: bool | None = None
    """Whether what is embedded is normed (BLOOM). Default: where norm_order is post."""
    embed_width: Count | None = None
    """Width of the token table, if it is another than the stream's (OPT-350M). Default: 0, it is not."""
    embed_scale: Factor | None = None
    """What is embedded is multiplied by it (Gemma). Default: 1."""
    residual_scale: Factor | None = None
    """What a half of a layer gives is multiplied by it. Default: 1."""
    logits_scale: Factor | None = None
    """Logits are multiplied by it. Default: 1."""
    logits_cap: Bound | None = None
    """Logits stay within it by a tanh (Gemma 2). Default: 0, no bound."""
    causal: bool | None = None
    """Whether a token sees only the past; false for an encoder."""
    bias: bool | None = None
    """Whether linear layers have a bias."""
    attention_bias: bool | None = None
    """Whether queries, keys and values have a bias. Default: as bias."""
    project_bias: bool | None = None
    """Whether the projection of what attention gives has a bias. Default: as attention_bias."""
    head_bias: bool | None = None
    """Whether the head over the vocabulary has a bias (GPT-J). Default: false; that of mlm always has one."""
    head_norm: bool | None = None
    """Whether queries and keys are normed by head before they turn (Qwen3)."""
    head_layer_norm: bool | None = None
    """Whether they are layer-normed by head, with scales of each head's own (Command R+). Default: false."""
    wide_norm: bool | None = None
    """Whether all queries of a token, and all keys, are normed together (OLMo 2). Default: false."""
    attention_scale: Bound | None = None
    """What scores are multiplied by. Default: 0, which is 1 / sqrt(head_width)."""
    scale_by_layer: bool | None = None
    """Whether scores are divided by the number of their layer. Default: false."""
    attention_cap: Bound | None = None
    """Scores stay within it by a tanh (Gemma 2). Default: 0, no bound."""
    sinks: bool | None = None
    """Whether each head has a learned score that takes a share of the softmax (gpt-oss). Default: false."""
    latent_rank: Count | None = None
    """Numbers of the latent vector that keys and values are made of, and that is cached with a key of rotary_width in
    their place (multi-head latent attention, DeepSeek). Default: 0, there is none."""
    query_rank: Count | None = None
    """Numbers of the vector that queries are made of, with a latent vector. Default: 0, queries are made at once."""
    value_width: Count | None = None
    """Size of a head's values, with a latent vector. Default: 0, that is head_width."""
    window: Count | None = None
    """Keys that a token sees in layers that have a window. Default: 0, all before it."""
    full_every: Count | None = None
    """Of so many layers the last sees all keys. Default: 0, none does if there is a window."""
    still_every: Count | None = None
    """Of so many layers the last does not turn queries and keys (SmolLM3). Default: 0, all do."""
    tied: bool | None = None
    """Whether the head shares the token table."""
    token_types: Count | None = None
    """Rows of a token-type table (BERT: 2)."""
    task: Annotated[str, *choice(lambda: choices()["task"])] | None = None
    """What the head predicts: the next token, a class, masked tokens, a class of each token (tag), or nothing: hidden
    states are the answer (embed)."""
    classes: Size | None = None
    """Classes of a classifier."""
    masked: Size | None = None
    """Masked positions a sequence, for mlm."""
    sentence_head: bool | None = None
    """For mlm: whether the first token is also pooled and told apart two ways (BERT)."""
    head_activation: Annotated[str, *choice(lambda: choices()["head_activation"])] | None = None
    """For mlm: nonlinearity between the head's matrix and its norm. Default: gelu."""
    sparsity: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the weights of the layers' matrices that are zero, anywhere in them, by a mask that does not change;
    zeros are neither sent nor computed. Tables, norms, biases, routers and the head stay dense. Default: 0."""
    weight_format: str | None = None
    """How resident matrices of layers are kept, of fewer bits than are multiplied: e4m3, e2m1, nvfp4, int8 or
    int4, then /INPUTSxOUTPUTS that share a scale, as in e4m3/128x128. Default: as they are multiplied."""
    weight_packed: Annotated[str, *choice(lambda: choices()["weight_packed"])] | None = None
    """Which of them are kept so. Default: all."""
    experts: Count | None = None
    """Feed-forward networks of a layer, of which a router picks some for each token. Default: 0, one and no router."""
    experts_per_token: Size | None = None
    """Experts that compute each token. Default: 2, or as many as there are."""
    router: Annotated[str, *choice(lambda: choices()["router"])] | None = None
    """Whether shares of a token are a softmax over the logits of its experts (chosen), over all, or sigmoids over their
    sum. Default: chosen."""
    router_bias: bool | None = None
    """Whether the router has a bias. Default: false."""
    router_groups: Count | None = None
    """Groups of experts, of the best of which a token's experts are (DeepSeek). Default: 0, one group."""
    router_groups_kept: Count | None = None
    """Groups that a token's experts may be of."""
    router_scale: Factor | None = None
    """What shares of experts are multiplied by. Default: 1."""
    router_shift: bool | None = None
    """Whether experts are chosen by shares that are shifted, for each by a number (DeepSeek-V3). Default: false."""
    dense_layers: Count | None = None
    """The first so many layers have one feed-forward network in place of experts. Default: 0."""
    dense_width: Count | None = None
    """Its inner size."""
    shared_width: Count | None = None
    """Inner size of a network that computes every token beside its experts. Default: 0, there is none."""
    shared_gate: bool | None = None
    """Whether what that network gives is weighed token by token (Qwen2-MoE). Default: false."""
    expert_imbalance: Annotated[float, Field(ge=1, le=LARGEST)] | None = None
    """Tokens of the busiest expert over the mean; every expert takes room and time for as many. Default: 1."""
    adapter_rank: Count | None = None
    """Rank of adapters that are learned in place of all weights (LoRA). Default: 0, all weights are learned."""
    adapter_scale: Annotated[float, Field(gt=0, le=LARGEST)] | None = None
    """What an adapter's part is multiplied by: alpha / rank. Default: 1."""
    adapted: Annotated[str, *choice(lambda: choices()["adapted"])] | None = None
    """Which matrices have adapters: those of attention, or all of a layer. Default: attention."""
    norm_epsilon: Annotated[float, Field(gt=0)] | None = None
    """Added to the variance under a norm's root."""
    stored_less: Bound | None = None
    """What files of weights have scales of norms less by (Gemma: 1). Default: 0."""
    rotary_base: Annotated[float, Field(gt=0)] | None = None
    """Base of the rotary frequencies."""
    rotary_factor: Bound | None = None
    """How often more positions a model was stretched to: angles are divided by it. Default: 0."""
    rotary_scaling: Annotated[str, *choice(lambda: choices()["rotary_scaling"])] | None = None
    """Which angles are divided: slow ones (yarn, yarn_smooth, llama3) or all (linear). Default: yarn."""
    rotary_trained: Count | None = None
    """Positions that it was trained on before."""
    rotary_fast: Factor | None = None
    """Turns over these from which angles stay. Default: 32."""
    rotary_slow: Factor | None = None
    """Turns over these up to which angles are divided. Default: 1."""
    rotary_scale: Factor | None = None
    """What turned numbers are multiplied by. Default: 1."""
    rotary_window_base: Bound | None = None
    """Base of the rotary frequencies in layers with a window (Gemma 3). Default: 0, that of all."""
    token_budget: Annotated[int, Field(ge=1, le=LARGEST_TOTAL)] | None = None
    """Tokens the model was trained on, if known."""
    source: Text | None = None
    """Where the shape comes from."""


class ClusterSection(Section):
    """The machine, and how many of it."""

    machine: Annotated[Text, one_of(machine_names, "a machine that wsesim knows, or a path in .yaml", or_path=True)]
    """A machine that wsesim knows (`wsesim machines` lists them), or a yaml file of your own, relative to this file."""
    systems: Annotated[Size | None, Default("the machine's preset")] = None
    """Systems that share the work. Default: as many as the machine preset has."""


class VerificationSection(Section):
    """A small run of the same graph with real numbers, compared with an independent float64 formulation."""

    enabled: Annotated[bool, Default("numbers are checked unless told otherwise")] = True
    """Whether `wsesim run` verifies too."""
    sequences: Annotated[int, Field(ge=1, le=4096), Default("assumed: enough to compare, in seconds")] = 1
    """Sequences to compute."""
    length: Annotated[
        Annotated[int, Field(ge=1, le=65536)] | None, Default("assumed: enough to compare, in seconds")
    ] = None
    """Tokens of each. Default: 64, or batch.length if that is less."""
    layers: Annotated[AutoOrSize, Default("as many as stay quick")] = "auto"
    """Layers to compute; auto: as many as stay quick, or with whole all."""
    whole: Annotated[bool, Default("a part that takes about a second of CPU time")] = False
    """Whether the model is computed in its own width and vocabulary, and all of it, however long that takes."""
    seed: Annotated[int, Field(ge=0, lt=2**63), Default("any will do; the same gives the same numbers")] = 0
    """Seed of the random weights."""
    weights: Annotated[Text | None, Default("random weights")] = None
    """Weights to use instead of random ones: a safetensors file, the index of several, or the folder of a model,
    relative to this file; a tokenizer that lies beside them cuts the text."""


class OutputsSection(Section):
    """What is written besides the report."""

    timeline: Annotated[bool, Default("written unless told otherwise")] = True
    """Whether to write the timeline."""


class QuestionFile(Section):
    """What every file asks with."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    name: Annotated[Name | None, Default("the file's name")] = None
    """Names the folder of the run. Default: the file's name."""
    cluster: Annotated[ClusterSection, named("machine")]
    """A machine's name, or a mapping."""
    hardware: Annotated[Figures, Field(default_factory=dict)]
    """Figures of the machine to change, by dotted name or nested, each with its unit."""
    asserted: Annotated[list[Text] | None, Silent(), Field(alias="assert")] = None
    """What the answer has to keep to, as comparisons of its figures: `tokens_per_s >= 50000`. If it does not,
    `wsesim run` ends with exit code 1. Default: nothing."""


class ModelFile(QuestionFile):
    """What every file asks with that is about a model."""

    model: Annotated[ModelSection, named("preset")]
    """A model's name, or a mapping."""
    software: Annotated[Figures, named("stack"), Field(default_factory=dict)]
    """What runs on the machine: a stack's name (`wsesim software` lists them), a yaml file of your own, or a mapping of
    `stack` and figures to change, by dotted name or nested, each with its unit."""
    text: Annotated[Text, Default("public-domain text that ships with wsesim")] = "sample:sotu"
    """Text to take tokens from: sample:NAME, or a UTF-8 file relative to this file."""
    verification: VerificationSection = VerificationSection.model_construct()
    """A small run with real numbers."""
    outputs: OutputsSection = OutputsSection.model_construct()
    """What is written besides the report."""
