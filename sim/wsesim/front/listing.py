"""What there is to choose from: models, machines and stacks, each with its facts and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from wsesim.figures import Presets


class NotListedError(InputError, KeyError):
    """There is nothing of that name; a `KeyError`, too, as mappings raise."""

    def __str__(self) -> str:
        return str(self.problems[0])  # `KeyError` would put it in quotes


class Listing(Mapping[str, Mapping[str, Any]]):
    """Things by name, each with its facts; a frame where one is wanted."""

    __slots__ = ("_rows", "_what")

    def __init__(self, what: str, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._what, self._rows = what, dict(rows)

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        """Return the facts of one.

        Raises:
            NotListedError: there is none of that name; names the nearest.
        """
        if name not in self._rows:
            raise NotListedError.at(f"there is no {name!r} among the {self._what}{nearest(str(name), self._rows)}")
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._rows)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<{self._what}: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the frame."""
        return str(self.frame().to_html())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: the facts of each by its name."""
        return {name: dict(facts) for name, facts in self._rows.items()}

    def frame(self) -> pd.DataFrame:
        """Return a row for each name and a column for each fact, as a pandas data frame."""
        import pandas as pd

        return pd.DataFrame(list(self._rows.values()), index=pd.Index(list(self._rows), name="name"))


def models() -> Listing:
    """Return the models that a question can name: their shapes, their parameters, and where they come from.

    >>> import wsesim
    >>> wsesim.models()["gpt3-175b"]["layers"]
    96
    """
    from wsesim.model import load_preset, model_names, parameters

    found = {name: load_preset(name) for name in model_names()}
    return Listing("models", {name: {**asdict(each), "parameters": parameters(each)} for name, each in found.items()})


def machines(name: str | Path | None = None) -> Listing:
    """Return the machines that a question can name; with *name*, every figure of that one and where it comes from.

    >>> import wsesim
    >>> wsesim.machines()["cs-2"]["cores"]
    745500
    >>> wsesim.machines("cs-2")["core.sram"]["value"]
    '48 KiB'

    Args:
        name: of a machine, or the path of a yaml file of one's own.

    Raises:
        InputError: there is no such machine, or its file has mistakes.
    """
    from wsesim.hardware import MACHINES, load_cluster, machine_names

    if name is not None:
        return _figures(MACHINES, name)
    rows = {}
    for each in machine_names():
        cluster = load_cluster(each).cluster
        wafer = cluster.wafer
        rows[each] = {
            "title": cluster.name, "systems": cluster.systems, "max_systems": cluster.max_systems, "cores": wafer.cores,
            "clock_hz": wafer.core.clock_hz, "core_sram_bytes": wafer.core.sram_bytes,
            "sram_bytes": wafer.cores * wafer.core.sram_bytes, "mixed_peak_flops": wafer.peak_flops("mixed"),
            "io_bytes_per_s": wafer.io_bytes_per_s, "store_bytes": cluster.memoryx.capacity_bytes,
        }  # fmt: skip
    return Listing("machines", rows)


def stacks(name: str | Path | None = None) -> Listing:
    """Return the software stacks that a question can name; with *name*, every figure of that one and its source.

    >>> import wsesim
    >>> "ideal" in wsesim.stacks()
    True

    Args:
        name: of a stack, or the path of a yaml file of one's own.

    Raises:
        InputError: there is no such stack, or its file has mistakes.
    """
    from wsesim.software import STACKS, load_software, software_names

    if name is not None:
        return _figures(STACKS, name)
    found = {each: load_software(each) for each in software_names()}
    rows = {
        each: {"title": choice.software.name, "about": choice.about,
               **{group: getattr(choice.software, group) is not None for group in STACKS.groups}}
        for each, choice in found.items()
    }  # fmt: skip
    return Listing("stacks", rows)


def _figures(presets: Presets, name: str | Path) -> Listing:
    from wsesim.errors import SpecError

    try:
        figures = presets.read(str(name), folder=Path()).figures
    except SpecError as error:
        raise InputError.at(str(error)) from None
    rows = {each.name: {"value": each.text, "source": each.source, "confidence": each.confidence, "note": each.note}
            for each in figures}  # fmt: skip
    return Listing(f"figures of {name}", rows)
