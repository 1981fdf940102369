"""What may stand in a workload file, as pydantic models: names, types, ranges, and a word on every field.

Only what one field can know by itself is checked here. What fields must be to each other is checked in `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from wsesim.hardware import machine_names
from wsesim.model import model_names
from wsesim.workload.fields import (
    LARGEST,
    LARGEST_TOTAL,
    AutoOrSize,
    Count,
    Name,
    Section,
    Size,
    Text,
    named,
    not_huge,
    one_of,
)


class ModelSection(Section):
    """The model: a preset by name, a config.json, or a whole shape; fields given beside a preset change it."""

    preset: Annotated[Text, one_of(model_names, "a model that wsesim knows")] | None = None
    """Name of a model that wsesim knows; `wsesim models` lists them."""
    config: Text | None = None
    """A Hugging Face config.json, relative to this file."""
    name: Name | None = None
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
    """Positions the model knows; rows of the position table if it is learned. Default: batch.length."""
    activation: Literal["gelu", "gelu_tanh", "swiglu"] | None = None
    """Nonlinearity of the feed-forward network."""
    norm: Literal["layer_norm", "rms_norm"] | None = None
    """Normalization."""
    position: Literal["learned", "rotary"] | None = None
    """How a token knows its position."""
    rotary_width: Count | None = None
    """Numbers of each head that rotary positions turn; 0 means all."""
    block: Literal["sequential", "parallel"] | None = None
    """Whether the feed-forward network follows attention, or both read the same normed input (GPT-J)."""
    norm_order: Literal["pre", "post"] | None = None
    """Whether norms stand before a sublayer (GPT) or after it (BERT)."""
    causal: bool | None = None
    """Whether a token sees only the past; false for an encoder."""
    bias: bool | None = None
    """Whether linear layers have a bias."""
    attention_bias: bool | None = None
    """Whether the attention's linear layers have a bias. Default: as bias."""
    tied: bool | None = None
    """Whether the head shares the token table."""
    token_types: Count | None = None
    """Rows of a token-type table (BERT: 2)."""
    task: Literal["lm", "classify", "mlm"] | None = None
    """What the head predicts: the next token, a class, or masked tokens."""
    classes: Size | None = None
    """Classes of a classifier."""
    masked: Size | None = None
    """Masked positions a sequence, for mlm."""
    sentence_head: bool | None = None
    """For mlm: whether the first token is also pooled and told apart two ways (BERT)."""
    sparsity: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the weights of the layers' matrices that are zero, anywhere in them, by a mask that does not change;
    zeros are neither sent nor computed. Tables, norms, biases, routers and the head stay dense. Default: 0."""
    experts: Count | None = None
    """Feed-forward networks of a layer, of which a router picks some for each token. Default: 0, one and no router."""
    experts_per_token: Size | None = None
    """Experts that compute each token. Default: 2, or as many as there are."""
    expert_imbalance: Annotated[float, Field(ge=1, le=LARGEST)] | None = None
    """Tokens of the busiest expert over the mean; every expert takes room and time for as many. Default: 1."""
    norm_epsilon: Annotated[float, Field(gt=0)] | None = None
    """Added to the variance under a norm's root."""
    rotary_base: Annotated[float, Field(gt=0)] | None = None
    """Base of the rotary frequencies."""
    token_budget: Annotated[int, Field(ge=1, le=LARGEST_TOTAL)] | None = None
    """Tokens the model was trained on, if known."""
    source: Text | None = None
    """Where the shape comes from."""


class BatchSection(Section):
    """What one training step sees."""

    sequences: Size
    """Sequences of one step, over all systems (the global batch)."""
    length: Size | None = None
    """Tokens of a sequence. Default: the model's max_length."""
    micro_batch: AutoOrSize = "auto"
    """Sequences per system and pass; auto: as many as fit the wafer's memory."""


class ClusterSection(Section):
    """The machine, and how many of it."""

    machine: Annotated[Text, one_of(machine_names, "a machine that wsesim knows, or a path in .yaml", or_path=True)]
    """Name of a machine that wsesim knows (`wsesim machines` lists them), or a .yaml file of figures that extends one,
    relative to this file."""
    systems: Size | None = None
    """Systems that share the batch. Default: as many as the machine preset has."""


class InferenceSection(Section):
    """One request, or as many as are held at once, on wafers that hold the weights."""

    prompt: Size | None = None
    """Tokens of the prompt; for decode, tokens in the cache when it begins."""
    generate: Size | None = None
    """Tokens to write. Default: 1 for decode, 128 for generate."""
    batch: Size | None = None
    """Sequences held at once. Default: 1; for serving, as many as fit."""
    reused: Count = 0
    """Tokens of the prompt whose keys and values are in the cache already."""
    chunk: Size | None = None
    """Tokens of a prompt that pass at a time. Default: as the placement does."""
    placement: Literal["auto", "whole", "blocks", "rectangles"] = "auto"
    """Whether each layer takes a square as large as the wafer, one after the other; squares hold layers as a pipeline;
    or rectangles that use all of the wafer do. auto: rectangles, unless a grid is given."""
    prefill_grid: Size | None = None
    """Side of the square of cores that reads prompts. Default: the largest that fits."""
    decode_grid: Size | None = None
    """Side of the square of cores that writes tokens. Default: as chosen by the placement."""
    stages: Size | None = None
    """Stages of the pipeline. Default: as few as hold the model."""
    draft_tokens: Annotated[int, Field(ge=0, le=64)] = 0
    """Tokens a small model guesses before the large one checks them all; 0: none."""
    acceptance: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Chance that a guessed token is right."""
    draft_cost: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Time of one guess, as a share of one token of the large model."""


class ServingSection(Section):
    """Requests over time: drawn at random from a seed, or read from a file."""

    rate: Annotated[float, Field(ge=1e-6, le=1e9)] | None = None
    """Requests a second; arrivals are independent (Poisson)."""
    requests: Annotated[int, Field(ge=1, le=10**5)] = 1000
    """Requests to simulate."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of arrivals and lengths."""
    trace: Text | None = None
    """File of requests, .csv or .jsonl, each with arrival_s, prompt and output; relative to this file."""
    prompt: Size = 1024
    """Mean tokens of a prompt."""
    prompt_spread: Annotated[float, Field(ge=0, le=10)] = 0.5
    """Standard deviation over mean; lengths are log-normal."""
    output: Size = 256
    """Mean tokens of an answer."""
    output_spread: Annotated[float, Field(ge=0, le=10)] = 0.5
    """Standard deviation over mean; lengths are log-normal."""
    longest: Size | None = None
    """Prompt and answer together are cut to this. Default: the model's max_length."""
    slo_ttft: Text = "1 s"
    """Time to the first token that is good enough."""
    slo_tpot: Text = "20 ms"
    """Time per token after the first that is good enough."""
    slo_share: Annotated[float, Field(gt=0, le=1)] = 0.99
    """Share of requests that have to be good enough."""
    search: bool = True
    """Whether to find the largest rate that holds the objective."""


class VerificationSection(Section):
    """A small run of the same graph with real numbers, compared with an independent float64 formulation."""

    enabled: bool = True
    """Whether `wsesim run` verifies too."""
    sequences: Annotated[int, Field(ge=1, le=4096)] = 1
    """Sequences to compute."""
    length: Annotated[int, Field(ge=1, le=65536)] | None = None
    """Tokens of each. Default: 64, or batch.length if that is less."""
    layers: AutoOrSize = "auto"
    """Layers to compute; auto: as many as stay quick."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of the random weights."""
    weights: Text | None = None
    """Weights to use instead of random ones: a safetensors file, relative to this file."""


class OutputsSection(Section):
    """What is written besides the report."""

    timeline: bool = True
    """Whether to write the timeline."""


class WorkloadFile(Section):
    """A question to the simulator: this model, this batch, on this machine."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    name: Name | None = None
    """Names the folder of the run. Default: the file's name."""
    model: Annotated[ModelSection, named("preset")]
    """A model's name, or a mapping."""
    phase: Literal["training", "evaluation", "prefill", "decode", "generate", "serving"] = "training"
    """What the machine does: train, or only compute the loss, with weights streamed in; read a prompt, write tokens,
    both, or answer many requests, with weights resident."""
    batch: BatchSection | None = None
    """What one step of training or evaluation sees."""
    inference: InferenceSection | None = None
    """What is asked of resident weights, and how they lie on the wafers."""
    serving: ServingSection | None = None
    """Which requests arrive."""
    precision: Literal["mixed", "fp16", "fp32"] = "mixed"
    """Number formats: mixed multiplies fp16 and accumulates fp32."""
    cluster: Annotated[ClusterSection, named("machine")]
    """A machine's name, or a mapping."""
    hardware: Annotated[dict[Any, Annotated[Any, AfterValidator(not_huge)]], Field(default_factory=dict)]
    """Hardware figures to change, by name, nested or dotted, each with its unit."""
    software: Annotated[
        dict[Any, Annotated[Any, AfterValidator(not_huge)]], named("stack"), Field(default_factory=dict)
    ]
    """The software stack by name, or a mapping of `stack` and figures to change, nested or dotted."""
    recompute: Literal["auto", "never", "always"] = "auto"
    """Whether the backward pass computes each layer's inside again; auto: where that lets more fit."""
    text: Text = "sample:sotu"
    """Text to take tokens from: sample:NAME, or a UTF-8 file relative to this file."""
    verification: VerificationSection = VerificationSection()
    """A small run with real numbers."""
    token_budget: Annotated[int, Field(ge=1, le=LARGEST_TOTAL)] | None = None
    """Tokens to train on. Default: the model's own budget, else 20 a parameter."""
    outputs: OutputsSection = OutputsSection()
    """What is written besides the report."""


SECTIONS: Mapping[str, type[BaseModel]] = {
    "model": ModelSection,
    "batch": BatchSection,
    "inference": InferenceSection,
    "serving": ServingSection,
    "cluster": ClusterSection,
    "verification": VerificationSection,
    "outputs": OutputsSection,
}
"""The keys of a workload that hold a mapping with keys of its own."""

SHORT: Mapping[str, str] = {"model": "preset", "cluster": "machine", "software": "stack"}
"""Sections that may be written as a bare name, and the key the name then stands for."""


def read_fields(data: Mapping[Any, Any]) -> tuple[dict[str, Any], list[ErrorDetails]]:
    """Return the value of every top-level field that is right, defaults filled in, and all errors of the others.

    Each field is read by itself, so that a mistake in one does not hide what later checks find in another.
    """
    fields = WorkloadFile.model_fields
    read = WorkloadFile.model_construct()
    errors = [_error("missing", name, data) for name, info in fields.items() if info.is_required() and name not in data]
    broken = set()
    for name, value in data.items():
        if name not in fields:
            errors.append(_error("extra_forbidden", name, value))
            continue
        try:
            setattr(read, name, value)
        except ValidationError as error:
            errors += error.errors(include_url=False)
            broken.add(name)
    return {name: value for name, value in read.__dict__.items() if name not in broken}, errors


def _error(kind: str, key: Any, value: object) -> ErrorDetails:
    return {"type": kind, "loc": (key,), "msg": "", "input": value}
