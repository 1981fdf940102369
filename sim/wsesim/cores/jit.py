"""Compile with numba where it is installed; run the same source uncompiled where it is not."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

INSTALL = "pip install numba"
"""What compiles the simulator of cores; the extra `cores` of this package is the same."""
Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from numba import config as _config
    from numba import njit as _njit
except ImportError:  # pragma: no cover - the tests run with numba
    COMPILED = False

    def compiled(function: Function) -> Function:
        """Return *function* as it is."""
        return function

    inlined = compiled

else:
    COMPILED = not _config.DISABLE_JIT

    def compiled(function: Function) -> Function:
        """Return *function* compiled; the machine code is kept beside the source.

        numba's cache looks only at the file a function stands in, so a changed constant elsewhere would go unseen. The
        folder is therefore named after all source that the compiled code is made from.
        """
        before = _config.CACHE_DIR
        _config.CACHE_DIR = str(Path(before or Path(__file__).parent / "__pycache__") / f"compiled-{_FINGERPRINT}")
        try:
            return cast(Function, _njit(cache=True, boundscheck=False, error_model="numpy", _nrt=False)(function))
        finally:
            _config.CACHE_DIR = before

    def inlined(function: Function) -> Function:
        """Return *function* compiled into its callers, for what is called in every cycle: calls copy all arguments."""
        return cast(Function, _njit(boundscheck=False, error_model="numpy", _nrt=False, forceinline=True)(function))


def _fingerprint() -> str:
    sources = (Path(__file__).with_name(f"{name}.py").read_bytes() for name in ("isa", "jit", "records", "engine"))
    return sha256(b"\0".join(sources)).hexdigest()[:12]


_FINGERPRINT = _fingerprint()
