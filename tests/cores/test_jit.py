"""Compiled where numba is, the same source where it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wsesim.cores import jit
from wsesim.cores.builder import Builder
from wsesim.cores.engine import native
from wsesim.cores.machine import CoreMachine
from wsesim.hardware import load_cluster

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


def test_with_its_machine_code_at_hand_the_compiler_stays_away() -> None:
    pytest.importorskip("numba")
    run("")  # which makes the machine code, if there is none
    after = "import atexit; atexit.register(lambda: print('numba' in sys.modules))"
    assert run(after) == "True 36 36.0\nFalse"


def test_machine_code_is_kept_apart_by_what_it_is_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    made: list[bytes] = []

    def compiles(*_: object) -> bytes:
        made.append(b"name\0code %d" % len(made))
        return made[-1]

    state = CoreMachine(one_core()).state
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    monkeypatch.setattr(native, "_compile", compiles)
    for source in ("one", "one", "other", "one"):
        monkeypatch.setattr(native, "_made_from", lambda source=source: source)
        found = native._machine_code((1,), state, "clock")
        assert found == made[source == "other"]
    assert len(made) == len([*(tmp_path / "kept").iterdir()]) == 2
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    assert native._machine_code((1,), state, "clock") == b"name\0code 2", "where none can be kept, it is made"


def one_core() -> Builder:
    program = Builder(load_cluster("cs-2").cluster.wafer, width=1, height=1)
    program.place(program.role("core"), [0], [0])
    return program
