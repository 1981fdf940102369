"""Where a compiled program and what is left of its runs lie: the output folder of `cslc`."""

from __future__ import annotations

import io
import json
import pickle
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wsesim.csl import colors, image, vectors
from wsesim.csl.image import Image
from wsesim.errors import InputError

IMAGE, RUN = "wsesim.image", "wsesim.run.json"
_OURS = {module.__name__: module for module in (colors, image, vectors)}
"""Whose classes an image is made of."""


class _Reader(pickle.Unpickler):
    """Reads images and nothing else: a file of somebody else's runs no code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class that images are made of."""
        found = getattr(_OURS.get(module), name, None)
        if isinstance(found, type) and found.__module__ == module:
            return found
        if (module, name) == ("builtins", "frozenset"):
            return frozenset
        raise pickle.UnpicklingError(f"an image holds no {module}.{name}")


def save(made: Image, folder: Path) -> None:
    """Write what `cslc` leaves: our image, and the files that scripts look for."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / IMAGE).write_bytes(pickle.dumps(made))
    params = {name: str(int(value)) for name, value in made.params.items()}
    of_colors = {name: str(int(value)) for name, value in made.colors.items()}
    (folder / "out.json").write_text(json.dumps({"params": params, "colors": of_colors}, indent=1) + "\n")
    symbols = [
        {
            "id": number, "name": each.name, "kind": "Func" if each.is_function else "Var", "type": each.type,
            "immutable": not each.mutable, "inputs": [each_type.name.lower() for each_type in each.inputs],
        }
        for number, each in enumerate(made.names)
    ]  # fmt: skip
    (folder / "bin" / "out_rpc.json").write_text(json.dumps({"rpc_symbols": symbols}, indent=1) + "\n")
    for number in range(len(made.classes)):
        (folder / "bin" / f"out_{number}.elf").write_bytes(b"")


def load(folder: Path) -> Image:
    """Return the image of a folder.

    Raises:
        InputError: there is none, or it is not one.
    """
    file = folder / IMAGE
    if not file.is_file():
        raise InputError.at(f"{folder}: holds no compiled program (no {IMAGE}); compile it with cslc -o {folder}")
    try:
        found = _Reader(io.BytesIO(file.read_bytes())).load()
        if not isinstance(found, Image):
            raise pickle.UnpicklingError(f"it is a {type(found).__name__}")
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError) as error:
        raise InputError.at(f"{file}: is not a compiled program: {error}; compile it again") from None
    return found


@dataclass(slots=True)
class RunRecord:
    """What is left of a run: traces, and figures."""

    cycles: int = 0
    traces: list[list[Any]] = field(default_factory=list)
    """[column, row, key, value] in order."""
    symbols: dict[str, str] = field(default_factory=dict)
    """Memory of cores in hexadecimal, by "column,row"."""


def save_run(record: RunRecord, folder: Path) -> None:
    """Keep what a run leaves; where nobody may write, it is kept by the process only."""
    RUNS[folder.resolve()] = record
    with suppress(OSError):
        (folder / RUN).write_text(json.dumps(asdict(record)))


def load_run(folder: Path) -> RunRecord:
    """Return what the last run of a folder left.

    Raises:
        InputError: there was none.
    """
    if folder.resolve() in RUNS:
        return RUNS[folder.resolve()]
    try:
        return RunRecord(**json.loads((folder / RUN).read_text()))
    except OSError:
        raise InputError.at(f"{folder}: the program has not run, or was not stopped") from None


RUNS: dict[Path, RunRecord] = {}
"""Of this process."""
