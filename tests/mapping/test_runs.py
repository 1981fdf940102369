"""Layers with a window and without are stages of their own, in their order; together they are what they were."""

from dataclasses import replace

import pytest

from wsesim.graph import Graph, with_training
from wsesim.hardware import load_cluster
from wsesim.mapping import StepRequest, lay
from wsesim.mapping.runs import runs_of, sight_of
from wsesim.model import ModelSpec, build_graph
from wsesim.software import load_software

MODEL = ModelSpec(
    name="mixed", layers=7, width=64, heads=4, kv_heads=4, head_width=16, ffn_width=128, vocab=97, max_length=256,
    norm="rms_norm", position="rotary", activation="swiglu", window=16, full_every=3,
)  # fmt: skip


def graph_of(model: ModelSpec) -> Graph:
    return with_training(build_graph(model, sequences=4, length=256))


@pytest.mark.parametrize(
    ("window", "every", "wanted"),
    [(16, 3, [(2, 16), (1, 0), (2, 16), (1, 0), (1, 16)]), (16, 1, [(1, 0)] * 7), (16, 9, [(7, 16)]),
     (16, 0, [(7, 16)]), (0, 0, [(7, 0)])],
)  # fmt: skip
def test_runs_are_in_the_order_of_layers(window: int, every: int, wanted: list[tuple[int, int]]) -> None:
    _, layer, _ = graph_of(replace(MODEL, window=window, full_every=every)).blocks
    runs = runs_of(layer)
    scores = [next(op for op in run.ops if op.kind == "scores") for run in runs]
    assert [(run.repeat, sight_of(op)[0]) for run, op in zip(runs, scores, strict=True)] == wanted


def test_a_step_has_stages_in_order_and_as_many_flops() -> None:
    request = StepRequest(
        graph=graph_of(MODEL), cluster=load_cluster("cs-2").cluster, software=load_software("release-2").for_training(),
        sequences=4, length=256, precision="mixed",
    )  # fmt: skip
    program = lay(request, passes=1, recompute=0)
    stages = [stage for stage in program.groups[0].stages if stage.block == "layer"]
    assert [stage.repeat for stage in stages] == [2, 1, 2, 1, 1, 1, 1, 2, 1, 2]
    assert [stage.before for stage in stages] == [0, 2, 3, 5, 6, 0, 1, 2, 4, 5]
    assert stages[1].compute_s > stages[0].compute_s
    kernels = [*program.kernels()]
    assert len({(kernel.block, kernel.phase, kernel.name) for kernel in kernels}) == len(kernels)
    assert all(kernel.calls == 7 for kernel in kernels if kernel.block == "layer")
    flops = sum(kernel.flops for kernel in kernels if kernel.phase in ("forward", "backward"))
    assert flops == pytest.approx(program.model_flops, rel=1e-7)
