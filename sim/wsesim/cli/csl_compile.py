"""Commands for CSL programs that run nothing: check, compile, show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wsesim.cli import completion
from wsesim.errors import InputError
from wsesim.units import plural

if TYPE_CHECKING:
    from wsesim.csl.image import Image

STAGES = ("tokens", "ast", "classes", "code", "memory", "routes")
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


def _compiler_options(command: Any) -> Any:
    arch = click.Choice(("wse2", "wse3"))
    for option in reversed((
        click.option("--arch", type=arch, default="wse3", show_default=True, help="Generation."),
        click.option("--params", multiple=True, metavar="NAME:N,...", help="Values of params. Repeatable."),
        click.option("--colors", multiple=True, metavar="NAME:N,...", help="Values of its colors. Repeatable."),
        click.option("--import-path", "import_paths", multiple=True, shell_complete=completion.FOLDER,
                     help="Where files are looked for. Repeatable."),
    )):  # fmt: skip
        command = option(command)
    return command


def _numbers(option: str, given: Sequence[str]) -> dict[str, int]:
    found = {}
    for part in ",".join(given).split(","):
        if part.strip():
            name, _, number = part.partition(":")
            try:
                found[name.strip()] = int(number, 0)
            except ValueError:
                raise InputError.at(f"{option} {part.strip()}: write NAME:NUMBER") from None
    return found


def _image(file: Path, arch: str, params: Sequence[str], colors: Sequence[str], import_paths: Sequence[str]) -> Image:
    from wsesim.csl.compile import compile_file

    return compile_file(
        file, arch=arch, params=_numbers("--params", params), colors=_numbers("--colors", colors),
        import_paths=tuple(import_paths),
    )  # fmt: skip


@click.command()
@click.argument("file", type=FILE)
@_compiler_options
def check(file: Path, **options: Any) -> None:
    """Compile a layout file and say what looks like a mistake.

    Colors that nobody uses, tasks that nothing activates, queues that nothing reads. A file without a layout block is
    read only.
    """
    from wsesim.csl.checks import findings
    from wsesim.csl.compile import has_layout

    if not has_layout(file):
        click.echo(f"{file}: reads well; it has no layout block, so it is not compiled alone")
        return
    image = _image(file, **options)
    found = [*image.warnings, *findings(image)]
    for line in found:
        click.echo(f"warning: {line}")
    click.echo(f"{file}: compiles: {image.width} x {image.height} cores, {plural(len(image.classes), 'tile class')}")


@click.command(name="compile")
@click.argument("file", type=FILE)
@_compiler_options
def compile_(file: Path, **options: Any) -> None:
    """Compile a layout file; `cslc`, as `wsesim csl run` provides it, also writes what host scripts look for."""
    image = _image(file, **options)
    for line in image.warnings:
        click.echo(f"warning: {line}")
    steps = sum(len(tile.steps) for tile in image.classes)
    click.echo(
        f"compile successful: {image.width} x {image.height} cores, {len(image.classes)} classes, {steps} instructions"
    )


@click.command()
@click.argument("file", type=FILE)
@click.option("--stage", type=click.Choice(STAGES), default="classes", show_default=True, help="What to print.")
@_compiler_options
def show(file: Path, stage: str, **options: Any) -> None:
    """Print a stage of the compiler: tokens, syntax tree, tile classes, code, memory map, routes as a picture."""
    from wsesim.csl.files import source_file
    from wsesim.csl.show import OF_IMAGE, OF_TEXT

    lines = OF_TEXT[stage](source_file(str(file))) if stage in OF_TEXT else OF_IMAGE[stage](_image(file, **options))
    for line in lines:
        click.echo(line)


COMMANDS = (check, compile_, show)
"""For the group `csl`."""
