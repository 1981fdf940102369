"""How much memory the computer has left that simulates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

KIB = 1024


def free_bytes() -> int | None:
    """Return the bytes this process may still take: what is free, what its limit leaves; None if nobody tells."""
    found = [bytes_ for bytes_ in (_of_computer(), _of_limit()) if bytes_ is not None]
    return min(found, default=None)


@contextmanager
def within(bytes_: int | None) -> Iterator[None]:
    """Let the block take so many bytes more, and beyond them raise MemoryError; where limits are not known, any."""
    resource, taken = _resource(), _line(Path("/proc/self/status"), "VmSize:")
    if resource is None or bytes_ is None or taken is None:
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + bytes_, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _resource() -> ModuleType | None:
    """Return the module of limits, which only Unix has."""
    try:
        return import_module("resource")
    except ImportError:
        return None


def _of_computer() -> int | None:
    """Return what Linux says it can give without paging."""
    return _line(Path("/proc/meminfo"), "MemAvailable:")


def _of_limit() -> int | None:
    """Return what the limit on the address space leaves (`ulimit -v`)."""
    resource = _resource()
    if resource is None:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    taken = _line(Path("/proc/self/status"), "VmSize:")
    return None if most == resource.RLIM_INFINITY or taken is None else max(0, most - taken)


def _line(file: Path, name: str) -> int | None:
    try:
        lines = file.read_text("ascii").splitlines()
    except (OSError, UnicodeError):
        return None
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith(name)), None)
