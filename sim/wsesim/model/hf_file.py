"""A Hugging Face `config.json` as it stands in its file: values by key, each checked, each mistake at its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from wsesim.errors import InputError, Problem, nearest
from wsesim.yamlfile import read_text

LARGEST_SIZE = 10**9
"""No size in a config may be larger: it would be a slip of the keyboard."""
REQUIRED = object()
_T = TypeVar("_T")
_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKENS = re.compile(rf"(?P<key>{_STRING})(?=\s*:)|{_STRING}|[{{}}\[\]]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HfConfig:
    """The parsed file, or an object in it; every accessor checks the type and fails with the place of its key."""

    file: str
    text: str
    data: Mapping[str, Any]
    within: tuple[str, ...] = ()
    """Keys that lead to the object."""
    asked: set[str] = field(default_factory=set)
    """Keys that were looked at."""
    notes: list[str] = field(default_factory=list)
    """What is to be said of keys that are not followed."""
    differs: list[str] = field(default_factory=list)
    """The part of it that changes numbers."""

    @classmethod
    def read(cls, path: str | Path) -> HfConfig:
        """Return the file at *path*.

        Raises:
            InputError: it is missing, over 1 MiB, nested too deep, or not JSON as Python writes it.
        """
        file, text = str(path), read_text(path, kind="config.json")
        try:
            data = json.loads(text, parse_int=_whole, object_pairs_hook=_each_once)
        except json.JSONDecodeError as error:
            raise InputError([_problem(f"not valid JSON: {error.msg}", file, text, error.pos)]) from None
        except _Refused as error:
            places = [found.start(error.group) for found in error.pattern.finditer(text) if found[error.group]]
            raise InputError([_problem(f"not valid JSON: {error}", file, text, places[error.which])]) from None
        except RecursionError:
            raise InputError.at("not a config.json: nested too deep", file=file) from None
        if not isinstance(data, dict):
            raise InputError.at("not a config.json: the outermost value must be an object, {...}", file=file)
        return cls(file=file, text=text, data=data)

    def fail(self, key: str, message: str) -> NoReturn:
        """Refuse what stands at *key*."""
        places = dict(_places(self.text))
        for path in ((*self.within, key), (key,)):
            if path in places:
                raise InputError([_problem(f"{key} {message}", self.file, self.text, places[path])])
        raise InputError.at(f"{key} {message}", file=self.file)

    def note(self, key: str, message: str) -> None:
        """Say something of *key* where the answer is read."""
        self.notes.append(f"{Path(self.file).name}: {key} {message}")

    def differ(self, key: str, message: str) -> None:
        """Say of *key* that numbers are others than those of the model, whose weights are then not computed with."""
        self.note(key, f"{message}; weights of a file are not computed with, as their numbers would be others")
        self.differs.append(f"{key} {message}")

    def has(self, key: str) -> bool:
        """Return whether something stands at *key*, null being nothing."""
        self.asked.add(key)
        return self.data.get(key) is not None

    def first(self, keys: Sequence[str]) -> str:
        """Return the first of *keys* at which something stands, or the first of them."""
        return next((key for key in keys if self.has(key)), keys[0])

    def value(self, key: str, default: object = REQUIRED) -> Any:
        """Return what stands at *key*; null counts as if it was left out, where there is a default."""
        self.asked.add(key)
        if key not in self.data and default is REQUIRED:
            self._miss(key)
        found = self.data.get(key)
        return default if found is None and default is not REQUIRED else found

    def _miss(self, key: str) -> NoReturn:
        """Say that a key is missing, where its object stands, and which key may have been meant to be it."""
        why = f"is missing; a {self.data.get('model_type', 'Hugging Face')} config.json has it"
        # keys are alike, as their words are: only a slip of a letter or two counts
        if alike := get_close_matches(key, [one for one in self.data if one not in self.asked], n=1, cutoff=0.85):
            why = f"is missing; {shown(alike[0])} stands there, did you mean {shown(key)}?"
        places = dict(_places(self.text))
        if self.within in places:
            named = ".".join((*self.within, key))
            raise InputError([_problem(f"{named} {why}", self.file, self.text, places[self.within])])
        self.fail(key, why)

    def inner(self, key: str) -> HfConfig:
        """Return the object at *key*, empty if it is left out; what is looked at and said in it counts here."""
        found = self.value(key, {})
        if not isinstance(found, dict):
            self.fail(key, f"must be an object, got {shown(found)}")
        return replace(self, data=found, within=(*self.within, key), asked=set())

    def integer(self, key: str, default: object = REQUIRED, *, least: int = 1) -> int:
        """Return a whole number."""
        value = self.value(key, default)
        if type(value) is not int or not least <= value <= LARGEST_SIZE:
            self.fail(key, f"must be a whole number from {least} to {LARGEST_SIZE:,}, got {shown(value)}")
        return value

    def number(self, key: str, default: float) -> float:
        """Return a number above zero."""
        value = self.value(key, default)
        if type(value) not in (int, float) or not 0 < value <= LARGEST_SIZE:
            self.fail(key, f"must be a number above zero, at most {LARGEST_SIZE:,}, got {shown(value)}")
        return float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.value(key, default)
        if type(value) is not bool:
            self.fail(key, f"must be true or false, got {shown(value)}")
        return value

    def choice(self, key: str, known: Mapping[str, _T], default: object = REQUIRED) -> _T:
        """Return what the word at *key* stands for."""
        value = self.value(key, default)
        if not isinstance(value, str) or value not in known:
            hint = nearest(value, known) if isinstance(value, str) else ""
            self.fail(key, f"= {shown(value)} is not supported{hint}; supported: {', '.join(known)}")
        return known[value]

    def require(self, key: str, wanted: object, why: str) -> None:
        """Refuse anything but *wanted* at *key*, which may be left out."""
        found = self.value(key, wanted)
        if (type(found), found) != (type(wanted), wanted):
            self.fail(key, f"= {shown(found)} is not supported, only {shown(wanted)} is: {why}")


def _places(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the path of every key of a JSON text, and where it stands."""
    path, opened, last = list[str](), list[str](), ""
    for token in _TOKENS.finditer(text):
        mark = token.group()
        if token["key"]:
            last = str(json.loads(mark, strict=False))
            yield (*path, last), token.start()
        elif mark in "{[":
            path += ([last] if opened[-1] == "{" else [""]) if opened else []
            opened.append(mark)
        elif mark in "}]" and opened:
            opened.pop()
            del path[len(opened) - 1 if opened else 0 :]


def shown(value: object) -> str:
    """Return a value in a message: short, and without control characters."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list) and not all(isinstance(part, str) for part in value):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _problem(message: str, file: str, text: str, position: int) -> Problem:
    start = text.rfind("\n", 0, position) + 1
    excerpt = text[start:].split("\n", 1)[0].rstrip()
    return Problem(
        message, file=file, line=text.count("\n", 0, position) + 1, column=position - start + 1,
        excerpt=excerpt if excerpt.isprintable() else None,
    )  # fmt: skip


class _Refused(ValueError):
    """Something that JSON readers let pass: the match of a pattern of the text, counted from the first or the last."""

    def __init__(self, message: str, pattern: re.Pattern[str], group: str, which: int) -> None:
        self.pattern, self.group, self.which = pattern, group, which
        super().__init__(message)


def _whole(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # Python refuses to read an integer of thousands of digits
        number = re.compile(rf"{_STRING}|(?P<number>{re.escape(digits)})")
        raise _Refused("a number has too many digits", number, "number", 0) from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; refuse a key that stands in it twice, of which only the last would count."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            again = re.compile(rf"(?P<key>{re.escape(json.dumps(key))})\s*:")
            raise _Refused(f"the key {key!r} stands in one object twice; keep one of them", again, "key", -1)
        found[key] = value
    return found
