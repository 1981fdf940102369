"""What is wrong with a kernel file that names a kernel as a program for cores: its name, grid, shape, choices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wsesim.errors import InputError, nearest
from wsesim.questions.base import Draft
from wsesim.workload import Problems

if TYPE_CHECKING:
    from wsesim.cores.programs import KernelCase, KernelProgram
    from wsesim.hardware import Wafer


def check_grid(grid: list[int], wafer: Wafer, watch: list[list[int]], problems: Problems) -> None:
    """Note a grid that the wafer has no room for, and watched cores beyond it."""
    columns, rows = grid
    if columns > wafer.columns or rows > wafer.rows:
        most = f"{wafer.columns} columns and {wafer.rows} rows of cores"
        problems.add_field(("grid",), f"= {columns} x {rows} does not fit the wafer, which has {most}")
    for index, (column, row) in enumerate(watch):
        if not (0 <= column < columns and 0 <= row < rows):
            where = f"the core [{column}, {row}] is not on the grid of {columns} x {rows}"
            problems.add(("watch", index), f"watch: {where}")


def program_of(draft: Draft) -> KernelProgram | None:
    """Return the kernel that is named; note it where there is none."""
    from wsesim.cores.programs import find_program

    name = draft.values.get("kernel")
    try:
        return None if name is None else find_program(name, draft.folder)
    except InputError as error:
        _raise_if_in_kernel(error)
        for problem in error.problems:
            draft.problems.add_field(("kernel",), f"= {name!r} cannot be asked: {problem.message}")
    return None


def _raise_if_in_kernel(error: InputError) -> None:
    """Raise what is wrong in a kernel's own file as it stands: with its line there."""
    if any(problem.file for problem in error.problems):
        raise error


def check_choices(program: KernelProgram, values: Mapping[str, Any], problems: Problems) -> None:
    """Check measure, options and fold."""
    measure = values.get("measure")
    if measure is not None and measure not in program.measures:
        known = nearest(measure, program.measures) or f"; there are: {', '.join(program.measures) or 'none'}"
        problems.add_field(("measure",), f"= {measure!r} is not a measure of {program.name}{known}")
        measure = None
    of_measure = program.measures[measure].options if measure else {}
    known_options = sorted({*program.options, *of_measure})
    for name in values.get("options", {}):
        if name not in known_options:
            hint = _of_other_measure(program, name) or nearest(name, known_options)
            hint = hint or f"; there are: {', '.join(known_options) or 'none'}"
            problems.add(("options", name), f"options.{name} is not an option of {program.name}{hint}", at_key=True)
    if values.get("fold") and program.folded is None:
        problems.add_field(("fold",), f"= true cannot be: no part of {program.name} stands for all")


def _of_other_measure(program: KernelProgram, option: str) -> str:
    named = next((name for name, each in program.measures.items() if option in each.options), None)
    return f"; it is one of measure: {named}" if named else ""


def check_shape(case: KernelCase, *, must_fit: bool, problems: Problems) -> None:
    """Check shape and values of options by the closed form, which refuses the same as the program.

    What has no room is an answer and no mistake.
    """
    from wsesim.cores.programs import NoRoom, TooFew

    try:
        if must_fit:
            case.check_room()
        case.closed()
    except (NoRoom, TooFew):
        return
    except InputError as error:
        _raise_if_in_kernel(error)
        for problem in error.problems:
            words = problem.message.split()
            place = ("options", words[1]) if words[0] == "option" else ("shape",)
            problems.add(place, problem.message)
