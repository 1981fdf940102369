"""The memory of a core, line by line."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.graph import with_training
from wsesim.hardware import load_cluster
from wsesim.kernels import Parts, Region
from wsesim.mapping import StepRequest
from wsesim.mapping.memory import (
    PARTS,
    Activations,
    activations,
    activations_in,
    buffer_bytes,
    checkpoints,
    kept_inputs,
    layer_of,
    memory_table,
)
from wsesim.model import build_graph, load_preset, model_names
from wsesim.software import load_software

TRAINING = load_software("release-2").for_training()

MakeRequest = Callable[..., StepRequest]
CLUSTER = load_cluster("cs-2").cluster
WHAT = Activations(working=7500.0, boundary=1500.0, kept=15000.0, repeats=(12,))


def _region(sequences: int = 2, length: int = 1988) -> Region:
    return Region(software=TRAINING, cluster=CLUSTER, sequences=sequences, length=length, precision="mixed")


def _lines(
    region: Region, *, heads: int = 12, recompute: float = 1, held: Region | None = None
) -> dict[str, int]:  # fmt: skip
    table = memory_table(
        CLUSTER.wafer, region, WHAT, heads=heads, buffer_bytes=745_500_000, recompute=recompute, held=held
    )  # fmt: skip
    return {line.what: line.bytes_per_core for line in table}


def test_by_hand() -> None:
    # 2 x 1988 tokens on 994 rows: 4 a core; 750 columns
    assert _lines(_region()) == {
        "program and system": CLUSTER.wafer.core.reserved_bytes,
        "weights in flight": 1000,
        "gradients in flight": 1000,
        "one layer at work": 40,
        "scores in flight": 4 * TRAINING.strip_keys * 4,
        "kept for the backward pass": 4 * 12 * 2,
    }
    assert _lines(_region(), recompute=0)["kept for the backward pass"] == 4 * 12 * 20
    assert _lines(_region(), heads=751)["scores in flight"] == 4 * TRAINING.strip_keys * 4 * 2


@given(sequences=st.integers(1, 500), more=st.integers(1, 500), recompute=st.sampled_from([0, 1, 1.5, 3]))
def test_more_sequences_never_take_less(sequences: int, more: int, recompute: float) -> None:
    less = _lines(_region(sequences), recompute=recompute)
    for what, size in _lines(_region(sequences + more), recompute=recompute).items():
        assert size >= less[what]


@pytest.mark.parametrize("name", model_names())
def test_what_a_model_keeps(name: str) -> None:
    model = load_preset(name)
    what = activations(with_training(build_graph(model, sequences=2, length=256)))
    assert what.copies == model.layers
    assert what.boundary == 2 * model.width  # the input of a layer, 16 bits each
    assert what.boundary < what.kept
    assert what.working >= what.kept


def test_a_gpt_keeps_what_its_gradients_read() -> None:
    """Inputs of two norms and of four linear layers, qkv among them, and of the GELU: 16 widths in 16 bits."""
    what = activations(with_training(build_graph(load_preset("gpt2"), sequences=1, length=256)))
    assert what.kept == 2 * 768 * (1 + 1 + 3 + 1 + 1 + 1 + 4 + 4)


def test_in_parts_less_is_alive_at_once() -> None:
    """Of a GPT, in widths: nine beside 12 of the feed-forward network, a part of these at a time; then heads decide."""
    graph = with_training(build_graph(load_preset("cerebras-gpt-13b"), sequences=1, length=256))
    found = {parts: (what.working / (2 * 5120), what.parts) for parts, what in activations_in(graph).items()}
    assert found == {
        1: (22, Parts()), 2: (9 + 12 / 2, Parts(columns=2)), 4: (9 + 12 / 4, Parts(columns=4)),
        8: (10.5, Parts(heads=8, columns=8)), 16: (10.25, Parts(heads=16, columns=16)),
    }  # fmt: skip


@pytest.mark.parametrize("name", model_names())
def test_parts_change_what_is_at_work_alone(name: str) -> None:
    graph = with_training(build_graph(load_preset(name), sequences=2, length=256))
    found = activations_in(graph)
    workings = [what.working for what in found.values()]
    assert tuple(found) == PARTS
    assert workings == sorted(workings, reverse=True)
    for what in found.values():
        assert replace(what, working=0, parts=Parts()) == replace(found[1], working=0)
        assert what.parts.heads <= load_preset(name).kv_heads


def test_heads_that_are_normed_together_are_not_divided() -> None:
    model = replace(load_preset("llama-2-7b"), wide_norm=True)
    graph = with_training(build_graph(model, sequences=1, length=64))
    assert all(what.parts.heads == 1 for what in activations_in(graph).values())


def test_what_is_held_takes_the_memory_of_checkpoints_alone() -> None:
    """Twice as many sequences held as are worked on: 8 tokens of 4 or 5 of 12 layers are kept, 4 tokens at work."""
    work = _lines(_region())
    for recompute, inputs, between in ((3.0, 4, 2), (12 / 5, 5, 2), (12.0, 1, 11), (1.0, 12, 0)):
        lines = _lines(_region(), recompute=recompute, held=_region(4))
        assert lines.pop("kept for the backward pass") == 8 * inputs * 2
        assert lines.pop("inputs between checkpoints", 0) == 4 * between * 2
        assert lines == {name: size for name, size in work.items() if name != "kept for the backward pass"}


def test_any_number_of_inputs_may_be_kept() -> None:
    assert [kept_inputs(32, every) for every in checkpoints(32)] == list(range(32, 0, -1))
    assert kept_inputs(32, 0) == 0


def test_room_for_weights_is_a_part_of_a_layer_or_several() -> None:
    graph = with_training(build_graph(load_preset("gpt2"), sequences=1, length=64))
    layer = sum(graph.bytes(tensor) for tensor in layer_of(graph).weights())
    assert [buffer_bytes(graph, layers=layers) / layer for layers in (2, 0.25)] == pytest.approx([2, 0.25])


def test_what_is_kept_does_not_depend_on_the_batch() -> None:
    graph = with_training(build_graph(load_preset("bert-base"), sequences=2, length=256))
    assert activations(graph) == activations(graph.with_dims(batch=7))


@pytest.mark.parametrize("name", ["gpt2", "bert-base", "gpt-j-6b", "llama-2-7b", "esm-2-35m"])
def test_a_single_layer_is_still_the_layer(name: str) -> None:
    model = replace(load_preset(name), layers=1)
    graph = with_training(build_graph(model, sequences=2, length=64))
    assert layer_of(graph).name == "layer"
    many = with_training(build_graph(load_preset(name), sequences=2, length=64))
    assert replace(activations(many), repeats=(1,)) == activations(graph)
