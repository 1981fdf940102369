"""A step computed as it is mapped is the plain step but for rounding, whatever the model, the cores and the passes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.mechanisms import MECHANISMS

from wsesim.answer import DoesNotFit
from wsesim.cores.kit.replay import line_sum
from wsesim.graph import with_training
from wsesim.hardware import load_cluster
from wsesim.kernels.resident import CoreLine
from wsesim.mapping import StepRequest, lay, sizes_of
from wsesim.mapping.resident import PlanGoal, ResidentRequest, plan_resident
from wsesim.model import ModelSpec, build_graph, load_preset
from wsesim.numerics import NamedArrays, SeededWeights, token_inputs
from wsesim.numerics.mapped import (
    MappedStep,
    OnLines,
    ResidentLines,
    StreamedLines,
    hold,
    hold_outputs,
    mapped_kinds,
    on_plan,
    through_tree,
)
from wsesim.numerics.probe import narrow
from wsesim.numerics.rounding import FORMATS, rounded
from wsesim.ops import kinds
from wsesim.software import load_software

CLUSTER = load_cluster("cs-2").cluster
SOFTWARE = load_software("release-2").for_training()
MODELS = ("gpt2", "llama-2-7b", "gpt-j-6b", "mixtral-8x7b", "bert-base", "deepseek_v3")
LENGTH = 8


def narrow_model(name: str) -> ModelSpec:
    return narrow(MECHANISMS[name] if name in MECHANISMS else load_preset(name))


def mapped(name: str, **changes: Any) -> MappedStep:
    return step_of(replace(narrow_model(name), head_norm=name == "gpt2", head_layer_norm=name == "llama"), **changes)


def step_of(
    model: ModelSpec, *, sequences: int = 5, systems: int = 2, passes: int = 2, columns: int = 4, rows: int = 5,
    recompute: bool = False,
) -> MappedStep:  # fmt: skip
    """Return a step of *model* on so many cores."""
    graph = with_training(build_graph(model, sequences=sequences, length=LENGTH, precision="fp32"))
    request = StepRequest(
        graph=graph, cluster=replace(CLUSTER, systems=systems), software=SOFTWARE, sequences=sequences, length=LENGTH,
        precision="fp32", rows=rows, columns=columns,
    )  # fmt: skip
    return MappedStep(request=request, program=lay(request, passes=passes, recompute=recompute))


@settings(max_examples=20)
@given(
    name=st.sampled_from(MODELS), columns=st.integers(1, 40), rows=st.integers(1, 30), sequences=st.integers(1, 5),
    systems=st.integers(1, 3), passes=st.integers(1, 3), recompute=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_every_placement_gives_outputs_gradients_and_weights_of_the_plain_step(
    name: str, columns: int, rows: int, sequences: int, systems: int, passes: int, recompute: bool, seed: int
) -> None:
    step = mapped(name, columns=columns, rows=rows, sequences=sequences, systems=systems, passes=passes,
                  recompute=recompute)  # fmt: skip
    graph = step.request.graph
    arrays = NamedArrays.begin(graph, SeededWeights(graph, seed, spread=0.1, deviation=0.1))
    ids = np.random.default_rng(seed).integers(0, graph.dims["vocab"], (sequences, LENGTH))
    found = list(hold(step, graph, arrays, token_inputs(graph, ids)))
    assert {kind for one in found for kind in ("gradient", "step") if kind in one.name} == {"gradient", "step"}
    wrong = [one for one in found if one.excess > 1]
    assert not wrong, max(wrong, key=lambda one: one.excess)


def test_a_token_that_is_left_out_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    step = mapped("gpt2")
    monkeypatch.setattr(StreamedLines, "down", lambda lines, tokens: [slice(1, tokens)])
    graph = step.request.graph
    arrays = NamedArrays.begin(graph, SeededWeights(graph, 0, spread=0.1, deviation=0.1))
    ids = np.random.default_rng(0).integers(0, graph.dims["vocab"], (5, LENGTH))
    assert max(one.excess for one in hold(step, graph, arrays, token_inputs(graph, ids))) > 100


def test_a_ring_ends_at_the_column_that_owns_the_output() -> None:
    lines = StreamedLines(region=mapped("gpt2", columns=3).region(1))
    x, weight = np.ones((1, 3), np.float32), np.array([[1e8, 1e8, 1e8], [1, 1, 1], [-1e8, -1e8, -1e8]], np.float32)
    # Columns are added 1, 2, 0 for output 0, then 2, 0, 1 and 0, 1, 2; of 1 beside 1e8 nothing is left.
    assert lines.product(x, weight).tolist() == [[0.0, 1.0, 0.0]]


def test_partial_sums_on_their_way_have_the_format_that_the_mapping_sends() -> None:
    region = mapped("gpt2", columns=3).region(1)
    x, weight = np.ones((1, 3), np.float32), np.full((3, 1), 0.4, np.float32)
    half = FORMATS["bf16"]
    wanted = rounded(rounded(rounded(weight[0], half) + weight[1], half) + weight[2], half)
    assert StreamedLines(region=region, partial_sums=half).product(x, weight).tolist() == [wanted.tolist()]


def test_few_inputs_are_added_up_where_the_output_is() -> None:
    """So that no sum of theirs is rounded on its way."""
    lines = StreamedLines(region=mapped("gpt2", columns=3).region(1), partial_sums=FORMATS["bf16"])
    x, weight = np.ones((1, 2), np.float32), np.full((2, 4), 0.4, np.float32)
    assert lines.product(x, weight).tolist() == [(weight[0] + weight[1]).tolist()]


def test_sequences_are_shared_over_wafers_and_passes_as_the_program_plays_them() -> None:
    step = mapped("gpt2", sequences=5, systems=3, passes=2)
    assert step.sizes == sizes_of(step.request, 2) == ((1, 1), (1, 1), (1,))
    assert sum(group.count * group.sequences for group in step.program.groups) == sum(step.sizes[0])


def test_a_tree_adds_its_children_before_its_siblings() -> None:
    key = ("layer", 0, "w")
    leaves = [{key: np.array([value], np.float32)} for value in (1e8, 1.0, -1e8, 0.0)]
    assert through_tree(leaves, 2)[key] == 0.0
    assert through_tree(leaves[:1] + leaves[2:] + leaves[1:2], 3)[key] == 1.0


def test_every_op_that_sums_over_cores_is_computed_as_mapped() -> None:
    summing = {name for name, kind in kinds().items() if kind.sums_along and kind.name not in ("extend", "route")}
    assert summing <= mapped_kinds()


@settings(max_examples=10)
@given(name=st.sampled_from(MODELS), cores=st.integers(1, 40), seed=st.integers(0, 99))
def test_resident_weights_on_a_line_of_any_length_give_the_outputs_of_the_plain_graph(
    name: str, cores: int, seed: int
) -> None:
    graph = build_graph(narrow_model(name), sequences=2, length=LENGTH, precision="fp32")
    ids = np.random.default_rng(seed).integers(0, graph.dims["vocab"], (2, LENGTH))
    lines = ResidentLines(line=CoreLine(cores=cores))
    found = list(hold_outputs(
        graph, SeededWeights(graph, seed, spread=0.1, deviation=0.1), token_inputs(graph, ids),
        OnLines(format="fp32", lines_of=lambda op: lines),
    ))  # fmt: skip
    assert max(one.excess for one in found) <= 1


@pytest.mark.parametrize("cores", [1, 2, 7, 12, 40])
def test_the_tree_adds_up_as_cores_do(cores: int) -> None:
    line = CoreLine(cores=cores)
    parts = np.random.default_rng(cores).normal(size=(cores, 50)).astype(np.float32)
    assert np.array_equal(ResidentLines(line=line).gathered(list(parts)), line_sum(parts, line.group))


def test_each_op_of_a_plan_sums_along_the_axis_that_its_input_lies_on() -> None:
    model = replace(load_preset("gpt2"), layers=2, width=48, heads=4, kv_heads=4, head_width=12, ffn_width=96)
    request = ResidentRequest(
        model=model,
        cluster=CLUSTER,
        software=load_software("waferllm").for_inference(),
        positions=32,
        placement="whole",
    )
    plan = plan_resident(request, PlanGoal(position=16, passes=1.0))
    assert not isinstance(plan, DoesNotFit)
    lines, stage = on_plan(plan).lines_of, plan.stages[0]
    ops = {op.name: op for block in build_graph(model, sequences=1, length=8).blocks for op in block.ops}
    for name, cores in (
        ("attention.qkv", stage.rows),
        ("attention.project", stage.columns),
        ("ffn.down", stage.columns),
    ):
        found = lines(ops[name])
        assert isinstance(found, ResidentLines)
        assert found.line.cores == cores


def test_sums_in_half_precision_are_rounded_at_each_product_and_at_each_core() -> None:
    x, weight = np.ones((1, 4), np.float32), np.array([[2048.0], [1.0], [1.0], [2.0]], np.float32)
    half, whole = (
        ResidentLines(line=CoreLine(cores=2), half=half, partial_sums=FORMATS["fp16"]) for half in (True, False)
    )
    assert half.product(x, weight).tolist() == [
        [2052.0]
    ]  # 2048 + 1 is 2048 in fp16, then 3 are added, and 2051 is 2052
    assert whole.product(x, weight).tolist() == [[2052.0]]
    three = ResidentLines(line=CoreLine(cores=1), half=True)
    assert three.product(x[:, :3], weight[:3]).tolist() == [[2048.0]]
    assert ResidentLines(line=CoreLine(cores=1)).product(x[:, :3], weight[:3]).tolist() == [[2050.0]]
