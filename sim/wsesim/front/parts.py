"""Model, machine and software as a program states them: the sections of a file, checked as they are made."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsesim.errors import InputError
from wsesim.front.plain import is_file, named, plain
from wsesim.software import software_names
from wsesim.workload import (
    STACK,
    ClusterSection,
    ModelSection,
    Problems,
    hardware_of,
    model_of,
    read_fields,
    software_of,
)

LONG = 2**20
"""Tokens of a sequence for which a model is tried, where only the question will say how many they are."""

NAMED = ("model.preset", "cluster.machine", f"software.{STACK}")
"""Settings that a file may give in place of their section."""


class QuestionPart(ABC):
    """A part of a question that is given as one value."""

    __slots__ = ()

    @abstractmethod
    def sections(self, folder: Path) -> dict[str, Any]:
        """Return the sections of a file in *folder* that say the same."""

    def settings_of(self, folder: Path) -> dict[str, Any]:
        """Return the same as settings by dotted name, as `set` of a study in *folder* has them."""
        sections = self.sections(folder).items()
        return {f"{section}.{name}": value for section, inside in sections for name, value in inside.items()}

    def as_value(self, folder: Path) -> object:
        """Return the one value that says the same among those of a setting that varies.

        Raises:
            InputError: it takes several.
        """
        settings = list(self.settings_of(folder).items())
        if len(settings) == 1 and settings[0][0] in NAMED:
            return settings[0][1]
        raise InputError.at(f"{self!r} is no single value; write it under scenarios, which are sets of changes by name")

    def __hash__(self) -> int:
        return hash((type(self), json.dumps(self.sections(Path()), sort_keys=True, default=str)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._stated())})"

    @abstractmethod
    def _stated(self) -> Iterator[str]:
        """Yield the arguments that make such a value."""


def _named(what: str, base: object) -> None:
    """Refuse a base that is neither a name nor a path.

    Raises:
        InputError: of *what*, with what it is.
    """
    if base is not None and not isinstance(base, str | Path):
        raise InputError.at(f"{what} takes a name or a path; got {base!r}")


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Model(QuestionPart):
    """A model: a preset, a Hugging Face config, a job of the Model Zoo, or a whole shape; what is given changes it.

    >>> Model("gpt3-13b", layers=12)
    Model('gpt3-13b', layers=12)
    >>> Model(layers=2, width=512, heads=8, vocab=50257)
    Model(layers=2, width=512, heads=8, vocab=50257)

    Args:
        base: a name that `wsesim.models()` lists; or a path, which starts where the program runs: a `config.json` or
            the folder it is in, or a `.yaml` of the Model Zoo. Left out where the shape is given whole.
        settings: keys of the section `model` of a file: `layers`, `width`, `heads`, `ffn_width`, `sparsity`, ....

    Raises:
        InputError: a key that a model does not have, or a value that cannot be.
    """

    base: str | Path | None
    settings: Mapping[str, Any]

    def __init__(self, base: str | Path | None = None, /, **settings: Any) -> None:
        _named("Model", base)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "settings", settings)
        problems = Problems(file="Model", schema=ModelSection)
        read, errors = read_fields(ModelSection, self.sections(Path())["model"])
        problems.add_invalid(errors)
        problems.raise_if_any()
        model_of(ModelSection(**read), problems, name="model", length=LONG, folder=Path())
        problems.raise_if_any()

    __hash__ = QuestionPart.__hash__

    def sections(self, folder: Path) -> dict[str, Any]:
        """Return the section `model` of a file in *folder*."""
        settings = plain(self.settings, folder)
        if self.base is None:
            return {"model": settings}
        return {"model": {self._key: named(self.base, folder), **settings}}

    @property
    def _key(self) -> str:
        """The key that names the base."""
        if self.base is None or not is_file(self.base):
            return "preset"
        return "zoo" if Path(self.base).suffix in (".yaml", ".yml") else "config"

    def _stated(self) -> Iterator[str]:
        if self.base is not None:
            yield repr(str(self.base))
        yield from keywords(self.settings)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Machine(QuestionPart):
    """A machine, how many of its systems, and figures of it that are otherwise.

    >>> Machine("cs-3", systems=4)
    Machine('cs-3', systems=4)
    >>> Machine("cs-3", **{"core.sram": "96 KiB"})
    Machine('cs-3', **{'core.sram': '96 KiB'})

    Args:
        base: a name that `wsesim.machines()` lists, or the path of a yaml file of one's own, from where the program
            runs.
        systems: systems that share the work, a whole number. Default: as many as the machine has.
        figures: by dotted name, each with its unit, as under `hardware` in a file; `wsesim.machines(NAME)` lists them.

    Raises:
        InputError: no such machine or figure, or a value that cannot be.
    """

    base: str | Path
    systems: int | None
    figures: Mapping[str, Any]

    def __init__(self, base: str | Path, /, *, systems: Any = None, **figures: Any) -> None:
        _named("Machine", base)
        for name, value in (("base", base), ("systems", systems), ("figures", figures)):
            object.__setattr__(self, name, value)
        sections, problems = self.sections(Path()), Problems(file="Machine")
        read, errors = read_fields(ClusterSection, sections["cluster"])
        problems.add_invalid(errors, ("cluster",), schema=ClusterSection)
        problems.raise_if_any()
        hardware_of(ClusterSection(**read), sections["hardware"], problems, Path())
        problems.raise_if_any()

    __hash__ = QuestionPart.__hash__

    def sections(self, folder: Path) -> dict[str, Any]:
        """Return the sections `cluster` and `hardware` of a file in *folder*."""
        systems = {} if self.systems is None else {"systems": plain(self.systems, folder)}
        return {
            "cluster": {"machine": named(self.base, folder), **systems},
            "hardware": plain(self.figures, folder),
        }

    def _stated(self) -> Iterator[str]:
        yield repr(str(self.base))
        yield from keywords({"systems": self.systems} if self.systems is not None else {})
        yield from keywords(self.figures)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Software(QuestionPart):
    """A software stack, and figures of it that are otherwise.

    >>> Software("ideal")
    Software('ideal')
    >>> Software(**{"training.kernel_launch": "2 us"})
    Software(**{'training.kernel_launch': '2 us'})

    Args:
        base: a name that `wsesim.stacks()` lists, or the path of a yaml file of one's own, from where the program
            runs. Default: the stack that the question usually runs.
        figures: by dotted name, each with its unit, as under `software` in a file; `wsesim.stacks(NAME)` lists them.

    Raises:
        InputError: no such stack or figure, or a value that cannot be.
    """

    base: str | Path | None
    figures: Mapping[str, Any]

    def __init__(self, base: str | Path | None = None, /, **figures: Any) -> None:
        _named("Software", base)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "figures", figures)
        if base is not None:  # which stack is the usual one, only the question knows
            problems = Problems(file="Software")
            software_of(self.sections(Path())["software"], software_names()[0], problems, Path())
            problems.raise_if_any()

    __hash__ = QuestionPart.__hash__

    def sections(self, folder: Path) -> dict[str, Any]:
        """Return the section `software` of a file in *folder*."""
        stack = {} if self.base is None else {STACK: named(self.base, folder)}
        return {"software": {**stack, **plain(self.figures, folder)}}

    def _stated(self) -> Iterator[str]:
        if self.base is not None:
            yield repr(str(self.base))
        yield from keywords(self.figures)


def keywords(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield keyword arguments as they are written; names with a dot in a mapping."""
    yield from (f"{name}={value!r}" for name, value in given.items() if name.isidentifier())
    dotted = {name: value for name, value in given.items() if not name.isidentifier()}
    if dotted:
        yield f"**{dotted!r}"
