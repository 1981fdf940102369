"""The Python API: every public name, by its docstring."""

from __future__ import annotations

import inspect

import wsesim

HIDDEN = {"__version__"}


def python() -> str:
    """Every name that `wsesim` exports: functions first, then classes."""
    found = {name: getattr(wsesim, name) for name in wsesim.__all__ if name not in HIDDEN}
    functions = [name for name, each in found.items() if not inspect.isclass(each)]
    classes = [name for name, each in found.items() if inspect.isclass(each)]
    return "\n\n".join(
        [
            *(_directive("autofunction" if callable(found[name]) else "autodata", name) for name in functions),
            *(_directive("autoclass", name) for name in classes),
        ]
    )


def _directive(kind: str, name: str) -> str:
    return f"```{{eval-rst}}\n.. {kind}:: wsesim.{name}\n```"
