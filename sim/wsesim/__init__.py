"""wsesim: what a wafer-scale machine would do with a GPT.

>>> import wsesim
>>> result = wsesim.run("workloads/cerebras-gpt-111m.yaml", verify=False)
>>> result.figures["tokens_per_s"] > 1e6
True

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module

from wsesim._version import __version__

TYPE_CHECKING = False  # that of `typing` costs more than all else here, before Ctrl-C can be heard

if TYPE_CHECKING:
    from wsesim.answer import Answer, Comparison, Result, Status, Verification
    from wsesim.errors import InputError, WsesimError
    from wsesim.front import (
        Listing,
        Machine,
        Model,
        Software,
        compare,
        indices,
        kernel,
        levels,
        load,
        machines,
        models,
        run,
        sensitivity,
        show,
        size,
        stacks,
        sweep,
        verify,
    )
    from wsesim.gpt import CerebrasGPT
    from wsesim.questions.base import Question
    from wsesim.study import Indices, Sensitivity, SideBySide, Sizing, Study, SweepTable

__all__ = [
    "Answer",
    "CerebrasGPT",
    "Comparison",
    "Indices",
    "InputError",
    "Listing",
    "Machine",
    "Model",
    "Question",
    "Result",
    "Sensitivity",
    "SideBySide",
    "Sizing",
    "Software",
    "Status",
    "Study",
    "SweepTable",
    "Verification",
    "WsesimError",
    "__version__",
    "compare",
    "indices",
    "kernel",
    "levels",
    "load",
    "machines",
    "models",
    "run",
    "sensitivity",
    "show",
    "size",
    "stacks",
    "sweep",
    "verify",
]

_HOME = {
    "wsesim.answer": ("Answer", "Comparison", "Result", "Status", "Verification"),
    "wsesim.errors": ("InputError", "WsesimError"),
    "wsesim.front": (
        "Listing", "Machine", "Model", "Software", "compare", "indices", "kernel", "levels", "load", "machines",
        "models", "run", "sensitivity", "show", "size", "stacks", "sweep", "verify",
    ),
    "wsesim.gpt": ("CerebrasGPT",),
    "wsesim.questions.base": ("Question",),
    "wsesim.study": ("Indices", "Sensitivity", "SideBySide", "Sizing", "Study", "SweepTable"),
}  # fmt: skip
"""Where each name is defined."""

if not TYPE_CHECKING:  # or a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        for home, names in _HOME.items():
            if name in names:
                return getattr(import_module(home), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
