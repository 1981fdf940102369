"""Model, machine and software as a program states them: the sections of a file, checked as they are made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wsesim.front.plain import is_file, named, plain
from wsesim.software import software_names
from wsesim.workload import STACK, ClusterSection, ModelSection, Problems, hardware_of, read_fields, software_of


class QuestionPart(ABC):
    """A part of a question that is given as one value."""

    __slots__ = ()

    @abstractmethod
    def sections(self, folder: Path) -> dict[str, Any]:
        """Return the sections of a file in *folder* that say the same."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._stated())})"

    @abstractmethod
    def _stated(self) -> Iterator[str]:
        """Yield the arguments that make such a value."""


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
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "settings", settings)
        problems = Problems(file="Model", schema=ModelSection)
        problems.add_invalid(read_fields(ModelSection, self.sections(Path())["model"])[1])
        problems.raise_if_any()

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
        for name, value in (("base", base), ("systems", systems), ("figures", figures)):
            object.__setattr__(self, name, value)
        sections, problems = self.sections(Path()), Problems(file="Machine")
        read, errors = read_fields(ClusterSection, sections["cluster"])
        problems.add_invalid(errors, ("cluster",), schema=ClusterSection)
        problems.raise_if_any()
        hardware_of(ClusterSection(**read), sections["hardware"], problems, Path())
        problems.raise_if_any()

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
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "figures", figures)
        if base is not None:  # which stack is the usual one, only the question knows
            problems = Problems(file="Software")
            software_of(self.sections(Path())["software"], software_names()[0], problems, Path())
            problems.raise_if_any()

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
