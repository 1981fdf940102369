"""The one reader of presets: a folder of files, files of a user's own, and single figures replaced.

A preset gives each figure a value and says where it is from, or extends another and states only what differs.

    name: CS-9
    extends: cs-3                                                      # a name, or a path relative to this file
    core:
      clock: {value: 1.2 GHz, source: HC34, confidence: M, note: why}  # or plainly `clock: 1.2 GHz`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wsesim.answer import UsedFigure
from wsesim.errors import InputError, Problem, SpecError, nearest, require_choice
from wsesim.figures.entries import Entry, entry_of
from wsesim.figures.names import Slot, flatten, is_path, slots_of, text_of, walk
from wsesim.packaged import yaml_data
from wsesim.units import Dimension
from wsesim.yamlfile import Document, Loc, read_yaml

_OWN_KEYS = ("name", "about", "extends")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A preset that was read, those it extends included."""

    presets: Presets
    title: str
    about: str
    """What it is, in a few words; may be empty."""
    entries: Mapping[str, Entry]
    """By figure name."""
    document: Document | None = None
    """The file, if it is the user's own."""

    @property
    def figures(self) -> tuple[UsedFigure, ...]:
        """Every figure, in the order of the dataclasses."""
        entries = self.entries
        return tuple([entries[name].figure for name in self.presets.slots if name in entries])

    def has(self, group: str) -> bool:
        """Whether the preset gives the figures of *group*."""
        return any(name.startswith(f"{group}.") for name in self.entries)

    def with_value(self, name: str, raw: object) -> Preset:
        """Return the preset with one figure replaced.

        Raises:
            SpecError: no such figure, or a value that cannot be.
        """
        return replace(self, entries={**self.entries, name: self._replaced(name, raw)})

    def _replaced(self, name: str, raw: object) -> Entry:
        """Return what takes the place of a figure."""
        slot, entry = self.presets.slots.get(name), self.entries.get(name)
        if slot is None:
            hint = nearest(name, self.presets.overridable) or f"; an example is {self.presets.example!r}"
            raise SpecError(name, f"is not a figure of {self.presets.of}{hint}")
        if entry is None:
            raise SpecError(name, f"cannot be set: {self.title} has no figures of {slot.group}")
        value, old = slot.value(raw), entry.figure
        note = f"the preset has {old.text} ({old.source})"
        figure = replace(old, text=text_of(raw), source="override", confidence="", note=note, overridden=True)
        return Entry(value=value, figure=figure, before=entry.value)

    def with_values(self, overrides: Mapping[Any, object]) -> Preset:
        """Return the preset with figures replaced, given nested or dotted.

        Raises:
            SpecError: the name is the figure's.
        """
        entries: dict[str, Entry] = {}
        for name, raw in flatten(overrides, self.presets.slots).items():
            if name in self.presets.fixed:
                raise SpecError(name, self.presets.fixed[name])
            entries[name] = self._replaced(name, raw)
        return replace(self, entries={**self.entries, **entries}) if entries else self

    def build(self, group: str, **parts: object) -> Any:
        """Return the dataclass of *group*, made of its figures and of *parts*.

        Raises:
            SpecError: they do not go together; the name is the figure's.
            InputError: the same, where the figures are those of the user's own file.
        """
        slots, entries = self.presets.members[group], self.entries
        try:
            values = tuple([entries[name].value for name in slots.values()])
            return _made(self.presets, group, values, *parts.items())
        except SpecError as error:
            name = slots.get(error.name, f"{group}.{error.name}")
            entry = self._blamed(
                self.entries.get(name), slots, lambda value: self.presets.groups[group](**value, **parts)
            )
            if self.document is None or (entry and entry.figure.overridden):
                raise SpecError(name, error.message) from None
            document, loc = entry.place if entry and entry.place else (self.document, ())
            raise InputError([document.problem(f"{name} {error.message}", loc)]) from None

    def _blamed(
        self, named: Entry | None, slots: Mapping[str, str], make: Callable[[dict[str, Any]], object]
    ) -> Entry | None:
        """Return the figure for which *named* is refused: itself if changed, else one before whose change all went."""
        if named and (named.figure.overridden or named.place):
            return named
        values = {field: self.entries[name].value for field, name in slots.items()}
        for field, name in slots.items():
            entry = self.entries[name]
            try:
                if entry.before is not None and (entry.figure.overridden or entry.place):
                    make({**values, field: entry.before})
                    return entry
            except SpecError:
                continue
        return named


class Presets:
    """A folder of presets that all give the same groups of figures."""

    def __init__(
        self, *, what: str, of: str, example: str, folder: Path, groups: Mapping[str, type[Any]],
        fixed: Mapping[str, str] = MappingProxyType({}), optional: bool = False,
    ) -> None:  # fmt: skip
        """Know the groups; nothing is read yet.

        Args:
            what: what a preset is, for messages.
            of: what figures are figures of.
            example: name of a figure.
            folder: of the files.
            groups: dataclasses by the name of their group.
            fixed: figures that no override sets, and what to do instead.
            optional: whether a preset may lack a group as a whole.
        """
        self.what, self.of, self.example, self.folder = what, of, example, folder
        self.groups, self.fixed, self.optional = groups, fixed, optional
        self.slots: Mapping[str, Slot] = MappingProxyType(slots_of(groups))
        self.members: Mapping[str, Mapping[str, str]] = {
            group: {slot.field: name for name, slot in self.slots.items() if slot.group == group} for group in groups
        }
        """The figures of a group, by field."""
        self.overridable: Mapping[str, Dimension | None] = MappingProxyType(
            {name: slot.dimension for name, slot in self.slots.items() if name not in fixed}
        )
        self._packaged: dict[str, Preset] = {}
        self._names: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the presets that can be named, sorted."""
        if not self._names:
            stems = (file.name.removesuffix(".yaml") for file in self.folder.iterdir() if file.name.endswith(".yaml"))
            self._names = tuple(sorted(stem for stem in stems if not stem.startswith("_")))
        return self._names

    def read(self, name: str, *, folder: Path = Path()) -> Preset:
        """Return the preset of that name, or the file at that path, which starts at *folder* and ends in .yaml.

        Raises:
            SpecError: no such preset; the name is what a preset is.
            InputError: a file with mistakes, each at its line.
        """
        if is_path(name):
            return self._own(folder / name, ())
        require_choice(self.what, name, self.names())
        return self._package(name)

    def _package(self, name: str) -> Preset:
        if name not in self._packaged:
            data = yaml_data(self.folder / f"{name}.yaml")
            document, parent = Document(f"{name}.yaml", data, (), {}, {}), data.get("extends")
            self._packaged[name] = self._read(document, self._package(parent) if parent else None, own=False)
        return self._packaged[name]

    def _own(self, path: Path, below: tuple[Path, ...]) -> Preset:
        document = read_yaml(path)
        if not isinstance(document.data, Mapping):
            message = f"a {self.what} is a mapping (lines of `key: value`), for example `extends: {self.names()[0]}`"
            raise InputError([document.problem(message)])
        parent = document.data.get("extends")
        preset = self._read(document, None if parent is None else self._parent(document, parent, path, below), own=True)
        self._require_whole(preset, document)
        return preset

    def _parent(self, document: Document, name: object, path: Path, below: tuple[Path, ...]) -> Preset:
        """Return what a file of the user's own extends."""

        def refuse(message: str) -> InputError:
            return InputError([document.problem(f"extends {message}", ("extends",))])

        if not isinstance(name, str):
            raise refuse(f"must be the name of a {self.what} or a path that ends in .yaml; got {name!r}")
        if not is_path(name):
            if name not in self.names():
                hint = nearest(name, self.names())
                raise refuse(f"= {name!r} must be one of {', '.join(self.names())}, or a path in .yaml{hint}")
            return self._package(name)
        other, line = path.parent / name, (*below, path.resolve())
        if not other.is_file():
            raise refuse(f"= {name!r} is not there; paths start at the folder of this file")
        if other.resolve() in line:
            raise refuse(f"= {name!r} comes back to a file that extends it")
        return self._own(other, line)

    def _read(self, document: Document, parent: Preset | None, *, own: bool) -> Preset:
        problems: list[Problem] = []
        entries, seen = dict(parent.entries) if parent else {}, set[str]()
        stem = Path(document.file).stem
        texts = {key: self._text(document, key, problems) for key in ("name", "about")}
        given = {key: value for key, value in document.data.items() if key not in _OWN_KEYS}
        for name, loc, raw in walk(given, self.slots):
            try:
                entry = self._entry(name, raw, document, loc, entries.get(name), own=own)
                if name in seen:
                    raise SpecError(name, "is given twice, nested and dotted; keep one of them")
            except SpecError as error:
                at_key = name not in self.slots
                problems.append(document.problem(str(error), loc, at_key=at_key))
                continue
            seen.add(name)
            entries[name] = entry
        if problems:
            raise InputError(problems)
        return Preset(
            presets=self, title=texts["name"] or (parent.title if parent and not own else stem),
            about=texts["about"] or (parent.about if parent else ""), entries=MappingProxyType(entries),
            document=document if own else None,
        )  # fmt: skip

    def _text(self, document: Document, key: str, problems: list[Problem]) -> str:
        value = document.data.get(key, "")
        if isinstance(value, str):
            return value
        problems.append(document.problem(f"{key} must be text, got {value!r}", (key,)))
        return ""

    def _entry(
        self, name: str, raw: object, document: Document, loc: Loc, before: Entry | None, *, own: bool
    ) -> Entry:  # fmt: skip
        slot = self.slots.get(name)
        if slot is None:
            hint = nearest(name, (*self.slots, *_OWN_KEYS)) or f"; an example is {self.example!r}"
            raise SpecError(name, f"is not a figure of {self.of}{hint}")
        return entry_of(name, slot, raw, document, loc, before, own=own)

    def _require_whole(self, preset: Preset, document: Document) -> None:
        """Refuse a preset that gives a part of a group, or lacks one that it must have."""
        for group in self.groups:
            missing = [name for name in self.slots if name.startswith(f"{group}.") and name not in preset.entries]
            if not missing or (self.optional and not preset.has(group)):
                continue
            some = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
            have = [name for name in self.names() if self._package(name).has(group)]
            message = f"gives no {some}; extend a {self.what} that has them (extends: {' or '.join(have)})"
            raise InputError([document.problem(message)])


@lru_cache(maxsize=512)
def _made(presets: Presets, group: str, values: tuple[object, ...], *parts: tuple[str, object]) -> Any:
    """Return the dataclass with these values, the same for the same ones."""
    return presets.groups[group](**dict(zip(presets.members[group], values, strict=True)), **dict(parts))
