"""What compiled scalar code and descriptors made at run time add to the state of a machine: records, as in `state`.

Cores whose program is compiled (CSL) run `steps` in place of the instructions that a builder writes. The rows of
`State.code` are then kinds of vector operations, and a thread's line is the step that started what it runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from wsesim.cores import isa

Array = np.ndarray[Any, Any]

CONTROL_ENTRY = 64
"""Of tasks: number of the first that control wavelets start."""
COLORS, POSITIONS, QUEUES, DIMENSIONS, ARGUMENTS, DSRS = 32, 4, 8, 4, 16, 192
ENDLESS = 1 << 30
"""Elements of a vector that never ends."""
TEARDOWN_TASK = 29
BAD_ASSERT, BAD_CODE, NO_COLOR, REENTRY, NO_THREAD = 11, 12, 13, 14, 15
"""Kinds of faults beside those of `state`."""

STEP = np.dtype([
    ("n", "i8"),
    ("op", "i4"), ("d", "i4"), ("a", "i4"), ("b", "i4"), ("c", "i4"),
    ("cost", "i4"),  # cycles; of a jump that is not taken
    ("taken", "i4"),  # of a jump that is taken
    ("t", "i2"),
    ("seen", "i2"),  # whether others may see when it runs
])  # fmt: skip
VECTOR = np.dtype([
    ("row", "i4"),  # of State.code
    ("kinds", "i4", (4,)),  # of operands, as image.OperandKind; -1: none
    ("values", "i4", (4,)),
    ("activate", "i4"), ("unblock", "i4"), ("index", "i4"), ("thread", "i4"),  # registers, -1: none
    ("is_async", "i4"),
    ("on_control", "i4"), ("control_id", "i4"),
    ("save", "i4"),
])  # fmt: skip
DSR = np.dtype([
    ("value", "i8"),
    ("activate", "i4"), ("unblock", "i4"), ("thread", "i4"),  # ids, -1: none
    ("is_async", "i4"), ("save", "i4"), ("on_control", "i4"), ("control_id", "i4"),
])  # fmt: skip
JOB = np.dtype([
    ("row", "i4"),
    ("activate", "i4"), ("unblock", "i4"), ("on_control", "i4"), ("control_id", "i4"),
    ("result", "i4"),  # register, -1: none
    ("control", "i4"), ("advance", "i4"), ("index", "i4"), ("zero", "i4"),
    ("waits", "i4"),  # whether a FIFO that is full or empty holds it up, rather than ends it
    ("fifos", "i4"),  # bit per operand
    ("many", "i4"),  # bit per operand of more dimensions than two
    ("scalars", "i8", (4,)),  # bits
    ("extents", "i8", (4, DIMENSIONS)),
    ("steps", "i8", (4, DIMENSIONS)),  # words
    ("carry", "i8"),
])  # fmt: skip
TASK = np.dtype([
    ("entry", "i4"),
    ("count", "i4"),  # arguments
    ("registers", "i4", (ARGUMENTS,)), ("types", "i4", (ARGUMENTS,)), ("shifts", "i4", (ARGUMENTS,)),
])  # fmt: skip
CELL = np.dtype([
    ("suspended", "i8"),  # bit per color
    ("tearing", "i8"),  # bit per color in teardown whose handler has not left it
    ("prng", "i8"),
    ("clock_start", "i8"), ("clock_value", "i8"),
    ("urgent", "i8"),
    ("flushing", "i8"),
    ("link", "i8"),
    ("task_id", "i4"),  # what runs
    ("entry", "i4"),  # its first step
    ("since", "i4"),  # cycle from which it does
    ("streams", "i4"),  # whether the command stream is open
    ("waiting", "i4"),  # whether a launch waits to be taken
    ("launched", "i4"),
    ("counts", "i4"),  # whether the counter runs
    ("unread", "i4"),  # control wavelets consumed without a task
    ("rows", "i4"),  # of `routes`
    ("opened", "i4"),  # cycle
    ("awaits", "i4"),  # the thread that an operation last waited for
])  # fmt: skip
FIFO = np.dtype([
    ("head", "i4"), ("count", "i4"), ("read", "i4"), ("write", "i4"), ("full_met", "i4"), ("empty_met", "i4"),
])  # fmt: skip
FIFO_KIND = np.dtype([
    ("base", "i4"), ("room", "i4"), ("words", "i4"), ("push", "i4"), ("pop", "i4"),
])  # fmt: skip
ROUTE = np.dtype([
    ("rx", "i4"), ("tx", "i4"),  # masks; -1: as the position before
    ("valid", "i4"),
])  # fmt: skip
COLOR = np.dtype([
    ("ring", "i4"), ("pop", "i4"), ("collects", "i4"), ("used", "i4"),
])  # fmt: skip
METER = np.dtype([
    ("collected", "i8"),
    ("notes", "i8"),  # rows of `notes`
    ("dropped", "i8"),  # wavelets that left the rectangle
    ("requests", "i8"),
    ("opened", "i8"),  # cores whose stream opened since the launch
    ("lost", "i8"),  # rows of the log that there was no room for
    ("outside", "i8"),  # accesses outside the memory of a core
])  # fmt: skip
WORK = np.dtype([(name, "i8") for name in (
    "compute", "banks",  # cycles of its elements at full rate, and what they took longer
    "elements", "times",
    "held",  # cycles from its starts to its ends
)])  # fmt: skip
RUN = np.dtype([("times", "i8"), ("cycles", "i8")])
NOTE = np.dtype([(name, "i8") for name in ("core", "cycle", "what", "a", "b", "c")])


class CodeState(NamedTuple):
    """Of a machine whose cores run compiled code; otherwise empty."""

    steps: Array
    """[step] STEP"""
    cycles: Array
    """[watched, step] cycles that main threads spent on it: of cores that are not watched, and of those that are"""
    work: Array
    """[step] WORK of vector operations, whatever thread they ran on"""
    runs: Array
    """[step] RUN of the task, or function that the host launched, that begins there"""
    frames: Array
    """[core, register] int64"""
    vectors: Array
    """[number] VECTOR"""
    dsrs: Array
    """[core, file and number] DSR"""
    jobs: Array
    """[core, slot] JOB"""
    tasks: Array
    """[role, id] TASK; control tasks from CONTROL_ENTRY on"""
    launches: Array
    """[role] TASK"""
    values: Array
    """[argument] of the launch"""
    cells: Array
    """[core] CELL"""
    fifos: Array
    """[core, number] FIFO"""
    fifo_kinds: Array
    """[role, number] FIFO_KIND"""
    shapes: Array
    """[role, number, 2, DIMENSIONS + 1] extents, and elements in all; words of a whole step in each dimension for
    elements of one word"""
    out_colors: Array
    """[role, 2, queue] color bound to an input (0) or output (1) queue; -1: none"""
    routes: Array
    """[row, color, position] ROUTE"""
    colors: Array
    """[row, color] COLOR"""
    meter: Array
    """[1] METER"""
    collected: Array
    """[row] NOTE: words for the host; `what` is the color, a the word"""
    notes: Array
    """[row] NOTE: what traces, prints and requests say"""


def no_code() -> CodeState:
    """Return what a machine without compiled code has."""
    empty: dict[str, Array] = {}
    kinds = {
        "steps": STEP, "vectors": VECTOR, "meter": METER, "collected": NOTE, "notes": NOTE, "launches": TASK,
        "cells": CELL, "work": WORK, "runs": RUN,
    }  # fmt: skip
    two = {"dsrs": DSR, "jobs": JOB, "tasks": TASK, "fifos": FIFO, "fifo_kinds": FIFO_KIND, "colors": COLOR}
    for name in CodeState._fields:
        if name in kinds:
            empty[name] = np.zeros(0, kinds[name])
        elif name in two:
            empty[name] = np.zeros((0, 0), two[name])
        elif name == "routes":
            empty[name] = np.zeros((0, 0, 0), ROUTE)
        else:
            rank = {"cycles": 2, "values": 1, "frames": 2, "shapes": 4, "out_colors": 3}[name]
            empty[name] = np.zeros((0,) * rank, np.int64)
    return CodeState(**empty)


assert isa.POSITIONS == POSITIONS
