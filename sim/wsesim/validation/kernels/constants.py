"""Every figure that rows of kernels are predicted with: its value for each generation, and where it is from."""

from __future__ import annotations

from functools import cache

from wsesim.hardware import SLOWDOWNS, load_cluster
from wsesim.result import Figure

GENERATIONS = {"WSE-2": "cs-2", "WSE-3": "cs-3"}


def timings() -> list[tuple[str, ...]]:
    """Return name, value on the WSE-2, value on the WSE-3, and source, for the figures of core and fabric."""
    return [*_by_generation("core"), *_by_generation("fabric")]


def code() -> list[tuple[str, ...]]:
    """Return the same of the scalar code around kernels' instructions."""
    return _by_generation("code")


def silicon() -> list[tuple[str, ...]]:
    """Return resource, factor and source of what makes silicon slower."""
    figures = _figures("cs-3", "silicon")
    return [
        (resource, figures[f"silicon.{name}"].text, _source(figures[f"silicon.{name}"]))
        for resource, name in SLOWDOWNS.items()
    ]


def _by_generation(group: str) -> list[tuple[str, ...]]:
    machines = [_figures(machine, group) for machine in GENERATIONS.values()]
    return [
        (name, *(of[name].text for of in machines), _sources([of[name] for of in machines])) for name in machines[0]
    ]


@cache
def _figures(machine: str, group: str) -> dict[str, Figure]:
    return {each.name: each for each in load_cluster(machine).figures if each.name.startswith(f"{group}.")}


def _sources(figures: list[Figure]) -> str:
    """Return where values are from: once if they are from one place, else for each generation."""
    texts = [_source(figure) for figure in figures]
    if len(set(texts)) == 1:
        return texts[0]
    return "; ".join(f"{generation}: {text}" for generation, text in zip(GENERATIONS, texts, strict=True))


def _source(figure: Figure) -> str:
    return f"{figure.source} ({figure.confidence}){f', {figure.note}' if figure.note else ''}"
