"""A program of a user's, held to strict types by `make types`: what it gets is what it is told to get."""

from __future__ import annotations

from pathlib import Path

import wsesim


def step_s(layers: int) -> float:
    model = wsesim.Model("gpt3-1.3b", layers=layers)
    machine = wsesim.Machine("cs-3", systems=2, **{"core.sram": "96 KiB"})
    result: wsesim.Result = wsesim.run(
        model=model, machine=machine, batch={"sequences": 64, "length": 2048}, software="ideal", level="closed",
        verify=False, set={"hardware.swarmx.hop": "2 us"},
    )  # fmt: skip
    if result.status is not wsesim.Status.OK:
        raise ValueError(result.why)
    return float(result.figures["step_s"] or 0.0)


def taken_home(folder: Path, question: wsesim.Question) -> tuple[int, list[str]]:
    table: wsesim.SweepTable = wsesim.sweep(question, {"cluster.systems": "1..2"}, level="closed", keep=False)
    paths = table.save(folder)
    return len(table.frame()), [path.name for path in paths]
