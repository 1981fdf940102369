"""Plain data of a workload on its way: where each value came from, and what of the file was not read."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from wsesim.errors import InputError, nearest
from wsesim.workload.problems import shown
from wsesim.workload.zoo.parts import JobPart, JobParts
from wsesim.yamlfile import Document, Loc


@dataclass(slots=True, kw_only=True)
class Translation:
    """What was read of a job so far."""

    document: Document
    parts: JobParts
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Loc, Loc] = field(default_factory=dict)
    """By the place of a value in `data`, where it stands in the file."""
    names: dict[str, str] = field(default_factory=dict)
    """By the dotted name of a value in `data` that stands in the file as it is, what it is called there."""
    used: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    """Defaults of the Model Zoo that were filled in."""
    free: list[str] = field(default_factory=list)
    """Keys that decide nothing here."""
    apart: list[str] = field(default_factory=list)
    """What costs something that is not counted."""
    unknown: list[str] = field(default_factory=list)

    def put(self, section: str, key: str, value: object, part: JobPart, *names: str) -> None:
        """Set a value of `data` (a bare one where *key* is empty) from the keys *names* of a *part*."""
        loc: Loc = (section, key) if key else (section,)
        if key:
            self.data.setdefault(section, {})[key] = value
        else:
            self.data[section] = value
        self.places[loc] = (*part.loc, *names[-1].split("/"))
        if value is part.values.get(names[-1]):
            self.names[".".join(map(str, loc))] = self.named(part, names[-1])
        held = self.parts.model.values if part.loc == self.parts.model.loc else part.values  # without defaults
        self.used += [self.named(part, name) for name in names if name.split("/")[0] in held]

    def named(self, part: JobPart, name: str) -> str:
        """Return what a key is called in messages: by its part and itself."""
        return f"{part.loc[-1]}.{name.replace('/', '.')}"

    def refuse(self, part: JobPart, name: str, message: str) -> NoReturn:
        """Refuse the job for a key.

        Raises:
            InputError: always.
        """
        raise InputError([self.document.problem(f"{self.named(part, name)} {message}", (*part.loc, *name.split("/")))])

    def slip(self, part: JobPart, wanted: Collection[str], known: Collection[str]) -> str:
        """Return `; there is 'x'` for a key of *part* that nobody knows and that is like one of the *wanted*."""
        found = next((key for key in part.values if key not in known and nearest(key, wanted)), None)
        return f"; there is {found!r}" if found else ""

    def whole(self, part: JobPart, name: str, value: object) -> int:
        """Return a size that others are computed from.

        Raises:
            InputError: it is none.
        """
        if type(value) is not int or not 1 <= value <= 10**9:
            self.refuse(part, name, f"must be a whole number above 0; got {shown(value)}")
        return value

    def word(self, part: JobPart, name: str, words: Mapping[Any, Any], reasons: Mapping[str, str]) -> Any:
        """Return what a word of the Model Zoo is called here.

        Raises:
            InputError: it has no mechanism here; names it.
        """
        value = part.values[name]
        if isinstance(value, str | bool) and value in words:
            return words[value]
        if isinstance(value, str) and value in reasons:
            self.refuse(part, name, f"= {value}: {reasons[value]} are not modelled")
        known = [str(word).lower() if isinstance(word, bool) else word for word in words]
        hint = nearest(value, known) if isinstance(value, str) else ""
        self.refuse(part, name, f"= {shown(value)} is not modelled{hint}; modelled: {', '.join(known)}")

    def rest(self, part: JobPart, free: frozenset[str], read: frozenset[str]) -> None:
        """Sort the keys of a *part* that were not read: *free* ones, and those that nobody knows."""
        for name in part.values:
            if name in free:
                self.free.append(self.named(part, name))
            elif name not in read:
                hint = nearest(name, [*free, *read])
                self.unknown.append(f"{self.named(part, name)}{hint.removesuffix('?')}")
