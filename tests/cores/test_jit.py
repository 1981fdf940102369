"""Compiled where numba is, the same source where it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wsesim.cores import jit
from wsesim.cores.engine import compiling

SOURCE = str(Path(jit.__file__).parents[2])
SCRIPT = """
import sys
sys.path.insert(0, {source!r})
{before}
from wsesim.cores import jit
from wsesim.cores.builder import Builder
from wsesim.cores.machine import CoreMachine
from wsesim.hardware import load_cluster
program = Builder(load_cluster("cs-2").cluster.wafer, width=2, height=1)
color, first, last = program.color("data"), program.role("first"), program.role("last")
first.route(color, "RAMP", "EAST")
last.route(color, "WEST", "RAMP")
with first.task("main", start=True):
    first.fmovs(first.fabout(color, 9), first.memory("x", 9))
with last.task("main", start=True):
    last.fmovs(last.memory("y", 9), last.fabin(color, 9))
program.place(first, [0], [0])
program.place(last, [1], [0])
machine = CoreMachine(program)
machine.write(first, "x", range(9))
print(jit.COMPILED, machine.run().events, machine.read(last, "y")[0].sum())
"""


def run(before: str) -> str:
    script = SCRIPT.format(source=SOURCE, before=before)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_without_numba_the_source_runs_as_it_is() -> None:
    assert run("sys.modules['numba'] = None") == "False 36 36.0"


def test_with_compilation_off_too() -> None:
    pytest.importorskip("numba")
    assert run("import os; os.environ['NUMBA_DISABLE_JIT'] = '1'") == "False 36 36.0"


def test_compiled_code_is_kept_apart_by_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = pytest.importorskip("numba").config
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    compiled = compiling.compiled(plus_one)
    assert compiled(1) == 2
    assert str(tmp_path) == config.CACHE_DIR
    assert [path.name for path in tmp_path.iterdir()] == [f"compiled-{compiling._FINGERPRINT}"]


def plus_one(number: int) -> int:
    return number + 1
