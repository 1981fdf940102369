"""Which files ask for a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wsesim.yamlfile import read_yaml


def is_kernel_file(path: str | Path) -> bool:
    """Return whether the file at *path* asks for a kernel: it has the key, and no model.

    Raises:
        InputError: it cannot be read.
    """
    data = read_yaml(path).data
    return isinstance(data, Mapping) and "kernel" in data and "model" not in data
