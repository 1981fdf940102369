from wsesim.answer import Answer
from wsesim.answers.causes import KNOWN, SPARE, causes_of, known


def test_no_two_causes_have_one_colour() -> None:
    for shades in ([cause.light for cause in KNOWN.values()], [cause.dark for cause in KNOWN.values()]):
        assert len(set(shades)) == len(shades)
    assert not {cause.light for cause in KNOWN.values()} & {light for light, _ in SPARE}


def test_what_nobody_described_gets_a_spare_colour_in_turn() -> None:
    found = known(["fmac", "new", "newer", "new"])
    assert list(found) == ["fmac", "new", "newer"]
    assert [cause.style for cause in found.values()] == ["c0", "c1", "c2"]
    assert (found["new"].light, found["newer"].light) == (SPARE[0][0], SPARE[1][0])
    assert found["new"].label == "new"


def test_every_cause_of_an_answer_has_a_style(answer: Answer) -> None:
    found = causes_of(answer)
    assert answer.spent is not None
    assert set(answer.spent.by_cause) <= set(found)
    assert {interval.cause for interval in answer.timeline} <= set(found)
    assert len({cause.style for cause in found.values()}) == len(found)
