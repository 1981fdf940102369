"""Labelled texts, without repetitions, in parts that stay the same whatever is added or left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from wsesim.errors import InputError, require_positive

TEST, DEV = 20, 10
"""Of a hundred texts those that are kept for the test, and those that choices are made by."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the number of its label."""

    text: str
    label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts in three parts: what is learned from, what choices are made by, what is asked once in the end."""

    name: str
    labels: tuple[str, ...]
    """In the order of their numbers."""
    train: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]

    def __post_init__(self) -> None:
        """Check that all labels can be learned.

        Raises:
            SpecError: a part is empty.
            InputError: a label has no text to learn from.
        """
        require_positive(train=len(self.train), dev=len(self.dev), test=len(self.test))
        if len({one.label for one in self.train}) < len(self.labels):
            seen = ", ".join(sorted({self.labels[one.label] for one in self.train}))
            raise InputError.at(f"{self.name}: of {', '.join(self.labels)} only {seen} is there to learn from")

    @property
    def majority(self) -> float:
        """Share of the test that always saying the most frequent label of what is learned from gets right."""
        most = Counter(one.label for one in self.train).most_common(1)[0][0]
        return sum(one.label == most for one in self.test) / len(self.test)


def divided(name: str, labels: Sequence[str], found: Iterable[Example], *, test: Sequence[Example] = ()) -> Examples:
    """Return examples in parts: by a hash of each text, so that order and number do not matter.

    Texts of the same letters and digits stand once, the first of them. Where there is a *test* of its own, it stays
    whole, and what it holds is not learned from.

    Raises:
        InputError: there is nothing to learn from or to test by, or one label only.
    """
    kept = list(_different(found, {_letters(one.text) for one in test}))
    parts: dict[str, list[Example]] = {"train": [], "dev": [], "test": list(test)}
    for one in kept:
        parts[_part(one.text, tested=bool(test))].append(one)
    for part, texts in parts.items():
        if not texts:
            raise InputError.at(f"{name}: of {len(kept)} texts none is left to {part} by")
    return Examples(name=name, labels=tuple(labels), **{part: tuple(texts) for part, texts in parts.items()})


def _different(found: Iterable[Example], known: set[str]) -> Iterator[Example]:
    for one in found:
        letters = _letters(one.text)
        if letters and letters not in known:
            known.add(letters)
            yield one


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _part(text: str, *, tested: bool) -> str:
    place = int.from_bytes(blake2b(_letters(text).encode(), digest_size=8).digest()) % 100
    if place < TEST and not tested:
        return "test"
    return "dev" if TEST <= place < TEST + DEV else "train"
