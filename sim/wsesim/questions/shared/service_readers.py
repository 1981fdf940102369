"""Wafers that only read prompts, beside those that only write: where the model lies on them, and what moves between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wsesim.answer import DoesNotFit
from wsesim.mapping.resident import ResidentPlan
from wsesim.questions.shared.choosing import left_open, wafers_words
from wsesim.questions.shared.request import BY_HAND
from wsesim.questions.shared.request_answer import placement_words
from wsesim.questions.shared.service import (
    OF_PROMPTS,
    Service,
    asked_placing,
    planned,
    service_times,
)
from wsesim.system import ServiceTimes

VALUE_BYTES = 2
"""Of a key or a value in the cache."""


def readers_of(service: Service) -> ResidentPlan | DoesNotFit | None:
    """Return where the model lies on wafers that only read; None where there are none."""
    if not service.readers:
        return None
    placing = asked_placing(service)
    cluster = replace(service.asked.hardware.cluster, systems=service.readers)
    opened = replace(left_open(placing), cluster=cluster, batch=1)
    asked = replace(opened, prefill_grid=placing.prefill_grid, chunk=placing.chunk)
    return planned(asked, replace(service.both, passes=0.0))


def times_of(service: Service, plan: ResidentPlan) -> ServiceTimes:
    """Return what *plan* can do, with those that read for it where they are apart."""
    own, readers = service_times(service, plan), readers_of(service)
    if not isinstance(readers, ResidentPlan):
        return own
    host, model = plan.request.cluster.host, plan.request.model
    wafers = min(readers.wafers, plan.wafers)
    token_bytes = model.layers * sum(model.cached) * VALUE_BYTES
    nothing = (0.0,) * len(own.prefill_tokens)
    return replace(
        own, prefill_s=nothing, entering_s=nothing, input_latency_s=0.0, input_token_s=0.0,
        readers=service_times(replace(service, readers=0), readers), move_latency_s=host.latency_s,
        move_token_s=token_bytes / (wafers * plan.request.cluster.wafer.io_bytes_per_s),
    )  # fmt: skip


def full_s(service: Service, plan: ResidentPlan) -> float:
    """Return the seconds a request takes in full pipelines: of those that read or those that write, what is longer."""
    readers = readers_of(service)
    if not isinstance(readers, ResidentPlan):
        return service.goal(plan)
    return max(service.goal(plan), replace(service.both, passes=0.0)(readers))


def all_wafers(service: Service, plan: ResidentPlan) -> int:
    """Return the wafers in use."""
    readers = readers_of(service)
    return plan.all_wafers + (readers.all_wafers if isinstance(readers, ResidentPlan) else 0)


def apart_notes(service: Service) -> Iterator[str]:
    """Say for which of the wafers what is set by hand holds."""
    section = service.asked.resolved["inference"]
    given = [f"inference.{name}" for name in ("placement", "batch", *BY_HAND) if section.get(name, "auto") != "auto"]
    read = [name for name in given if name.rpartition(".")[2] in OF_PROMPTS]
    write = [name for name in given if name not in read]
    for names, which in ((read, "read"), (write, "write")):
        if service.readers and names:
            verb = "holds" if len(names) == 1 else "hold"
            yield f"{', '.join(names)} {verb} for the wafers that {which}; the others are laid out for what they do."


def in_use_words(service: Service, plan: ResidentPlan) -> str:
    """Say how many wafers are in use, and for what."""
    readers = readers_of(service)
    if not isinstance(readers, ResidentPlan):
        return wafers_words(plan)
    return f"{wafers_words(readers)} to read and {wafers_words(plan)} to write"


def apart_words(service: Service, plan: ResidentPlan) -> tuple[str, ...]:
    """Say how the weights lie."""
    readers = readers_of(service)
    if not isinstance(readers, ResidentPlan):
        return (placement_words(plan),)
    return (f"To read: {placement_words(readers)}", f"To write: {placement_words(plan)}")
