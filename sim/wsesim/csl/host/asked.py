"""What the surroundings of a host script ask of a run beside what the script does: a page, a list of what ran."""

from __future__ import annotations

import os
import re
from pathlib import Path

from wsesim.csl.host.reporting import HostError
from wsesim.csl.image import Image
from wsesim.csl.machine import CslMachine
from wsesim.csl.machine.log import MOST_WATCHED, usually_watched
from wsesim.csl.profile import report_page

REPORT = "WSESIM_CSL_REPORT"
"""Variable that names a page to write when a program is stopped; of several, the last."""
RAN = "WSESIM_CSL_RAN"
"""Variable that names a file to which the folder of every program that is stopped is added."""
WATCH = "WSESIM_CSL_WATCH"
"""Variable with cores to log, COLUMN,ROW with blanks between them."""
_CORE = re.compile(r"([0-9]{1,6}),([0-9]{1,6})", re.ASCII)


def watched(image: Image) -> tuple[int, ...]:
    """Return the cores whose doings are logged: none unless a profile is asked for.

    Raises:
        HostError: one is named that the program does not have.
    """
    if not (os.environ.get(REPORT) or os.environ.get(RAN)):
        return ()
    named = os.environ.get(WATCH, "").split()
    return tuple(_number(text, image) for text in named[:MOST_WATCHED]) or usually_watched(image)


def _number(text: str, image: Image) -> int:
    match = _CORE.fullmatch(text)
    column, row = (int(match[1]), int(match[2])) if match else (-1, -1)
    if not (0 <= column < image.width and 0 <= row < image.height):
        size = f"{image.width} x {image.height}"
        raise HostError(f"{text} is to be watched; cores are COLUMN,ROW of {size}, the first 0,0")
    return row * image.width + column


def tell(machine: CslMachine, folder: Path) -> None:
    """Write what is asked for of a run that has come to its end."""
    if page := os.environ.get(REPORT):
        report_page(machine, folder, Path(page))
    if ran := os.environ.get(RAN):
        with Path(ran).open("a", encoding="utf-8") as file:
            file.write(f"{folder.resolve()}\n")
