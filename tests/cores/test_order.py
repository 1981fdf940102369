"""Random programs: the order of visits does not matter, compiled code does what its source says, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsesim import cores
from wsesim.cores import engine, isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.machine import CoreMachine, CoreRun
from wsesim.hardware import Wafer, load_cluster

WAFERS = [load_cluster(name).cluster.wafer for name in ("cs-2", "cs-3")]
KINDS = (isa.F32, isa.F16, isa.I32, isa.I16)
MOST_AT_A_CORE = 5
"""Messages that a core sends, and receives: each needs a queue, those received a microthread too."""


@dataclass(frozen=True)
class Message:
    start: tuple[int, int]
    end: tuple[int, int]
    length: int
    kind: int
    wait: int
    copy: bool
    """Whether cores on the way get it too."""


@dataclass(frozen=True)
class Traffic:
    """Messages between cores, each on its own color: first along the row, then along the column."""

    wafer: Wafer
    width: int
    height: int
    messages: tuple[Message, ...]
    seed: int


@st.composite
def traffic(draw: st.DrawFn) -> Traffic:
    width, height = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    places = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))
    message = st.builds(
        Message, places, places, st.integers(1, 12), st.sampled_from(KINDS), st.integers(0, 30), st.booleans()
    )
    found: list[Message] = []
    for each in draw(st.lists(message, max_size=8)):
        busy = [place for other in found for place in (*path(other),)]
        if each.start != each.end and all(busy.count(place) < MOST_AT_A_CORE for place in path(each)):
            found.append(each)
    return Traffic(draw(st.sampled_from(WAFERS)), width, height, tuple(found), draw(st.integers(0, 1000)))


def path(message: Message) -> list[tuple[int, int]]:
    (x, y), (end_x, end_y) = message.start, message.end
    found = [(x, y)]
    while x != end_x:
        x += 1 if end_x > x else -1
        found.append((x, y))
    while y != end_y:
        y += 1 if end_y > y else -1
        found.append((x, y))
    return found


def port(here: tuple[int, int], there: tuple[int, int]) -> str:
    steps = {(1, 0): "EAST", (-1, 0): "WEST", (0, 1): "SOUTH", (0, -1): "NORTH"}
    return steps[there[0] - here[0], there[1] - here[1]]


def load(case: Traffic) -> CoreMachine:
    program = Builder(case.wafer, width=case.width, height=case.height)
    roles: dict[tuple[int, int], CoreRole] = {}
    for x in range(case.width):
        for y in range(case.height):
            roles[x, y] = program.role(f"{x},{y}")
            program.place(roles[x, y], [x], [y])
    colors = [program.color(str(number)) for number in range(len(case.messages))]
    for color, message in zip(colors, case.messages, strict=True):
        places = path(message)
        for at, place in enumerate(places):
            source = "RAMP" if at == 0 else port(place, places[at - 1])
            onward = [port(place, places[at + 1])] if at + 1 < len(places) else []
            kept = at == len(places) - 1 or (message.copy and at > 0)
            roles[place].route(color, source, *onward, *(["RAMP"] if kept else []))
    for place, role in roles.items():
        with role.task("main", start=True):
            threads = iter(range(isa.MICROTHREADS))
            for number, message in enumerate(case.messages):
                places = path(message)
                if place != places[0] and (place == places[-1] or (message.copy and place in places)):
                    got = role.memory(f"got {number}", message.length, message.kind)
                    arriving = role.fabin(colors[number], message.length)
                    role.vector(isa.MOV, got, arriving, kind=message.kind, thread=next(threads))
            for number, message in enumerate(case.messages):
                if place == message.start:
                    role.wait(message.wait)
                    sent = role.memory(f"sent {number}", message.length, message.kind)
                    role.vector(isa.MOV, role.fabout(colors[number], message.length), sent, kind=message.kind)
    loaded = CoreMachine(program)
    for number, message in enumerate(case.messages):
        loaded.write(roles[message.start], f"sent {number}", values(case, number))
    return loaded


def values(case: Traffic, number: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    message = case.messages[number]
    return np.random.default_rng([case.seed, number]).integers(-1000, 1000, message.length)


def outcome(found: CoreMachine, run: CoreRun) -> tuple[object, ...]:
    state = found.state
    return (
        run.cycles, run.events, run.busy.tolist(), run.stalled.tolist(), run.sent.tolist(), run.traffic,
        state.memory.tolist(), state.registers.tolist(), state.executed.tolist(), run.spans, run.frames.tolist(),
    )  # fmt: skip


OPTIONS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@OPTIONS
@given(case=traffic())
def test_every_message_arrives_whole(case: Traffic) -> None:
    found = load(case)
    run = found.run()
    program = found.builder
    for number, message in enumerate(case.messages):
        places = path(message)
        for place in places[1:] if message.copy else places[-1:]:
            role = program.roles[int(program.role_of[place[1], place[0]])]
            assert found.read(role, f"got {number}")[0].tolist() == values(case, number).tolist()
        wavelets = -(-message.length // 2) if message.kind in (isa.F16, isa.I16) else message.length
        assert run.traffic[str(number)] == wavelets * (len(places) - 1)
    queues, channels = found.state.queues, found.state.channels[found.state.cores["role"]]
    assert (queues["count"] == 0).all()
    assert run.sent[..., isa.RAMP].sum() == queues["pushed"][channels["port"] == isa.INWARD].sum()
    assert run.hops == sum(run.traffic.values())
    assert ((run.busy + run.stalled) <= run.cycles).all()
    assert (np.sum([*run.spent.values()], axis=0) == run.cycles).all()
    assert all((cycles >= 0).all() for cycles in run.spent.values())
    assert (run.cycles - run.spent["idle"] == run.busy + run.stalled).all()


@settings(OPTIONS, max_examples=20)
@given(case=traffic(), order=st.randoms(use_true_random=False))
def test_the_order_of_visits_does_not_matter(
    case: Traffic, order: Random, any_order: Callable[[Random], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cores, "engine", engine)
        first = load(case)
        expected = outcome(first, first.run())
    any_order(order)
    second = load(case)
    assert outcome(second, second.run()) == expected


@OPTIONS
@given(case=traffic(), frame=st.integers(1, 50))
def test_looking_on_changes_nothing(case: Traffic, frame: int) -> None:
    first, second = load(case), load(case)
    plain = first.run()
    seen = second.run(frame_cycles=frame, watch=[(0, 0)])
    assert outcome(second, seen)[:-2] == outcome(first, plain)[:-2]
    assert seen.frames.sum(0).tolist() == plain.busy.tolist()
    assert all(span.start <= span.end for span in seen.spans)


@settings(OPTIONS, max_examples=15)
@given(case=traffic())
def test_compiled_code_does_what_its_source_says(case: Traffic, plain_engine: ModuleType) -> None:
    first = load(case)
    expected = outcome(first, first.run())
    second = load(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cores, "engine", plain_engine)
        assert outcome(second, second.run()) == expected
