"""Kernels of weight streaming on a few cores, each with what it holds in the placement."""

from dataclasses import replace

import pytest

from wsesim.cores.errors import TooLarge
from wsesim.graph import with_training
from wsesim.hardware import load_cluster
from wsesim.kernels import Region
from wsesim.model import ModelSpec, build_graph, load_preset
from wsesim.software import load_software
from wsesim.trials.causes import extra_cycles
from wsesim.trials.streamed import part_of, streamed
from wsesim.trials.trial import Tried, first_that_runs

CLUSTER, SOFTWARE = load_cluster("cs-2").cluster, load_software("release-2").for_training()
SMALL = load_preset("cerebras-gpt-111m")


def region_of(sequences: int) -> Region:
    return Region(software=SOFTWARE, cluster=CLUSTER, sequences=sequences, length=1024, precision="mixed")


def tried(model: ModelSpec, sequences: int) -> dict[str, Tried | str]:
    graph = build_graph(model, sequences=sequences, length=1024)
    layer = next(block for block in graph.blocks if block.name == "layer")
    cases = {op.name: streamed(graph, layer, op, region_of(sequences)) for op in layer.ops}
    return {name: first_that_runs(case.trials(), CLUSTER.wafer) for name, case in cases.items() if case is not None}


@pytest.mark.parametrize("precision", ["bf16", "cb16"])
def test_sixteen_bits_are_one_to_core_programs_whatever_they_mean(precision: str) -> None:
    graph = build_graph(SMALL, sequences=8, length=1024)
    layer = next(block for block in graph.blocks if block.name == "layer")
    up = next(op for op in layer.ops if op.name == "ffn.up")
    cases = [streamed(graph, layer, up, replace(region_of(8), precision=each)) for each in (precision, "mixed")]
    found = [next(iter(case.trials())).options for case in cases if case is not None]
    assert found[0] == found[1]


@pytest.mark.parametrize("machine", ["cs-2", "cs-3"])
@pytest.mark.parametrize(
    ("block", "ops", "most"),
    [
        ("layer", ("ffn.up", "ffn.down"), {"cs-2": 1.08, "cs-3": 1.12}),
        ("head", ("head.logits.input.backward",), {"cs-2": 1.03, "cs-3": 1.12}),
        ("layer", ("attention.project.weight.backward",), {"cs-2": 1.15, "cs-3": 1.2}),
    ],
)
def test_layers_take_what_their_closed_form_says(
    block: str, ops: tuple[str, ...], most: dict[str, float], machine: str
) -> None:
    """Of 2, 5 and 68 whole features a core; what is longer has causes that sum to it."""
    cluster = load_cluster(machine).cluster
    graph = with_training(build_graph(SMALL, sequences=240, length=1024))
    part = next(each for each in graph.blocks if each.name == block)
    region = replace(region_of(240), cluster=cluster)
    for op in (op for op in part.ops if op.name in ops):
        case = streamed(graph, part, op, region)
        assert case
        found = first_that_runs(case.trials(), cluster.wafer)
        assert isinstance(found, Tried)
        assert 1 <= found.ratio < most[machine]
        causes = extra_cycles(found, cluster.wafer)
        assert sum(causes.values()) == pytest.approx(found.cycles - found.trial.closed_cycles)
        assert max(abs(cycles) for cycles in causes.values()) < 0.1 * found.cycles


def test_sparse_weights_have_trials_with_what_is_left_of_them() -> None:
    up = tried(replace(SMALL, sparsity=0.75), 60)["ffn.up"]
    assert isinstance(up, Tried)
    assert up.trial.options["nonzeros"] == "1"


def test_a_part_holds_the_tokens_it_was_asked_for() -> None:
    part = part_of(region_of(60), 8, 4, 31)
    assert (part.columns, part.rows, part.tokens_per_core) == (8, 4, 31)


def test_uncompiled_the_same_trial_runs_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = build_graph(SMALL, sequences=60, length=1024)
    layer = next(block for block in graph.blocks if block.name == "layer")
    cases = [case for op in layer.ops if (case := streamed(graph, layer, op, region_of(60)))]
    compiled = [first_that_runs(case.trials(), CLUSTER.wafer) for case in cases]
    monkeypatch.setattr("wsesim.cores.jit.COMPILED", False)
    monkeypatch.setattr("wsesim.trials.trial.MOST_CORE_CYCLES_UNCOMPILED", 400_000)
    refused = 0
    for case, before in zip(cases, compiled, strict=True):
        try:
            assert first_that_runs(case.trials(), CLUSTER.wafer) == before
        except TooLarge as error:
            assert "takes too long without numba: pip install numba" in str(error)  # noqa: PT017
            refused += 1
    assert 0 < refused < len(cases)
