"""Every mechanism that published families are built on is computed right, alone, as mapped, and by both programs."""

import numpy as np
import pytest
from tests.model.mechanisms import MECHANISMS
from tests.numerics.mapped.test_mapped import LENGTH, step_of

from wsesim.kernels.resident import CoreLine, line_of
from wsesim.model import build_graph
from wsesim.numerics import NamedArrays, SeededWeights, token_inputs, verify_model
from wsesim.numerics.mapped import OnLines, ResidentLines, absorbed, hold, hold_outputs
from wsesim.numerics.probe import narrow


@pytest.mark.parametrize("name", MECHANISMS)
@pytest.mark.every(3)
def test_graph_and_reference_agree_and_so_do_gradients(name: str) -> None:
    found = verify_model(MECHANISMS[name], text="sample:sotu", sequences=1, length=10)
    assert found.ok, found.worst
    assert found.gradients or MECHANISMS[name].task == "embed"


@pytest.mark.parametrize("name", ["qwen2", "neox", "mpt", "olmo2", "gemma2", "gpt_oss", "deepseek_v2", "deepseek_v3"])
def test_a_step_as_mapped_is_the_plain_step(name: str) -> None:
    step = step_of(narrow(MECHANISMS[name]), columns=5, rows=3, sequences=3)
    graph = step.request.graph
    arrays = NamedArrays.begin(graph, SeededWeights(graph, 0, spread=0.1, deviation=0.1))
    ids = np.random.default_rng(0).integers(0, graph.dims["vocab"], (3, LENGTH))
    wrong = [one for one in hold(step, graph, arrays, token_inputs(graph, ids)) if one.excess > 1]
    assert not wrong, max(wrong, key=lambda one: one.excess)


@pytest.mark.parametrize("name", ["bloom", "olmo", "olmo2", "gpt_oss", "deepseek_v2", "deepseek_v3"])
def test_resident_weights_give_the_outputs_of_the_plain_graph(name: str) -> None:
    graph = build_graph(narrow(MECHANISMS[name]), sequences=2, length=LENGTH, precision="fp32")
    ids = np.random.default_rng(0).integers(0, graph.dims["vocab"], (2, LENGTH))
    lines = ResidentLines(line=CoreLine(cores=5))
    found = hold_outputs(
        graph, SeededWeights(graph, 0, spread=0.1, deviation=0.1), token_inputs(graph, ids),
        OnLines(format="fp32", lines_of=lambda op: lines),
    )  # fmt: skip
    assert max(one.excess for one in found) <= 1


@pytest.mark.parametrize("name", ["deepseek_v2", "deepseek_v3"])
@pytest.mark.parametrize("lengths", [(1, 1), (5, 3), (3, 40)])
def test_absorbed_latent_vectors_give_the_outputs_of_the_plain_graph(name: str, lengths: tuple[int, int]) -> None:
    graph = build_graph(narrow(MECHANISMS[name]), sequences=2, length=LENGTH, precision="fp32")
    ids = np.random.default_rng(0).integers(0, graph.dims["vocab"], (2, LENGTH))
    down, across = map(line_of, lengths)
    found = hold_outputs(
        graph, SeededWeights(graph, 0, spread=0.1, deviation=0.1), token_inputs(graph, ids),
        OnLines(format="fp32", lines_of=lambda op: ResidentLines(line=down, other=across)), other=absorbed(graph),
    )  # fmt: skip
    assert max(one.excess for one in found) <= 1


def test_absorbed_latent_vectors_never_make_keys_and_values() -> None:
    graph = absorbed(build_graph(MECHANISMS["deepseek_v3"], sequences=1, length=LENGTH))
    ops = {op.name: op for block in graph.blocks for op in block.ops}
    assert "attention.expand" not in ops
    assert ops["attention.scores"].inputs[2] == ops["attention.sum"].inputs[2] == "attention.expand.weight"
    plain = build_graph(MECHANISMS["bloom"], sequences=1, length=LENGTH)
    assert absorbed(plain) == plain
