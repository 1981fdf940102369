"""Small machines to run small programs on."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from wsesim import cores
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
    name = engine.__name__
    compiled = {each: module for each, module in sys.modules.items() if each == name or each.startswith(f"{name}.")}
    for each in compiled:
        del sys.modules[each]
    try:
        with _uncompiled():
            return importlib.import_module(name)
    finally:
        for each in [each for each in sys.modules if each.startswith(f"{name}.") and each not in compiled]:
            del sys.modules[each]  # first read now, and uncompiled
        sys.modules.update(compiled)
        cores.engine = engine


@pytest.fixture
def any_order(plain_engine: ModuleType) -> Iterator[Callable[[random.Random], None]]:
    """Have cores that are due in the same cycle visited in random order from then on."""
    with pytest.MonkeyPatch.context() as patch:

        def start(order: random.Random) -> None:
            patch.setattr(cores, "engine", plain_engine)
            patch.setattr(plain_engine.clock, "lowest", lambda bits: pick(int(bits), order))

        yield start


def pick(bits: int, order: random.Random) -> np.int64:
    """Return the place of one of the bits that are set."""
    return np.int64(order.choice([place for place in range(64) if bits >> place & 1]))


@contextmanager
def _uncompiled() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(jit, "COMPILED", False)
    try:
        yield
    finally:
        patch.undo()
