"""The command that checks numbers: against float64, or of a step as mapped against the plain one."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path

import click

from wsesim.cli.options import file_argument, manner, settings_option, speaking
from wsesim.cli.output import DIFFERS, print_json, progress, say


@click.command()
@file_argument
@settings_option
@click.option("--as-mapped", is_flag=True, help="Compare a step computed as it is mapped with the plain one instead.")
@speaking
def verify(file: Path, settings: tuple[str, ...], as_mapped: bool) -> None:
    """Check the numbers of a small part of a model.

    The graph is computed in its own precision and compared with an independent float64 formulation. With --as-mapped a
    part of a step is computed as the mapping lays it, features and tokens split over the cores and sums in the fabric's
    order, and compared with the same step in one piece.
    """
    if as_mapped:
        _verify_as_mapped(file, settings)
        return
    from wsesim import questions

    question = questions.load(file, settings=settings)
    name = question.asked.name
    started = time.process_time()
    with progress(f"verifying {name}") as tell:
        found = questions.verify(question, say=tell)
    cpu_s = time.process_time() - started
    if manner().json:
        status = "ok" if found.ok else "differs"
        print_json({"status": status, "verification": asdict(found), "cost": {"cpu_s": cpu_s}})
    verdict = "agrees" if found.ok else f"differs, most in {found.worst}"
    say(
        f"{name}: {verdict}: largest difference {found.max_error:.3g}, allowed {found.tolerance:.3g}"
        f" ({found.layers} layers, {found.tokens:,} tokens, loss {found.loss:.4f};"
        f" gradients of {found.gradients} weights of a narrow copy)"
    )
    if found.reduced:
        say(f"made smaller to stay quick: {found.reduced} (all of it: --set verification.whole=true)")
    say(f"{cpu_s:.2f} s of CPU time")
    if not found.ok:
        click.get_current_context().exit(DIFFERS)


def _verify_as_mapped(file: Path, settings: tuple[str, ...]) -> None:
    from wsesim import questions

    question = questions.load(file, settings=settings)
    name, started = question.asked.name, time.process_time()
    with progress(f"verifying {name}") as tell:
        found = questions.hold_as_mapped(question, say=tell)
    cpu_s, worst = time.process_time() - started, found.worst
    if manner().json:
        print_json({
            "status": "ok" if found.ok else "differs", "split": found.split, "reduced": found.reduced,
            "tensors": [asdict(held) for held in found.tensors], "cost": {"cpu_s": cpu_s},
        })  # fmt: skip
    verdict = "agrees with the plain step" if found.ok else "differs from the plain step"
    say(
        f"{name}: as mapped it {verdict}, most in {worst.name}: {worst.error:.3g}, allowed {worst.tolerance:.3g}"
        f" ({len(found.tensors)} tensors)"
    )
    for line in found.split:
        say(f"  {line}")
    if found.reduced:
        say(f"made smaller to stay quick: {found.reduced}")
    say("sums in fp32; what 16 bits cost: wsesim precision")
    say(f"{cpu_s:.2f} s of CPU time")
    if not found.ok:
        click.get_current_context().exit(DIFFERS)
