"""A kernel's file at all levels: its closed form, and its program on cores. There is no system around a kernel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from wsesim.cores.errors import ProgramError
from wsesim.errors import InputError
from wsesim.kernelrun.question import KernelQuestion, ask
from wsesim.levels.comparison import Answer, Comparison
from wsesim.trials.trial import compile_engine

NO_SYSTEM = "a kernel runs on one rectangle of cores: no store, no tree and no host is around it to be simulated"
LEAVES_OUT = {
    "closed": "What depends on values, and what waits for what: it adds up the program's instructions and distances.",
    "system": "",
    "cores": "What the machine description leaves out: noise, thermal no-ops, defects.",
}


def compare_kernel(
    question: KernelQuestion, levels: Iterable[str], tell: Callable[[int, int, str], None]
) -> Comparison:
    """Answer the question of a kernel's file at *levels*.

    Raises:
        InputError: a shape or an option that cannot be.
    """
    started, answers = time.process_time(), list[Answer]()
    closed = ask(replace(question, level="closed")).outcome
    closed_s = time.process_time() - started
    for number, level in enumerate(wanted := tuple(levels)):
        tell(number, len(wanted), level)
        if level == "system":
            answers.append(Answer(level=level, why_not=NO_SYSTEM))
        elif level == "closed":
            found = {"cycles": closed.closed_cycles, "time_s": closed.seconds}
            answers.append(Answer(level=level, figures=found, leaves_out=LEAVES_OUT[level], cpu_s=closed_s))
        else:
            answers.append(_on_cores(question))
    return Comparison(name=question.name, title=question.title, kind="kernel", answers=tuple(answers))


def _on_cores(question: KernelQuestion) -> Answer:
    compile_engine(question.hardware.cluster.wafer)
    try:
        outcome = ask(replace(question, level="cores", pictures=0, watch=(), verify=False)).outcome
    except (InputError, ProgramError) as error:
        return Answer(level="cores", why_not=str(error).removeprefix("error: "), leaves_out=LEAVES_OUT["cores"])
    folded = " One row stands for all, which do the same." if question.fold else ""
    return Answer(
        level="cores", figures={"cycles": float(outcome.cycles), "time_s": outcome.seconds},
        leaves_out=LEAVES_OUT["cores"] + folded, cpu_s=outcome.cpu_s, events=outcome.events,
    )  # fmt: skip
