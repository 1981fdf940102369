"""What a run leaves of its cycles, in arrays: made of a machine, kept beside the program, read again."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.cores.state import CAUSES, IDLE
from wsesim.csl.machine import CslMachine
from wsesim.errors import InputError

FILE = "wsesim.profile.npz"
MOST_MAPPED = 1 << 16
"""Cores of which each one's cycles are kept; of more, their sums."""
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Arrays of a run; steps are those of all tile classes, one after the other."""

    totals: Counts
    """[cycles, wavelets that left the rectangle, rows of the log that were lost, cycle at which it ends or -1]"""
    causes: Counts
    """[cause] cycles of all cores, as `CAUSES`."""
    cores: Counts
    """[cause, row, column] the same core by core; empty where there are too many."""
    main: Counts
    """[step] cycles of the main thread."""
    own: Counts
    """[step] the same of the watched cores."""
    work: Counts
    """[step, figure] of vector operations, as `codestate.WORK`."""
    runs: Counts
    """[step, figure] of what begins there, as `codestate.RUN`."""
    spans: Counts
    """[row, field] as `state.LOG`: what the watched cores did."""
    watched: Counts
    """Numbers of the watched cores."""
    figures: npt.NDArray[np.float64]
    """Of the machine it ran on: cycles of a start on the main thread, of one on a microthread; clock, in hertz."""

    @property
    def clock_hz(self) -> float:
        """Cycles a second."""
        return float(self.figures[2])

    @property
    def cycles(self) -> int:
        """From load to the last."""
        return int(self.totals[0])


def take(machine: CslMachine) -> Taken:
    """Return what a machine's run leaves."""
    state, image, core = machine.state, machine.image, machine.wafer.core
    spent = state.tallies["spent"].astype(np.int64)
    spent[:, IDLE] += np.maximum(0, machine.cycles - spent.sum(1))
    shape = (len(CAUSES), image.height, image.width) if len(spent) <= MOST_MAPPED else (len(CAUSES), 0, 0)
    code = state.code_state
    log = machine.log
    return Taken(
        totals=np.array([machine.cycles, code.meter["dropped"][0], code.meter["lost"][0], log.ended], np.int64),
        causes=spent.sum(0), cores=spent.T.reshape(shape) if shape[1] else np.zeros(shape, np.int64),
        main=code.cycles.sum(0, np.int64), own=code.cycles[1].astype(np.int64), work=_plain(code.work),
        runs=_plain(code.runs),
        spans=np.array(log.rows, np.int64).reshape(-1, 6), watched=np.array(log.cores, np.int64),
        figures=np.array([core.vector_launch_cycles, core.microthread_launch_cycles, core.clock_hz]),
    )  # fmt: skip


def _plain(records: Any) -> Counts:
    return np.stack([records[name] for name in records.dtype.names], axis=1).astype(np.int64)


def save_taken(taken: Taken, folder: Path) -> None:
    """Keep what a run left; where nobody may write, it is kept by the process only."""
    try:
        np.savez_compressed(folder / FILE, **{each.name: getattr(taken, each.name) for each in fields(Taken)})
    except OSError:
        TAKEN[folder.resolve()] = taken


def load_taken(folder: Path) -> Taken:
    """Return what the last run of a folder left.

    Raises:
        InputError: there was none, or what is there is none.
    """
    file = folder / FILE
    if folder.resolve() in TAKEN:
        return TAKEN[folder.resolve()]
    if not file.is_file():
        raise InputError.at(f"{folder}: the program has not run, or was not stopped")
    try:
        with np.load(file, allow_pickle=False) as found:
            return Taken(**{each.name: found[each.name] for each in fields(Taken)})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError.at(f"{file}: is no profile of a run: {error}; run the program again") from None


TAKEN: dict[Path, Taken] = {}
"""Of this process, where they could not be written."""
