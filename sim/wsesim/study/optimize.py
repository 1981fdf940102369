"""What a study searches for: the best of a figure, or what no other beats in several, in so many points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from wsesim.answer import FigureSpec
from wsesim.study.figures import EFFICIENCY
from wsesim.workload import Problems, Section

MOST_BUDGET = 100_000
"""Points of a search: what has been found is weighed again before each."""


class OptimizeSection(Section):
    """What is searched for, and in how many points."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    figures: Annotated[list[Any], Field(min_length=1, max_length=4)]
    """One figure, the best of which is searched for; of several, points that no other beats in all of them."""
    budget: Annotated[int, Field(ge=2, le=MOST_BUDGET)] = 200
    """How many points are asked."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """The same seed asks the same points."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the figures, each once."""
        return tuple(dict.fromkeys(map(str, self.figures)))


def check_wanted(given: OptimizeSection, kept: Sequence[FigureSpec], problems: Problems) -> None:
    """Note figures of which neither more nor less is better, or that no point has by itself."""
    for index, name in enumerate(map(str, given.figures)):
        spec = next((spec for spec in kept if spec.name == name), None)
        if name == EFFICIENCY:
            problems.add(("optimize", "figures", index), f"optimize: {name} is known of all points together only")
        elif spec is not None and not spec.better:
            problems.add(("optimize", "figures", index), f"optimize: neither more nor less of {name} is better")


def check_weighed(pareto: Sequence[str], kept: Sequence[FigureSpec], problems: Problems) -> None:
    """Note what points cannot be weighed by."""
    if len(set(pareto)) < len(pareto):
        problems.add_field(("pareto",), "names a figure twice; each is weighed once")
    for index, name in enumerate(pareto):
        spec = next((spec for spec in kept if spec.name == name), None)
        if spec is not None and not spec.better:
            problems.add(("pareto", index), f"pareto: neither more nor less of {name} is better")
