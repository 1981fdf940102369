"""What kernels answer is the same compiled and uncompiled: cycles, events, and every bit of the values."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cores.programs.test_spoilt import SMALL, WAFERS

from wsesim.cores.engine import run_cycles
from wsesim.cores.kit import replay
from wsesim.cores.programs import PROGRAMS, KernelCase
from wsesim.cores.state import State

ROOT = Path(__file__).parents[3]
SCRIPT = """
import json
from tests.cores.programs.test_uncompiled import answers, run_guarded
from wsesim.cores import engine, jit
assert not jit.COMPILED
engine.run_cycles = run_guarded
print(json.dumps(answers()))
"""


class Guarded(np.ndarray[Any, Any]):
    """An array without negative indices: compiled code does not count from the end."""

    def __getitem__(self, index: Any) -> Any:
        """Return an element, or refuse."""
        self._check(index)
        return super().__getitem__(index)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Change an element, or refuse."""
        self._check(index)
        super().__setitem__(index, value)

    def _check(self, index: Any) -> None:
        for each in index if isinstance(index, tuple) else (index,):
            assert not isinstance(each, int | np.integer) or each >= 0


def run_guarded(until: int, state: State) -> Any:
    """Run the engine on arrays that refuse negative indices."""
    arrays = {name: each.view(Guarded) for name, each in state._asdict().items() if isinstance(each, np.ndarray)}
    return run_cycles(until, state._replace(**arrays))  # type: ignore[arg-type]


def answers() -> dict[str, list[object]]:
    """Return by program what its first small case is answered with."""
    found: dict[str, list[object]] = {}
    for name, cases in SMALL.items():
        first = cases[0]
        case = KernelCase(
            program=PROGRAMS[name], wafer=WAFERS[0], grid=first.grid, shape=first.shape, options=first.options
        )
        prepared = case.load()
        run = prepared.run()
        values = np.ascontiguousarray(prepared.read(prepared.machine)).tobytes()
        found[name] = [run.cycles, run.events, prepared.compare().differing, sha256(values).hexdigest()]
    return found


def test_uncompiled_all_kernels_are_answered_the_same() -> None:
    pytest.importorskip("numba")
    path = os.pathsep.join([str(ROOT / "sim"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path},
    )  # fmt: skip
    assert json.loads(done.stdout) == answers()


def test_the_compiled_exponential_is_that_of_the_c_library() -> None:
    numba = pytest.importorskip("numba")

    @numba.njit  # type: ignore[untyped-decorator]
    def compiled(values: object, found: object) -> None:
        for number in range(len(values)):  # type: ignore[arg-type]
            found[number] = math.exp(values[number])  # type: ignore[index]

    values = np.random.default_rng(0).uniform(-100, 88, 200_000).astype(np.float32)
    found = np.empty(len(values))
    compiled(values.astype(np.float64), found)
    assert (found.astype(np.float32) == replay.exponential(values)).all()
