"""Every kernel, on every grid, of every size: an answer or a reason, at once and from little memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wsesim import questions
from wsesim.answer import Answer, DoesNotFit, Level, NotAnswered, Outcome
from wsesim.cores.kit import room
from wsesim.cores.programs import PROGRAMS, KernelCase, NoRoom, NotWritten, TooFew, TooLarge
from wsesim.cores.state import LAST_CYCLE
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-2").cluster.wafer
MOST_BYTES = 500 * 2**20
FREE_BYTES = 60 * 2**20
"""What the computer is said to have left; what is known before may be an eighth of what is taken."""
MOST_CPU_S = 0.3
"""What is expected to take longer is asked for its room, and not simulated."""
LARGEST = 10**18
"""More bytes than any core has."""
SIZES = st.one_of(
    st.integers(1, 10), st.integers(0, 29).map(lambda power: 1 << power), st.integers(1, 10**9), st.just(10**9)
)
GRIDS = st.one_of(
    st.sampled_from([(1, 1), (2, 1), (4, 4), (8, 1), (1, 8), (8, 8), (3, 5), (750, 994), (750, 1), (1, 994)]),
    st.tuples(st.integers(1, 750), st.integers(1, 994)),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, tuple[int, int], tuple[int, ...]]:
    name = draw(st.sampled_from(sorted(PROGRAMS)))
    numbers = PROGRAMS[name].shape_help.split(":")[0].split(" of ")[0].count(" x ") + 1
    return name, draw(GRIDS), tuple(draw(SIZES) for _ in range(numbers))


def asked(name: str, grid: tuple[int, int], shape: tuple[int, ...], **more: Any) -> Any:
    data = {"kernel": name, "grid": [*grid], "shape": [*shape], "cluster": "cs-2", "pictures": 0, **more}
    return questions.ask(data, file="test", folder=Path())


def needed(name: str, grid: tuple[int, int], shape: tuple[int, ...]) -> int | None:
    """Return the bytes of a core; None of a shape that the kernel does not take."""
    try:
        return PROGRAMS[name].need(WAFER, grid, shape, {})
    except InputError:
        return None


def solved(question: Any, level: Level) -> Outcome:
    found = question.solve(level, lambda _: None)
    assert isinstance(found, Outcome)
    return found


@given(cases(), st.sampled_from(["cores", "closed"]))
def test_every_kernel_of_every_size_is_answered_from_little_memory(
    case: tuple[str, tuple[int, int], tuple[int, ...]], level: Level
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "free_bytes", lambda: FREE_BYTES)
        tracemalloc.start()
        try:
            question = asked(*case)
            if level == "closed" or _is_quick(question.case):
                found = solved(question, level)
                assert all(value is None or isfinite(value) for value in getattr(found, "figures", {}).values())
        except InputError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak < MOST_BYTES


def _is_quick(case: KernelCase) -> bool:
    try:
        case.check_room()
    except (NoRoom, TooFew):
        return True
    return room.cpu_seconds(case, case.closed()) < MOST_CPU_S


@given(cases())
@example(("stencil-columns", (4, 4), (10**9, 10**9)))
@example(("stencil-star", (4, 4), (10**9, 10**9, 10**9, 10**9)))
def test_closed_forms_are_known_of_every_size(case: tuple[str, tuple[int, int], tuple[int, ...]]) -> None:
    try:
        question = asked(*case, must_fit=False)
    except InputError:
        return
    found = solved(question, "closed")
    assert isinstance(found, Answer)
    assert isfinite(found.figures["cycles"] or 0)


@given(cases())
def test_what_limits_a_kernel_is_no_more_than_its_time(case: tuple[str, tuple[int, int], tuple[int, ...]]) -> None:
    name, grid, shape = case
    whole = KernelCase(program=PROGRAMS[name], wafer=WAFER, grid=grid, shape=shape, options={}, level="closed")
    try:
        shares = whole.shares(whole.closed())
    except (InputError, NotWritten):
        return
    assert all(share >= 0 for share in shares.values())
    assert sum(shares.values()) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("name", "grid", "shape", "fits"),
    [
        ("gelu", (4, 4), (8, 60_000_000), "8x4708"),
        ("message", (3, 1), (10**9,), "11776"),
        ("attention-prefill", (4, 4), (10**8, 8, 8), "130x8x8"),
        ("gemv", (4, 4), (20_000, 20_000), "724x512, or the same on 750 x 994 cores"),
        ("allreduce-2d", (8, 8), (12_000,), "11776"),
        ("rotary", (2, 1), (1, 10**9), "1x6728"),
    ],
)
def test_what_has_no_room_says_what_has(name: str, grid: tuple[int, int], shape: tuple[int, ...], fits: str) -> None:
    found = solved(asked(name, grid, shape), "cores")
    assert isinstance(found, DoesNotFit)
    assert found.why.endswith(f"; data that fits: {fits}")
    smaller = tuple(map(int, fits.split(",")[0].split("x")))
    assert not isinstance(solved(asked(name, grid, smaller), "closed"), DoesNotFit)
    for axis, size in enumerate(smaller):
        larger = ((*smaller[:axis], size + step, *smaller[axis + 1 :]) for step in range(1, 65))
        needs = (need for shape in larger if (need := needed(name, grid, shape)) is not None)
        assert next(needs, LARGEST) > WAFER.core.usable_bytes, f"there is room for more along axis {axis}"


@pytest.mark.parametrize("name", ["stream-gemm", "stream-gradient"])
def test_an_edge_takes_a_row_of_cores_that_the_closed_form_does_not(name: str) -> None:
    question = asked(name, (750, 994), (994, 750, 750))
    found = solved(question, "cores")
    assert isinstance(found, NotAnswered)
    assert "the wafer has 994 rows, so that the grid may have 993" in found.why
    assert isinstance(solved(question, "closed"), Answer)


def test_more_cycles_than_the_engine_counts_are_refused_before_the_first() -> None:
    found = solved(asked("stencil-one-cell", (5, 5), (10**9,)), "cores")
    assert isinstance(found, NotAnswered)
    assert f"cores are simulated for up to {LAST_CYCLE:,}" in found.why


def test_more_memory_than_the_computer_has_is_refused_before_any_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    question = asked("gemv", (750, 994), (100_000, 100_000))
    monkeypatch.setattr(room, "free_bytes", lambda: 2**30)
    found = solved(question, "cores")
    assert isinstance(found, NotAnswered)
    assert "of this computer's memory, which has 1 GiB left; --fold simulates one part for all" in found.why
    case = replace(question.case, grid=(16, 16), shape=(400, 400))
    monkeypatch.setattr(room, "free_bytes", lambda: None)
    assert case.load().machine.builder.width == 16
    monkeypatch.setattr(room, "free_bytes", lambda: 1000)
    with pytest.raises(TooLarge):
        case.load()


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("gemv", (400, 4000)), ("reduce-chain", (8000,)), ("summa", (500, 500, 200)), ("softmax", (400, 1024)),
        ("embedding", (500, 500, 200)), ("spmm-csr", (32, 16, 68, 64)), ("stream-gemm", (500, 500, 100)),
        ("message", (8000,)), ("scalar", (200,)),
    ],
)  # fmt: skip
def test_what_is_known_of_the_computers_memory_is_no_more_than_what_is_taken(name: str, shape: tuple[int, ...]) -> None:
    case = KernelCase(program=PROGRAMS[name], wafer=WAFER, grid=(16, 16), shape=shape, options={})
    case.load()  # once before: what is kept from then on is no part of it
    tracemalloc.start()
    try:
        case.load()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak / 12 < room.host_bytes(case) <= peak


def test_memory_that_runs_out_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    question = asked("gelu", (2, 2), (4, 4))

    def fails(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(type(question), "_whole", fails)
    found = solved(question, "cores")
    assert isinstance(found, NotAnswered)
    assert "too little memory" in found.why


def test_a_run_says_how_long_it_takes_and_how_far_it_is() -> None:
    said: list[str] = []
    asked("summa", (4, 4), (32, 32, 32)).solve("cores", said.append)
    assert said[0].startswith("simulating summa on 16 cores for about ")
    assert said[0].endswith(" of CPU time")
    shares = [int(text.rsplit(": ", 1)[1].strip("<% ")) for text in said[1:]]
    assert len(shares) > 50
    assert shares == sorted(shares)
    assert shares[-1] <= 99
