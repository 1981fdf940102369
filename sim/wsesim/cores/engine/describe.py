"""Descriptors that a program writes as it runs, and how fast an instruction goes that uses them."""

from __future__ import annotations

from math import ceil

import numpy as np

from wsesim.cores import isa, issues
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.memory import is_half
from wsesim.cores.engine.words import Int, whole
from wsesim.cores.state import Array, State

WORD_BYTES = 2
"""Of memory."""
_stride_lanes, _memory_cycles = called(issues.stride_lanes), called(issues.memory_cycles)
_colliding, _sides_taken = called(issues.colliding), called(issues.sides_taken)


@inlined
def describe(core: Int, number: Int, line: Int, address: Int, state: State) -> None:
    """Write a register of descriptors; *address* is where its operand begins now."""
    into, source = state.descriptors[core, number], state.operands[line, 1]
    _copy(into, source)
    into["address"], into["register"], into["keeps"] = address, -1, state.code[line]["target"]


@inlined
def adjust(core: Int, number: Int, field: Int, value: Int, state: State) -> None:
    """Change a field of a register of descriptors."""
    into = state.descriptors[core, number]
    if field == isa.ADDRESS:
        into["address"] = value
    elif field == isa.LENGTH:
        into["length"] = value
    elif field == isa.STRIDE:
        into["stride"] = value
    elif field == isa.INNER:
        into["inner"] = value
    else:
        into["outer"] = value


@inlined
def _copy(into: Int, source: Int) -> None:
    into["kind"], into["element"], into["words"] = source["kind"], source["element"], source["words"]
    into["address"], into["register"], into["stride"] = source["address"], source["register"], source["stride"]
    into["inner"], into["outer"], into["length"] = source["inner"], source["outer"], source["length"]


@called
def take(descriptors: Array, named: Array, into: Array) -> bool:
    """Copy the operands that an instruction names, its registers of descriptors read; whether all are written."""
    written = True
    for number in range(4):
        _copy(into[number], named[number])
        if named[number]["kind"] == isa.DESCRIPTOR:
            source, words = descriptors[named[number]["address"]], np.int64(named[number]["words"])
            _copy(into[number], source)
            into[number]["element"], into[number]["words"] = named[number]["element"], words
            into[number]["stride"], into[number]["outer"] = source["stride"] * words, source["outer"] * words
            written = written and source["kind"] != isa.NONE
    return written


@called
def length_of(operands: Array) -> Int:
    """Return the length of an instruction: that of its first source that has one, else that of the destination."""
    for at in (1, 2, 3, 0):
        if operands[at]["length"] > 0:
            return np.int64(operands[at]["length"])
    return np.int64(1)


@called
def words_moved(named: Array, operands: Array) -> Int:
    """Return how many words of memory an element takes of the operands that registers of descriptors hold."""
    words = np.int64(0)
    for number in range(4):
        if named[number]["kind"] == isa.DESCRIPTOR and operands[number]["kind"] == isa.MEM:
            words += operands[number]["words"]
    return words


@called
def move_on(descriptors: Array, named: Array, operands: Array, length: Int) -> None:
    """Let the descriptors that keep their place begin after *length* elements, in whole rows where there are rows."""
    for number in range(4):
        if named[number]["kind"] == isa.DESCRIPTOR and descriptors[named[number]["address"]]["keeps"]:
            operand, inner = operands[number], np.int64(operands[number]["inner"])
            steps = length * operand["stride"] if inner == 0 else (length + inner - 1) // inner * operand["outer"]
            descriptors[named[number]["address"]]["address"] += steps


@called
def _meets_itself(operands: Array, period: Int) -> bool:
    """Whether what is written falls into the bank that the same operand is read from: see `rates`."""
    dest = operands[0]
    if dest["kind"] != isa.MEM or dest["stride"] == 0 or dest["inner"] or dest["stride"] * WORD_BYTES % period:
        return False
    for number in range(1, 4):
        other = operands[number]
        same = other["kind"] == isa.MEM and other["address"] == dest["address"] and other["inner"] == 0
        if same and other["stride"] == dest["stride"] and other["length"] == dest["length"]:
            return True
    return False


@called
def _row(operands: Array, per_issue: Int) -> Int:
    """Return the elements of a row, if one ends within an issue: see `rates.row_of`."""
    row = np.int64(0)
    for number in range(4):
        operand = operands[number]
        if operand["kind"] == isa.MEM:
            found, length = np.int64(operand["inner"]), np.int64(operand["length"])
            if operand["words"] > 1 and length < per_issue and (found == 0 or length < found):
                found = length
            if found > 0 and (row == 0 or found < row):
                row = found
    return row if row > 0 and row % per_issue else np.int64(0)


@called
def _lanes(operands: Array, lanes: float) -> tuple[float, Int, Int]:
    """Return the lanes that strides leave, the bit of each fabric operand, and elements of a wavelet."""
    fabrics, values = np.int64(0), np.int64(1)
    for number in range(4):
        operand = operands[number]
        if operand["kind"] == isa.MEM:
            lanes = min(lanes, _stride_lanes(operand["stride"] // operand["words"]))
        elif operand["kind"] == isa.FABRIC:
            fabrics |= np.int64(1) << number
            values = np.int64(2 if is_half(operand["element"]) else 1)
    return lanes, fabrics, values


@called
def _reads(operands: Array) -> tuple[Int, Int, Int]:
    """Return the first two operands read from memory, -1 where there is none, and the bytes of an element of all."""
    first, second, size = np.int64(-1), np.int64(-1), np.int64(0)
    for number in range(1, 4):
        operand = operands[number]
        if operand["kind"] == isa.MEM and operand["stride"] != 0:
            size += operand["words"] * WORD_BYTES
            if first < 0:
                first = np.int64(number)
            elif second < 0:
                second = np.int64(number)
    return first, second, size


@called
def _issue(operands: Array, lanes: float, per_issue: Int, figures: issues.MemoryFigures) -> tuple[Int, Int]:
    """Return the cycles of an issue of so many elements at full rate, and where these operands lie: `rates.rate_of`."""
    first, second, size = _reads(operands)
    written = operands[0]["words"] * WORD_BYTES if operands[0]["kind"] == isa.MEM else 0
    meets = _meets_itself(operands, figures.word_period_bytes)
    cycles: Int = np.int64(_memory_cycles(lanes, per_issue * size, per_issue * written, meets, figures))
    if second < 0:
        return cycles, cycles
    words = operands[first]["words"] == operands[second]["words"] == 2
    cycles, slow, period, reach = _colliding(int(cycles), per_issue, words, figures)
    apart = (np.int64(operands[first]["address"]) - operands[second]["address"]) * WORD_BYTES % period
    return cycles, (slow if min(apart, period - apart) < reach else cycles)


@called
def _fastest(operands: Array, lanes: float, figures: issues.MemoryFigures) -> Int:
    """Return the elements of an issue that go fastest, the most of those that go as fast: see `rates`."""
    best = np.int64(max(1, int(lanes)))
    least, _ = _issue(operands, lanes, best, figures)
    for fewer in range(best - 1, 0, -1):
        cycles, _ = _issue(operands, lanes, np.int64(fewer), figures)
        if fewer * least > best * cycles:
            best, least = np.int64(fewer), cycles
    return best


@called
def by_lines(operands: Array, per_issue: Int, line_bytes: Int) -> tuple[Int, Int]:
    """Return the two operands that are read by lines, -1 if they are not: see `rates.go_by_lines`."""
    first, second, _ = _reads(operands)
    if second < 0 or per_issue * WORD_BYTES <= line_bytes:
        return np.int64(-1), np.int64(-1)
    for number in (first, second):
        operand = operands[number]
        if operand["words"] != 1 or operand["stride"] != 1 or operand["inner"]:
            return np.int64(-1), np.int64(-1)
    return first, second


@called
def set_described_pace(thread: Int, code: Int, operands: Array, figures: issues.MemoryFigures) -> None:
    """Fix how fast an instruction goes over what its descriptors hold."""
    lanes, fabrics, per_issue = _lanes(operands, code["lanes"])
    row, cycles, tail = np.int64(0), np.int64(ceil(per_issue / lanes)), np.int64(1)
    pace, tail_pace = cycles, tail
    if fabrics == 0:
        per_issue = _fastest(operands, lanes, figures)
        cycles, pace = _issue(operands, lanes, per_issue, figures)
        row = _row(operands, per_issue)
        if row > 0:
            tail, tail_pace = _issue(operands, lanes, row % per_issue, figures)
    thread["per_issue"], thread["fabrics"], thread["sides"] = per_issue, fabrics, _sides_taken(code["passes"], fabrics)
    thread["row"], thread["full"], thread["tail_full"] = row, cycles, tail
    thread["pace"], thread["tail"] = pace, tail_pace


@inlined
def registered(number: float) -> Int:
    """Return what a register holds as a field of a descriptor: 32 bits."""
    return min(max(whole(number), np.int64(-(1 << 31))), np.int64((1 << 31) - 1))
