"""Single mechanisms of the WSE-3, in its simulator and on silicon: rates, launches, branches, hops, messages, relays.

Rows say in words what was run; each is told by its kernel and run as a probe of one core or of a row of cores.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from wsesim.cores import isa
from wsesim.cores.operands import Mem
from wsesim.cores.programs.probes.core import (
    SAME_BYTES,
    Vector,
    bank_slowdown,
    branch_cycles,
    chunked_cycles,
    dependent_cycles,
    elements_per_cycle,
    scalar_add_cycles,
    vector_cycles,
)
from wsesim.cores.programs.probes.line import send
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction
from wsesim.validation.kernels.shares import vector_shares

KINDS = {"f16": isa.F16, "f32": isa.F32, "i16": isa.I16}
MESSAGE_WORDS = 8
"""Where a row does not say how long a message is: as in rows `mic-msg`, of the same author."""
MOST = 20_000
"""Elements, words, hops or relays that a probe may have."""
BOTH_ENDS = 1
"""Latencies of instructions count the cycle of the dispatch and that of the completion."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One kind of rows."""

    pattern: str
    """Matches the start of a row's `kernel`."""
    predict: Callable[[KernelRow, Wafer], Prediction]


def _kind(row: KernelRow) -> int:
    if row.precision not in KINDS:
        raise NotPredicted(f"no elements of the type {row.precision!r}")
    return KINDS[row.precision]


def _count(row: KernelRow, what: str) -> int:
    return _some(int(row.found(rf"(\d+) {what}")[1]), what)


def _some(number: int, what: str) -> int:
    if not 0 < number <= MOST:
        raise NotPredicted(f"{number} {what} are none or too many for one core's memory")
    return number


def _rate(row: KernelRow, wafer: Wafer) -> Prediction:
    """Elements a cycle of a copy, or of a multiply-accumulate whose arrays lie in the same banks."""
    op, kind = isa.MOV if row.kernel.endswith("copy") else isa.MAC, _kind(row)
    y, x = Mem(0, 1, kind), Mem(1, 1, kind)
    sources = (x,) if op == isa.MOV else (y, x, None)
    return Prediction(
        value=elements_per_cycle(wafer, op, kind), shares=vector_shares(wafer, op, kind, y, *sources, collide=True)
    )


def _bank(row: KernelRow, wafer: Wafer) -> Prediction:
    return Prediction(value=bank_slowdown(wafer, isa.MAC, _kind(row)), note="taken for a multiply-accumulate")


def _point_to_point(row: KernelRow, wafer: Wafer) -> Prediction:
    if "turn" in row.kernel:
        raise NotPredicted("routers turn without cost here; what makes a turn cost 20 to 33 cycles is not published")
    if row.unit == "cycles/hop":
        far = 32
        taken = [send(wafer, words=1, hops=hops).received for hops in (1, far)]
        return Prediction(value=(taken[1] - taken[0]) / (far - 1))
    if row.unit == "cycles/wavelet":
        short, long = 64, 512
        taken = [send(wafer, words=words).received for words in (short, long)]
        return Prediction(value=(taken[1] - taken[0]) / (long - short), shares={"link": 1.0})
    cycles = send(wafer, words=MESSAGE_WORDS, hops=_count(row, "hops"), work=wafer.code.pass_on_cycles).bracketed
    note = f"{MESSAGE_WORDS} words, handled by the task of a relay: the row states neither words nor stamp points"
    return Prediction(value=cycles, shares={"link": MESSAGE_WORDS / cycles}, note=note)


def _message(row: KernelRow, wafer: Wafer) -> Prediction:
    words, hops = _count(row, "words"), _count(row, "hop")
    found, core = send(wafer, words=words, hops=hops), wafer.core
    if "first wavelet" in row.metric:  # which the next router sees
        one = send(wafer, words=1).received
        return Prediction(value=one - wafer.fabric.ramp_cycles - 1 - core.task_launch_cycles)
    if "receive task" in row.metric:
        return Prediction(value=found.received, shares={"link": words / found.received})
    if "bracketed" in row.metric:
        return Prediction(value=found.bracketed, shares={"link": words / found.bracketed})
    if "completion" in row.metric:
        return Prediction(value=found.completed)
    raise NotPredicted(f"no part of a message is known as {row.metric!r}")


def _relay(row: KernelRow, wafer: Wafer) -> Prediction:
    relays, words = _some(row.whole("N"), "relays"), _some(row.whole("B"), "words")
    cycles = send(wafer, words=words, relays=relays, work=wafer.code.pass_on_cycles).bracketed
    return Prediction(value=cycles, shares={"link": relays * words / cycles})


def _multiply_accumulate(row: KernelRow, wafer: Wafer) -> Prediction:
    """One instruction over all elements, or loops over chunks of them."""
    length, form = _count(row, "elements"), row.algorithm
    if form == "one DSD":
        vector = Vector(op=isa.MAC, kind=isa.F16, length=length, apart=SAME_BYTES)
        return Prediction(value=vector_cycles(wafer, vector, stamps=True))
    found = re.search(r"^(?P<form>while loop|@map|for loop \+ @map)\D*(?P<chunk>\d+)", form)
    if found is None:
        raise NotPredicted(f"no loop is known as {form!r}")
    kind = {"while loop": "while", "@map": "map", "for loop + @map": "formap"}[found["form"]]
    return Prediction(value=chunked_cycles(wafer, length, int(found["chunk"]), form=kind))


def _latency(row: KernelRow, wafer: Wafer) -> Prediction:
    """Dispatch to completion of one instruction: an addition of whole numbers, or a multiply-accumulate."""
    op, kind = (isa.ADD, isa.I16) if "add" in row.kernel else (isa.MAC, _kind(row))
    vector = Vector(op=op, kind=kind, length=_count(row, "elements"), apart=SAME_BYTES)
    return Prediction(value=vector_cycles(wafer, vector) + BOTH_ENDS)


PROBES = (
    Probe(r"DSD (copy|fma)$", _rate),
    Probe(r"DSD op with bank conflict", _bank),
    Probe(r"point-to-point", _point_to_point),
    Probe(r"one message", _message),
    Probe(r"relay chain", _relay),
    Probe(r"\d+-element f16 FMA", _multiply_accumulate),
    Probe(r"\d+-element 16-bit add|DSD f\d+ op completion", _latency),
    Probe(r"taken branch", lambda _, wafer: Prediction(value=branch_cycles(wafer, taken=True))),
    Probe(r"not-taken branch", lambda _, wafer: Prediction(value=branch_cycles(wafer, taken=False))),
    Probe(r"dependent scalar FP op", lambda _, wafer: Prediction(value=dependent_cycles(wafer))),
    Probe(r"scalar add", lambda _, wafer: Prediction(value=scalar_add_cycles(wafer))),
)


def _probe_of(row: KernelRow) -> Probe | None:
    return next((probe for probe in PROBES if re.match(probe.pattern, row.kernel)), None)


def matches(row: KernelRow) -> bool:
    """Whether a row is one of the probes."""
    return _probe_of(row) is not None


def predict(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the probe of the row."""
    probe = _probe_of(row)
    assert probe is not None
    return probe.predict(row, wafer)


FAMILIES = (
    Family(
        name="mic",
        title="single mechanisms: rates of vector instructions, launch, loops, branches, hops, messages, relays",
        matches=matches,
        predict=predict,
        median_goal=0.02,
        worst_goal=0.10,
        missing="what a turn of a route costs; on silicon, where a message's stamps stand",
    ),
)
