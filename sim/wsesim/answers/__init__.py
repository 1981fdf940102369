"""Shows a `Result` or a `Comparison`: on the terminal, as one HTML page, as JSON, and as files in a folder.

    Result ─┬─ print_result      terminal         Comparison ─┬─ print_comparison
            ├─ render_result     page                         ├─ render_comparison
            ├─ result_json       plain data                   ├─ comparison_json
            └─ write_result      folder                       └─ write_comparison

Everything here reads `wsesim.answer` and nothing above it, so every reader shows the same, whatever the kind of
question. Importing this package is cheap: what draws, templates and prints is imported by the function that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from wsesim.answer import Answer, Comparison, CoreMap, FigureSpec, Result, Table

__all__ = [
    "check_file",
    "check_folder",
    "comparison_json",
    "comparison_schema",
    "holds_answer_of",
    "json_text",
    "label",
    "map_picture",
    "print_comparison",
    "print_result",
    "publish",
    "render_comparison",
    "render_profile",
    "render_result",
    "result_json",
    "result_schema",
    "schema_of",
    "short",
    "shown",
    "table_csv",
    "write_comparison",
    "write_file",
    "write_result",
]


def label(spec: FigureSpec) -> str:
    """Return what people call a figure."""
    from wsesim.answers.text import label

    return label(spec)


def shown(name: str, value: object) -> str:
    """Print the figure *name* by the unit its name ends in; a dash where there is none."""
    from wsesim.answers.text import shown

    return shown(name, value)


def short(name: str, value: float) -> str:
    """Print the figure *name* in few signs, for a cell of a drawing or a tick of an axis."""
    from wsesim.answers.text import short

    return short(name, value)


def print_result(result: Result, console: Console, *, folder: Path | None = None, whole: bool = True) -> None:
    """Print the answer, what limits it and where the time goes; *folder* is named as where the report is.

    Not the *whole*: in some twenty lines.
    """
    from wsesim.answers.terminal import print_result

    print_result(result, console, folder=folder, whole=whole)


def render_result(result: Result) -> str:
    """Return the report as one HTML page without scripts that loads nothing."""
    from wsesim.answers.page import render_result

    return render_result(result)


def render_profile(title: str, about: str, answer: Answer) -> str:
    """Return the page of an *answer* to no question, such as where the cycles of a program went."""
    from wsesim.answers.page import render_profile

    return render_profile(title, about, answer)


def table_csv(table: Table) -> bytes:
    """Return a table with its columns' names as the first row."""
    from wsesim.answers.files import table_csv

    return table_csv(table)


def result_json(result: Result) -> dict[str, object]:
    """Return *result* as plain JSON data; `wsesim.answers.plain` documents the form."""
    from wsesim.answers.plain import result_json

    return result_json(result)


def result_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of what `result_json` returns."""
    from wsesim.answers.schema import result_schema

    return result_schema()


def comparison_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of what `comparison_json` returns."""
    from wsesim.answers.schema import comparison_schema

    return comparison_schema()


def schema_of(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of a type: plain, a list, a mapping, an enumeration, a dataclass or a typed dictionary."""
    from wsesim.answers.schema import schema_of

    return schema_of(kind)


def json_text(form: Mapping[str, object]) -> str:
    """Print plain data as JSON that reads well."""
    from wsesim.answers.plain import json_text

    return json_text(form)


def check_folder(out: Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that could not be written to; cheap, so that it can be asked before simulating.

    Raises:
        InputError: *out* is a file, holds something no run wrote, or holds a run and *overwrite* is off.
    """
    from wsesim.answers.folder import check_folder

    check_folder(out, overwrite=overwrite)


def holds_answer_of(folder: Path, file: str, asked: Mapping[str, object]) -> bool:
    """Return whether the JSON *file* in *folder* says what is *asked*, by dotted names: nothing but answers changed."""
    from wsesim.answers.again import holds_answer_of

    return holds_answer_of(folder, file, asked)


def publish(files: Mapping[str, bytes], out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write *files* into the folder *out*, all or none; `wsesim.answers.folder` says how.

    Raises:
        InputError: as `check_folder`, or the folder cannot be written, or another run wrote it meanwhile.
    """
    from wsesim.answers.folder import publish

    return publish(files, out, overwrite=overwrite)


def check_file(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a file that could not be written; cheap, so that it can be asked before simulating.

    Raises:
        InputError: it is there and *overwrite* is off, or it cannot be made or replaced.
    """
    from wsesim.answers.single import check_file

    check_file(path, overwrite=overwrite)


def write_file(content: bytes, path: Path, *, overwrite: bool = False) -> None:
    """Write *content* to *path*, whole or not at all.

    Raises:
        InputError: as `check_file`, or the file system refused.
    """
    from wsesim.answers.single import write_file

    write_file(content, path, overwrite=overwrite)


def write_result(result: Result, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write `report.html`, `result.json` and what else there is into the folder *out*, all or none.

    Returns:
        The paths written.

    Raises:
        InputError: as `publish`.
    """
    from wsesim.answers.files import write_result

    return write_result(result, out, overwrite=overwrite)


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print what each level answers, how far apart they are, and why."""
    from wsesim.answers.terminal import print_comparison

    print_comparison(comparison, console)


def render_comparison(comparison: Comparison) -> str:
    """Return the comparison as one HTML page without scripts that loads nothing."""
    from wsesim.answers.page import render_comparison

    return render_comparison(comparison)


def comparison_json(comparison: Comparison) -> dict[str, object]:
    """Return *comparison* as plain JSON data; `wsesim.answers.plain` documents the form."""
    from wsesim.answers.plain import comparison_json

    return comparison_json(comparison)


def write_comparison(comparison: Comparison, out: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """Write `levels.html` and `levels.json` into the folder *out*, both or none.

    Returns:
        The paths written.

    Raises:
        InputError: as `publish`.
    """
    from wsesim.answers.files import write_comparison

    return write_comparison(comparison, out, overwrite=overwrite)


def map_picture(drawn: CoreMap) -> str:
    """Return the drawing of a value of every core as a picture of its own, SVG."""
    from wsesim.answers.maps import map_svg
    from wsesim.answers.svg import SHADE, standalone

    return standalone(map_svg(drawn), SHADE)
