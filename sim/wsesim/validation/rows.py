"""A table of measured models, one row a figure; and what a row says of machine and software, by its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wsesim.software import software_override_names
from wsesim.validation.asking import NotAsked
from wsesim.validation.csvfile import finite, read_cells

COLUMNS = (
    "id", "system", "n_systems", "phase", "model", "n_params_b", "layers", "d_model", "n_heads", "n_kv_heads", "d_head",
    "d_ffn", "ffn_type", "vocab", "seq_len", "batch_global", "micro_batch", "precision", "sparsity", "metric", "value",
    "unit", "notes",
)  # fmt: skip
"""Columns that are read; a table may have more."""
OPTIONAL = ("device_cycles", "software", "source", "date")
"""Columns that are read if they are there."""
SIZES = {
    "layers": "layers", "width": "d_model", "heads": "n_heads", "head_width": "d_head", "ffn_width": "d_ffn",
    "vocab": "vocab",
}  # fmt: skip
"""Keys of a model, and their columns."""
NO_SETTINGS: Mapping[str, object] = MappingProxyType({})
TRAINING_STACK, RESIDENT_STACK = "release-2", "waferllm"
"""The vendor's release; and for rows of inference that name no program, the one that most of them are of."""
LAUNCHED_STACK, REWRITTEN_STACK, REWRITTEN_SINCE = "served-2024-08", "served-2024-10", "2024-10"
"""What the vendor's service is taken for, as launched and once its kernels were written anew, and since when."""
UNEVEN_SINCE, UNEVEN_SINCE_YEAR = (2, 5), 2025
"""The vendor's release that no longer asks for passes of one size (its documentation of 2.5), and its year."""
_LOG_EVERY = ((r"HPC Asia 2027", 1), (r"EPCC workshop", 10), (r"20-batch windows", 20))
"""Steps from one that a run logs to the next, by its source or notes; of others it is not known."""
_IN_FEW_WORDS = ((r"sec(ond)?s?\b", "s"), (r"seqs?\b", "sequences"), (r"/step$", ""))
"""How units of rows are put into the same words."""
_STACKS = {"WaferLLM": "waferllm", "WaferEngine": "waferengine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One row: `cells` holds every column as text."""

    id: str
    metric: str
    unit: str
    value: float
    cells: Mapping[str, str]

    @property
    def plain_unit(self) -> str:
        """The unit in the words that are known."""
        unit = self.unit
        for pattern, words in _IN_FEW_WORDS:
            unit = re.sub(pattern, words, unit, flags=re.IGNORECASE)
        return unit

    def number(self, column: str) -> float | None:
        """Return a cell as a finite number, or None if it is empty or none."""
        return finite(self.cells[column])

    def whole(self, column: str) -> int | None:
        """Return a cell as a whole number, or None if it is empty or none."""
        number = self.number(column)
        return int(number) if number is not None and number == int(number) else None

    def require(self, *columns: str) -> None:
        """Check that cells are whole numbers.

        Raises:
            NotAsked: some are not; names them.
        """
        missing = [column for column in columns if self.whole(column) is None]
        if missing:
            raise NotAsked(f"the row gives no {', '.join(missing)}")

    def require_positive(self, *columns: str) -> None:
        """Check that cells are empty or whole numbers above zero.

        Raises:
            NotAsked: one is neither.
        """
        for column in columns:
            if self.cells[column] and not (self.whole(column) or 0) > 0:
                raise NotAsked(f"{column} = {self.cells[column]!r} is not a whole number above zero")


def read_table(path: Path | None = None) -> tuple[Measurement, ...]:
    """Read the table at *path*, or the one that comes with the package.

    Raises:
        InputError: no such file, not UTF-8, not CSV, a missing column, or a value that is not a number.
    """
    return tuple(
        Measurement(id=row["id"], metric=row["metric"], unit=row["unit"], value=row.positive("value"), cells=row.texts)
        for row in read_cells(path, COLUMNS, packaged="models.csv", optional=OPTIONAL)
    )


def stack_of(row: Measurement) -> str:
    """Return the software of a row: the vendor's for training, else the program that its source names first."""
    phase = row.cells["phase"]
    if "served" in phase:
        return REWRITTEN_STACK if is_rewritten(row) else LAUNCHED_STACK
    if re.search(r"training|fine-tun|evaluation|job", phase):
        return TRAINING_STACK
    found = re.search("|".join(_STACKS), f"{row.cells['source']} {row.cells['notes']}")
    return _STACKS[found[0]] if found else RESIDENT_STACK


def is_rewritten(row: Measurement) -> bool:
    """Whether a claim of a service is of the time when its kernels had been written anew and tokens were guessed."""
    return row.cells.get("date", "") >= REWRITTEN_SINCE


def _has_even_passes(row: Measurement) -> bool:
    """Whether a step was measured before the release that rounds passes up; where none is named, by its year."""
    if stack_of(row) != TRAINING_STACK:
        return False
    software = row.cells.get("software", "")
    if release := re.search(r"(\d)\.(\d+)", software):
        return (int(release[1]), int(release[2])) < UNEVEN_SINCE
    year = re.search(r"20\d\d", f"{software} {row.cells.get('date', '')}")
    return year is not None and int(year[0]) < UNEVEN_SINCE_YEAR


def log_every(row: Measurement) -> int | None:
    """Return the steps from one that the run of a row logs to the next; None where its source does not say."""
    if stack_of(row) != TRAINING_STACK:
        return None
    said = f"{row.cells.get('source', '')} {row.cells['notes']}"
    return next((steps for pattern, steps in _LOG_EVERY if re.search(pattern, said)), None)


def machine_of(
    row: Measurement, settings: Mapping[str, object], *, systems: int = 1, clock_hz: float | None = None
) -> dict[str, Any]:  # fmt: skip
    """Return machine and software of a row as sections of a file; *settings* are other figures of either, by name."""
    machine = row.cells["system"].lower()
    known = software_override_names()
    software: dict[str, object] = {"training.even_passes": 1} if _has_even_passes(row) else {}
    software |= {"training.log_every": steps} if (steps := log_every(row)) else {}
    software |= {name: value for name, value in settings.items() if name in known}
    hardware: dict[str, object] = {} if clock_hz is None else {"core.clock": f"{clock_hz / 1e9:g} GHz"}
    hardware |= {name: value for name, value in settings.items() if name not in known}
    return {
        "cluster": {"machine": machine, "systems": systems} if systems > 1 else machine,
        **({"hardware": hardware} if hardware else {}),
        "software": {"stack": stack_of(row), **software} if software else stack_of(row),
    }


def without_numbers() -> dict[str, Any]:
    """Return the section of a file that leaves its numbers unverified: rows are about time."""
    return {"verification": {"enabled": False}}
