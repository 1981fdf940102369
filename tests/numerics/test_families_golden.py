"""Tiny models of many families, from their config.json on, against torch and transformers (golden/make_families.py)."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from wsesim.graph import with_training
from wsesim.kernels.resident import line_of
from wsesim.model import build_graph, read_hf_config
from wsesim.numerics import NamedArrays, SafetensorsWeights, backward, execute, forward, token_inputs, walk_reference
from wsesim.numerics.mapped import OnLines, ResidentLines, absorbed
from wsesim.numerics.second import TWICE_READ, SecondReader

FOLDER = Path(__file__).parents[1] / "golden" / "families"
NAMES = sorted(file.stem for file in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_logits_loss_and_gradients_are_those_of_transformers(name: str) -> None:
    model = read_hf_config(FOLDER / f"{name}.json")
    assert not [note for note in model.notes if "not read" in note or "are not" in note]
    wanted = load_file(FOLDER / f"{name}.expected.safetensors")
    sequences, length = wanted["ids"].shape
    model = replace(model, masked=wanted["logits"].shape[1]) if model.task == "mlm" else model
    graph = with_training(build_graph(model, sequences=sequences, length=length))
    tokens = token_inputs(graph, wanted["ids"])
    weights = SafetensorsWeights(FOLDER / f"{name}.safetensors", graph)
    *_, reference = walk_reference(model, weights, tokens)
    # transformers makes angles, RMS norms and some softmaxes in fp32, whatever the rest is in.
    np.testing.assert_allclose(reference.logits["tokens"], wanted["logits"], rtol=0, atol=2e-5)
    arrays = NamedArrays.begin(graph, weights, np.float64)
    run = forward(graph, arrays, tokens)
    assert run.loss == pytest.approx(float(wanted["loss"][0]), abs=1e-5)
    of_torch = SafetensorsWeights(FOLDER / f"{name}.gradients.safetensors", graph, np.float64)
    for (block, copy, weight), gradient in backward(graph, arrays, run).items():
        there = of_torch.load(block, copy)[weight] - (model.stored_less if weight.endswith(".scale") else 0)
        assert float(np.abs(gradient - there).max()) <= 2e-5 * max(1e-3, float(np.abs(there).max())), weight


@pytest.mark.parametrize("name", ["deepseek_v2", "deepseek_v3", "glm4_moe_lite", "minicpm3"])
def test_absorbed_latent_vectors_give_the_logits_of_transformers(name: str) -> None:
    model, wanted = read_hf_config(FOLDER / f"{name}.json"), load_file(FOLDER / f"{name}.expected.safetensors")
    graph = build_graph(model, sequences=wanted["ids"].shape[0], length=wanted["ids"].shape[1], precision="fp32")
    lines = ResidentLines(line=line_of(5), other=line_of(3))
    found = execute(
        absorbed(graph), SafetensorsWeights(FOLDER / f"{name}.safetensors", graph), token_inputs(graph, wanted["ids"]),
        storage=OnLines(format="fp32", lines_of=lambda op: lines),
    )  # fmt: skip
    (logits,) = found.logits.values()
    np.testing.assert_allclose(logits, wanted["logits"], rtol=0, atol=1e-4)


def test_a_second_reader_finds_the_same_weights_by_itself() -> None:
    seen = set()
    for name in NAMES:
        model, file = read_hf_config(FOLDER / f"{name}.json"), FOLDER / f"{name}.safetensors"
        first = SafetensorsWeights(file, build_graph(model, sequences=1, length=4))
        if first.family in TWICE_READ:
            second = SecondReader(file, model)
            seen.add(name)
            for block in ("embed", "layer", "head"):
                found = second.load(block, 0)
                assert found.keys() == first.load(block, 0).keys()
                assert all(np.array_equal(array, found[key]) for key, array in first.load(block, 0).items())
    assert {"qwen2", "cohere", "nemotron", "stablelm", "olmo"} <= seen


def test_the_golden_files_stay_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1_430_000
