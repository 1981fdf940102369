"""A made-up world to ask about: people walk between places, take things and put them down. Nothing of it is real.

    Mary goes to the garden . John takes the ball . Where is Mary ?     -> garden

The last place that is named is no answer where somebody else moved last; a thing is where it was put down, or where
who carries it is. Stories follow from a seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

import numpy as np

from wsesim.errors import SpecError
from wsesim.learning.examples import Example, Examples

PLACES = ("garden", "kitchen", "office", "school", "park", "bathroom")
PEOPLE = ("Mary", "John", "Anna", "Peter", "Sara", "Tom")
THINGS = ("ball", "book", "apple", "lamp")
NOT_LAST = 0.6
"""Share of questions about somebody or something that the last place named is not the answer for, if there is one."""

_TRIED = 100
"""Stories that are made for each that is wanted, until there are no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How much happens in a story.

    Raises:
        SpecError: on construction, for more people or things than have a name, or nothing that can happen.
    """

    people: int = 4
    things: int = 2
    least: int = 4
    """Events of a story."""
    most: int = 9

    def __post_init__(self) -> None:
        for key, least, most in (("people", 1, len(PEOPLE)), ("things", 0, len(THINGS)), ("least", 1, 100)):
            if not least <= getattr(self, key) <= most:
                raise SpecError(key, f"must be from {least} to {most}, got {getattr(self, key)}")
        if self.most < self.least:
            raise SpecError("most", f"must be at least {self.least}, got {self.most}")

    def stories(self, seed: int, *, asked: bool = False) -> Iterator[Story]:
        """Yield stories without end; with a question after each event where *asked*, else after the last alone."""
        draw = np.random.default_rng(seed)
        while True:
            yield _story(self, draw, asked=asked)


EASY = World(people=2, things=0, least=2, most=4)
"""Two people, and nothing to carry."""
FULL = World()


def lessons_for(world: World) -> tuple[World, ...]:
    """Return the worlds to learn in, one after the other, for *world*, the last: two people, people alone, all of it.

    Who can follow one of two people soon follows one of four, and then what they carry; all at once take far longer.
    """
    simpler = (EASY, World(things=0, least=EASY.least))
    return (*(one for one in simpler if one.people <= world.people and one.things < world.things), world)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happened, with questions and their answers in between."""

    words: tuple[str, ...]
    answers: tuple[tuple[int, str], ...]
    """Place of the question mark among the words, and the answer to what stands before it."""

    @property
    def text(self) -> str:
        """The words; an answer does not stand among them."""
        return " ".join(self.words)

    @property
    def answer(self) -> str:
        """The answer to the last question."""
        return self.answers[-1][1]


@dataclass(slots=True)
class _State:
    """Where everybody and everything is; things without a place were never seen."""

    at: dict[str, str] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)
    """Who has a thing."""
    last: str = ""
    """The last place that was named."""

    def where(self, what: str) -> str | None:
        """Return the place of a person or a thing, if it is known."""
        return self.at.get(self.carried.get(what, what))


def world_words() -> tuple[str, ...]:
    """Return all words of all stories, in order."""
    some = ("goes", "to", "the", "takes", "puts", "down", "Where", "is", ".", "?")
    return (*some, *PLACES, *PEOPLE, *THINGS)


def world_examples(world: World, *, seed: int = 0, train: int = 8000, dev: int = 500, test: int = 1000) -> Examples:
    """Return different stories, each with one question at its end, and its answer among the places.

    Raises:
        SpecError: sizes that are not positive, or more stories than there are.
    """
    found: dict[str, Example] = {}
    wanted = train + dev + test
    for story in islice(world.stories(seed), _TRIED * wanted):
        found.setdefault(story.text, Example(story.text, PLACES.index(story.answer)))
        if len(found) == wanted:
            break
    else:
        raise SpecError("train", f"and dev and test want {wanted:,} stories, this world has about {len(found):,}")
    each = tuple(found.values())
    return Examples(name="world", labels=PLACES, train=each[:train], dev=each[train : train + dev],
                    test=each[train + dev :])  # fmt: skip


WORLDS: Mapping[str, tuple[World, Mapping[str, int]]] = MappingProxyType({
    "world": (FULL, {"train": 8000, "dev": 500, "test": 1000}),
    "easy-world": (EASY, {"train": 1000, "dev": 200, "test": 400}),
})  # fmt: skip
"""Worlds by name, and how many stories there are of each to learn from, to make choices by and to test by."""


def last_place(text: str) -> int:
    """Return what a reader says who only looks for the last place that is named."""
    return PLACES.index(next(word for word in reversed(text.split()) if word in PLACES))


def last_place_right(some: Sequence[Example]) -> float:
    """Return the share of stories of which such a reader is right."""
    return sum(last_place(one.text) == one.label for one in some) / len(some)


def _story(world: World, draw: np.random.Generator, *, asked: bool) -> Story:
    state, found, answers = _State(), list[str](), list[tuple[int, str]]()
    events = int(draw.integers(world.least, world.most + 1))
    for number in range(events):
        found += _event(world, state, draw)
        if asked or number == events - 1:
            what = _asked(state, draw)
            found += ["Where", "is", *(["the"] if what in THINGS else []), what, "?"]
            answers.append((len(found) - 1, state.where(what) or ""))
    return Story(words=tuple(found), answers=tuple(answers))


def _event(world: World, state: _State, draw: np.random.Generator) -> list[str]:
    """Return what happens next: whoever has a place may take what lies there, or put down what they have."""
    who = PEOPLE[draw.integers(world.people)]
    if who in state.at and draw.random() < 0.4:
        near = [thing for thing in THINGS[: world.things]
                if thing not in state.carried and state.at.get(thing, state.at[who]) == state.at[who]]  # fmt: skip
        held = [thing for thing, by in state.carried.items() if by == who]
        if near and (not held or draw.random() < 0.5):
            return _takes(state, who, near[draw.integers(len(near))])
        if held:
            return _puts(state, who, held[draw.integers(len(held))])
    others = [place for place in PLACES if place != state.at.get(who)]
    state.at[who] = state.last = others[draw.integers(len(others))]
    return [who, "goes", "to", "the", state.last, "."]


def _takes(state: _State, who: str, thing: str) -> list[str]:
    state.carried[thing] = who
    return [who, "takes", "the", thing, "."]


def _puts(state: _State, who: str, thing: str) -> list[str]:
    del state.carried[thing]
    state.at[thing] = state.at[who]
    return [who, "puts", "down", "the", thing, "."]


def _asked(state: _State, draw: np.random.Generator) -> str:
    """Return whom or what to ask about: more often where the last place named is not the answer."""
    known = [*(who for who in PEOPLE if who in state.at), *(thing for thing in THINGS if state.where(thing))]
    harder = [what for what in known if state.where(what) != state.last]
    among = harder if harder and draw.random() < NOT_LAST else known
    return among[draw.integers(len(among))]
