"""Commands that answer at once: check, show, schema, init, models, machines, software."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from wsesim import units
from wsesim.cli import completion
from wsesim.cli.options import file_argument, manner, settings_option, speaking
from wsesim.cli.output import print_json, say, table
from wsesim.errors import InputError, Problem, SpecError
from wsesim.units import Dimension


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@settings_option
@speaking
def check(files: tuple[Path, ...], settings: tuple[str, ...]) -> None:
    """Say whether files of questions and studies are right.

    Everything that is wrong is reported, each at its line.
    """
    right: list[dict[str, str]] = []
    problems: list[Problem] = []
    for file in files:
        try:
            name, title = _checked(file, settings)
        except InputError as error:
            problems += error.problems
            continue
        right.append({"file": str(file), "name": name, "title": title})
        say(f"{file}: ok: {title}")
    if problems:
        raise InputError(problems)
    if manner().json:
        print_json({"status": "ok", "files": right})


def _checked(file: Path, settings: tuple[str, ...]) -> tuple[str, str]:
    """Return name and title of what a file asks."""
    from wsesim import questions

    if questions.is_study(file):
        from wsesim.study import load_study

        study = load_study(file, settings=settings)
        return study.name, f"a study of {len(study):,} points: {study.base.title}"
    question = questions.load(file, settings=settings)
    return question.asked.name, question.title


@click.command()
@file_argument
@settings_option
@speaking
def show(file: Path, settings: tuple[str, ...]) -> None:
    """Print a question with its defaults filled in.

    Each default and each figure of machine and software stands with its source. The output is a file of the same
    question again.
    """
    from wsesim import questions

    question = questions.load(file, settings=settings)
    asked = question.asked
    if manner().json:
        defaults = [{"name": each.name, "text": each.text, "source": each.source} for each in asked.defaults]
        figures = [asdict(figure) for figure in asked.figures]
        print_json({"status": "ok", "workload": asked.resolved, "defaults": defaults, "figures": figures})
    say(questions.show(question))


@click.command()
@click.option("--results", is_flag=True, help="Of answers in JSON, in place of files of questions.")
@speaking
def schema(results: bool) -> None:
    """Print the JSON schema of files of questions, of every kind.

    With --results that of what is answered, one alternative for each command that answers in JSON.
    """
    if results:
        from wsesim.cli.schemas import results_schema as found
    else:
        from wsesim.questions import json_schema as found
    if not manner().quiet:
        print_json(found())


@click.command()
@click.argument("file", default="workload.yaml", type=click.Path(path_type=Path))
@speaking
def init(file: Path) -> None:
    """Write a commented question of training to start from.

    Nothing is ever replaced: a file that is there may be one you have worked on.
    """
    from wsesim.answers import write_file
    from wsesim.workload import starter

    if os.path.lexists(file):
        raise InputError.at("is already there; choose another", file=str(file))
    write_file(starter().encode(), file)
    if manner().json:
        print_json({"status": "ok", "file": str(file)})
    say(f"wrote {file}; now: wsesim run {file}")


@click.command()
@click.argument("name", required=False, shell_complete=completion.MODEL)
@speaking
def models(name: str | None) -> None:
    """List the models that a question can name.

    With a NAME: the whole shape of that model, and where it comes from.
    """
    from wsesim.model import load_preset, model_names, parameters

    if name is not None:
        try:
            model = load_preset(name)
        except SpecError as error:
            raise InputError.at(str(error)) from None
        shape = {**asdict(model), "parameters": parameters(model)}
        if manner().json:
            print_json({"status": "ok", **shape})
        say(table(("FACT", "VALUE"), [(key, str(value)) for key, value in shape.items()], left=("VALUE",)))
        return
    shapes = [(model, parameters(model)) for model in map(load_preset, model_names())]
    if manner().json:
        print_json({"status": "ok", "models": [{**model.stated, "parameters": count} for model, count in shapes]})
    heads = ("MODEL", "PARAMETERS", "LAYERS", "WIDTH", "HEADS", "FFN", "VOCABULARY", "LENGTH", "TOKENS")
    rows = [
        (
            model.name,
            units.show_count(count),
            str(model.layers),
            f"{model.width:,}",
            str(model.heads) if model.heads == model.kv_heads else f"{model.heads}/{model.kv_heads}",
            f"{model.ffn_width:,}",
            f"{model.vocab:,}",
            f"{model.max_length:,}",
            units.show_count(model.token_budget) if model.token_budget else "-",
        )
        for model, count in shapes
    ]
    say(table(heads, rows))


@click.command()
@click.argument("name", required=False, shell_complete=completion.MACHINE)
@speaking
def machines(name: str | None) -> None:
    """List the machines that a question can name.

    A yaml file of your own may stand in their place, in `cluster`: it extends one of them and states what differs.

    With a NAME or a file: every figure of that machine, where it comes from, and what it is instead of.
    """
    if name is not None:
        from wsesim.cli.listed import show_preset
        from wsesim.hardware import MACHINES

        show_preset(MACHINES, name)
        return
    from wsesim.hardware import PRECISIONS, load_cluster, machine_names

    choices = {name: load_cluster(name).cluster for name in machine_names()}
    if manner().json:
        found = [
            {
                **asdict(cluster),
                "name": name,
                "title": cluster.name,
                "peak_flops": {p: cluster.wafer.peak_flops(p) for p in PRECISIONS},
            }
            for name, cluster in choices.items()
        ]
        print_json({"status": "ok", "machines": found})
    heads = ("MACHINE", "SYSTEMS", "CORES", "CLOCK", "SRAM/CORE", "SRAM", "PEAK MIXED", "I/O", "STORE")
    rows = [
        (
            name,
            f"{cluster.systems} of {cluster.max_systems:,}",
            f"{cluster.wafer.cores:,}",
            units.show(cluster.wafer.core.clock_hz, Dimension.HERTZ),
            units.show_bytes(cluster.wafer.core.sram_bytes),
            units.show_bytes(cluster.wafer.cores * cluster.wafer.core.sram_bytes),
            units.show_flops(cluster.wafer.peak_flops("mixed")),
            units.show(cluster.wafer.io_bytes_per_s, Dimension.BYTES_PER_SECOND),
            units.show_bytes(cluster.memoryx.capacity_bytes),
        )
        for name, cluster in choices.items()
    ]
    say(table(heads, rows) + "\n\nAll but SYSTEMS and STORE are of one system.")


@click.command()
@click.argument("name", required=False, shell_complete=completion.STACK)
@speaking
def software(name: str | None) -> None:
    """List the software stacks that a question can name.

    Unless told otherwise training and evaluation run release-2, all that has resident weights waferllm, on every
    machine. A yaml file of your own may stand in their place, in `software`.

    With a NAME or a file: every figure of that stack, where it comes from, and what it is instead of.
    """
    if name is not None:
        from wsesim.cli.listed import show_preset
        from wsesim.software import STACKS

        show_preset(STACKS, name)
        return
    from wsesim.software import STACKS, load_software, software_names

    choices = {name: load_software(name) for name in software_names()}
    if manner().json:
        found = [
            {
                **asdict(choice.software),
                "name": name,
                "title": choice.software.name,
                "about": choice.about,
                "figures": [asdict(figure) for figure in choice.figures],
            }
            for name, choice in choices.items()
        ]
        print_json({"status": "ok", "software": found})
    rows = [
        (name, ", ".join(group for group in STACKS.groups if getattr(choice.software, group)), choice.about)
        for name, choice in choices.items()
    ]
    say(table(("STACK", "FOR", "WHAT IT IS"), rows, left=("FOR", "WHAT IT IS")))
