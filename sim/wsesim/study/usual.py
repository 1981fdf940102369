"""Over which ranges figures are opened when what an answer hangs on is asked of all at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsesim.answer import Level, NotAnswered, UsedFigure
from wsesim.errors import InputError, SpecError, WsesimError
from wsesim.figures import Slot
from wsesim.questions import changed, sketch
from wsesim.questions.base import Question
from wsesim.study.axes import TRIED
from wsesim.study.load import study_of
from wsesim.study.numbers import Value
from wsesim.study.sensitivity import figure_named, figures_read
from wsesim.study.space import values_at
from wsesim.study.spec import Study
from wsesim.study.values import RangeSection
from wsesim.yamlfile import Loc


def over_ranges(
    question: Question, vary: Mapping[str, Any], *, times: float, figure: str | None = None, level: Level | None = None,
    given: Mapping[Loc, str] | None = None,
) -> tuple[Study, dict[str, str]]:  # fmt: skip
    """Return the study whose points a method asks, and why figures have no usual range.

    Args:
        question: that is asked.
        vary: ranges by setting, as a study file has them; empty: the usual ones.
        times: how far those go, as of `usual_ranges`.
        figure: whose change is told. Default: the first of the kind of question.
        level: as of `Study`.
        given: how *vary* was given on a command line, by place.

    Raises:
        InputError: no such figure, or ranges that cannot be.
    """
    ranges, left_out = (dict(vary), dict[str, str]()) if vary else usual_ranges(question, times)
    name = figure_named(question, figure).name
    data = {"vary": ranges, "figures": [name], "level": level, "sample": {"points": 1}}
    return study_of(question, data, given=given), left_out


def usual_ranges(question: Question, times: float) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a range for every figure that *question* reads, and why others have none.

    It goes from the figure divided by *times* to so many times the figure; an end that cannot be is the figure itself.
    """
    ranges, left_out = dict[str, Any](), dict[str, str]()
    read = {setting: (slot, used) for setting, slot, used in figures_read(question)}
    ends = [{setting: _end(question, setting, slot, used, factor) for setting, (slot, used) in read.items()}
            for factor in (1 / times, times)]  # fmt: skip
    lows, highs = ({**side, **_unmodelled(question, side, read)} for side in ends)
    for setting, (slot, used) in read.items():
        if slot.read(used.text) == 0:
            left_out[setting] = "is 0"
        elif slot.value(lows[setting]) == slot.value(highs[setting]):
            left_out[setting] = "can be nothing else"
        else:
            ranges[setting] = _open(question, setting, (lows[setting], _now(slot, used), highs[setting]))
    return ranges, left_out


def _now(slot: Slot, used: UsedFigure) -> float | str:
    found: float | str = used.text if slot.dimension else slot.read(used.text)
    return found


def _end(question: Question, setting: str, slot: Slot, used: UsedFigure, factor: float) -> float | str:
    """Return so many times a figure, or the figure where that cannot be."""
    end = slot.multiplied(used.text, factor)
    return end if _can_be(question, setting, end) else _now(slot, used)


def _unmodelled(
    question: Question, ends: Mapping[str, Value], read: Mapping[str, tuple[Slot, UsedFigure]]
) -> dict[str, float | str]:  # fmt: skip
    """Return, as they are now, figures that have no mechanism for their end; no point of their range had an answer."""
    if not _is_modelled(question, {}) or _is_modelled(question, ends):
        return {}
    return {
        setting: _now(*read[setting]) for setting, end in ends.items() if not _is_modelled(question, {setting: end})
    }


def _is_modelled(question: Question, changes: Mapping[str, Value]) -> bool:
    """Return whether there are formulas for a question with *changes*; what cannot be is nothing that lacks one."""
    try:
        return not isinstance(sketch(changed(question, changes), level="closed"), NotAnswered)
    except WsesimError:
        return True


def _open(question: Question, setting: str, values: tuple[float | str, ...]) -> dict[str, Any] | list[Any]:
    """Return the range of three values, or a list of them where what lies between cannot be, such as a third of 2."""
    given = {"from": values[0], "to": values[-1], "scale": "log"}
    section = RangeSection.model_validate(given)
    inner = values_at(setting, section, TRIED[1:-1])
    return given if all(_can_be(question, setting, value) for value in inner) else list(dict.fromkeys(values))


def _can_be(question: Question, setting: str, value: Value) -> bool:
    try:
        changed(question, {setting: value})
    except (InputError, SpecError):
        return False
    return True
