"""wsesim: what a wafer-scale machine would do with a GPT.

>>> import wsesim
>>> result = wsesim.run("workloads/cerebras-gpt-111m.yaml")
>>> result.metrics.tokens_per_s

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wsesim._version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from wsesim.errors import InputError, WsesimError
    from wsesim.model import Model
    from wsesim.result import Result, Status, Verification
    from wsesim.study import Study, SweepTable
    from wsesim.workload import Workload, load_workload

__all__ = [
    "InputError",
    "Model",
    "Result",
    "Status",
    "Workload",
    "WsesimError",
    "__version__",
    "load_workload",
    "run",
    "sweep",
    "verify",
]

_HOME = {
    "InputError": "wsesim.errors",
    "Model": "wsesim.model",
    "Result": "wsesim.result",
    "Status": "wsesim.result",
    "Workload": "wsesim.workload",
    "WsesimError": "wsesim.errors",
    "load_workload": "wsesim.workload",
}


def run(workload: str | Path | Workload, *, verify: bool = True) -> Result:
    """Simulate a workload, or the one in a file.

    Raises:
        InputError: the file is not a right workload.
    """
    from wsesim import pipeline

    return pipeline.run(_loaded(workload), verify=verify)


def verify(workload: str | Path | Workload) -> Verification:
    """Compute a small part of a workload with real numbers and compare it with float64.

    Raises:
        InputError: the file is not a right workload.
    """
    from wsesim import pipeline

    return pipeline.verify_numbers(_loaded(workload))


def sweep(study: str | Path | Study, *, jobs: int | None = None) -> SweepTable:
    """Simulate every point of a study, or of the one in a file.

    Raises:
        InputError: the file is not a right study.
    """
    from wsesim import study as studies

    loaded = study if isinstance(study, studies.Study) else studies.load_study(study)
    return studies.sweep(loaded, jobs=jobs)


def _loaded(workload: str | Path | Workload) -> Workload:
    from wsesim.workload import Workload, load_workload

    return workload if isinstance(workload, Workload) else load_workload(workload)


if not TYPE_CHECKING:  # or a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
