"""Values whose hash is found once."""

import copy
import pickle
from dataclasses import dataclass, replace

from wsesim.slotted import Hashed, hashed_once


@dataclass(frozen=True)
class Counted:
    """Counts how often its hash is asked for."""

    name: str
    asked: list[int]

    def __hash__(self) -> int:
        self.asked.append(1)
        return hash(self.name)


@hashed_once
@dataclass(frozen=True, slots=True, kw_only=True)
class Spec(Hashed):
    part: Counted
    size: int = 1


def test_a_hash_is_found_once_and_is_that_of_the_fields() -> None:
    part = Counted("core", [])
    one, other = Spec(part=part), Spec(part=part)
    assert hash(one) == hash(one) == hash(one)
    assert len(part.asked) == 1
    assert {one: "found"}[other] == "found"
    assert hash(replace(one, size=2)) == hash(Spec(part=part, size=2)) != hash(one)


def test_copies_find_their_own() -> None:
    one = Spec(part=Counted("core", []))
    hash(one)
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert other == one
        assert not hasattr(other, "_hash")
