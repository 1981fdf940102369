"""What is known of kernels serves other questions only where it is the same, whatever figure of a machine differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wsesim.graph import Graph, with_training
from wsesim.hardware import MACHINES, load_cluster
from wsesim.mapping import StepRequest, fits, known, lay
from wsesim.model import build_graph, load_preset
from wsesim.software import load_software
from wsesim.units import Dimension, base_unit

CHANGED = (1.5, 0.6, 2.0)
MODEL = replace(load_preset("gpt2"), layers=2, width=64, heads=4, kv_heads=4, head_width=16, ffn_width=256, vocab=200)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return with_training(build_graph(MODEL, sequences=1, length=64))


def request_of(graph: Graph, changes: dict[str, object], systems: int = 2) -> StepRequest:
    cluster = load_cluster("cs-2", systems=systems, overrides=changes).cluster
    return StepRequest(
        graph=graph.with_dims(batch=9), cluster=cluster, software=load_software("release-2").for_training(),
        sequences=9, length=64, precision="mixed",
    )  # fmt: skip


def changes_of() -> list[tuple[str, object]]:
    """Return every figure that is a number with another value that it can have."""
    found: list[tuple[str, object]] = []
    preset = MACHINES.read("cs-2")
    for name, dimension in MACHINES.overridable.items():
        value = preset.entries[name].value
        if isinstance(value, bool) or not isinstance(value, int | float) or not value:
            continue
        for times in CHANGED:
            number = value * times
            raw: object = round(number) if isinstance(value, int) else number
            raw = f"{raw} {base_unit(dimension)}" if isinstance(dimension, Dimension) else raw
            try:
                load_cluster("cs-2", overrides={name: raw})
            except ValueError:
                continue
            found.append((name, raw))
            break
    return found


def test_a_figure_that_differs_is_not_overlooked(graph: Graph) -> None:
    lay(request_of(graph, {}), passes=2, recompute=True)
    wrong = []
    changes = changes_of()
    for name, value in changes:
        warm = request_of(graph, {name: value})
        laid, room = lay(warm, passes=2, recompute=True), fits(warm, 3, recompute=True)
        known._known.clear()
        cold = request_of(graph, {name: value})
        if (laid, room) != (lay(cold, passes=2, recompute=True), fits(cold, 3, recompute=True)):
            wrong.append(name)
        known._known.clear()
        lay(request_of(graph, {}), passes=2, recompute=True)
    assert wrong == []
    assert len(changes) > 60


def test_it_is_shared_and_forgotten(graph: Graph) -> None:
    known._known.clear()
    one, other = request_of(graph, {}), request_of(graph, {"wafer.io": "1 Tb/s", "core.sram": "96 KiB"}, systems=5)
    assert one.known is other.known
    assert one.known is not request_of(graph, {"core.clock": "1 GHz"}).known
    assert one.known is not replace(one, columns=100).known
    for count in range(1, 2 * known._known.most):
        replace(one, columns=count)
    assert len(known._known) == known._known.most
    assert request_of(graph, {}).known is not one.known
