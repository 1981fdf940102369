"""Commands that answer one question: run, levels, forward, graph."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli import completion
from wsesim.cli.bar import bar
from wsesim.cli.options import (
    file_argument,
    force_file_option,
    force_option,
    level_option,
    manner,
    out_option,
    settings_option,
    speaking,
)
from wsesim.cli.output import DIFFERS, RUNS, complain, console, or_shown, print_json, progress, put, say
from wsesim.errors import InputError

if TYPE_CHECKING:
    from wsesim.answer import Level, Result
    from wsesim.gpus import Fleet
    from wsesim.graph import Graph
    from wsesim.questions.base import Question

GRAPH_FORMS = ("dot", "svg", "json", "chakra")
ENDINGS = {form: form for form in GRAPH_FORMS} | {"et": "chakra"}
"""Forms by how a file ends."""


@click.command()
@file_argument
@settings_option
@out_option("Folder to write to.  [default: runs/NAME]")
@force_option
@click.option("--verify/--no-verify", default=True, help="Whether to compute real numbers too.")
@level_option("closed, system or cores.  [default: system; a kernel: cores]")
@click.option("-v", "--verbose", is_flag=True, help="Print all that the page has, not the answer in twenty lines.")
@click.option("--fail-if-unfit", is_flag=True, help="Exit with 1 if there is no answer, as of what does not fit.")
@click.option("--gpu", "gpus", metavar="GPU", multiple=True, help="Put an estimate of GPUs beside it: h100x64, "
              "b200x8:fp8. Repeatable; `wsesim gpus` lists them.",
              shell_complete=completion.GPU)  # fmt: skip
@speaking
def run(
    file: Path, settings: tuple[str, ...], out: Path | None, force: bool, verify: bool, level: str | None,
    verbose: bool, fail_if_unfit: bool, gpus: tuple[str, ...],
) -> None:  # fmt: skip
    """Answer a question and write a report.

    Levels: closed adds up formulas; system plays machines, or requests, by events; cores runs kernels wavelet by
    wavelet.
    """
    from wsesim import questions
    from wsesim.answer import Answer

    wanted = None if level is None else questions.require_level(level)
    fleets = _fleets(gpus)
    question = questions.load(file, settings=settings)
    result = answer_question(
        question, level=wanted, out=out, force=force, verify=verify, whole=verbose, fleets=fleets
    )  # fmt: skip
    if fail_if_unfit and not isinstance(result.outcome, Answer):
        complain([result.outcome.why])
        click.get_current_context().exit(DIFFERS)


def _fleets(gpus: tuple[str, ...]) -> tuple[Fleet, ...]:
    """Return the GPUs of those names; estimates are loaded where some are named only."""
    if not gpus:
        return ()
    from wsesim.gpus import fleet_named

    return tuple(map(fleet_named, dict.fromkeys(gpus)))


def answer_question(
    question: Question, *, level: Level | None, out: Path | None, force: bool, verify: bool, whole: bool,
    fleets: tuple[Fleet, ...] = (),
) -> Result:  # fmt: skip
    """Answer *question*, print the answer and write its report to runs/NAME unless *out* says where."""
    from wsesim import answers, questions

    name = question.asked.name
    folder = out or RUNS / (name if level in (None, question.level) else f"{name}-{level}")
    asked = {"kind": question.kind, "level": level or question.level, "provenance.workload": question.asked.resolved}
    force = force or answers.holds_answer_of(folder, "result.json", asked)
    answers.check_folder(folder, overwrite=force)
    with progress(f"answering {name}") as tell:
        result = questions.run(question, level=level, verify=verify, explain=True, say=tell)
        if fleets:
            result = questions.beside_gpus(question, result, fleets)
    with or_shown(lambda: answers.print_result(result, console())):
        answers.write_result(result, folder, overwrite=force)
    if manner().json:
        print_json(answers.result_json(result))
    if not manner().silent:
        answers.print_result(result, console(), folder=folder, whole=whole)
    if why := [*(result.answer.wrong_words if result.answer else ()), *result.broken]:
        complain(why)
        click.get_current_context().exit(DIFFERS)
    return result


@click.command()
@file_argument
@settings_option
@out_option("Folder to write to.  [default: runs/NAME-levels]")
@force_option
@speaking
def levels(file: Path, settings: tuple[str, ...], out: Path | None, force: bool) -> None:
    """Answer a question at three levels of detail.

    closed adds up formulas; system plays machines, or requests, by events; cores runs kernels wavelet by wavelet, of a
    model each on a few cores, and puts what they say into the system. Each comes with its cost, and why it differs
    from the one before.
    """
    from wsesim import answers, questions

    question = questions.load(file, settings=settings)
    folder = out or RUNS / f"{question.asked.name}-levels"
    answers.check_folder(folder, overwrite=force)
    with bar(f"answering {question.asked.name}") as tell:
        found = questions.compare(question, tell=tell)
    with or_shown(lambda: answers.print_comparison(found, console())):
        answers.write_comparison(found, folder, overwrite=force)
    if manner().json:
        print_json(answers.comparison_json(found))
    if not manner().silent:
        answers.print_comparison(found, console())
    say(f"\nreport: {folder / 'levels.html'}")


@click.command()
@file_argument
@settings_option
@speaking
def forward(file: Path, settings: tuple[str, ...]) -> None:
    """Compute all of a model on its text.

    Layer by layer: of the weights only one layer's are in memory at a time. They are those of verification.weights, a
    safetensors file, the index of several or the folder of a model, or drawn from verification.seed;
    verification.sequences and verification.length say how many tokens of the text they see.
    """
    from wsesim import questions

    question = questions.load(file, settings=settings)
    name = question.asked.name
    started = time.process_time()
    with bar(f"computing {name}") as tell:
        found = questions.forward(question, tell=tell)
    cpu_s = time.process_time() - started
    if manner().json:
        print_json({"status": "ok", "forward": asdict(found), "cost": {"cpu_s": cpu_s}})
    if question.asked.resolved["verification"]["layers"] != "auto":
        say("verification.layers has no effect here: all layers are computed")
    size = f"{found.tokens:,} tokens through {found.layers} layers, {found.parameters:,} weights"
    say(f"{name}: {size}: loss {found.loss:.4f}")
    say(f"{cpu_s:.2f} s of CPU time")


@click.command()
@file_argument
@settings_option
@click.option("--format", "form", type=click.Choice(GRAPH_FORMS), help="[default: by -o's ending, or dot]")
@click.option("-o", "target", metavar="FILE", type=click.Path(path_type=Path), help="Write there, not to the terminal.")
@force_file_option
@speaking
def graph(file: Path, settings: tuple[str, ...], form: str | None, target: Path | None, force: bool) -> None:
    """Print the dataflow graph of the model that a question is about.

    chakra is an execution trace of one system, as ASTRA-sim reads it (NAME.0.et): loads of weights, ops with FLOPs and
    bytes, sums over systems, stores of gradients.
    """
    from wsesim import answers, questions

    question = questions.load(file, settings=settings)
    built = question.graph()
    if built is None:
        raise InputError.at("asks of no model, so there is no graph", file=str(file))
    if target is not None and target.exists() and file.exists() and target.samefile(file):
        raise InputError.at("is the question itself; choose another file", file=str(target))
    form = form or _form_of(target)
    if target is None:
        if form == "chakra":
            raise click.UsageError("a chakra trace is not text; give a file to write, -o NAME.0.et")
        put(_graph_text(built, form))
        return
    systems = question.asked.hardware.cluster.systems
    answers.write_file(_graph_file(built, form, systems=systems), target, overwrite=force)
    if manner().json:
        print_json({"status": "ok", "file": str(target)})
    say(f"wrote {target}")


def _form_of(target: Path | None) -> str:
    """Return the form that a file ends in; without a file that of the terminal.

    Raises:
        InputError: it ends in something else.
    """
    if target is None:
        return "json" if manner().json else "dot"
    form = ENDINGS.get(target.suffix.removeprefix("."))
    if form is None:
        known = ", ".join(f".{ending}" for ending in ENDINGS if ending != "chakra")
        raise InputError.at(f"must end in one of {known}, or --format says what it is", file=str(target))
    return form


def _graph_file(graph: Graph, form: str, *, systems: int) -> bytes:
    from wsesim.graph import to_chakra

    return to_chakra(graph, systems=systems) if form == "chakra" else _graph_text(graph, form).encode()


def _graph_text(graph: Graph, form: str) -> str:
    import json

    from wsesim.graph import to_dot, to_json, to_svg

    if form == "json":
        return json.dumps(to_json(graph), indent=2, allow_nan=False)
    return to_svg(graph) if form == "svg" else to_dot(graph)
