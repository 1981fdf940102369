"""Parts stay what they are, and nothing of the test is learned from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.errors import InputError, SpecError
from wsesim.learning import Example, divided

SOME = [Example(f"text number {number}", number % 2) for number in range(400)]


def test_a_text_is_in_the_same_part_whatever_stands_beside_it() -> None:
    whole, half = divided("some", ("a", "b"), SOME), divided("some", ("a", "b"), reversed(SOME[:200]))
    for part in ("train", "dev", "test"):
        assert set(getattr(half, part)) == set(getattr(whole, part)) & set(SOME[:200])
    assert len(whole.train) == pytest.approx(280, abs=40)


@given(st.lists(st.sampled_from(["One, two!", "one two", "ONE TWO", "three", "4"]), max_size=6))
def test_the_same_letters_and_digits_stand_once(more: list[str]) -> None:
    found = divided("some", ("a", "b"), [*SOME, *(Example(text, 0) for text in more)])
    texts = ["".join(filter(str.isalnum, one.text.casefold())) for one in (*found.train, *found.dev, *found.test)]
    assert len(texts) == len(set(texts)) == 400 + len({"".join(filter(str.isalnum, text.casefold())) for text in more})


def test_what_a_test_of_its_own_holds_is_not_learned_from() -> None:
    found = divided("some", ("a", "b"), SOME, test=SOME[:50])
    assert found.test == tuple(SOME[:50])
    assert not set(found.test) & {*found.train, *found.dev}
    assert len(found.train) + len(found.dev) == 350


def test_one_label_or_no_text_is_refused() -> None:
    with pytest.raises(InputError, match="of a, b only a is there to learn from"):
        divided("some", ("a", "b"), [Example(f"text {number}", 0) for number in range(100)])
    with pytest.raises(InputError, match="of 0 texts none is left to train by"):
        divided("none", ("a", "b"), [])
    with pytest.raises(SpecError, match="train"):
        type(divided("some", ("a", "b"), SOME))(name="x", labels=("a",), train=(), dev=(), test=())
