"""Every mechanism that published families are built on is computed right, alone, as mapped, and by both programs."""

import numpy as np
import pytest
from tests.model.mechanisms import MECHANISMS
from tests.numerics.mapped.test_mapped import LENGTH, step_of

from wsesim.kernels.resident import CoreLine
from wsesim.model import build_graph
from wsesim.numerics import NamedArrays, SeededWeights, token_inputs, verify_model
from wsesim.numerics.mapped import OnLines, ResidentLines, hold, hold_outputs
from wsesim.numerics.probe import narrow


@pytest.mark.parametrize("name", MECHANISMS)
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
