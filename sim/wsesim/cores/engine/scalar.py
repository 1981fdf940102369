"""Scalar instructions of the main thread."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np

from wsesim.cores import isa
from wsesim.cores.engine.compiling import called, inlined
from wsesim.cores.engine.describe import adjust, describe, registered
from wsesim.cores.engine.launch import log_span, touched
from wsesim.cores.engine.memory import load, store
from wsesim.cores.engine.queues import fault, may_send, push, set_switch, wake
from wsesim.cores.engine.words import ONE, Int, decode, encode, half_to_float, whole
from wsesim.cores.state import CONTROL_SHIFT, OUTSIDE_MEMORY, TASK_SLOT, State


@inlined
def _number(core: Int, line: Int, source: Int, state: State) -> float:
    """Return a scalar operand: a register, or the immediate if there is none."""
    operand, code = state.operands[line, source], state.code[line]
    if operand["kind"] == isa.REG:
        return float(state.registers[core, operand["address"]])
    if code["kind"] == isa.I32:
        return float(code["immediate"])
    return decode(code["immediate"], isa.F32)


@called
def _calculate(op: Int, a: float, b: float) -> float:
    if op == isa.IADD or op == isa.FADD:
        return a + b
    if op == isa.IMUL or op == isa.FMUL:
        return a * b
    if op == isa.FSUB:
        return a - b
    if op == isa.FDIV:
        return float(np.float64(a) / np.float64(b))
    if op == isa.FMAXS:
        return max(a, b)
    if op == isa.FEXP:
        return exp(a) if a < 700.0 else np.inf
    return sqrt(a) if a >= 0.0 else np.nan


@inlined
def _touch(core: Int, line: Int, number: Int, now: Int, state: State) -> Int:
    """Return the word of all memory that a load or a store goes to; the core's first if it would be outside."""
    here, operand = state.cores[core], state.operands[line, number]
    address = touched(core, operand, state)
    if address >= 0 and address + operand["words"] <= state.roles[here["role"]]["words"]:
        return here["memory"] + address
    fault(core, line, OUTSIDE_MEMORY, now, state.clock)
    return np.int64(here["memory"])


@inlined
def _compute(core: Int, line: Int, op: Int, target: Int, source: Int, now: Int, state: State) -> None:
    """Carry out an instruction that only changes a register."""
    kind, registers = state.code[line]["kind"], state.registers
    if op == isa.SET:
        registers[core, target] = _number(core, line, 1, state)
    elif op == isa.COPY:
        registers[core, target] = registers[core, source]
    elif op == isa.LOAD:
        registers[core, target] = load(_touch(core, line, 1, now, state), kind, state)
    elif op == isa.LOW_HALF:
        registers[core, target] = half_to_float(whole(float(registers[core, source])) & 0xFFFF)
    elif op == isa.HIGH_HALF:
        registers[core, target] = float(whole(float(registers[core, source])) >> 16)
    else:
        value = _calculate(op, _number(core, line, 1, state), _number(core, line, 2, state))
        registers[core, target] = value if kind == isa.I32 else decode(encode(value, kind), kind)


@inlined
def _control_tasks(here: Int, op: Int, bit: Int) -> None:
    if op == isa.ACTIVATE:
        here["activated"] |= bit
    elif op == isa.BLOCK:
        here["blocked"] |= bit
    else:
        here["blocked"] &= ~bit


@inlined
def _leave(core: Int, op: Int, end: Int, state: State) -> None:
    """End the running task, or the program of the core."""
    here, tally = state.cores[core], state.tallies[core]
    if op == isa.HALT:
        here["halted"] = 1
    if here["watched"]:
        log_span(core, TASK_SLOT, tally["task"], tally["begun"], end, 0, state.log, state.clock)


@inlined
def scalar(core: Int, line: Int, now: Int, state: State) -> Int:
    """Run one scalar instruction; return its cycles, -1 if it has to wait."""
    here, code, clock = state.cores[core], state.code[line], state.clock[0]
    op, following = code["op"], np.int64(line + 1)
    cost: Int = np.int64(code["cost"])
    target, source = state.operands[line, 0]["address"], state.operands[line, 1]["address"]
    if op == isa.JUMP:
        following = np.int64(code["target"])
    elif op == isa.JUMP_LESS:
        if state.registers[core, source] < state.registers[core, state.operands[line, 2]["address"]]:
            following = np.int64(code["target"])
        else:
            cost += code["cost_else"]
    elif op == isa.ACTIVATE or op == isa.BLOCK or op == isa.UNBLOCK:
        _control_tasks(here, op, ONE << code["activate"])
    elif op == isa.CONTROL:
        if not may_send(core, target, now, state):
            return np.int64(-1)
        word = ONE << CONTROL_SHIFT | code["immediate"]
        push(core, target, word, now + 1 + clock["ramp"], now, state)
    elif op == isa.SWITCH:
        set_switch(core, target, code["target"], state.switches[here["role"]], state.queues, state.position)
        wake(core, now + 1, now, state)
    elif op == isa.STAMP:
        state.registers[core, target] = float(now)
    elif op == isa.STORE:
        store(_touch(core, line, 0, now, state), float(state.registers[core, source]), code["kind"], state)
    elif op == isa.END or op == isa.HALT:
        following = np.int64(-1)
        _leave(core, op, now + cost, state)
    elif op == isa.DESCRIBE:
        operand = state.operands[line, 1]
        describe(core, target, line, touched(core, operand, state), state)
    elif op == isa.ADJUST:
        value = _number(core, line, 1, state)
        adjust(core, target, code["target"], registered(value), state)
    elif op == isa.WAIT:
        clock["moved"] = max(clock["moved"], now + cost)
    else:
        _compute(core, line, op, target, source, now, state)
    here["counter"] = following
    return cost
