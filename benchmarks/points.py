"""What one answer costs once all is imported, ours and, where they are installed, those of other programs.

Each is asked again and again with something changed, so that no answer is found again: CPU milliseconds, the median.
Others are asked about GPUs, which is what they model: a training step of a model as large, of as many tokens. What is
not installed is said. Measures and prints; it judges nothing and always exits 0. See README.md.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from wsesim import questions

Ask = Callable[[int], object]
"""Asks once; the number makes each question another."""
SEQUENCES, LENGTH = 720, 2048
GPUS = {"tensor": 4, "pipeline": 2, "data": 8}
"""How the GPUs of others share the work."""


def step(model: str, level: Any, **changed: str) -> Ask:
    """Return how a training step is asked at a level, with a figure of the machine changed, `{}` for its value."""
    data = {"phase": "training", "model": model, "cluster": {"machine": "cs-2", "systems": 16},
            "batch": {"sequences": 16 * SEQUENCES, "length": LENGTH}}  # fmt: skip
    base = questions.ask(data, file="benchmark", folder=Path())

    def ask(number: int) -> object:
        new = {name: text.format(1 + number / 1000) for name, text in changed.items()}
        return questions.sketch(questions.changed(base, new), level=level)

    return ask


def service(requests: int) -> Ask:
    """Return how a service of so many requests is asked, with the search for its largest rate."""
    data = {"phase": "serving", "model": "gpt2", "cluster": "cs-2", "outputs": {"timeline": False}}

    def ask(number: int) -> object:
        serving = {"rate": 20 + number, "requests": requests}
        return questions.sketch(questions.ask({**data, "serving": serving}, file="benchmark", folder=Path()))

    return ask


def ours() -> Iterator[tuple[str, Ask]]:
    """Yield what is asked here."""
    io, clock = {"hardware.wafer.io": "{:.3f} Tb/s"}, {"hardware.core.clock": "{:.3f} GHz"}
    for model in ("cerebras-gpt-13b", "gpt3-175b"):
        yield f"step of {model}, played by recurrence, I/O varied", step(model, "system", **io)
        yield f"step of {model}, played by recurrence, clock varied", step(model, "system", **clock)
        yield f"step of {model}, by formula, I/O varied", step(model, "closed", **io)
    for requests in (10_000, 100_000):
        yield f"{requests:,} requests served, with the search", service(requests)


def calculon() -> Ask:
    """Return how Calculon is asked: its GPT-3 13B on 64 A100, with its log off (github.com/calculon-ai/calculon)."""
    package: Any = import_module("calculon")
    llm: Any = import_module("calculon.llm")
    root = Path(package.__file__).parent.parent
    system, shape = (
        package.io.read_json_file(str(root / path)) for path in ("systems/a100_80g.json", "models/gpt3-13B.json")
    )
    execution = package.io.read_json_file(str(root / "examples" / "3072_t4_p64_d12_mbs4_full.json"))
    execution |= {f"{name}_par": size for name, size in GPUS.items()} | {"num_procs": 64, "microbatch_size": 1}
    log = logging.getLogger("calculon")
    log.disabled = True

    def ask(number: int) -> object:
        model = llm.Llm(llm.Llm.Application(shape), log)
        on = llm.System(system)
        model.compile(on, llm.Llm.Execution.from_json({**execution, "batch_size": SEQUENCES + 8 * number}))
        model.run(on)
        return model.get_total_time()

    return ask


def llm_analysis() -> Ask:
    """Return how llm-analysis is asked: OPT 13B on 64 A100, its log off (github.com/cli99/llm-analysis)."""
    train: Any = import_module("llm_analysis.analysis").train
    sizes = {f"{name}_size": size for name, size in zip(("tp", "pp", "dp"), GPUS.values(), strict=True)}

    def ask(number: int) -> object:
        return train(model_name="facebook_opt-13b", gpu_name="a100-sxm-80gb", log_level="ERROR", batch_size_per_gpu=1,
                     seq_len=LENGTH, total_num_tokens=10**9 + number, activation_recomputation=2, **sizes)  # fmt: skip

    return ask


def of_its_own(name: str) -> Ask:
    """Return the function `ask(number)` of a module that somebody wrote to ask a program with: `ask_NAME`."""
    import_module(name)
    found: Ask = import_module(f"ask_{name}").ask
    return found


OTHERS: dict[str, Callable[[], Ask]] = {
    "Calculon": calculon, "llm-analysis": llm_analysis, "mlsysim": lambda: of_its_own("mlsysim"),
    "PALM": lambda: of_its_own("palm"),
}  # fmt: skip
"""Programs that answer the same of GPUs; the last two are asked by a module `ask_mlsysim` or `ask_palm` of your own."""


def cost_ms(ask: Ask, runs: int, numbers: Iterator[int]) -> float:
    """Return the median CPU milliseconds of an answer, after one that imports and keeps what all have in common."""
    ask(next(numbers))
    taken = []
    for number in (next(numbers) for _ in range(runs)):
        started = time.process_time()
        ask(number)
        taken.append(1e3 * (time.process_time() - started))
    return median(taken)


def main() -> None:
    """Measure every case and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=9, help="answers of each; the median counts")
    runs, numbers = max(1, parser.parse_args().runs), count()
    for name, ask in ours():
        print(f"{name:60} {cost_ms(ask, runs, numbers):10.2f} CPU ms", flush=True)
    for name, adapted in OTHERS.items():
        found = None
        with suppress(ImportError):
            found = cost_ms(adapted(), runs, numbers)
        print(f"{name:60} " + ("not installed" if found is None else f"{found:10.2f} CPU ms"), flush=True)


if __name__ == "__main__":
    main()
