"""Rows of single mechanisms: rates and launches of instructions, loops, branches, hops, messages, relays.

Sources: github.com/pr0f3ss/SpMM_Cerebras, src/fmacs_test (`fmacs`: one multiply-accumulate between two readings of the
cycle counter; rows give a class of alignment and not the addresses); rows `mic` say in words what was run.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from wsesim.validation.asking import NotAsked, RowQuestion
from wsesim.validation.kernels.family import KernelFamily
from wsesim.validation.kernels.rows import KernelRow

ONE = (1, 1)
TYPES = ("f16", "f32", "i16")
MESSAGE_WORDS = 8
"""Where a row does not say how long a message is: as in rows `mic-msg`, of the same author."""
SLOPE_ELEMENTS, SLOPE_WORDS, SLOPE_HOPS, CHAIN = 1536, 512, 32, 8
"""Up to how many elements, words, hops or instructions a slope is taken, where a row states none."""
MOST = 20_000
"""Elements, words, hops or relays that a probe may have."""
BANKS = {"slow": "same", "mid": "apart"}
FAST = (
    "taken for an instruction of two lanes that reads one operand, with its descriptors set: a multiply-accumulate has "
    "one lane, and rows of other kernels know no alignment at which it passes two elements a cycle"
)
NO_STAMPS = "handled by the task of a relay: the row states neither words nor stamp points"


def _fmacs(row: KernelRow) -> RowQuestion:
    """Ask for one instruction over n elements whose operands lie as the class says."""
    alignment, *extra = row.algorithm.rpartition("class ")[2].strip("'").split("+")
    length, options = [row.whole("n")], {"setup": "yes"} if "setup" in extra else {}
    if alignment == "fast":
        options = {"op": "mov", "setup": "yes"}
        return row.measure("vector", ONE, length, "counter_cycles", options=options, note=FAST)
    if alignment not in BANKS:
        raise NotAsked(f"no alignment is known as {alignment!r}")
    return row.measure("vector", ONE, length, "counter_cycles", options={"banks": BANKS[alignment], **options})


def _type(row: KernelRow) -> str:
    if row.precision not in TYPES:
        raise NotAsked(f"no elements of the type {row.precision!r}")
    return row.precision


def _some(number: int, what: str) -> int:
    if not 0 < number <= MOST:
        raise NotAsked(f"{number} {what} are none or too many for one core's memory")
    return number


def _count(row: KernelRow, what: str) -> int:
    return _some(row.count(what), what)


def _rate(row: KernelRow) -> RowQuestion:
    """Ask for elements a cycle of a copy, or of a multiply-accumulate whose arrays lie in the same banks."""
    options = {"op": "mov" if row.kernel.endswith("copy") else "mac", "type": _type(row), "banks": "same"}
    return row.measure("vector", ONE, [SLOPE_ELEMENTS], "elements_per_cycle", options=options)


def _bank(row: KernelRow) -> RowQuestion:
    note, options = "taken for a multiply-accumulate", {"type": _type(row)}
    return row.measure("vector", ONE, [SLOPE_ELEMENTS], "bank_slowdown", options=options, note=note)


def _message(row: KernelRow, words: int, hops: int, figure: str, **options: str | int) -> RowQuestion:
    return row.measure("message", (hops + 1, 1), [words], figure, options=options)


def _point_to_point(row: KernelRow) -> RowQuestion:
    if "turn" in row.kernel:
        raise NotAsked("routers turn without cost here; what makes a turn cost 20 to 33 cycles is not published")
    if row.unit == "cycles/hop":
        return _message(row, 1, SLOPE_HOPS, "cycles_per_hop")
    if row.unit == "cycles/wavelet":
        return _message(row, SLOPE_WORDS, 1, "cycles_per_wavelet")
    note, hops = f"{MESSAGE_WORDS} words, {NO_STAMPS}", _count(row, "hops")
    options = {"handled": "yes"}
    return row.measure("message", (hops + 1, 1), [MESSAGE_WORDS], "counter_cycles", options=options, note=note)


MESSAGES = {
    "first wavelet": "first_wavelet_cycles", "receive task": "received_cycles", "bracketed": "counter_cycles",
    "completion": "completion_cycles",
}  # fmt: skip
"""Part of a row's metric, and the figure it is."""


def _one_message(row: KernelRow) -> RowQuestion:
    figure = next((figure for part, figure in MESSAGES.items() if part in row.metric), None)
    if figure is None:
        raise NotAsked(f"no part of a message is known as {row.metric!r}")
    return _message(row, _count(row, "words"), _count(row, "hop"), figure)


def _relay(row: KernelRow) -> RowQuestion:
    relays, words = _some(row.whole("N"), "relays"), _some(row.whole("B"), "words")
    return _message(row, words, relays, "counter_cycles", relays=relays, handled="yes")


LOOPS = {"while loop": "while", "@map": "map", "for loop + @map": "for-map"}


def _multiply_accumulate(row: KernelRow) -> RowQuestion:
    """Ask for one instruction over all elements, or for loops over chunks of them."""
    length, form = _count(row, "elements"), row.algorithm
    if form == "one DSD":
        options = {"type": "f16", "banks": "same"}
        return row.measure("vector", ONE, [length], "counter_cycles", options=options)
    found = re.search(r"^(?P<form>while loop|@map|for loop \+ @map)\D*(?P<chunk>\d+)", form)
    if found is None:
        raise NotAsked(f"no loop is known as {form!r}")
    shape, options = [length, int(found["chunk"])], {"form": LOOPS[found["form"]]}
    return row.measure("vector-loop", ONE, shape, "counter_cycles", options=options)


def _latency(row: KernelRow) -> RowQuestion:
    """Ask for one instruction: an addition of whole numbers, or a multiply-accumulate."""
    adds = "add" in row.kernel
    options = {"op": "add" if adds else "mac", "type": "i16" if adds else _type(row), "banks": "same"}
    return row.measure("vector", ONE, [_count(row, "elements")], "latency_cycles", options=options)


def _scalar(code: str, count: int = 1) -> Callable[[KernelRow], RowQuestion]:
    return lambda row: row.measure("scalar", ONE, [count], "dispatch_cycles", options={"code": code})


PROBES: tuple[tuple[str, Callable[[KernelRow], RowQuestion]], ...] = (
    (r"DSD (copy|fma)$", _rate),
    (r"DSD op with bank conflict", _bank),
    (r"point-to-point", _point_to_point),
    (r"one message", _one_message),
    (r"relay chain", _relay),
    (r"\d+-element f16 FMA", _multiply_accumulate),
    (r"\d+-element 16-bit add|DSD f\d+ op completion", _latency),
    (r"taken branch", _scalar("taken")),
    (r"not-taken branch", _scalar("not-taken")),
    (r"dependent scalar FP op", _scalar("dependent", CHAIN)),
    (r"scalar add", _scalar("memory")),
)
"""What matches the start of a row's `kernel`, and what it asks."""


def _probe_of(row: KernelRow) -> Callable[[KernelRow], RowQuestion] | None:
    return next((ask for pattern, ask in PROBES if re.match(pattern, row.kernel)), None)


def _probe(row: KernelRow) -> RowQuestion:
    ask = _probe_of(row)
    assert ask is not None, "the row matches"
    return ask(row)


FAMILIES = (
    KernelFamily(
        name="fmacs",
        title="one fp32 multiply-accumulate over a vector, operands in the same banks or in others",
        matches=lambda row: row.kernel.startswith("isolated fmacs") and row.unit == "cycles",
        ask=_fmacs,
        median_goal=0.01,
        worst_goal=0.02,
    ),
    KernelFamily(
        name="mic",
        title="single mechanisms: rates of vector instructions, launch, loops, branches, hops, messages, relays",
        matches=lambda row: _probe_of(row) is not None,
        ask=_probe,
        median_goal=0.02,
        worst_goal=0.10,
        missing="what a turn of a route costs; on silicon, where a message's stamps stand",
    ),
)
