"""Vector operations of compiled code: descriptors of 64 bits become operands when they start."""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.codestate import DIMENSIONS, ENDLESS, NO_COLOR, NO_THREAD, POSITIONS, QUEUES
from wsesim.cores.engine.compiling import called
from wsesim.cores.engine.describe import by_lines, set_described_pace
from wsesim.cores.engine.launch import _set_later
from wsesim.cores.engine.queues import fault
from wsesim.cores.engine.words import ONE, Int
from wsesim.cores.state import Array, State

NONE, MEM1D, MEM4D, FABIN, FABOUT, FIFO = 0, 1, 2, 3, 4, 5
"""Kinds of descriptors."""
DSD, IN_DSR, SCALAR, POINTER = 0, 1, 2, 3
"""Kinds of operands, as `image.OperandKind`."""
EXTENT_WITHOUT_END = 0x7FFF
"""Length of a vector that never ends: `csl.image.ENDLESS`, of a layer above."""


@called
def field(value: Int, shift: Int, bits: Int) -> Int:
    """Return bits of a descriptor."""
    return (value >> shift) & ((ONE << bits) - 1)


@called
def stride_of(value: Int) -> Int:
    """Return the stride of a descriptor of one dimension."""
    return (field(value, 35, 16) ^ 0x8000) - 0x8000


@called
def color_of(value: Int, role: Int, bound: Array) -> Int:
    """Return the color of a fabric descriptor: on the WSE-3 that of its queue, where one is bound."""
    out = 1 if value & 7 == FABOUT else 0
    queue = field(value, 8, 4)
    if queue < QUEUES and bound[role, out, queue] >= 0:
        return np.int64(bound[role, out, queue])
    return field(value, 3, 5)


@called
def _memory(operand: Int, job: Int, number: Int, value: Int, index: Int, shapes: Array) -> None:
    """Describe an operand in memory."""
    words = np.int64(operand["words"])
    operand["kind"], operand["register"], operand["keeps"] = isa.MEM, -1, 0
    operand["address"], operand["inner"], operand["outer"] = field(value, 3, 16), 0, 0
    if field(value, 51, 1):
        operand["address"] += index
    if value & 7 == MEM1D:
        operand["stride"], operand["length"] = stride_of(value) * words, field(value, 19, 16)
        return
    shape = shapes[field(value, 19, 16)]
    job["many"] |= ONE << number
    for at in range(DIMENSIONS):
        job["extents"][number][at] = shape[0, at]
        job["steps"][number][at] = shape[1, at] * words
    operand["stride"], operand["inner"] = shape[1, 0] * words, shape[0, 0]
    operand["outer"], operand["length"] = shape[1, 1] * words, shape[0, DIMENSIONS]


@called
def _operand(
    operand: Int, job: Int, number: Int, value: Int, index: Int, role: Int, shapes: Array, bound: Array, places: Array,
) -> bool:  # fmt: skip
    """Describe an operand as a descriptor says; whether that is possible."""
    kind = value & 7
    operand["stride"], operand["inner"], operand["outer"], operand["length"] = 0, 0, 0, 0
    if kind == MEM4D and field(value, 19, 16) >= shapes.shape[0]:
        return False
    if kind == MEM1D or kind == MEM4D:  # noqa: SIM109
        _memory(operand, job, number, value, index, shapes)
        return True
    if kind == FIFO:
        operand["kind"], operand["address"] = isa.NONE, field(value, 3, 16)
        job["fifos"] |= ONE << number
        return True
    if kind != FABIN and kind != FABOUT:
        return False
    port = isa.RAMP if kind == FABOUT else isa.INWARD
    operand["kind"], operand["length"] = isa.FABRIC, field(value, 19, 16)
    operand["address"] = places[role, color_of(value, role, bound), port]
    operand["register"] = field(value, 39, 2)
    if kind == FABOUT:
        job["control"], job["advance"] = field(value, 35, 1), field(value, 36, 1)
        job["zero"] = field(value, 37, 1) | field(value, 38, 1) << 1
        job["index"] = index if field(value, 51, 1) else 0
    return bool(operand["address"] >= 0)


@called
def _length(operands: Array, job: Int) -> Int:
    """Return the length of an operation: that of its first source that has one, else that of the destination."""
    for at in (1, 2, 3, 0):
        if operands[at]["length"] > 0:
            length = np.int64(operands[at]["length"])
            return np.int64(ENDLESS) if length == EXTENT_WITHOUT_END else length
    return np.int64(1)


@called
def _walk(dsrs: Array, number: Int, operand: Int, job: Int, at: Int, length: Int) -> None:
    """Have a register of descriptors that saves its address begin one past the end."""
    value = np.int64(dsrs[number]["value"])
    moved = length * operand["stride"]
    if (job["many"] >> at) & 1:
        moved, last, count = np.int64(0), np.int64(0), np.int64(1)
        for dimension in range(DIMENSIONS):
            if job["extents"][at][dimension] > 1:
                last, count = np.int64(dimension), count * job["extents"][at][dimension]
        moved = job["steps"][at][last] * job["extents"][at][last]
    base = (field(value, 3, 16) + moved) & 0xFFFF
    dsrs[number]["value"] = (value & ~(np.int64(0xFFFF) << 3)) | base << 3


@called
def start_vector(core: Int, line: Int, now: Int, state: State) -> Int:
    """Put a vector operation on a thread; return that thread, -1 if it is taken, -2 if it names no color."""
    code, here = state.code_state, state.cores[core]
    step = code.steps[line]
    vector, frame, role = code.vectors[step["n"]], code.frames[core], np.int64(here["role"])
    fabric_thread, input_thread = np.int64(-1), np.int64(-1)
    is_async, thread, activate, unblock = vector["is_async"] != 0, np.int64(-1), np.int64(-1), np.int64(-1)
    on_control, control_id = np.int64(vector["on_control"]), np.int64(-1)
    for at in range(4):
        if vector["kinds"][at] != DSD and vector["kinds"][at] != IN_DSR:
            continue
        value = np.int64(0)
        if vector["kinds"][at] == DSD:
            value = np.int64(frame[vector["values"][at]])
        else:
            register = code.dsrs[core, vector["values"][at]]
            value = np.int64(register["value"])
            if register["is_async"]:
                is_async = True
                activate, unblock, thread = (
                    np.int64(register["activate"]), np.int64(register["unblock"]), np.int64(register["thread"]),
                )  # fmt: skip
                if register["on_control"]:
                    on_control, control_id = np.int64(register["on_control"]), np.int64(register["control_id"])
        queue = field(value, 8, 4)
        if value & 7 == FABOUT:
            fabric_thread = queue if queue < QUEUES else np.int64(0)
        elif value & 7 == FABIN and input_thread < 0:
            input_thread = queue if queue < QUEUES else np.int64(0)
    if vector["thread"] >= 0:
        thread = np.int64(frame[vector["thread"]])
    if thread < 0:
        thread = fabric_thread if fabric_thread >= 0 else max(np.int64(0), input_thread)
    slot = thread + 1 if is_async else np.int64(0)
    if not 0 <= slot <= QUEUES:
        fault(core, line, NO_THREAD, now, state.clock)
        return np.int64(-2)
    if (here["live"] >> slot) & 1:
        code.cells[core]["awaits"] = slot
        return np.int64(-1)
    job, operands, thread_state = code.jobs[core, slot], state.described[core, slot], state.threads[core, slot]
    named, row = state.operands[vector["row"]], state.code[vector["row"]]
    index = np.int64(frame[vector["index"]]) if vector["index"] >= 0 else np.int64(0)
    job["row"], job["fifos"], job["many"], job["control"], job["advance"] = vector["row"], 0, 0, 0, 0
    job["index"], job["zero"], job["carry"], job["waits"] = 0, 0, 0, is_async
    job["result"] = step["d"]
    job["activate"], job["unblock"], job["on_control"], job["control_id"] = activate, unblock, on_control, control_id
    if vector["activate"] >= 0:
        job["activate"] = frame[vector["activate"]]
    if vector["unblock"] >= 0:
        job["unblock"] = frame[vector["unblock"]]
    if vector["control_id"] >= 0:
        job["control_id"] = frame[vector["control_id"]]
    fits = True
    for at in range(4):
        operand, kind = operands[at], vector["kinds"][at]
        operand["element"], operand["words"] = named[at]["element"], named[at]["words"]
        operand["kind"], operand["stride"], operand["inner"], operand["outer"] = isa.NONE, 0, 0, 0
        operand["length"], operand["register"] = 0, -1
        if kind == SCALAR:
            operand["kind"], job["scalars"][at] = isa.REG, frame[vector["values"][at]]
        elif kind == POINTER:
            operand["kind"], operand["address"] = isa.MEM, frame[vector["values"][at]] & 0xFFFF
        elif kind == DSD:
            value = np.int64(frame[vector["values"][at]])
            fits = _operand(
                operand, job, at, value, index, role, code.shapes[role], code.out_colors, state.places
            ) and fits  # fmt: skip
        elif kind == IN_DSR:
            value = np.int64(code.dsrs[core, vector["values"][at]]["value"])
            fits = _operand(
                operand, job, at, value, index, role, code.shapes[role], code.out_colors, state.places
            ) and fits  # fmt: skip
    for at in range(4):
        if job["fifos"] >> at & 1 and operands[at]["address"] >= code.fifos.shape[1]:
            fits = False
    if not fits:
        fault(core, line, NO_COLOR, now, state.clock)
        return np.int64(-2)
    length = _length(operands, job)
    for at in range(4):
        if job["fifos"] >> at & 1:
            fifo = code.fifos[core, operands[at]["address"]]
            limit = np.int64(fifo["write"] if at == 0 else fifo["read"])
            if limit > 0:
                length = np.int64(ENDLESS) if limit == EXTENT_WITHOUT_END else limit
    for at in range(4):
        if vector["kinds"][at] == IN_DSR and code.dsrs[core, vector["values"][at]]["save"]:
            _walk(code.dsrs[core], np.int64(vector["values"][at]), operands[at], job, np.int64(at), length)
    _pace(thread_state, row, operands, job, length, state)
    thread_state["line"], thread_state["done"], thread_state["wanted"] = line, 0, length
    begun = now + step["cost"] - 1
    thread_state["started"], thread_state["next"] = begun, begun + (row["cost"] if slot == 0 else row["cost_else"])
    if step["d"] >= 0:
        frame[step["d"]] = 1
    here["live"] |= ONE << slot
    return slot


@called
def _pace(thread: Int, row: Int, operands: Array, job: Int, length: Int, state: State) -> None:
    """Fix how fast an operation goes."""
    for at in range(4):
        thread["addresses"][at] = operands[at]["address"]
    set_described_pace(thread, row, operands, state.figures)
    first, second = by_lines(operands, thread["per_issue"], state.figures.line_bytes)
    thread["later"] = 0
    if length < ENDLESS:
        _set_later(thread, first, second, length, state.figures.line_bytes)
    if job["fifos"]:
        thread["per_issue"], thread["row"], thread["pace"], thread["full"] = 1, 0, 1, 1
    elif thread["fabrics"]:
        simd = np.int64(0)
        for at in range(4):
            if operands[at]["kind"] == isa.FABRIC and operands[at]["register"] > 0:
                simd = np.int64(1)
        if simd == 0 or operands[0]["words"] != 1:
            thread["per_issue"] = 1


assert POSITIONS == 4
