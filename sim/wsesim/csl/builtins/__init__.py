"""Builtins, each one function under `@builtin`; importing this package enters all of them."""

from wsesim.csl.builtins import (  # noqa: F401
    changes,
    configuration,
    descriptors,
    ids,
    layouts,
    mapping,
    numbers,
    operations,
    printing,
    registers,
    strings,
    structures,
    tasks,
)
