"""Programs from bodies: one role for all cores whose programs are the same, and none too few."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from wsesim import kit
from wsesim.cores.errors import TooLarge
from wsesim.cores.kit import room
from wsesim.cores.programs import KernelCase, run_case
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-2").cluster.wafer
Array = np.ndarray[Any, Any]


def case(
    body: Callable[[kit.KernelCore], None], becomes: Callable[[Array], Array], grid: tuple[int, int]
) -> KernelCase:
    def operands(setup: kit.KernelSetup, random: np.random.Generator) -> Mapping[str, Array]:
        return {"y": random.integers(1, 9, (setup.rows, setup.columns, 4)).astype(float)}

    program = kit.kernel(
        name="mine", doc="Mine.\n\n  a picture", shape_help="LENGTH: of y", example="4", operands=operands, body=body,
        meaning=lambda setup, y: becomes(y),
    )  # fmt: skip
    return KernelCase(program=program, wafer=WAFER, grid=grid, shape=(4,), options={})


def doubled(core: kit.KernelCore) -> None:
    y = core.role.memory("y", 4)
    core.role.fadds(y, y, y)


def summed(core: kit.KernelCore) -> None:
    y = core.role.memory("y", 4)
    core.row.allreduce(y)
    core.column.sum(y)


def numbered(core: kit.KernelCore) -> None:
    y = core.role.memory("y", 4)
    core.role.fmovs(y, core.constant(float(core.row.place)))


def hidden(core: kit.KernelCore) -> None:
    """Communicate along the column where the first core does not."""
    y = core.role.memory("y", 4)
    if core.row.place == 2:
        core.column.broadcast(y)


def rows_summed(y: Array) -> Array:
    total = np.broadcast_to(y.sum(1, keepdims=True), y.shape).copy()
    total[0] = total.sum(0)
    return total


def third_column_spread(y: Array) -> Array:
    found = y.copy()
    found[:, 2] = y[0, 2]
    return found


@pytest.mark.parametrize(
    ("body", "becomes", "roles"),
    [
        (doubled, lambda y: 2 * y, 1),
        (summed, rows_summed, 5 * 4),
        (numbered, lambda y: np.broadcast_to(np.arange(y.shape[1])[:, None], y.shape).astype(float), 5),
        (hidden, third_column_spread, 5 * 3),
    ],
)
def test_cores_share_a_program_where_nothing_tells_them_apart(
    body: Callable[[kit.KernelCore], None], becomes: Callable[[Array], Array], roles: int
) -> None:
    asked = case(body, becomes, (5, 7))
    assert len(asked.load().machine.builder.roles) <= roles
    assert run_case(asked).right


def test_a_wrong_shape_is_told() -> None:
    with pytest.raises(InputError, match="mine takes LENGTH, for example 4; got 4 x 4"):
        run_case(case(doubled, lambda y: 2 * y, (2, 2)).of_shape(4, 4))


def test_more_programs_than_the_computer_can_write_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: 1_000_000)
    with pytest.raises(TooLarge, match="100 different programs"):
        case(numbered, lambda y: y, (100, 1)).load()


def test_a_file_opens_with_what_it_computes_and_a_picture() -> None:
    program = case(doubled, lambda y: 2 * y, (1, 1)).program
    assert (program.summary, program.picture) == ("Mine.", "  a picture".strip())


def test_a_body_is_timed_once_for_cycles_and_room_and_written_once_where_all_do_the_same() -> None:
    placed: list[bool] = []

    def counted(core: kit.KernelCore) -> None:
        placed.append(core.placed)
        doubled(core)

    asked = case(counted, lambda y: 2 * y, (5, 7))
    assert run_case(asked).right
    assert placed == [False, True]
    assert asked.of_shape(4).closed() == asked.closed()
    assert placed == [False, True]


def told(core: kit.KernelCore) -> None:
    """Add what is told of the column, and sum over pairs of columns."""
    y = core.role.memory("y", 4)
    core.role.fadds(y, y, core.constant(float(core.row.told("third", lambda place: place // 3))))
    core.row.part(2).allreduce(y)


def test_cores_of_which_the_same_is_told_share_a_program_and_parts_of_a_line_keep_to_themselves() -> None:
    def becomes(y: Array) -> Array:
        sums = (y + np.arange(6)[:, None] // 3).reshape(3, 3, 2, 4).sum(2)
        return np.repeat(sums, 2, axis=1)

    asked = case(told, becomes, (6, 3))
    assert run_case(asked).right
    assert len(asked.load().machine.builder.roles) == 4
