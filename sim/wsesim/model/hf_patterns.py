"""Regular expressions of files, followed in bounded time: whether a name begins with what one describes.

An expression becomes a function from the places where it may begin in a name to those where it may end. Sets of places
stand for all ways at once, so nothing is tried again and again, as Python's `re` would; what still takes too many
steps is refused.

    a|b  ab  a*  a+  a?  a{2,3}  .  [a-z]  [^a]  (a)  (?:a)  (?=a)  (?!a)  \\.  \\d  \\w  \\s  \\b  ^  $
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from string import ascii_letters, digits
from typing import NoReturn

from wsesim.model.hf_file import shown

_MOST_STEPS = 1_000_000
"""Places looked at, and parts and ways gone into, for all patterns of a file: a second. Assumed; a name takes
hundreds at most."""
_ANYTHING = 4
"""What a set of all places behind one counts for, as they are not looked at one by one."""
_LONGEST = 1_000
"""Characters of a pattern."""
_TOO_DEEP = "a pattern is nested too deep to be followed"
Places = frozenset[int]
Node = Callable[[str, Places], Places]
_WORD = frozenset(ascii_letters + digits + "_")
_SIGNS = frozenset(map(chr, range(0x80)))
"""All that names may be made of."""
_KINDS = {"d": frozenset(digits), "w": _WORD, "s": frozenset(" \t\n\r\f\v")}
_KINDS |= {kind.upper(): _SIGNS - members for kind, members in _KINDS.items()}
_REPEATED = re.compile(r"\{(\d{0,4})(,?)(\d{0,4})\}|[*+?]")


class PatternError(ValueError):
    """An expression that is not followed, and why."""


@dataclass(slots=True)
class Budget:
    """The steps that are left to follow the patterns of a file."""

    left: int = _MOST_STEPS

    def spend(self, steps: int) -> None:
        """Take *steps* away.

        Raises:
            PatternError: there are no more.
        """
        self.left -= steps
        if self.left < 0:
            raise PatternError("its patterns take too many steps to be followed")


@dataclass(slots=True)
class Pattern:
    """An expression."""

    text: str
    budget: Budget
    at: int = 0
    """Up to where it is read."""
    node: Node = field(init=False)

    def __post_init__(self) -> None:
        """Read the expression.

        Raises:
            PatternError: it is too long, or not one of those above.
        """
        if len(self.text) > _LONGEST:
            raise PatternError(f"a pattern of {len(self.text):,} characters is too long to be followed")
        try:
            self.node = self._either()
        except RecursionError:
            raise PatternError(_TOO_DEEP) from None
        if self.at < len(self.text):
            self._fail()

    def begins(self, name: str) -> bool:
        """Return whether *name*, in ASCII, begins with what is described.

        Raises:
            PatternError: it takes too many steps, or is nested too deep to be followed.
        """
        try:
            return bool(self.node(name, frozenset([0])))
        except RecursionError:
            raise PatternError(_TOO_DEEP) from None

    def _fail(self) -> NoReturn:
        raise PatternError(f"a pattern is not followed at character {self.at + 1}: {shown(self.text)}")

    def _took(self, *wanted: str) -> str:
        """Return which of *wanted* stands next, and go on behind it; empty: none does."""
        for mark in wanted:
            if self.text.startswith(mark, self.at):
                self.at += len(mark)
                return mark
        return ""

    def _next(self) -> str:
        if self.at >= len(self.text):
            self._fail()
        self.at += 1
        return self.text[self.at - 1]

    def _either(self) -> Node:
        ways = [self._one_after_other()]
        while self._took("|"):
            ways.append(self._one_after_other())

        def follow(name: str, places: Places) -> Places:
            self.budget.spend(len(ways))
            return frozenset().union(*(way(name, places) for way in ways))

        return follow

    def _one_after_other(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._repeated(self._atom()))

        def follow(name: str, places: Places) -> Places:
            for part in parts:
                if not places:
                    break
                self.budget.spend(1)
                places = part(name, places)
            return places

        return follow

    def _repeated(self, node: Node) -> Node:
        while found := _REPEATED.match(self.text, self.at):
            self.at = found.end()
            self._took("?", "+")  # which way is tried first changes nothing here
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(found[0]) or self._counts(found)
            node = self._times(node, least, most)
        return node

    def _counts(self, found: re.Match[str]) -> tuple[int, int | None]:
        least = int(found[1] or 0)
        most = int(found[3]) if found[3] else None if found[2] else least
        if found[0] == "{}" or (most is not None and most < least):
            self._fail()
        return least, most

    def _times(self, node: Node, least: int, most: int | None) -> Node:
        def follow(name: str, places: Places) -> Places:
            for _ in range(least):
                self.budget.spend(1)
                places = node(name, places)
            reached, count = places, least
            while places and (most is None or count < most):
                self.budget.spend(1)
                places = node(name, places) - reached
                reached, count = reached | places, count + 1
            return reached

        return follow

    def _atom(self) -> Node:
        if ahead := self._took("(?=", "(?!"):
            return self._ahead(self._closed(), wanted=ahead == "(?=")
        if self._took("(?:", "("):
            return self._closed()
        mark = self._next()
        if mark == "^":
            return lambda name, places: places & {0}
        if mark == "$":
            return lambda name, places: places & {len(name)}
        if mark == "." and self._took("*"):
            return self._anything
        if mark == ".":
            return self._one_of(frozenset("\n"), wanted=False)
        if mark == "[":
            return self._class()
        if mark in "*+?{":
            self._fail()
        if mark != "\\":
            return self._one_of(frozenset(mark))
        return self._escaped(self._next())

    def _escaped(self, mark: str) -> Node:
        if mark in _KINDS:
            return self._one_of(_KINDS[mark])
        if mark == "b":
            return lambda name, places: frozenset(at for at in places if _is_edge(name, at))
        if mark.isalnum():
            self._fail()
        return self._one_of(frozenset(mark))

    def _closed(self) -> Node:
        """Return what stands up to a closing bracket."""
        inner = self._either()
        if not self._took(")"):
            self._fail()
        return inner

    def _ahead(self, node: Node, *, wanted: bool) -> Node:
        return lambda name, places: frozenset(at for at in places if bool(node(name, frozenset([at]))) == wanted)

    def _anything(self, name: str, places: Places) -> Places:
        """Go on anywhere behind the first place; names have one line."""
        self.budget.spend(_ANYTHING)
        return frozenset(range(min(places), len(name) + 1)) if places else places

    def _class(self) -> Node:
        wanted, members, start = not self._took("^"), set[str](), self.at
        while not (self.at > start and self._took("]")):
            mark = self._next()
            if mark == "\\":
                members |= self._escaped_member(self._next())
            elif self._took("-]"):
                members |= {mark, "-"}
                break
            elif self._took("-"):
                members |= self._range(mark, self._next())
            else:
                members.add(mark)
        return self._one_of(frozenset(members), wanted=wanted)

    def _escaped_member(self, mark: str) -> frozenset[str]:
        if mark.isalnum() and mark not in _KINDS:
            self._fail()
        return _KINDS.get(mark, frozenset(mark))

    def _range(self, first: str, last: str) -> frozenset[str]:
        if last == "\\" or last < first:
            self._fail()
        return frozenset(map(chr, range(ord(first), min(ord(last), 0x7F) + 1)))

    def _one_of(self, members: frozenset[str], *, wanted: bool = True) -> Node:
        def follow(name: str, places: Places) -> Places:
            self.budget.spend(len(places) + 1)
            return frozenset(at + 1 for at in places if at < len(name) and (name[at] in members) == wanted)

        return follow


def _is_edge(name: str, at: int) -> bool:
    """Return whether a word begins or ends there."""
    before, after = at > 0 and name[at - 1] in _WORD, at < len(name) and name[at] in _WORD
    return before != after
