"""What is stored is what was read: names and layouts of every family, there and back."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.numerics.test_models_golden import FOLDER, MODELS

from wsesim.errors import InputError, SpecError
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.naming_families import family_of
from wsesim.numerics.saving import save_tensors, stored_tensors
from wsesim.numerics.training import NamedArrays


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_golden_models_go_there_and_back(model: ModelSpec, tmp_path: Path) -> None:
    file = FOLDER / f"{model.name}.safetensors"
    stored, graph = load_file(file), build_graph(model, sequences=1, length=4)
    arrays = NamedArrays.begin(graph, SafetensorsWeights(file, graph))
    family = family_of(stored)
    assert family is not None
    found = stored_tensors(graph, arrays.arrays, family[0].name)
    assert found.keys() <= stored.keys()
    assert {name for name in stored if name not in found} <= {"lm_head.weight", "cls.predictions.decoder.weight"}
    for name, array in found.items():
        np.testing.assert_array_equal(array, stored[name])
    save_tensors(tmp_path / "model.safetensors", found)
    again = SafetensorsWeights(tmp_path / "model.safetensors", graph).load("layer", 1)
    for name, array in again.items():
        np.testing.assert_array_equal(array, arrays.load("layer", 1)[name])
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_they_are_views() -> None:
    model = MODELS[3]
    graph = build_graph(model, sequences=1, length=4)
    arrays = NamedArrays.begin(graph, SafetensorsWeights(FOLDER / f"{model.name}.safetensors", graph))
    stored_tensors(graph, arrays.arrays, "Llama")["model.layers.1.self_attn.k_proj.weight"][...] = 7
    packed = arrays.arrays["layer", 1, "attention.qkv.weight"]
    assert (packed[:, 24:36] == 7).all()
    assert not (packed[:, :24] == 7).any()


def test_names_that_are_not_there_are_refused() -> None:
    graph = build_graph(MODELS[3], sequences=1, length=4)
    arrays = NamedArrays.begin(graph, SafetensorsWeights(FOLDER / "llama.safetensors", graph)).arrays
    with pytest.raises(SpecError, match=r"family must be one of GPT-2, .*; got 'GPT-5'"):
        stored_tensors(graph, arrays, "GPT-5")
    with pytest.raises(SpecError, match=r"ffn.gate.weight has no name in checkpoints of GPT-2"):
        stored_tensors(graph, arrays)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write it"):
        save_tensors(tmp_path / "no" / "model.safetensors", {"a": np.zeros(2)})
    with pytest.raises(InputError, match="tensor 'a' holds NaN or infinity: not saved"):
        save_tensors(tmp_path / "model.safetensors", {"a": np.array([1, np.nan])})
