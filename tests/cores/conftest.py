"""Small machines to run small programs on."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType

import pytest

from wsesim.cores import engine, jit
from wsesim.cores.builder import Builder
from wsesim.hardware import Wafer, load_cluster

Make = Callable[..., Builder]


@pytest.fixture(scope="session")
def wse2() -> Wafer:
    """The second wafer, whose tasks start at once: cycles are then easy to count."""
    wafer = load_cluster("cs-2").cluster.wafer
    return replace(
        wafer,
        core=replace(wafer.core, task_launch_cycles=0, vector_launch_cycles=0),
        fabric=replace(wafer.fabric, hop_cycles=1, ramp_cycles=2),
    )


@pytest.fixture(scope="session")
def wse3() -> Wafer:
    """The third wafer, with the latencies that the measured kernels show."""
    wafer = load_cluster("cs-3").cluster.wafer
    core = replace(
        wafer.core,
        task_launch_cycles=2,
        vector_launch_cycles=1,
        sram_read_bytes_per_cycle=16,
        sram_write_bytes_per_cycle=16,
    )
    return replace(wafer, core=core, fabric=replace(wafer.fabric, hop_cycles=2, ramp_cycles=3))


@pytest.fixture
def make(wse2: Wafer) -> Make:
    """Start a program on a row of cores of the second wafer."""

    def start(width: int, height: int = 1, wafer: Wafer = wse2) -> Builder:
        return Builder(wafer, width=width, height=height)

    return start


@pytest.fixture(scope="session")
def plain_engine() -> ModuleType:
    """The engine's source as it runs uncompiled."""
    with _uncompiled():
        spec = importlib.util.spec_from_file_location("plain_engine", engine.__file__)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["plain_engine"] = module
        spec.loader.exec_module(module)
        return module


@contextmanager
def _uncompiled() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(jit, "compiled", lambda function: function)
    patch.setattr(jit, "inlined", lambda function: function)
    try:
        yield
    finally:
        patch.undo()
