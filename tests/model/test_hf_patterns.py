"""Expressions mean what Python's `re` has them mean, whatever is drawn; what is hostile ends."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.model.hf_patterns import Budget, Pattern, PatternError

ATOMS = st.sampled_from(
    ["a", "b", r"\.", ".", "[ab]", "[^a]", r"\d", r"\w", r"\S", r"\b", "^", "$", "(?=a)", "(?!b)", "[a-c1]", r"[\s\S]",
     r"[^\W]", r"[\D.]"]
)  # fmt: skip


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{1,2}", "{2}", "*?"])).map(lambda two: f"({two[0]}){two[1]}"),
    )


@given(st.recursive(ATOMS, _grown, max_leaves=6), st.text("ab.1", max_size=6))
def test_a_pattern_begins_what_python_says_it_does(text: str, name: str) -> None:
    assert Pattern(text, Budget()).begins(name) == (re.match(text, name) is not None)


@pytest.mark.parametrize(
    "text", ["(", "a)", "*", "[a", r"\1", "(?P<n>a)", "a\\", "(?<=a)b", "[b-a]", r"[\n]", r"[a-\d]", "a{}", "a{2,1}"]
)
def test_what_is_no_such_pattern_is_refused(text: str) -> None:
    with pytest.raises(PatternError, match="a pattern is not followed at character"):
        Pattern(text, Budget())


def test_signs_beyond_ascii_are_in_no_name_and_no_class() -> None:
    assert Pattern("[é-ü]|a", Budget()).begins("a")
    assert not Pattern("[é-ü]", Budget()).begins("e")


def test_steps_are_those_of_all_patterns_of_a_file() -> None:
    budget = Budget(left=30)
    assert Pattern(".*b", budget).begins("ab")
    with pytest.raises(PatternError, match="too many steps"):
        Pattern(".*" * 20 + "b", budget).begins("aaaa")


@pytest.mark.parametrize(
    "text", ["(?:" + "|" * 90 + "){999}", "(?:" + "^" * 90 + "){999}", "(?:" + r"\b" * 90 + "){999}"]
)
def test_what_goes_nowhere_takes_steps_too(text: str) -> None:
    with pytest.raises(PatternError, match="too many steps"):
        Pattern(text, Budget(left=50_000)).begins("a")


@pytest.mark.parametrize("mark", ["(?=", "(?!"])
@pytest.mark.parametrize("depth", [210, 225, 240])
def test_no_depth_of_brackets_ends_in_a_recursion_error(mark: str, depth: int) -> None:
    with pytest.raises(PatternError, match="nested too deep"):
        Pattern(mark * depth + "a" + ")" * depth, Budget()).begins("a")
