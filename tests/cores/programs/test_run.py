from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wsesim.cores import jit
from wsesim.cores.programs import PROGRAMS, Agreement, KernelCase, NoRoom, TooLarge, find_program, run_kernel
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-2").cluster.wafer


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_kernel_says_what_it_is(name: str) -> None:
    program = find_program(name)
    assert program.name == name
    assert program.summary
    assert len(program.picture.splitlines()) > 1
    assert program.shape_help


def test_the_closed_form_runs_nothing() -> None:
    found = run_kernel("reduce-chain", WAFER, (750, 994), (1024,), level="closed")
    assert (found.run, found.events, found.right, found.wavelet_hops, found.busy) == (None, 0, None, 0, 0)
    assert found.cycles == found.closed_cycles == 10 + 1024 + 6 * 749
    assert found.seconds == pytest.approx(found.cycles / WAFER.core.clock_hz)


def test_a_run_says_what_it_did() -> None:
    found = run_kernel("reduce-chain", WAFER, (4, 2), (8,))
    assert found.run is not None
    assert found.cycles == found.run.cycles == found.closed_cycles
    assert found.wavelet_hops == 2 * 3 * 8
    assert 0 < found.busy < 1
    assert found.events > 0


def test_a_run_need_not_look_at_the_values() -> None:
    found = run_kernel("reduce-chain", WAFER, (4, 1), (8,), verify=False)
    assert (found.right, found.agreement) == (None, None)


def test_seeds_change_the_values_and_not_the_cycles() -> None:
    runs = [run_kernel("reduce-chain", WAFER, (5, 1), (30,), seed=seed) for seed in (1, 1, 2)]
    assert len({run.cycles for run in runs}) == 1
    assert all(run.right for run in runs)
    prepare = PROGRAMS["reduce-chain"].prepare
    assert prepare is not None
    values = [prepare(WAFER, (5, 1), (30,), {}, seed).expected for seed in (1, 1, 2)]
    assert (values[0] == values[1]).all()
    assert (values[0] != values[2]).any()


def test_values_that_differ_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = PROGRAMS["broadcast"]
    assert right.prepare is not None
    prepared = right.prepare(WAFER, (3, 1), (4,), {}, 0)
    wrong = replace(right, prepare=lambda *_: replace(prepared, expected=prepared.expected + 1))
    monkeypatch.setattr("wsesim.cores.programs.PROGRAMS", {**PROGRAMS, "broadcast": wrong})
    found = run_kernel("broadcast", WAFER, (3, 1), (4,))
    assert found.right is False
    assert found.agreement == Agreement(compared=12, differing=12, largest=1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_finite_number_is_never_right(value: float) -> None:
    prepared = KernelCase(program=PROGRAMS["broadcast"], wafer=WAFER, grid=(3, 1), shape=(4,), options={}).load()
    prepared.run()
    spoilt = replace(prepared, read=lambda ran: prepared.read(ran) * np.array([1, value, 1, 1]))
    assert spoilt.compare() == Agreement(compared=12, differing=3, largest=None)
    with pytest.raises(ValueError, match="no finite numbers"):
        replace(prepared, expected=prepared.expected * value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "reduc-chain"}, "no such kernel 'reduc-chain', did you mean 'reduce-chain'?"),
        ({"name": "zzz"}, "no such kernel 'zzz'; there are: allreduce-2d, "),
        ({"level": "core"}, "the level must be one of cores, closed; got 'core', did you mean 'cores'?"),
        ({"grid": (751, 1)}, "a grid of 751 x 1 does not fit the wafer, which has 750 columns and 994 rows of cores"),
        ({"grid": (4, 0)}, "a grid of 4 x 0 does not fit"),
        ({"options": {"grop": "2"}}, "reduce-two-phase has no option 'grop', did you mean 'group'?"),
        ({"options": {"x": "2"}}, "reduce-two-phase has no option 'x'; there are: type, group"),
        ({"options": {"group": "0"}}, "option group must be a whole number from 1 on; got '0'"),
        ({"options": {"group": "9" * 99}}, "option group must be a whole number from 1 on"),
        ({"options": {"type": "f322"}}, "option type must be one of f32, i32; got 'f322', did you mean 'f32'?"),
        ({"shape": (0,)}, "takes one length of 1 or more, for example 1024; got 0"),
        ({"shape": ()}, "got nothing"),
        ({"shape": (3, 4)}, "got 3 x 4"),
        ({"name": "summa", "fold": True}, "summa cannot be folded: no part of it stands for all"),
    ],
)
@pytest.mark.parametrize("level", ["cores", "closed"])
def test_mistakes_are_messages(changed: dict[str, object], message: str, level: str) -> None:
    given = {"name": "reduce-two-phase", "grid": (4, 1), "shape": (4,), "level": level, **changed}
    name, grid, shape = given.pop("name"), given.pop("grid"), given.pop("shape")
    with pytest.raises(InputError) as caught:
        run_kernel(name, WAFER, grid, shape, **given)  # type: ignore[arg-type]
    assert message in str(caught.value)


def test_a_program_that_just_does_not_fit_says_so() -> None:
    with pytest.raises(NoRoom, match="of data and code; a core has 46 KiB") as caught:
        run_kernel("reduce-chain", WAFER, (2, 1), (WAFER.core.usable_bytes // 4,))
    assert caught.value.need_bytes > caught.value.have_bytes == WAFER.core.usable_bytes


def test_large_grids_are_refused_without_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "COMPILED", False)
    assert run_kernel("broadcast", WAFER, (3, 1), (4,)).right
    with pytest.raises(TooLarge, match=r"pip install numba"):
        run_kernel("broadcast", WAFER, (500, 1), (4096,))
    assert run_kernel("broadcast", WAFER, (500, 1), (4096,), level="closed").cycles > 4096
