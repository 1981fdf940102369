import numpy as np
import pytest

from wsesim.errors import SpecError
from wsesim.graph import Graph
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import weights as weights_module
from wsesim.numerics.weights import SeededWeights


@pytest.fixture
def graph() -> Graph:
    model = ModelSpec(
        name="m", layers=8, width=64, heads=4, kv_heads=4, head_width=16, ffn_width=256, vocab=500, max_length=32
    )  # fmt: skip
    return build_graph(model, sequences=1, length=4)


def test_they_have_the_shapes_of_the_graph_in_fp32(graph: Graph) -> None:
    for block in graph.blocks:
        arrays = SeededWeights(graph, 0).load(block.name, 0)
        assert {name: array.shape for name, array in arrays.items()} == {
            tensor.name: graph.shape(tensor) for tensor in block.weights()
        }
        assert {array.dtype for array in arrays.values()} == {np.dtype(np.float32)}


def test_they_are_what_gpt2_starts_from(graph: Graph) -> None:
    layer = SeededWeights(graph, 3).load("layer", 2)
    assert layer["attention.qkv.weight"].std() == pytest.approx(0.02, rel=0.05)
    assert layer["ffn.up.weight"].std() == pytest.approx(0.02, rel=0.05)
    assert layer["attention.project.weight"].std() == pytest.approx(0.02 / 4, rel=0.05)
    assert layer["ffn.down.weight"].std() == pytest.approx(0.02 / 4, rel=0.05)
    assert abs(layer["attention.qkv.weight"].mean()) < 0.001
    assert np.all(layer["attention.norm.scale"] == 1)
    for name in layer:
        if name.endswith(".bias"):
            assert np.all(layer[name] == 0)


def test_spread_moves_biases_and_norms(graph: Graph) -> None:
    layer = SeededWeights(graph, 3, spread=0.1).load("layer", 0)
    assert layer["ffn.up.bias"].std() == pytest.approx(0.1, rel=0.2)
    assert layer["attention.norm.scale"].mean() == pytest.approx(1, abs=0.05)
    assert layer["attention.norm.scale"].std() == pytest.approx(0.1, rel=0.3)


def test_any_layer_can_be_made_alone(graph: Graph) -> None:
    all_of_them = SeededWeights(graph, 1)
    for copy in range(8):
        all_of_them.load("layer", copy)
    alone, again = SeededWeights(graph, 1).load("layer", 5), all_of_them.load("layer", 5)
    for name in alone:
        np.testing.assert_array_equal(alone[name], again[name])


def test_seeds_layers_and_tensors_differ(graph: Graph) -> None:
    weights = SeededWeights(graph, 1)
    first, second = weights.load("layer", 0), weights.load("layer", 1)
    other = SeededWeights(graph, 2).load("layer", 0)
    seen = [first["ffn.up.weight"], second["ffn.up.weight"], other["ffn.up.weight"], first["ffn.down.weight"].T]
    for index, array in enumerate(seen):
        for later in seen[index + 1 :]:
            assert abs(np.corrcoef(array.ravel(), later.ravel())[0, 1]) < 0.05


def test_a_tied_head_is_the_token_table(graph: Graph) -> None:
    weights = SeededWeights(graph, 1)
    np.testing.assert_array_equal(weights.load("head", 0)["logits.weight"], weights.load("embed", 0)["tokens.weight"])


def test_pieces_of_a_tensor_differ(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_module, "_PIECE_ELEMENTS", 16_000)
    table = SeededWeights(graph, 1).load("embed", 0)["tokens.weight"].ravel()
    assert len(np.unique(table)) > 0.99 * table.size
    assert abs(np.corrcoef(table[:16_000], table[16_000:])[0, 1]) < 0.05


def test_a_few_numbers_stay_what_they_are(graph: Graph) -> None:
    found = SeededWeights(graph, 0).load("embed", 0)["tokens.weight"][0, :3]
    np.testing.assert_allclose(found, [-0.005063766, 0.007405211, 0.0049132942], rtol=1e-6)


@pytest.mark.parametrize(("arguments", "name"), [({"seed": -1}, "seed"), ({"seed": 0, "spread": -0.1}, "spread")])
def test_negative_arguments_are_refused(graph: Graph, arguments: dict[str, float], name: str) -> None:
    with pytest.raises(SpecError, match=f"{name} must be zero or above"):
        SeededWeights(graph, **arguments)  # type: ignore[arg-type]
