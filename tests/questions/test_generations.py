"""One law across generations: with the same software, a CS-3 is nowhere slower than a CS-2.

Streamed steps of a batch far too small to fill a wafer are the exception, by what a CS-3 was measured with: a hop of 2
cycles in place of 1, a ramp of 3 in place of 2, a vector instruction launched in 1 in place of 0, over more cores. The
law holds of all the rest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import Answer

MODELS = ("cerebras-gpt-111m", "cerebras-gpt-1.3b", "cerebras-gpt-13b", "llama-2-7b", "llama-3-8b")
BATCH = {"batch": {"sequences": 24, "length": 512}, "verification": {"enabled": False}}
PHASES: dict[str, tuple[str, dict[str, Any]]] = {
    "training": ("step_s", BATCH),
    "evaluation": ("step_s", BATCH),
    "prefill": ("ttft_s", {"inference": {"prompt": 300}}),
    "decode": ("tpot_s", {"inference": {"prompt": 300, "generate": 8}}),
    "generate": ("total_s", {"inference": {"prompt": 300, "generate": 8}}),
}
"""The figure that is the time of a phase, and what is asked."""
DISTANCES = {"fabric.hop_cycles": 2, "fabric.ramp_cycles": 3, "core.vector_launch_cycles": 1}
"""What a CS-3 was measured with."""


def answered(machine: str, phase: str, **more: Any) -> Answer:
    data = {"phase": phase, "cluster": machine, "outputs": {"timeline": False}, **more}
    question = questions.ask(data, file="case", folder=Path())
    found = questions.run(question, verify=False).answer
    if found is None and machine == "cs-2":
        pytest.skip("does not fit a CS-2")
    assert found is not None, "what a CS-2 answers a CS-3 answers"
    return found


def both(phase: str, **more: Any) -> tuple[Answer, Answer]:
    return answered("cs-2", phase, **more), answered("cs-3", phase, **more)


CASES = [
    pytest.param(phase, model, marks=[pytest.mark.nightly] if phase == "generate" else [])
    for phase in PHASES for model in MODELS
]  # fmt: skip
"""A request that is read and written is both halves of others: at night."""


@pytest.mark.parametrize(("phase", "model"), CASES)
@pytest.mark.every(4)
def test_a_cs_3_is_nowhere_slower(phase: str, model: str) -> None:
    name, more = PHASES[phase]
    older, newer = (found.figures[name] for found in both(phase, model=model, **more))
    assert older is not None
    assert newer is not None
    assert newer <= older


@pytest.mark.parametrize("phase", PHASES)
def test_both_have_the_same_software_unless_asked_otherwise(phase: str) -> None:
    data = {"phase": phase, "model": MODELS[0], **PHASES[phase][1]}
    software = [
        questions.ask({**data, "cluster": machine}, file="case", folder=Path()).asked.resolved["software"]
        for machine in ("cs-2", "cs-3")
    ]
    assert software[0] == software[1]


@pytest.mark.parametrize("model", MODELS[:2])
@pytest.mark.parametrize("phase", ["training", "evaluation"])
def test_with_its_distances_a_cs_2_is_no_faster_at_the_smallest_batch(phase: str, model: str) -> None:
    small = {"batch": {"sequences": 1, "length": 128}, "verification": {"enabled": False}}
    older = answered("cs-2", phase, model=model, hardware=DISTANCES, **small).spent
    newer = answered("cs-3", phase, model=model, **small).spent
    assert older is not None
    assert newer is not None
    assert newer.total_s <= older.total_s
