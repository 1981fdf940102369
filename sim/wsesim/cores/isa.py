"""The instruction set as numbers: what those of an instruction mean to the engine and to the builder.

Vector instructions run over descriptors: memory (one or two dimensions), fabric in, fabric out, or a register as a
scalar. Everything here is a plain constant so that compiled code can use it.
"""

from __future__ import annotations

# Vector instructions: dest[i] = f(src0[i], src1[i], src2[i]).
MOV = 1
ADD = 2
SUB = 3
MUL = 4
MAC = 5  # src0 + src1 * src2
MAX = 6
ADD3 = 7  # src0 + src1 + src2: the WSE-2 form with two fabric operands
LAST_VECTOR = 15

# Scalar instructions, run by the main thread.
SET = 20  # r[dest] = immediate
COPY = 21  # r[dest] = r[src]
IADD = 22  # r[dest] = r[src] + r[src2] (or the immediate)
IMUL = 23  # r[dest] = r[src] * r[src2] (or the immediate)
FADD = 24
FSUB = 25
FMUL = 26
FDIV = 27
FEXP = 28
FSQRT = 29
LOAD = 30  # r[dest] = memory
STORE = 31  # memory = r[src]
JUMP = 32  # go to the target
JUMP_LESS = 33  # go to the target if r[src] < r[src2]
ACTIVATE = 34
BLOCK = 35
UNBLOCK = 36
CONTROL = 37  # send a control wavelet, whose word is the immediate
STAMP = 38  # r[dest] = cycle counter
END = 39  # the task is over
HALT = 40  # the core is done
WAIT = 41  # cost only
FMAXS = 42
SWITCH = 43  # set the own router's switch of a color to the position that is the target
LOW_HALF = 44  # r[dest] = low 16 bits of the word r[src], as fp16
HIGH_HALF = 45  # r[dest] = high 16 bits of the word r[src], as a whole number
DESCRIBE = 46  # descriptor[dest] = what the source describes; target: whether it keeps its place
ADJUST = 47  # the field of descriptor[dest] that is the target = r[src] (or the immediate)

# Fields of a descriptor, as ADJUST numbers them.
ADDRESS = 0
LENGTH = 1
STRIDE = 2
INNER = 3
OUTER = 4

# Types of elements.
F32 = 0
F16 = 1
I32 = 2
MIXED = 3  # of instructions only: 16-bit factors, 32-bit sum and result
I16 = 4

# Kinds of operands.
NONE = 0
MEM = 1
FABRIC = 2
REG = 3
DESCRIPTOR = 4  # a register of descriptors, which the program writes

# Ports of a router; the opposite of port p is p ^ 1. INWARD numbers the queue from the ramp to the program.
WEST = 0
EAST = 1
NORTH = 2
SOUTH = 3
RAMP = 4
PORTS = 5
INWARD = 5
DROPS = 1 << PORTS  # in place of ports: what comes leaves by none

# Sides of the datapath, numbered as the fabric operand of a move: from memory to the fabric, from the fabric to memory.
OUT_SIDE, IN_SIDE = 1, 2
BOTH_SIDES = OUT_SIDE | IN_SIDE

# Commands of a control wavelet, two bits each; COMMANDS of them in the low half of its word.
NOP = 0
ADVANCE = 1
RESET = 2
COMMANDS = 8
LEFT_SHIFT = 16  # four bits: commands left
KEEP_BIT = 1 << 20  # routers do not take their command off
STARTS_SHIFT = 21  # seven bits: 1 + number of the control task it starts, 0: none

REGISTERS = 32
DESCRIPTORS = 44  # registers of them: of the WSE-2, as published; the WSE-3 has 48
MICROTHREADS = 8
CONTROL_TASKS = 64
TASKS = 64
POSITIONS = 4

INWARD_OPS = (
    SET, COPY, IADD, IMUL, FADD, FSUB, FMUL, FDIV, FMAXS, FEXP, FSQRT, LOAD, STORE, JUMP, JUMP_LESS, LOW_HALF,
    HIGH_HALF, DESCRIBE, ADJUST,
)  # fmt: skip
"""Scalar instructions that change nothing but their core's registers, descriptors and memory."""
MOST_FREE = 8
"""Of these in a row without cost."""
