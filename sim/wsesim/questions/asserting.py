"""What a file asserts of its answer: comparisons of figures, checked when it is read and when it is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wsesim.answer import Answer, Outcome
from wsesim.answers import shown
from wsesim.errors import SpecError, nearest
from wsesim.questions.base import Question
from wsesim.workload import Formula, Problems

KEY = "assert"
SPENT = "spent."
"""What seconds by cause are called: `spent.launch`."""


def check_asserted(kind: type[Question], texts: Sequence[str], problems: Problems) -> None:
    """Note what cannot be read, and names of no figure of *kind*."""
    known = [spec.name for spec in kind.figures]
    for index, text in enumerate(texts):
        try:
            names = Formula.comparison(text).names
        except SpecError as error:
            problems.add((KEY, index), f"{KEY}: {error}; an assertion is such as '{known[0]} > 1'")
            continue
        for name in names:
            if name not in known and not name.startswith(SPENT):
                hint = nearest(name, known) or f"; there are: {', '.join(known)}"
                problems.add((KEY, index), f"{KEY}: {name} is no figure of {kind.kind}{hint}")


def broken(question: Question, outcome: Outcome) -> Iterator[str]:
    """Yield a sentence for each assertion that the answer does not keep to; without an answer, none is kept."""
    for text in question.asked.resolved.get(KEY) or ():
        formula = Formula.read(text)
        if not isinstance(outcome, Answer):
            yield f"Asserted, and there is no answer: {text}."
            continue
        spent = outcome.spent.by_cause if outcome.spent else {}
        figures = {**{f"{SPENT}{cause}": seconds for cause, seconds in spent.items()}, **outcome.figures}
        held = {name: figures.get(name, 0 if name.startswith(SPENT) else None) for name in formula.names}
        try:
            if not formula.value(held.get):
                said = ", ".join(f"{name} = {shown(name, value)}" for name, value in held.items())
                yield f"Asserted, and not so: {text} ({said})."
        except SpecError as error:
            yield f"Asserted, and cannot be said: {text}: {error}."
