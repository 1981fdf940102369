"""What is known of kernels serves other questions only where it is the same, whatever figure of a machine differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from wsesim.figures import Preset
from wsesim.graph import Graph, with_training
from wsesim.hardware import MACHINES, load_cluster
from wsesim.mapping import StepRequest, fits, known, lay
from wsesim.model import build_graph, load_preset
from wsesim.software import STACKS, load_software
from wsesim.units import Dimension

CHANGED = (1.5, 0.6, 2.0)
MODEL = replace(load_preset("gpt2"), layers=2, width=64, heads=4, kv_heads=4, head_width=16, ffn_width=256, vocab=200)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return with_training(build_graph(MODEL, sequences=1, length=64))


def request_of(
    graph: Graph, changes: dict[str, object] | None = None, systems: int = 2, release: dict[str, object] | None = None
) -> StepRequest:  # fmt: skip
    cluster = load_cluster("cs-2", systems=systems, overrides=changes or {}).cluster
    return StepRequest(
        graph=graph.with_dims(batch=9), cluster=cluster,
        software=load_software("release-2", overrides=release or {}).for_training(), sequences=9, length=64,
        precision="mixed",
    )  # fmt: skip


def changes_of(preset: Preset, load: Callable[[dict[str, object]], object]) -> list[tuple[str, object]]:
    """Return every figure that is a number with another value that it can have."""
    found: list[tuple[str, object]] = []
    for name, dimension in preset.presets.overridable.items():
        entry = preset.entries.get(name)
        value = entry.value if entry else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value:
            continue
        for times in CHANGED:
            number = value * times
            raw: object = round(number) if isinstance(value, int) else number
            raw = f"{raw} {dimension.unit}" if isinstance(dimension, Dimension) else raw
            try:
                load({name: raw})
            except ValueError:
                continue
            found.append((name, raw))
            break
    return found


def overlooked(graph: Graph, changes: list[tuple[str, object]], of: str) -> list[str]:
    """Return which changes make a difference where nothing is known, and none where something is."""
    lay(request_of(graph, {}), passes=2, recompute=True)
    wrong = []
    for name, value in changes:
        found = []
        for _ in range(2):
            request = request_of(graph, **{of: {name: value}})  # type: ignore[arg-type]
            found.append((lay(request, passes=2, recompute=True), fits(request, 3, recompute=True)))
            forget()
        if found[0] != found[1]:
            wrong.append(name)
        lay(request_of(graph, {}), passes=2, recompute=True)
    return wrong


def forget() -> None:
    for held in (known._known, known._at):
        held.clear()


def test_a_figure_that_differs_is_not_overlooked(graph: Graph) -> None:
    changes = changes_of(MACHINES.read("cs-2"), lambda changed: load_cluster("cs-2", overrides=changed))
    assert overlooked(graph, changes, "changes") == []
    assert len(changes) > 60


def test_a_figure_of_the_release_that_differs_is_not_overlooked(graph: Graph) -> None:
    changes = changes_of(STACKS.read("release-2"), lambda changed: load_software("release-2", overrides=changed))
    changes = [(name, value) for name, value in changes if name.startswith("training.")]
    assert overlooked(graph, changes, "release") == []
    assert len(changes) > 12
    forget()
    one, other = request_of(graph, {}), request_of(graph, {}, release={"training.step": "9 ms"})
    assert one.known is other.known
    assert one.known is not request_of(graph, {}, release={"training.strip_keys": 64}).known


def test_it_is_shared_and_forgotten(graph: Graph) -> None:
    forget()
    one, other = request_of(graph, {}), request_of(graph, {"wafer.io": "1 Tb/s", "core.sram": "96 KiB"}, systems=5)
    assert one.known is other.known
    assert one.known is not request_of(graph, {"core.clock": "1 GHz"}).known
    assert one.known is not replace(one, columns=100).known
    kin = known._kin_of(one.graph, one.cluster.wafer, one.software)
    for count in range(1, 2 * kin.most):
        replace(one, columns=count)
    assert len(kin) == kin.most
    assert request_of(graph, {}).known is not one.known
