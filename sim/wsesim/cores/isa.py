"""The instruction set as numbers: what a row of an instruction table means to the engine and to the builder.

An instruction is a row of `WIDTH` integers. Vector instructions run over descriptors: memory (one or two dimensions),
fabric in, fabric out, or a register as a scalar. Everything here is a plain constant so that compiled code can use it.
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
SET = 20  # r[dest] = imm
COPY = 21  # r[dest] = r[src]
IADD = 22  # r[dest] = r[src] + r[src2] (or imm)
IMUL = 23  # r[dest] = r[src] * r[src2] (or imm)
FADD = 24
FSUB = 25
FMUL = 26
FDIV = 27
FEXP = 28
FSQRT = 29
LOAD = 30  # r[dest] = memory
STORE = 31  # memory = r[src]
JUMP = 32  # go to imm
JUMP_LESS = 33  # go to imm if r[src] < r[src2]; COST if it does, COST + COST_ELSE if not
ACTIVATE = 34
BLOCK = 35
UNBLOCK = 36
CONTROL = 37  # send a control wavelet, whose word is imm
STAMP = 38  # r[dest] = cycle counter
END = 39  # the task is over
HALT = 40  # the core is done
WAIT = 41  # cost only
FMAXS = 42
SWITCH = 43  # rewrite the own router's switch position: LENGTH is the place, imm the color
LOW_HALF = 44  # r[dest] = low 16 bits of the word r[src], as fp16
HIGH_HALF = 45  # r[dest] = high 16 bits of the word r[src], as a whole number

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

# Columns of an instruction.
OP = 0
SLOT = 1  # 0: the main thread waits for it; 1-8: runs on microthread 0-7
LENGTH = 2
LENGTH_REG = 3  # -1: LENGTH holds it
ON_DONE_ACTIVATE = 4  # task, -1: none
ON_DONE_UNBLOCK = 5
COST = 6  # cycles before the first element, or of a scalar instruction
COST_ELSE = 7  # cycles of a branch not taken, less those of one taken
PER_ISSUE = 8  # elements handled in one issue
ISSUE_CYCLES = 9  # cycles between two issues
SLOW_CYCLES = 10  # the same when two reads fall into the same banks
BANK_A = 11  # number of the first operand read from memory, 0-3; -1: no two reads
BANK_B = 12
BANK_OFFSET = 13  # byte address of the first minus the second, less what their cells account for
FABRICS = 14  # bit per operand that is fabric
IMM = 15  # immediate: integer, or the bits of a float
LINE = 16  # number of the place in the builder's source, for messages
TYPE = 17
BANK_PERIOD = 18  # bytes after which the banks repeat, a power of two
BANK_REACH = 19  # bytes, modulo that, nearer than which two reads meet in a bank
ROW = 20  # elements of a row of a descriptor of two dimensions, if a row ends within an issue; else 0
TAIL_CYCLES = 21  # of the last issue of such a row
TAIL_SLOW_CYCLES = 22
TAIL_REACH = 23
SIDES = 24  # of the datapath that an issue takes up: OUT_SIDE, IN_SIDE or both
LINE_A = 25  # address of cell 0 of operand BANK_A, modulo 16 bytes; -1: reads do not go by lines
LINE_B = 26
DEST, SRC0, SRC1, SRC2 = 27, 36, 45, 54
WIDTH = 63

# Columns of an operand, from its start.
KIND = 0
ADDRESS = 1  # cell, register, or the core's queue
OFFSET_REG = 2  # -1, or the register added to ADDRESS
STRIDE = 3
INNER = 4  # elements of the inner dimension; 0: one dimension
OUTER_STRIDE = 5
ELEMENT = 6  # type of its elements
BYTES = 7  # of an element
COLOR = 8  # of a fabric operand
OPERAND_WIDTH = 9

# Ports of a router; the opposite of port p is p ^ 1. INWARD numbers the queue from the ramp to the program.
WEST = 0
EAST = 1
NORTH = 2
SOUTH = 3
RAMP = 4
PORTS = 5
INWARD = 5

# Sides of the datapath, numbered as FABRICS is for a move: from memory to the fabric, from the fabric to memory.
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
MICROTHREADS = 8
TASKS = 64
POSITIONS = 4
