"""The command that asks for one kernel on a rectangle of cores: the same question as a file's, written as options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from wsesim.cli import completion
from wsesim.cli.options import force_file_option, manner, out_option, speaking
from wsesim.cli.output import DIFFERS, complain, console, or_shown, print_json, progress, say, table
from wsesim.cli.pictures import MAPS, Pictures
from wsesim.errors import InputError
from wsesim.units import shape_of

if TYPE_CHECKING:
    from wsesim.cores.programs import KernelProgram

LEVELS = ("cores", "closed")
NEW_FILE = click.Path(path_type=Path, dir_okay=False)
COMMAND = "wsesim kernel"
_CORE = re.compile(r"([0-9]{1,6}),([0-9]{1,6})", re.ASCII)


@click.command()
@click.argument("name", required=False, shell_complete=completion.KERNEL)
@click.option("--list", "all_kernels", is_flag=True, help="List the kernels, as without NAME.")
@click.option("--grid", metavar="COLUMNSxROWS", help="Cores it runs on, for example 64x1.")
@click.option("--shape", metavar="NUMBERxNUMBER...", help="Size of the problem; the list says what the numbers mean.")
@click.option("--machine", default="cs-2", show_default=True, help="One that `wsesim machines` lists, or a yaml file.",
              shell_complete=completion.MACHINE)  # fmt: skip
@click.option("--level", type=click.Choice(LEVELS), default="cores", show_default=True, help="Simulate, or calculate.")
@click.option(
    "--measure",
    metavar="FIGURE",
    shell_complete=completion.MEASURE,
    help="Read this figure; the list says which a kernel is measured by.",
)
@click.option("--silicon", is_flag=True, help="Count what silicon takes longer than the vendor's simulator.")
@click.option("--verify/--no-verify", default=True, help="Whether to compare the values with NumPy.")
@click.option("--fold", is_flag=True, help="Simulate one part and let it stand for all that do the same.")
@click.option(
    "--option",
    "options",
    metavar="NAME=VALUE",
    multiple=True,
    shell_complete=completion.KERNEL_OPTION,
    help="For example group=16. Repeatable.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random values.")
@click.option("--heatmap", type=NEW_FILE, metavar="FILE.svg", help="Draw what every core did.")
@click.option("--map", "drawn", type=click.Choice(MAPS), default="busy", show_default=True, help="What to draw there.")
@click.option("--trace", type=NEW_FILE, metavar="FILE.json", help="Write tasks and instructions for ui.perfetto.dev.")
@click.option("--watch", metavar="COLUMN,ROW", multiple=True, help="A core of the trace.  [default: first 16 of row 0]")
@click.option("--movie", type=NEW_FILE, metavar="FILE.gif", help="Animate the cores' activity.")
@out_option("Folder to write the report to: page, listing, trace, animation.")
@click.option("--listing", is_flag=True, help="Print the program: cycles of each instruction, and how often it ran.")
@force_file_option
@speaking
def kernel(
    name: str | None, all_kernels: bool, listing: bool, grid: str | None, shape: str | None, machine: str, level: str,
    options: Sequence[str], heatmap: Path | None, drawn: str, trace: Path | None, watch: Sequence[str],
    movie: Path | None, out: Path | None, force: bool, **more: Any,
) -> None:  # fmt: skip
    """Simulate one kernel core by core, or list all.

    NAME is one of the list, or a Python file of your own, which is run; alone, it says what there is to choose. It is
    the same question that a file with the key `kernel` asks. Only what is named here is written.
    """
    from wsesim import answers, questions
    from wsesim.cores.programs import find_program

    if name is None or all_kernels:
        _list()
        return
    if name.endswith(".csl"):
        how = f"a file asks it, with kernel: {name}, params, launch, operands"
        raise InputError.at(f"{name} is a program in CSL: {how}")
    program = find_program(name)
    if _is_alone():
        _tell(program)
        return
    pictures = Pictures(heatmap=heatmap, drawn=drawn, trace=trace, movie=movie, listing=listing)
    pictures.check(level, measured=more["measure"] is not None, force=force)
    if watch and not (trace or out):
        raise InputError.at("--watch names cores of a trace; give --trace or --out too")
    if out:
        answers.check_folder(out, overwrite=force)
    data = {"kernel": name, "cluster": machine, "options": _options(options), "watch": _watched(watch), **more}
    data |= {"grid": _grid(name, grid), "shape": _sizes(name, shape, "shape", program.shape_help)}
    data |= {} if movie or out else {"pictures": 0}
    given: dict[tuple[str | int, ...], str] = {
        ("cluster",): f"--machine {machine}", ("grid",): f"--grid {grid}", ("shape",): f"--shape {shape}",
        ("measure",): f"--measure {more['measure']}", ("fold",): "--fold", ("seed",): f"--seed {more['seed']}",
        **{("options", option.partition("=")[0]): f"--option {option}" for option in options},
        **{("watch", index): f"--watch {core}" for index, core in enumerate(watch)},
    }  # fmt: skip
    question = questions.ask(
        {key: value for key, value in data.items() if value is not None}, file=COMMAND, folder=Path(), given=given
    )
    with progress(f"simulating {name}") as tell:
        result = questions.run(question, level=questions.require_level(level), say=tell)
    if out:
        with or_shown(lambda: answers.print_result(result, console())):
            answers.write_result(result, out, overwrite=force)
    if manner().json:
        print_json(answers.result_json(result))
    if not manner().silent:
        answers.print_result(result, console(), folder=out)
    if result.answer is not None:
        say("\n".join(pictures.write(result.answer, result.title, force=force)))
        if wrong := result.answer.wrong_words:
            complain(wrong)
            click.get_current_context().exit(DIFFERS)


def _is_alone() -> bool:
    """Whether nothing but the name of a kernel is given."""
    context = click.get_current_context()
    return {key for key in context.params if context.get_parameter_source(key) is ParameterSource.COMMANDLINE} == {
        "name"
    }


def _watched(texts: Sequence[str]) -> list[list[int]]:
    found = []
    for text in texts:
        match = _CORE.fullmatch(text)
        if match is None:
            raise InputError.at(f"--watch must be COLUMN,ROW, for example 3,0; got {text!r}")
        found.append([int(match[1]), int(match[2])])
    return found


def _list() -> None:
    from wsesim.cores.programs import PROGRAMS

    if manner().json:
        print_json({"status": "ok", "kernels": [_plain(program) for program in PROGRAMS.values()]})
    rows = [(program.name, program.shape_help.partition(":")[0], program.summary) for program in PROGRAMS.values()]
    say(table(("KERNEL", "SHAPE", "WHAT IT COMPUTES"), rows, left=("SHAPE", "WHAT IT COMPUTES")))
    say("\n`wsesim kernel NAME` says how one lies on the cores, and what can be chosen.")


def _tell(program: KernelProgram) -> None:
    if manner().json:
        print_json({"status": "ok", "kernels": [_plain(program)]})
    say(_described(program))


def _plain(program: KernelProgram) -> dict[str, Any]:
    return {
        "name": program.name,
        "summary": program.summary,
        "shape": program.shape_help,
        "options": dict(program.options),
        "picture": program.picture,
        "folds": program.folded is not None,
        "measures": {name: dict(measure.options) for name, measure in program.measures.items()},
    }


def _described(program: KernelProgram) -> str:
    options = [f"  --option {name}=...: {text}" for name, text in program.options.items()]
    picture = [f"    {line}".rstrip() for line in program.picture.splitlines()]
    measures = [
        f"  --measure {figure}{''.join(f' --option {name}=...: {text}' for name, text in each.options.items())}"
        for figure, each in program.measures.items()
    ]
    head = f"{program.name}: {program.summary}"
    return "\n".join([head, "", *picture, "", f"  --shape {program.shape_help}", *options, *measures])


def _grid(name: str, text: str | None) -> list[int]:
    sizes = _sizes(name, text, "grid", "COLUMNSxROWS, for example 64x1")
    if len(sizes) != 2:
        raise InputError.at(f"--grid must be COLUMNSxROWS, for example 64x1; got {text!r}")
    return sizes


def _sizes(name: str, text: str | None, option: str, meaning: str) -> list[int]:
    if text is None:
        raise InputError.at(f"{name} needs --{option} {meaning}")
    try:
        return shape_of(text)
    except ValueError as error:
        raise InputError.at(f"--{option} must be {error} ({meaning})") from None


def _options(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for option in texts:
        name, equals, value = option.partition("=")
        if not (name and equals and value):
            raise InputError.at(f"--option must be NAME=VALUE, for example group=16; got {option!r}")
        if name in found:
            raise InputError.at(f"--option {name} is given twice")
        found[name] = value
    return found
