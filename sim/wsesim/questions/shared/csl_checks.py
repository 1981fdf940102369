"""What is wrong with a kernel file that names a program in CSL, and with keys of such programs elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.errors import InputError
from wsesim.questions.base import Draft

if TYPE_CHECKING:
    from wsesim.csl.image import Image
    from wsesim.hardware import Wafer

ENDING = ".csl"
OF_PROGRAMS = ("params", "launch", "operands", "expect")
"""Keys that only programs in CSL have."""
NOT_OF_PROGRAMS = ("grid", "shape", "options", "measure", "fold", "silicon")


def is_program(name: object) -> bool:
    """Return whether a kernel's name is that of a layout in CSL."""
    return isinstance(name, str) and name.endswith(ENDING)


def generation(wafer: Wafer) -> str:
    """Return what programs are compiled for: the WSE-3 has operations of one operand from the fabric at most."""
    return "wse3" if wafer.core.fabric_inputs == 1 else "wse2"


def check_no_program(draft: Draft) -> None:
    """Note keys that a kernel has not which is no program in CSL, and sizes that it needs."""
    for key in OF_PROGRAMS:
        if draft.values.get(key):
            draft.problems.add((key,), f"{key} is read of programs in CSL only (kernel: layout.csl)", at_key=True)
    for key in ("grid", "shape"):
        if key in draft.values and draft.values[key] is None:
            draft.problems.add((), f"the required key {key!r} is missing: a kernel needs it")


def check_program(draft: Draft) -> None:
    """Note what is wrong with a program, its params, launches and operands.

    Raises:
        InputError: mistakes in the program itself, each with its place in it.
    """
    for key in NOT_OF_PROGRAMS:
        if draft.values.get(key):
            draft.problems.add(
                (key,), f"{key} is not read of a program in CSL, whose layout and params say it", at_key=True
            )  # fmt: skip
    if draft.hardware is None or draft.problems.found or not set(OF_PROGRAMS) <= draft.values.keys():
        return
    image = _compiled(draft, draft.hardware.cluster.wafer)
    if image is not None:
        _check_image(draft, image, draft.hardware.cluster.wafer)


def _compiled(draft: Draft, wafer: Wafer) -> Image | None:
    from wsesim.csl.running import compiled

    path = draft.folder / draft.values["kernel"]
    if not path.is_file():
        draft.problems.add_field(("kernel",), f"= {draft.values['kernel']!r} cannot be read: there is no such file")
        return None
    image = compiled(Path(path), generation(wafer), draft.values["params"], {})
    for warning in image.warnings:
        if warning.startswith("--params"):
            draft.problems.add(("params",), warning.removeprefix("--params: "))
    return image


def _check_image(draft: Draft, image: Image, wafer: Wafer) -> None:
    from wsesim.csl.running import check_name, launched, usual_launch

    if image.width > wafer.columns or image.height > wafer.rows:
        most = f"{wafer.columns} columns and {wafer.rows} rows of cores"
        laid = f"= {draft.values['kernel']!r} is laid out on {image.width} x {image.height} cores"
        draft.problems.add_field(("kernel",), f"{laid}; the wafer has {most}")
    calls = draft.values["launch"]
    if calls is None:
        _noted(draft, ("kernel",), lambda: usual_launch(image))
    for number, call in enumerate(calls or ()):
        _noted(draft, ("launch", number), lambda call=call: launched(image, call))  # type: ignore[misc]
    for key in ("operands", "expect"):
        for name, given in draft.values[key].items():
            _noted(draft, (key, name), lambda name=name: check_name(image, name))  # type: ignore[misc]
            if isinstance(given, str) and given != "random":
                draft.problems.add((key, name), f"{key}.{name} must be numbers or random; got {given!r}")


def _noted(draft: Draft, place: tuple[str | int, ...], work: Callable[[], Any]) -> None:
    try:
        work()
    except InputError as error:
        for problem in error.problems:
            draft.problems.add(place, f"{place[0]}: {problem.message}")
