"""Every program: right to the last bit, as long as its closed form says, seen where it is spoilt, the same uncompiled.

Of what is spoilt, what cannot matter does not count: where an element fills up, or is overwritten, the result is the
same with other operands too. A result that changes with other operands, and not with those that are drawn, has slipped
through. As a value may by chance be what stood in its place before (the greatest less itself is 0), two draws have to
miss it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cores.programs import spoiling
from tests.cores.programs.cases import SMALL, drawn
from tests.cores.programs.spoiling import Spoil, again

from wsesim.cores.engine import run_cycles
from wsesim.cores.errors import ProgramError
from wsesim.cores.kit.base import Array
from wsesim.cores.machine import CoreMachine
from wsesim.cores.programs import PROGRAMS, KernelCase, NoRoom, Prepared, TooLarge
from wsesim.cores.state import State
from wsesim.errors import InputError

ROOT = Path(__file__).parents[3]
DRAWN = 24
MEDIAN, WORST = 0.03, 0.10
"""How far a closed form may be from the cores, in the middle and at worst, beside a few cycles."""
FEW = 3
MEDIANS = {"stencil-one-cell": 0.06, "cross-entropy-gradient": 0.05}
"""Where it may be farther off: values that come at the same time leave the ramp one by one, which it leaves out; it has
a core own the labels of all its tokens, of which each column has some."""
TO_THE_CYCLE = (
    "affine",
    "adamw",
    "gelu",
    "gelu-gradient",
    "silu-gate",
    "residual",
    "rotary",
    "scalar",
    "spmm-coo",
    "spmm-csc",
    "spmm-csr",
    "spmm-ellpack",
)
"""Nothing travels, and no reads collide that its closed form does not know of."""
MOST = [3, pytest.param(20, marks=pytest.mark.nightly)]
"""Changes of each kind that are tried in a case, by day and at night."""
OTHER = 1000
"""Of a second draw, how much its seed is greater."""
LONG = 20
"""Times what a right run takes, after which a spoilt one has failed."""
SCRIPT = """
import json
from tests.cores.programs.test_programs import answers, run_guarded
from wsesim.cores import engine, jit
assert not jit.COMPILED
engine.run_cycles = run_guarded
print(json.dumps(answers()))
"""


def cases(name: str) -> list[KernelCase]:
    """Return what is asked of a program: what is chosen, and what is drawn."""
    random = np.random.default_rng(7)
    asked = [*SMALL[name], *(drawn(name, random) for _ in range(DRAWN))]
    return [each.case(name, number) for number, each in enumerate(asked)]


def test_every_program_is_asked() -> None:
    assert SMALL.keys() == {name for name, program in PROGRAMS.items() if program.prepare is not None}


@pytest.mark.parametrize("name", SMALL)
def test_values_are_those_of_numpy_and_cycles_those_of_the_closed_form(name: str) -> None:
    errors = []
    for case in cases(name):
        prepared = case.load()
        cycles, closed = prepared.run().cycles, case.closed()
        asked = (case.grid, case.shape, dict(case.options), case.seed)
        assert prepared.compare().differing == 0, asked
        if name in TO_THE_CYCLE:
            assert closed == cycles, asked
        errors.append(max(0.0, abs(closed - cycles) - FEW) / cycles)
        assert errors[-1] <= WORST, asked
    assert statistics.median(errors) <= MEDIANS.get(name, MEDIAN)


@pytest.mark.parametrize("name", [name for name, program in PROGRAMS.items() if program.folded])
@pytest.mark.every(3)
def test_a_part_stands_for_all(name: str) -> None:
    for case in cases(name)[:DRAWN:2]:
        whole, part = case.load(), replace(case, fold=True).load()
        assert part.run().cycles == whole.run().cycles, (case.grid, case.shape)
        assert part.compare().differing == 0
        assert part.machine.builder.height <= whole.machine.builder.height


@pytest.mark.parametrize("name", SMALL)
def test_room_is_asked_before_anything_is_drawn(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = SMALL[name][0].case(name, 1)
    core, roles = first.wafer.core, first.load().machine.builder.roles
    fullest = max(role.data_bytes + len(role.instructions) * core.instruction_bytes for role in roles)
    assert 0 < first.need_bytes <= fullest
    core = replace(core, reserved_bytes=core.sram_bytes - first.need_bytes + 1)
    monkeypatch.setattr(np.random, "default_rng", lambda _: pytest.fail("operands are drawn"))
    with pytest.raises((NoRoom, TooLarge), match="for its data on each core"):
        replace(first, wafer=replace(first.wafer, core=core)).load()


@pytest.mark.parametrize("name", PROGRAMS)
def test_shapes_of_other_numbers_are_messages(name: str) -> None:
    program, wafer = PROGRAMS[name], SMALL["gemv"][0].case("gemv", 1).wafer
    for shape in ((), (0,), (4,) * 7):
        for ask in (program.closed, program.need):
            with pytest.raises(InputError, match=f"{name} takes .*, for example .*; got "):
                ask(wafer, (4, 4), shape, {})


@pytest.mark.parametrize("most_changes", MOST)
@pytest.mark.parametrize("name", SMALL)
@pytest.mark.every(4)
def test_what_is_spoilt_is_seen(name: str, most_changes: int) -> None:
    slipped, seen = [], 0
    for number, each in enumerate(SMALL[name]):
        case = each.case(name, number)
        loaded = [replace(case, seed=seed).load() for seed in (number, number + OTHER)]
        most = LONG * again(loaded[0]).run().cycles
        for spoil in _chosen(case, loaded[0].machine, most_changes):
            if any(_seen(again(draw), spoil, most) for draw in loaded):
                seen += 1
            elif _matters(again(loaded[0]), again(loaded[0]), spoil, most):
                slipped.append((each, spoil.what))
    assert not slipped
    assert seen


def _chosen(case: KernelCase, machine: CoreMachine, most: int) -> list[Spoil]:
    """Return some of the ways to spoil a case."""
    random = np.random.default_rng(case.seed)
    kinds = (spoiling.elements(machine), spoiling.wavelets(machine))
    chosen = [found[number] for found in kinds for number in random.permutation(len(found))[:most]]
    return chosen + spoiling.operands(machine, random, most)


def _seen(prepared: Prepared, spoil: Spoil, most: int) -> bool:
    """Return whether a run does not end, or leaves values that are not NumPy's."""
    spoil.apply(prepared.machine)
    return _result(prepared, most) is None or prepared.compare().differing > 0


def _matters(right: Prepared, spoilt: Prepared, spoil: Spoil, most: int) -> bool:
    """Return whether the result of other operands changes."""
    for prepared in (right, spoilt):
        spoiling.redraw(prepared.machine, np.random.default_rng(1))
    spoil.apply(spoilt.machine)
    before, after = (_result(prepared, most) for prepared in (right, spoilt))
    return before is None or after is None or not np.array_equal(before, after)


def _result(prepared: Prepared, most: int) -> Array | None:
    """Return what a run leaves; None where it does not end."""
    try:
        prepared.machine.run(limit=most, unread=prepared.unread)
    except ProgramError:
        return None
    return prepared.read(prepared.machine)


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
    for name, asked in SMALL.items():
        prepared = asked[0].case(name, 1).load()
        run = prepared.run()
        values = np.ascontiguousarray(prepared.read(prepared.machine)).tobytes()
        found[name] = [run.cycles, run.events, prepared.compare().differing, sha256(values).hexdigest()]
    return found


@pytest.mark.nightly
def test_uncompiled_all_are_answered_the_same() -> None:
    pytest.importorskip("numba")
    path = os.pathsep.join([str(ROOT / "sim"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": path},
    )  # fmt: skip
    assert json.loads(done.stdout) == answers()
