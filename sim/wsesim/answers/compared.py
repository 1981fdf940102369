"""What the page and the terminal show of a comparison of levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wsesim.answer import Answer, Comparison, Difference, Level, Outcome
from wsesim.answers import text, views
from wsesim.answers.plain import off, tables_of

MEANINGS: Mapping[str, str] = {
    "closed": "closed forms added up, nothing played",
    "system": "stores, trees, wafers and requests played; kernels in closed form",
    "cores": "kernels run on simulated cores, wavelet by wavelet",
}
_SAME = 0.0005
"""Difference below which two levels say the same."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, worked out for reading."""

    comparison: Comparison

    @property
    def answers(self) -> dict[Level, Answer]:
        """The levels that answer."""
        return {level: found for level, found in self.comparison.outcomes.items() if isinstance(found, Answer)}

    @property
    def refused(self) -> dict[Level, str]:
        """The levels that do not answer, and why."""
        outcomes = self.comparison.outcomes.items()
        return {level: found.why for level, found in outcomes if not isinstance(found, Answer)}

    @property
    def meanings(self) -> dict[Level, str]:
        """What each level does."""
        return {level: MEANINGS[level] for level in self.comparison.outcomes}

    @property
    def names(self) -> tuple[str, ...]:
        """The figures that are compared: the headline of any level that answers, or all figures without one."""
        answers = list(reversed(self.answers.values()))
        heads = tuple(dict.fromkeys(name for answer in answers for name in answer.headline))
        return heads or tuple(dict.fromkeys(name for answer in answers for name in answer.figures))

    @property
    def lead(self) -> str:
        """The figure that the bars show: the first."""
        return self.names[0] if self.names else ""

    @property
    def bars(self) -> dict[Level, str]:
        """Of each level the width of its bar."""
        values = {level: float(answer.figures.get(self.lead) or 0.0) for level, answer in self.answers.items()}
        longest = max(values.values(), default=0.0)
        return {level: views.width(value, longest) for level, value in values.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """All that is noted, once: of the comparison, then by its levels."""
        said = [*self.comparison.notes]
        return tuple(dict.fromkeys([*said, *(note for answer in self.answers.values() for note in answer.notes)]))

    @property
    def tables(self) -> tuple[views.Grid, ...]:
        """The tables of the levels, those of the most detailed first in doubt."""
        return tuple(map(views.grid, tables_of(self.comparison)))

    def label(self, figure: str) -> str:
        """Return what people call a figure."""
        return views.label_of(self.comparison.specs, figure)

    def shown(self, outcome: Outcome, figure: str) -> str:
        """Print a figure of a level."""
        return text.shown(figure, outcome.figures.get(figure)) if isinstance(outcome, Answer) else text.NONE

    def off(self, outcome: Outcome, figure: str) -> str:
        """Print how far a level is from the most detailed one; nothing for that one itself."""
        if outcome is self.comparison.finest or not isinstance(outcome, Answer):
            return ""
        share = off(self.comparison, outcome, figure)
        if share is None:
            return text.NONE
        if abs(share) < _SAME:
            return "the same"
        return text.signed_percent(share).replace("-", "−") if share < 1 else f"{1 + share:.3g} times"

    def title(self, difference: Difference) -> str:
        """Say which levels differ, and in what."""
        return f"{self.label(difference.figure)}, from {difference.coarse} to {difference.fine}"

    def cost(self, level: Level) -> str:
        """Print the CPU time of a level."""
        cpu_s = self.comparison.cpu_s.get(level)
        return text.NONE if cpu_s is None else text.seconds(cpu_s)
