"""What our library modules, written in CSL, cannot say in CSL: numbered functions of the machine.

A library file calls `@intrinsic("name", ResultType, a, b, c)`, with up to three arguments. At run time it becomes an
INTRINSIC step whose `n` is the number here; a string argument becomes its place in `TileClass.strings`. Where an
intrinsic has `evaluate`, it may also be called at comptime, with Python numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NOTHING_BELOW = 0.0
TURN_ROUTES = "turn_routes"


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A function of the machine."""

    number: int
    evaluate: Callable[..., Any] | None = None
    cycles: int = 1
    """That a core takes for it."""


def _log(value: float) -> float:
    if value > NOTHING_BELOW:
        return math.log(value)
    return -math.inf if value == NOTHING_BELOW else math.nan


def _sqrt(value: float) -> float:
    return math.sqrt(value) if value >= NOTHING_BELOW else math.nan


TABLE: dict[str, Intrinsic] = {
    # Arithmetic: floats in the result's type, correctly rounded.
    "sqrt": Intrinsic(1, _sqrt, 40),
    "exp": Intrinsic(2, math.exp, 60),
    "log": Intrinsic(3, _log, 60),
    "sin": Intrinsic(4, math.sin, 80),
    "cos": Intrinsic(5, math.cos, 80),
    "tanh": Intrinsic(6, math.tanh, 80),
    "pow": Intrinsic(7, math.pow, 120),
    "floor": Intrinsic(8, math.floor, 4),
    "ceil": Intrinsic(9, math.ceil, 4),
    "invsqrt": Intrinsic(10, lambda value: 1.0 / math.sqrt(value), 50),
    "fscale": Intrinsic(11, lambda value, power: math.ldexp(value, int(power)), 4),
    "random16": Intrinsic(12),
    "set_prng": Intrinsic(13),  # a: state, u32
    "select_prng": Intrinsic(14),
    # The core.
    "unblock_cmd_stream": Intrinsic(20, None, 10),
    "x_coord": Intrinsic(21),  # column in the rectangle, u16
    "y_coord": Intrinsic(22),
    "timestamp": Intrinsic(23),  # u64: the counter
    "enable_timestamp": Intrinsic(24),  # and set to 0
    "disable_timestamp": Intrinsic(25),
    "trace": Intrinsic(26),  # a: kind (0 number, 1 string, 2 timestamp, 3 float, 4 bool), b: bits, c: key and size
    "print": Intrinsic(
        27
    ),  # simprint: a: kind (0 text, 1 decimal, 2 hex, 3 binary, 4 float), b: bits or string, c: type
    # Registers of the configuration; a is the color.
    "config_read": Intrinsic(30),  # a: word address
    "config_write": Intrinsic(31),  # a: word address, b: value
    "teardown_pending": Intrinsic(32),  # u32: bit per color
    "teardown_exit": Intrinsic(33, None, 10),
    "reset_routes": Intrinsic(34, None, 6),  # a: color, b: mask of rx, c: mask of tx
    "set_position": Intrinsic(35, None, 6),  # a: color, b: position
    "set_switch": Intrinsic(36, None, 6),  # a: color, b: position, c: rx mask | tx mask << 8 | 1 << 16 if valid
    "set_ring": Intrinsic(37),
    "set_pop_mode": Intrinsic(38),
    "filter_limit": Intrinsic(39),  # a: color, b: field (0 counter, 1 max, 2 limit1), c: value
    "queue_status": Intrinsic(40),  # a: 0 in, 1 out; u32: bit per empty queue, full ones from bit 16
    "set_priority": Intrinsic(41),  # a: id, b: level
    "queue_flush": Intrinsic(42),
    "flush_pending": Intrinsic(43),
    "flush_exit": Intrinsic(44),
    "bind_queue": Intrinsic(45),  # a: 0 in, 1 out, b: queue, c: color
    "add_io": Intrinsic(46),  # a: color, b: 0 rx, 1 tx; c: mask, toggled
    # Libraries of many cores, done by the machine.
    TURN_ROUTES: Intrinsic(47),  # time only, `code.routes_cycles` of the hardware: routes turn with the data
    "collective": Intrinsic(50),  # a: word address of six words that say what, b: id of the task that follows
    "tally_signal": Intrinsic(51),
    "tally_bump": Intrinsic(52),
    # a: pointer; b: id, 1 << 8 if it is unblocked, words << 16; c: column, row << 16
    "message_send": Intrinsic(54),
    "message_receive": Intrinsic(55),
    "fourier": Intrinsic(53),  # a: word address of seven words that say what, b: id of the callback
}
