"""What an expert asks first: the sign, order and smoothness of what-ifs that come with the package."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.answers.keeping import keeps_to

from wsesim.errors import SpecError
from wsesim.validation import print_report, schemas, write_report
from wsesim.validation.behaviour import Behaved, BehaviourReport, Expectation, WhatIf, behaved, what_ifs


@pytest.mark.parametrize("what_if", what_ifs(), ids=lambda what_if: what_if.title.replace(" ", "-"))
@pytest.mark.every(2)
def test_answers_move_as_physics_says(what_if: WhatIf) -> None:
    found = behaved(what_if)
    assert found.as_expected, (found.answers, found.checks)


@pytest.mark.parametrize(
    ("expectation", "answers", "holds"),
    [
        (Expectation(order="falls"), (3, 3, 2), True),
        (Expectation(order="falls"), (3, 4, 2), False),
        (Expectation(order="rises"), (1, 1, 2), True),
        (Expectation(order="rises"), (2, 1, 3), False),
        (Expectation(order="falls", per="n"), (1, 2, 3), True),
        (Expectation(order="rises", per="n"), (1, 2, 3), False),
        (Expectation(ratio=(2, 3)), (1, 9, 2.5), True),
        (Expectation(ratio=(2, 3)), (1, 9, 3.5), False),
        (Expectation(step=1.5), (2, 3, 2.5), True),
        (Expectation(step=1.5), (3, 2, 3.1), False),
        (Expectation(last=(1, 2)), (9, 9, 1.5), True),
        (Expectation(last=(1, 2)), (1, 1, 2.1), False),
        (Expectation(order="falls", ratio=(0.5, 1)), (3, 2, 1), False),
    ],
)
def test_an_expectation_holds_or_not(expectation: Expectation, answers: tuple[float, ...], holds: bool) -> None:
    assert expectation.holds(answers, (1, 2, 4)) is holds


def test_nothing_is_no_expectation() -> None:
    with pytest.raises(SpecError, match="says nothing"):
        Expectation(per="cluster.systems")


def test_what_does_not_behave_is_said_everywhere(tmp_path: Path) -> None:
    what_if = WhatIf(
        title="<Odd>", because="physics", ask={}, figure="step_s", vary=({"a.b": 1}, {"a.b": 1000}),
        expect=(Expectation(order="falls"), Expectation(step=9)),
    )  # fmt: skip
    risen = Behaved(what_if=what_if, title="a step", answers=(1.0, 2.0))
    none = Behaved(what_if=what_if, title="a step", answers=(1.0, None))
    assert [holds for _, holds in risen.checks] == [False, True]
    assert [holds for _, holds in none.checks] == [False, False]
    report = BehaviourReport(found=(risen, none))
    (path,) = write_report(report, tmp_path / "out")
    page = path.read_text("utf-8")
    assert "It is not so." in page
    assert "&lt;Odd&gt;" in page
    assert "no answer" in page
    console = Console(record=True, width=120, file=StringIO())
    print_report(report, console)
    said = console.export_text()
    assert "NO" in said
    assert "0 of 2 answers move as physics says" in said
    assert keeps_to(json.loads(json.dumps(report.to_dict())), schemas()["validate_behaviour"])
    first = json.loads(json.dumps(report.to_dict()))["what_ifs"][0]
    assert first["holds"] is False
    assert first["answers"][1] == {"a.b": 1000, "step_s": 2.0}
