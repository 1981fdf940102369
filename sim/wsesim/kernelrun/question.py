"""A kernel on a rectangle of cores as a value: asked, answered, written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wsesim._version import __version__
from wsesim.cores import show
from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.hardware import HardwareChoice

FILES = ("kernel.html", "kernel.json", "trace.json", "activity.gif")
"""What a kernel's run may write; a folder that holds anything else is not ours to replace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelQuestion:
    """Which kernel, on which cores, how large. `load_kernel` makes it."""

    name: str
    kernel: str
    grid: tuple[int, int]
    """Columns and rows of cores."""
    shape: tuple[int, ...]
    options: Mapping[str, str]
    hardware: HardwareChoice
    level: str
    """cores | closed."""
    verify: bool
    fold: bool
    seed: int
    pictures: int
    watch: tuple[tuple[int, int], ...]
    """Cores of the trace, each (column, row)."""

    @property
    def title(self) -> str:
        """What is asked, in a line."""
        sizes = "x".join(map(str, self.shape))
        return f"{self.kernel} of {sizes} on {self.grid[0]} x {self.grid[1]} cores of {self.hardware.cluster.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelAnswer:
    """What a kernel took, and how right it was."""

    question: KernelQuestion
    outcome: KernelOutcome

    def to_json(self) -> dict[str, object]:
        """Return the answer as plain data; all but `cost` is the same for the same question."""
        question, found = self.question, self.outcome
        return {
            "status": "differs" if found.right is False else "ok", "version": __version__, "kernel": question.kernel,
            "machine": question.hardware.cluster.name, "grid": list(question.grid), "shape": list(question.shape),
            "options": dict(question.options), "level": question.level, "seed": question.seed, "fold": question.fold,
            **found.to_json(), "cost": {"cpu_s": found.cpu_s},
        }  # fmt: skip


def ask(question: KernelQuestion) -> KernelAnswer:
    """Run the kernel, or calculate it.

    Raises:
        InputError: a shape or option that cannot be.
        ProgramError: the program does not fit a core, or cannot end.
    """
    outcome = run_kernel(
        question.kernel, question.hardware.cluster.wafer, question.grid, question.shape, options=question.options,
        level=question.level, verify=question.verify, seed=question.seed, fold=question.fold,
        watch=[(column, row) for column, row in question.watch if not question.fold or row == 0],
        pictures=question.pictures,
    )  # fmt: skip
    return KernelAnswer(question=question, outcome=outcome)


def write_answer(answer: KernelAnswer, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write the page, the figures, and, where cores were simulated, trace and animation, into the folder *out*.

    Raises:
        InputError: *out* is a file, holds something no kernel's run wrote, or cannot be written.
    """
    from wsesim.kernelrun.page import render_html
    from wsesim.report.folder import check_folder, publish

    check_folder(out, overwrite=overwrite, ours=FILES)
    found = answer.outcome
    files = {
        "kernel.html": render_html(answer).encode(),
        "kernel.json": (json.dumps(answer.to_json(), indent=2, allow_nan=False) + "\n").encode(),
    }
    if found.run is not None:
        files["trace.json"] = show.trace_json(found.run.spans).encode()
        if found.frame_cycles and len(found.run.frames):
            files["activity.gif"] = show.activity_gif(found.run, frame_cycles=found.frame_cycles)
    return publish(files, out, overwrite=overwrite)
