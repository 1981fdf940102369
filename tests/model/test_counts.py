"""The graph's own counts against published closed forms of a GPT, and against published counts.

Narayanan et al. 2021, arXiv 2104.04473, with l layers, width h, vocabulary V, s tokens a sequence, B sequences:

    parameters          12 l h² (1 + 13/(12h) + (V + s)/(12 l h))
    FLOPs of a step     96 B s l h² (1 + s/(6h) + V/(16 l h))

The step counts every layer four times (forward, backward twice, and forward again, as activations are recomputed) and
the head three times. Without recomputing, forward is 24 B s l h² (1 + s/(6h) + V/(12 l h)) and a step is three of it.
Here the forms are multiplied out, so that they are whole numbers. They leave out the final norm (2h parameters) and
everything elementwise, and count attention in full, not halved for causality.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.graph import flops, with_training
from wsesim.model import ModelSpec, build_graph, load_preset, model_names, parameters

GPTS = [name for name in model_names() if name.startswith(("cerebras-gpt", "gpt2", "gpt3"))]
TRAINING = ("forward", "backward", "optimizer")

# Published FLOPs a trained token: 6 × the parameters that multiply + 12 × layers × length × width, five digits.
# BERT's fine-tuning rows leave its small head out. GPT-J's row counts a vocabulary of 50,257.
FLOPS_PER_TOKEN = {
    ("cerebras-gpt-111m", 2048): 845_000_000, ("cerebras-gpt-256m", 2048): 1_895_600_000,
    ("cerebras-gpt-590m", 2048): 4_200_300_000, ("cerebras-gpt-1.3b", 2048): 9_073_300_000,
    ("cerebras-gpt-2.7b", 2048): 1.7885e10, ("cerebras-gpt-6.7b", 2048): 4.3111e10,
    ("cerebras-gpt-13b", 2048): 8.2075e10, ("gpt3-20b", 2048): 1.2808e11, ("gpt-j-6b", 2048): 3.7877e10,
    ("llama-2-7b", 2048): 4.2864e10, ("llama-2-7b", 1024): 4.1253e10, ("bert-large", 128): 1_879_000_000,
    ("bert-base classify", 128): 523_760_000, ("bert-large classify", 128): 1_849_700_000,
}  # fmt: skip
TOLERANCE = 0.001


def megatron_parameters(model: ModelSpec, length: int) -> int:
    return 12 * model.layers * model.width**2 + 13 * model.layers * model.width + (model.vocab + length) * model.width


def megatron_forward_flops(model: ModelSpec, sequences: int, length: int) -> int:
    return _layer_flops(model, sequences, length) + _head_flops(model, sequences, length)


def megatron_training_flops(model: ModelSpec, sequences: int, length: int, *, recompute: bool = False) -> int:
    sweeps = 4 if recompute else 3
    return sweeps * _layer_flops(model, sequences, length) + 3 * _head_flops(model, sequences, length)


def _layer_flops(model: ModelSpec, sequences: int, length: int) -> int:
    tokens = sequences * length
    return 24 * tokens * model.layers * model.width**2 + 4 * tokens * length * model.layers * model.width


def _head_flops(model: ModelSpec, sequences: int, length: int) -> int:
    return 2 * sequences * length * model.vocab * model.width


@st.composite
def gpts(draw: st.DrawFn) -> ModelSpec:
    heads, head = draw(st.integers(1, 8)), draw(st.integers(1, 16))
    return ModelSpec(
        name="drawn", layers=draw(st.integers(1, 40)), width=heads * head, heads=heads, kv_heads=heads,
        head_width=head, ffn_width=4 * heads * head, vocab=draw(st.integers(1, 1000)),
        max_length=draw(st.integers(1, 64)), activation=draw(st.sampled_from(["gelu", "gelu_tanh"])),
        causal=draw(st.booleans()),
    )  # fmt: skip


@pytest.mark.parametrize("name", GPTS)
def test_gpt_presets_meet_the_closed_forms(name: str) -> None:
    model = load_preset(name)
    graph = with_training(build_graph(model, sequences=8, length=512))
    assert parameters(model) == megatron_parameters(model, model.max_length) + 2 * model.width  # the final norm
    assert flops(graph) == megatron_forward_flops(model, 8, 512)
    assert flops(graph, phases=TRAINING) == megatron_training_flops(model, 8, 512)


@given(gpts(), st.integers(1, 9), st.data())
def test_any_gpt_meets_the_closed_forms(model: ModelSpec, sequences: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, model.max_length))
    graph = with_training(build_graph(model, sequences=sequences, length=length))
    assert parameters(model) == megatron_parameters(model, model.max_length) + 2 * model.width
    assert flops(graph) == megatron_forward_flops(model, sequences, length)
    assert flops(graph, phases=TRAINING) == megatron_training_flops(model, sequences, length)


@given(gpts(), st.integers(1, 9), st.integers(1, 64))
def test_recomputing_adds_one_forward_pass_of_the_layers(model: ModelSpec, sequences: int, length: int) -> None:
    head = 2 * sequences * length * model.vocab * model.width
    once = megatron_training_flops(model, sequences, length)
    again = megatron_training_flops(model, sequences, length, recompute=True)
    assert again - once == megatron_forward_flops(model, sequences, length) - head


@given(gpts(), st.integers(1, 9), st.integers(1, 64))
def test_the_closed_forms_are_those_printed(model: ModelSpec, sequences: int, length: int) -> None:
    layers, width, vocab = model.layers, model.width, model.vocab
    work = sequences * length * layers * width**2
    assert megatron_parameters(model, length) == pytest.approx(
        12 * layers * width**2 * (1 + 13 / (12 * width) + (vocab + length) / (12 * layers * width))
    )
    assert megatron_training_flops(model, sequences, length, recompute=True) == pytest.approx(
        96 * work * (1 + length / (6 * width) + vocab / (16 * layers * width))
    )
    assert megatron_forward_flops(model, sequences, length) == pytest.approx(
        24 * work * (1 + length / (6 * width) + vocab / (12 * layers * width))
    )


@pytest.mark.parametrize(("case", "published"), FLOPS_PER_TOKEN.items(), ids=str)
def test_published_flops_per_token(case: tuple[str, int], published: float) -> None:
    (name, length), sequences = case, 2
    model = load_preset(name.split()[0])
    if name.endswith("classify"):
        model = replace(model, task="classify")
    graph = with_training(build_graph(model, sequences=sequences, length=length))
    assert flops(graph, phases=TRAINING) / (sequences * length) == pytest.approx(published, rel=TOLERANCE)


def test_published_flops_per_token_of_a_protein_model() -> None:
    """The row of ESM-2 35M counts the vocabulary at every position; only masked ones are predicted here."""
    model = load_preset("esm-2-35m")
    graph = with_training(build_graph(model, sequences=1, length=1026))
    assert flops(graph, phases=TRAINING) / 1026 == pytest.approx(270_080_000, rel=TOLERANCE)
