"""Requests for a preset's training step."""

from collections.abc import Callable

import pytest

from wsesim.graph import with_training
from wsesim.hardware import load_cluster
from wsesim.mapping import StepRequest
from wsesim.model import ModelSpec, build_graph, load_preset
from wsesim.software import load_software

MakeRequest = Callable[..., StepRequest]


@pytest.fixture(scope="session")
def request_of() -> MakeRequest:
    """Return a function that asks for a training step: GPT-2 with 24 sequences on a CS-2 unless told otherwise."""

    def make(
        *, model: str | ModelSpec = "gpt2", sequences: int = 24, length: int = 512, precision: str = "mixed",
        machine: str = "cs-2", systems: int = 1, hardware: dict[str, object] | None = None,
        micro_batch: int | None = None, sub_batch: int | None = None, recompute: str = "auto",
        software: str = "release-2",
    ) -> StepRequest:  # fmt: skip
        shape = load_preset(model) if isinstance(model, str) else model
        return StepRequest(
            graph=with_training(build_graph(shape, sequences=sequences, length=length, precision=precision)),
            cluster=load_cluster(machine, systems=systems, overrides=hardware or {}).cluster,
            software=load_software(software).for_training(),
            sequences=sequences,
            length=length,
            precision=precision,
            micro_batch=micro_batch,
            sub_batch=sub_batch,
            recompute=recompute,
        )

    return make
