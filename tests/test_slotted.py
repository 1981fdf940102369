"""What `slotted.dataclass` makes of a class is what `dataclasses.dataclass` makes of it."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any, ClassVar, get_type_hints

import pytest

from wsesim import slotted

Makes = Callable[..., Callable[[type], type]]
MAKERS: tuple[Makes, Makes] = (dataclasses.dataclass, slotted.dataclass)
OPTIONS = (
    {"frozen": True, "slots": True, "kw_only": True}, {"frozen": True, "slots": True}, {"slots": True},
    {"slots": True, "eq": False}, {"frozen": True}, {"frozen": True, "slots": True, "repr": False, "eq": False},
)  # fmt: skip


@slotted.dataclass(frozen=True, slots=True)
class Point:
    """Stands in a module, so that it can be packed and found again."""

    x: int
    y: float = 0.5


def made(make: Makes, **options: Any) -> Any:
    class Spec:
        """A class with a field of each sort."""

        kind: ClassVar[str] = "spec"
        size: int
        name: str = "a"
        parts: list[int] = field(default_factory=list)
        unseen: int = field(default=3, compare=False, repr=False)
        twice: int = field(init=False)
        fixed: tuple[int, ...] = field(init=False, default=(1, 2))

        def __post_init__(self) -> None:
            object.__setattr__(self, "twice", 2 * self.size)

    return make(**options)(Spec)


@pytest.mark.parametrize("options", OPTIONS)
def test_a_value_is_made_printed_and_compared_alike(options: dict[str, bool]) -> None:
    theirs, ours = (made(make, **options) for make in MAKERS)
    assert str(inspect.signature(theirs)) == str(inspect.signature(ours))
    assert get_type_hints(theirs.__init__) == get_type_hints(ours.__init__)
    for kind in (theirs, ours):
        one, other, unseen = kind(size=2), kind(size=2), kind(size=2, unseen=9)
        assert [getattr(one, each.name) for each in fields(kind)] == [2, "a", [], 3, 4, (1, 2)]
        assert one.parts is not other.parts
        assert (one == other) is (one == unseen) is options.get("eq", True)
        assert one != kind(size=3)
        assert (replace(one, size=5).twice, copy.deepcopy(one).size) == (10, 2)
    if options.get("repr", True):
        assert repr(theirs(size=2)) == repr(ours(size=2))
    hashes = ["__hash__" in vars(kind) and vars(kind)["__hash__"] is not None for kind in (theirs, ours)]
    assert hashes[0] == hashes[1]


def test_a_frozen_value_stays_and_goes_from_process_to_process() -> None:
    point = Point(1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert pickle.loads(pickle.dumps(point)) == point
    assert hash(point) == hash(Point(1, 0.5))
    assert {point: "here"}[Point(x=1)] == "here"


@pytest.mark.parametrize("make", MAKERS)
def test_what_a_class_states_itself_stays(make: Makes) -> None:
    class Odd:
        """Compares and prints in its own way."""

        size: int

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "odd"

    kind: Any = make(frozen=True, slots=True)(Odd)
    assert kind(1) == 2
    assert repr(kind(1)) == "odd"


def test_no_method_but_the_first_is_compiled_for_a_class() -> None:
    class Other:
        """Another class."""

        size: int

    other: Any = slotted.dataclass(frozen=True, slots=True)(Other)
    assert all(vars(other)[name] is vars(Point)[name] for name in ("__repr__", "__setattr__", "__getstate__"))
