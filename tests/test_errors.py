"""Mistakes are said so that a person can act on them."""

import math

import pytest

from wsesim.errors import (
    InputError,
    NotModelled,
    Problem,
    SpecError,
    WsesimError,
    nearest,
    require_choice,
    require_positive,
)


def test_problem_without_a_place_is_only_its_message() -> None:
    assert str(Problem("it broke")) == "error: it broke"


def test_problem_names_as_much_of_its_place_as_is_known() -> None:
    assert str(Problem("no such file", file="a.yaml")) == "a.yaml: error: no such file"
    assert str(Problem("empty", file="a.yaml", line=3)) == "a.yaml:3: error: empty"


def test_problem_shows_the_line_with_a_caret_below_the_column() -> None:
    shown = str(Problem("is odd", file="a.yaml", line=2, column=4, excerpt="a: 7"))
    assert shown == "a.yaml:2:4: error: is odd\n    a: 7\n       ^"


def test_problem_shows_of_a_line_too_long_to_look_at_what_is_around_the_column() -> None:
    line = "x" * 5_000 + "here" + "y" * 5_000
    _, shown, caret = str(Problem("is odd", file="a.yaml", line=1, column=5_001, excerpt=line)).split("\n")
    assert len(shown) < 300
    assert shown[caret.index("^") :].startswith("here")


def test_input_error_keeps_every_problem_in_order() -> None:
    problems = [Problem("first"), Problem("second")]
    error = InputError(iter(problems))
    assert error.problems == tuple(problems)
    assert str(error) == "error: first\nerror: second"


def test_input_error_of_one_problem() -> None:
    error = InputError.at("wrong", file="a.yaml", line=1, column=2)
    assert error.problems == (Problem("wrong", file="a.yaml", line=1, column=2),)


def test_spec_error_names_the_field_and_is_a_value_error() -> None:
    error = SpecError("core.clock", "must be positive, got 0")
    assert (error.name, error.message) == ("core.clock", "must be positive, got 0")
    assert str(error) == "core.clock must be positive, got 0"
    assert isinstance(error, ValueError)


def test_all_errors_have_one_base() -> None:
    assert issubclass(InputError, WsesimError)
    assert issubclass(SpecError, WsesimError)


def test_nearest_names_the_most_similar_candidate_whatever_the_case() -> None:
    assert nearest("CLOK", ["core", "clock"]) == ", did you mean 'clock'?"
    assert nearest("kib", ["KiB", "GHz"]) == ", did you mean 'KiB'?"


def test_nearest_prefers_the_candidate_of_the_same_case_among_equals() -> None:
    assert nearest("Gb/S", ["GB/s", "Gb/s"]) == ", did you mean 'Gb/s'?"
    assert nearest("GB/S", ["GB/s", "Gb/s"]) == ", did you mean 'GB/s'?"


def test_nearest_is_silent_when_nothing_is_similar() -> None:
    assert nearest("zzz", ["core", "clock"]) == ""
    assert nearest("core", []) == ""


@pytest.mark.parametrize("value", [0, -1, -0.5, math.nan, math.inf, -math.inf])
def test_require_positive_names_the_first_field_that_is_not(value: float) -> None:
    with pytest.raises(SpecError, match="must be positive") as caught:
        require_positive(rows=1, columns=value, cores=-1)
    assert caught.value.name == "columns"


def test_require_positive_accepts_numbers_above_zero() -> None:
    require_positive(rows=1, clock_hz=0.5, cores=10**18)


def test_require_choice_lists_the_choices_and_the_nearest() -> None:
    require_choice("precision", "fp16", ["fp16", "mixed"])
    with pytest.raises(SpecError) as caught:
        require_choice("precision", "fp61", iter(["fp16", "mixed"]))
    assert str(caught.value) == "precision must be one of fp16, mixed; got 'fp61', did you mean 'fp16'?"


def test_a_problem_cannot_speak_to_the_terminal() -> None:
    problem = Problem("is \x1b[31mred", file="a\x07b", line=1, column=1, excerpt="x: \x1b]0;\x07")
    assert str(problem) == "a\\x07b:1:1: error: is \\x1b[31mred\n    x: \\x1b]0;\\x07\n    ^"


def test_what_is_not_modelled_says_what_and_why() -> None:
    error = NotModelled("a mixture", "nobody knows")
    assert (error.what, error.why) == ("a mixture", "nobody knows")
    assert str(error) == "a mixture is not modelled: nobody knows"
