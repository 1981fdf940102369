"""Lines of source: that of the program's author first, then that of what writes for it."""

from __future__ import annotations

import inspect
from functools import partial
from pathlib import Path

import pytest

from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.errors import ProgramError
from wsesim.cores.kit.file import load_kernel
from wsesim.cores.place import author_line, source_line, written_by
from wsesim.cores.programs import PROGRAMS
from wsesim.hardware import load_cluster

WAFER = load_cluster("cs-2").cluster.wafer


def here() -> str:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return f"test_place.py, line {frame.f_back.f_lineno}"


def helper() -> str:
    return source_line()


def test_without_an_author_it_is_the_line_at_work() -> None:
    assert source_line() == here()
    assert helper() == f"test_place.py, line {inspect.getsourcelines(helper)[1] + 1}"


def test_what_others_write_for_an_author_names_both() -> None:
    def author() -> tuple[str, str, str]:
        return source_line(), helper(), here()

    for named in (author, partial(author)):
        with written_by(named):
            own, by, line = author()
        assert own == line
        assert by == f"{line}, by test_place.py, line {inspect.getsourcelines(helper)[1] + 1}"


def test_an_author_that_is_not_at_work_is_named_by_its_first_line() -> None:
    with written_by(helper):
        assert author_line() == f"test_place.py, line {inspect.getsourcelines(helper)[1]}"
    with written_by("plan.py, line 7"):
        assert source_line().startswith("plan.py, line 7, by test_place.py")
    assert author_line() == here()


def _places(builder: Builder) -> set[str]:
    return {each.place for role in builder.roles for each in role.instructions if each.is_vector}


def test_collectives_name_the_program_that_plans_them() -> None:
    prepare = PROGRAMS["allreduce-2d"].prepare
    assert prepare is not None
    places = _places(prepare(WAFER, (4, 3), (8,), {}, 0).machine.builder)
    assert places
    assert all(place.startswith("allreduce_2d.py, line ") for place in places)
    assert all(", by plans.py, line " in place for place in places)


def test_communication_of_a_users_kernel_names_his_line() -> None:
    file = Path(__file__).parents[2] / "examples" / "first_kernel.py"
    prepare = load_kernel(file).prepare
    assert prepare is not None
    asks = next(at for at, line in enumerate(file.read_text("utf-8").splitlines(), 1) if "shift(west, x)" in line)
    places = _places(prepare(WAFER, (3, 1), (8,), {}, 0).machine.builder)
    assert any(place.startswith(f"{file.name}, line {asks}, by line.py, line ") for place in places)


def test_an_author_is_forgotten_after_a_mistake() -> None:
    def fails(role: CoreRole) -> None:
        role.memory("x", -1)

    with pytest.raises(ProgramError), written_by(fails):
        fails(Builder(WAFER, width=1, height=1).role("core"))
    assert author_line() == here()
