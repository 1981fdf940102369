"""A kernel file may name a program in CSL: it runs on the figures of the machine, and its values are compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import wsesim
from wsesim import questions
from wsesim.answer import NotAnswered
from wsesim.errors import InputError
from wsesim.questions.base import Question

pytestmark = pytest.mark.xdist_group("csl")
FOLDER = Path(__file__).parents[2] / "workloads" / "kernels"
FILE: dict[str, Any] = {
    "kernel": "csl/row-sum.csl", "params": {"width": 4, "length": 8}, "launch": ["add"], "operands": {"numbers": 2.0},
    "expect": {"last": 8.0}, "cluster": "cs-3",
}  # fmt: skip


def asked(**changed: Any) -> Question:
    return questions.ask({**FILE, **changed}, file="x.yaml", folder=FOLDER)


def figures(**changed: Any) -> dict[str, Any]:
    answer = questions.run(asked(**changed), level=questions.require_level("cores")).answer
    assert answer is not None
    return {**answer.figures, "right": answer.right, "notes": answer.notes}


def test_a_program_is_run_and_its_values_are_compared() -> None:
    found = figures()
    assert found["right"] is True
    assert found["compared_values"] == 8
    assert found["wavelet_hops"] == 3 * 8
    ramp = list(range(32))
    summed = figures(operands={"numbers": ramp}, expect={"last": [48 + 4 * k for k in range(8)]})
    assert summed["right"] is True
    assert summed["cycles"] == found["cycles"]
    assert figures(expect={"last": 9.0})["differing_values"] == 8


def test_a_program_is_asked_of_machines_and_their_figures() -> None:
    usual = figures()["cycles"]
    assert figures(hardware={"fabric.hop_cycles": 10})["cycles"] > usual + 8 * 3
    assert figures(cluster="cs-2")["right"] is True
    assert figures(params={"width": 4, "length": 64})["cycles"] > usual
    closed = questions.run(asked(), level=questions.require_level("closed")).outcome
    assert isinstance(closed, NotAnswered)
    assert "no formula" in closed.why
    for name, value in (("hop_cycles", 0), ("link_wavelets_per_cycle", 0.5)):
        found = questions.run(asked(hardware={f"fabric.{name}": value}), level=questions.require_level("cores")).outcome
        assert isinstance(found, NotAnswered)
        assert f"fabric.{name}" in found.why


def test_python_asks_a_program_as_it_asks_a_kernel() -> None:
    asked = {key: FILE[key] for key in ("params", "launch", "operands", "expect")}
    result = wsesim.kernel(FOLDER / FILE["kernel"], machine="cs-3", **asked)
    assert (result.figures["differing_values"], result.figures["cycles"]) == (0, figures()["cycles"])
    with pytest.raises(InputError, match="the required key 'grid' is missing"):
        wsesim.kernel("reduce-chain", shape=8)


def test_a_shown_file_asks_the_same() -> None:
    question = asked()
    again = questions.ask(dict(question.asked.resolved), file="x.yaml", folder=FOLDER)
    assert again.asked.resolved == question.asked.resolved
    assert {path.name for path in question.inputs} == {"row-sum.csl", "row-sum-core.csl"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"kernel": "csl/row-sun.csl"}, "cannot be read: there is no such file"),
        ({"params": {"width": 4, "length": 8, "widht": 8}}, "has no param widht; did you mean width?"),
        ({"params": {"width": 4}}, "was given no value"),
        ({"launch": ["ad"]}, "the layout exports no function 'ad', did you mean 'add'?"),
        ({"launch": ["add(1)"]}, "add takes 0 arguments (fn () void), not 1"),
        ({"launch": ["add("]}, "'add(' is no launch; write name or name(1, 2.5)"),
        ({"operands": {"number": 1}}, "no core exports a variable 'number', did you mean 'numbers'?"),
        ({"operands": {"numbers": "zeros"}}, "must be numbers or random; got 'zeros'"),
        ({"expect": {"first": 1}}, "no core exports a variable 'first'"),
        ({"grid": [4, 1]}, "grid is not read of a program in CSL"),
        ({"params": {"width": 900, "length": 8}}, "is laid out on 900 x 1 cores; the wafer has 755 columns"),
        ({"kernel": "reduce-chain", "grid": [4, 1], "shape": [8]}, "params is read of programs in CSL only"),
        ({"kernel": "reduce-chain", "params": {}, "launch": None, "operands": {}, "expect": {}},
         "the required key 'grid' is missing: a kernel needs it"),
    ],
)  # fmt: skip
def test_a_mistake_says_what_is_wrong(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=r".") as caught:
        asked(**changed)
    assert said in str(caught.value)


def test_operands_that_do_not_fit_and_programs_that_hang_are_told() -> None:
    with pytest.raises(InputError, match="numbers is given 3 numbers; a core holds 8, all of them 32"):
        figures(operands={"numbers": [1, 2, 3]})
