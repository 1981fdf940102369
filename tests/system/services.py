"""Services and requests that tests of queues share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wsesim.system import serving
from wsesim.system.abilities import GrowingTime, ServiceTimes
from wsesim.system.requests import Requests
from wsesim.system.served import Served
from wsesim.system.serving import serve


def times(**changes: object) -> ServiceTimes:
    values: dict[str, object] = {
        "prefill_tokens": (0, 1000, 4000), "prefill_s": (0.0, 0.01, 0.05), "latency": GrowingTime(600e-6, 3e-9),
        "interval": GrowingTime(70e-6, 2e-9), "chunk": 256, "slots": 16, "capacity_tokens": 30_000,
    }  # fmt: skip
    entering = {"entering_s": changes.get("prefill_s", values["prefill_s"])}
    return ServiceTimes(**entering | values | changes)  # type: ignore[arg-type]


def shortened(service: ServiceTimes, factor: float) -> ServiceTimes:
    """Return a service that takes *factor* times as long for everything."""
    latency, interval = (
        GrowingTime(line.base_s * factor, line.per_position_s * factor) for line in (service.latency, service.interval)
    )
    return replace(
        service, prefill_s=tuple(factor * seconds for seconds in service.prefill_s), latency=latency, interval=interval,
        entering_s=tuple(factor * seconds for seconds in service.entering_s),
        input_latency_s=factor * service.input_latency_s, input_token_s=factor * service.input_token_s,
    )  # fmt: skip


def drawn(count: int, rate: float, *, seed: int = 0, prompt: int = 1000, output: int = 200) -> Requests:
    draw = np.random.default_rng(seed)
    arrival = np.cumsum(draw.exponential(1 / rate, count))
    return Requests(arrival, draw.integers(1, 2 * prompt, count), draw.integers(1, 2 * output, count))


def same(count: int, rate: float, *, prompt: int, output: int) -> Requests:
    arrival = np.cumsum(np.random.default_rng(1).exponential(1 / rate, count))
    return Requests(arrival, np.full(count, prompt), np.full(count, output))


def listed(*rows: tuple[float, int, int]) -> Requests:
    """Return requests of (arrival, prompt, output)."""
    arrival, prompt, output = (np.array(column) for column in zip(*rows, strict=True))
    return Requests(arrival.astype(float), prompt, output)


def served_as_one_by_one(requests: Requests, service: ServiceTimes) -> Served:
    """Serve *requests*; hold that rounds which are played together come to what they do one by one."""
    together = serve(requests, service)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving._Server, "_rounds_alike", lambda server: 1)
        apart = serve(requests, service)
    assert apart.rounds == together.rounds
    np.testing.assert_allclose(together.first_s, apart.first_s, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(together.end_s, apart.end_s, rtol=1e-9, atol=1e-12)
    return together
