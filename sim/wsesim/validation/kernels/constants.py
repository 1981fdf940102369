"""The figures that kernels depend on: value for each generation, and where it is from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsesim.hardware import load_cluster

if TYPE_CHECKING:
    from wsesim.answer import UsedFigure

GENERATIONS = {"WSE-2": "cs-2", "WSE-3": "cs-3"}
GROUPS = {
    "core": "A core.", "fabric": "Its router and the links.",
    "code": "What compilers and libraries put around the instructions that a kernel is known by.",
    "silicon": "By how much silicon is slower than the vendor's simulator of the fabric, because it inserts cycles "
    "without work against heat: by one factor per resource, whatever the kernel.",
}  # fmt: skip
"""Groups of figures of a preset, and what they are of."""


def figures_of(group: str) -> list[tuple[str, ...]]:
    """Return name, value on the WSE-2, value on the WSE-3, and where both are from, of every figure of a group."""
    machines = [
        {each.name: each for each in load_cluster(machine).figures if each.name.startswith(f"{group}.")}
        for machine in GENERATIONS.values()
    ]
    return [
        (name, *(of[name].text for of in machines), _sources([of[name] for of in machines])) for name in machines[0]
    ]


def _sources(figures: Sequence[UsedFigure]) -> str:
    """Return where values are from: once if they are from one place, else for each generation."""
    texts = [_source(figure) for figure in figures]
    if len(set(texts)) == 1:
        return texts[0]
    return "; ".join(f"{generation}: {text}" for generation, text in zip(GENERATIONS, texts, strict=True))


def _source(figure: UsedFigure) -> str:
    return f"{figure.source} ({figure.confidence}){f', {figure.note}' if figure.note else ''}"
