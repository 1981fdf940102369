"""What the compiled engine reads and writes: an array of records for each kind of thing, their fields by name.

A core's own record is one line of a cache, and what belongs to one core lies together in every other array; cores
stand row by row. What is the same on all cores of a role stands once, in the tables of roles. All whole numbers are
signed, so that compiled and uncompiled code mix them alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from wsesim.cores.codestate import CodeState
from wsesim.cores.issues import MemoryFigures

Array = np.ndarray[Any, Any]

QUEUES = 62
"""On one core: their bits fit an integer."""
MOST_WORDS = 1 << 14
"""In one queue."""
SPAN = 32
"""Cycles of the calendar."""
LOOK = 15
"""Cycles from now on for which somebody may be put on it."""
LAST_CYCLE = 1 << 29
"""Where runs stop at the latest, so that cycles fit 31 bits."""
NEVER = (1 << 31) - 1
"""A cycle that does not come."""
CONTROL_SHIFT, READY_SHIFT = 32, 33
"""A word of a queue: cycle from which it is seen << READY_SHIFT | whether it is control << CONTROL_SHIFT | data."""
OUTSIDE_MEMORY, NO_CONTROL_TASK, NOBODY_THERE, NO_DESCRIPTOR = 1, 2, 3, 4
"""Kinds of faults."""
PAUSED, QUIET, HUNG, FAULTY = 0, 1, 2, 3
"""How a run ended."""
IDLE, COMPUTE, BANK, LAUNCH, FABRIC, ROOM = 0, 1, 2, 3, 4, 5
CAUSES = ("idle", "compute", "banks", "launch", "fabric wait", "queue wait")
"""What cycles of a core go to: no task and no vector instruction under way; elements at full rate; what they take
longer by banks and lines of memory; starts of tasks and instructions, and scalar code; waiting for a wavelet to arrive;
waiting for room to send one."""
TASK_SLOT, CALL_SLOT, RETURN_SLOT = -1, -2, -3
"""Slots of rows of the log: of a task, whose line is its number (of compiled code its first step); of compiled code,
where a function begins and where it returns."""
SENT_SHIFT, RECEIVED_SHIFT = 32, 40
"""In `more` of a row of the log: elements, 1 + color sent << SENT_SHIFT, 1 + color received << RECEIVED_SHIFT."""
LINE_BYTES = 64
"""Of the computer's cache."""

CORE = np.dtype([
    ("pending", "i8"),  # bit per queue that holds something
    ("activated", "i8"),  # bit per task
    ("blocked", "i8"),  # bit per task
    ("memory", "i8"),  # its first word of memory; even
    ("counter", "i4"),  # instruction of the running task, -1: none
    ("ready", "i4"),  # cycle from which the main thread goes on
    ("free", "i4"),  # cycle from which the datapath is free
    ("rests", "i4"),  # cycle before which its program can do nothing, unless it is roused
    ("covered", "i4"),  # cycle up to which it is known where cycles went
    ("role", "i4"),
    ("live", "i2"),  # bit per thread that runs a vector instruction; bit 0 is the main thread
    ("first", "i1"),  # queue the router looks at first: the one that lost a link last time
    ("turn", "i1"),  # thread that may issue first
    ("halted", "i1"),
    ("waits", "i1"),  # what cycles from `covered` on go to, unless it works: IDLE, or one of CAUSES
    ("edges", "i1"),  # bit per port without a neighbour
    ("watched", "i1"),  # whether its instructions are logged
])  # fmt: skip
TALLY = np.dtype([
    ("busy", "i4"),  # cycles the datapath or the main thread worked
    ("occupied", "i4"),  # cycles with a task or a vector instruction under way, less the cycle since which one is
    ("task", "i4"),  # the running task
    ("begun", "i4"),  # its first cycle
    ("spent", "i4", (6,)),  # cycles by cause, numbered as CAUSES
])  # fmt: skip
THREAD = np.dtype([
    ("done", "i4"),  # elements done
    ("wanted", "i4"),  # elements in all
    ("line", "i4"),  # instruction
    ("next", "i4"),  # cycle of the next issue
    ("pace", "i4"),  # cycles between two issues
    ("tail", "i4"),  # cycles of the last issue of a row
    ("full", "i4"),  # `pace` at full rate
    ("tail_full", "i4"),  # `tail` at full rate
    ("row", "i4"),  # elements of a row of two dimensions, if a row ends within an issue; else 0
    ("later", "i4"),  # cycles by which the last issue takes longer
    ("started", "i4"),
    ("addresses", "i4", (4,)),  # of the first element of each operand: the word of the core's memory
    ("per_issue", "i2"),  # elements
    ("fabrics", "i1"),  # bit per operand that is fabric
    ("sides", "i1"),  # of the datapath that an issue takes up: isa.OUT_SIDE, IN_SIDE or both
])  # fmt: skip
QUEUE = np.dtype([
    ("freed", "i4"),  # cycle in which a word was taken out; its place is free from the next cycle on
    ("pushed", "i4"),  # words that ever entered
    ("words", "i4"),  # its first word among those of its core
    ("head", "i2"),
    ("count", "i2"),
    ("room", "i2"),  # words it holds
    ("mask", "i1"),  # ports its wavelets leave by now, or isa.DROPS; 0: the switch listens elsewhere
], align=True)  # fmt: skip
FILTER = np.dtype([
    ("first", "i4"),  # wavelet of a period that passes first
    ("count", "i4"),  # how many pass from there on
    ("period", "i4"),  # wavelets after which counting starts again; 0: never
    ("seen", "i4"),  # wavelets of this period so far
    ("kind", "i4"),  # 0: as above; else of compiled code, see engine.code_routes
    ("flags", "i4"), ("low", "i4"), ("high", "i4"),
])  # fmt: skip
ROLE = np.dtype([
    ("forward", "i8"),  # bit per queue that the router forwards; the others hold what waits for the program
    ("urgent", "i8"),  # bit per task of high priority
    ("words", "i8"),  # of memory
])  # fmt: skip
CHANNEL = np.dtype([
    ("color", "i4"),
    ("port", "i4"),  # side its words come from; isa.INWARD if they go to the program
    ("task", "i4"),  # that a wavelet in it starts, -1: none
    ("filter", "i4"),  # before it, -1: none
    ("begins", "i4"),  # cycles from a wavelet's arrival to the first instruction of its task, in programs of roles
])  # fmt: skip
SWITCH = np.dtype([
    ("queue", "i4"),  # that a position listens to
    ("mask", "i4"),  # ports that it sends to, or isa.DROPS
    ("following", "i4"),  # position that comes next
])  # fmt: skip
INSTRUCTION = np.dtype([
    ("immediate", "i8"),  # integer, bits of a float, word of a control wavelet
    ("length", "i8"),  # elements; -1: the descriptors say it
    ("lanes", "f8"),  # of the datapath
    ("op", "i4"),
    ("kind", "i4"),  # type of its elements
    ("slot", "i4"),  # 0: the main thread waits for it; 1-8: runs on microthread 0-7
    ("length_register", "i4"),  # -1: `length` holds it
    ("activate", "i4"),  # task to activate in the end, -1: none; of a scalar instruction the task it is about
    ("unblock", "i4"),
    ("target", "i4"),  # instruction a jump leads to, position of a switch
    ("cost", "i4"),  # cycles before the first element, or of a scalar instruction
    ("cost_else", "i4"),  # cycles of a branch not taken, less those of one taken
    ("inward", "i4"),  # whether nobody but its core can see when it runs
    ("described", "i4"),  # bit per operand that a register of descriptors holds; if any, what follows is reckoned anew
    ("passes", "i4"),  # whether a move to the fabric and one from it go side by side
    ("fabrics", "i4"),  # as of a thread, the next two as well
    ("sides", "i4"),
    ("per_issue", "i4"),
    ("cycles", "i4"),  # between two issues
    ("slow_cycles", "i4"),  # the same when two reads fall into the same banks
    ("bank_a", "i4"),  # number of the first operand read from memory, 0-3; -1: no two reads
    ("bank_b", "i4"),
    ("bank_period", "i4"),  # bytes after which the banks repeat, a power of two
    ("bank_reach", "i4"),  # bytes, modulo that, nearer than which two reads meet in a bank
    ("row", "i4"),  # as of a thread
    ("tail_cycles", "i4"),  # of the last issue of such a row
    ("tail_slow_cycles", "i4"),
    ("tail_reach", "i4"),
    ("by_lines", "i4"),  # whether the two reads go by lines
])  # fmt: skip
OPERAND = np.dtype([
    ("kind", "i4"),  # isa.MEM and so on; of a register of descriptors that nobody has written, isa.NONE
    ("element", "i4"),  # type of its elements
    ("words", "i4"),  # of an element
    ("address", "i4"),  # word of memory, number of a register, the core's queue, or the color of a switch
    ("register", "i4"),  # so many elements are added to the address, -1: none
    ("stride", "i4"),  # words; elements where an instruction of another type may use it: in a register of descriptors
    ("inner", "i4"),  # elements of the inner dimension; 0: one dimension
    ("outer", "i4"),  # stride of the outer one, as `stride`
    ("length", "i4"),  # elements
    ("keeps", "i4"),  # whether it begins the next time where an instruction has ended
])  # fmt: skip
CLOCK = np.dtype([(name, "i8") for name in (
    "now",
    "worked",  # end of the last cycle in which a core worked or a router forwarded
    "events",
    "moved",  # last cycle in which a wavelet or an element moved
    "acted",  # last cycle in which a program did something
    "logged",  # rows of the log
    "noted",  # events
    "fault", "fault_core", "fault_line", "fault_cycle",  # the first thing that none can do
    "described",  # words of memory that operands in registers of descriptors read and write
    "hop", "ramp", "detours",  # whether some links take longer
    "task_cycles",  # start of a task by a wavelet or at the launch
    "activation_cycles",  # start of a task that the core itself activated
    "line_bytes",  # of the lines in which long vectors of 16-bit elements are read
    "width",  # cores in a row
    "ahead",  # cycles that a band of cores goes through at once
    "band",  # cores of it, in words of the calendar
    "threads",  # the program uses, the main thread too
    "scalars_first",  # whether the main thread goes before microthreads; else they take turns
    "patience",  # cycles without moved or acted that are taken for a hang
    "registers",  # address at which compiled code finds those of colors
)])  # fmt: skip
EVENT = np.dtype([
    ("core", "i4"),
    ("kind", "i2"),  # ISSUE and so on
    ("slot", "i2"),  # thread
    ("number", "i4"),  # instruction; of a task that begins the task; of a wavelet that is forwarded its queue
    ("start", "i4"),
    ("end", "i4"),  # of a launch, when its first elements are due
    ("more", "i4"),  # of an issue, its cycles at full rate; of a task, 1 + queue of its wavelet, or -1: it only
    # takes a breath; of a wavelet, ports
])  # fmt: skip
ISSUE, SCALAR, LAUNCHED, COMPLETED, BEGUN, FORWARDED = range(6)
"""Kinds of events: elements issued, a scalar instruction, a vector instruction put on a thread, one taken off it, a
task that begins, a wavelet that a router forwards."""
OBEYED = 1 << 5
"""Beside the ports of a wavelet: a control wavelet that the router obeyed."""
LOG = np.dtype([(name, "i8") for name in ("core", "slot", "line", "start", "end", "more")])


class State(NamedTuple):
    """A machine: its program, its cores and its clock."""

    clock: Array
    """[1] CLOCK"""
    code: Array
    """[instruction] INSTRUCTION"""
    operands: Array
    """[instruction, 4] OPERAND, the destination first"""
    roles: Array
    """[role] ROLE"""
    entries: Array
    """[role, task] first instruction, -1: no such task"""
    control_task: Array
    """[role, number] task that a control wavelet starts, -1: none"""
    channels: Array
    """[role, queue] CHANNEL"""
    places: Array
    """[role, color, port] queue of what comes from there, -1: none"""
    switches: Array
    """[role, color, position] SWITCH"""
    cores: Array
    """[core] CORE"""
    tallies: Array
    """[core] TALLY"""
    threads: Array
    """[core, slot] THREAD"""
    queues: Array
    """[core, queue] QUEUE"""
    ring: Array
    """[core, word] of its queues, one after the other"""
    filters: Array
    """[core, filter] FILTER"""
    position: Array
    """[core, color] of its switch"""
    registers: Array
    """[core, register] float64"""
    descriptors: Array
    """[core, number] OPERAND: registers that the program writes"""
    described: Array
    """[core, slot, 4] OPERAND: of instructions that name such registers, what their operands are"""
    figures: MemoryFigures
    """What issues are reckoned with."""
    memory: Array
    """[word] uint16, the low half of what takes two words first"""
    floats: Array
    """The same memory as float32, for those that begin at even words."""
    executed: Array
    """[instruction] elements handled; of a scalar instruction, times it ran"""
    log: Array
    """[row] LOG"""
    events: Array
    """[event] EVENT in the order in which they happened, as many as there is room for; no rows: none is noted"""
    ways: Array
    """[port, 2] core and queue that the wavelet being forwarded goes to"""
    detours: Array
    """[core, port] cycles that a wavelet takes longer that came through that port of its sender; no rows: none does"""
    visits: Array
    """[turn] the cores to visit in this cycle"""
    code_state: CodeState
    """Of compiled code."""
    due: Array
    """[cycle modulo SPAN, 1 + core // 64] bit per core to visit then; before them, whether any is"""


def zeros(shape: int | tuple[int, ...], dtype: Any) -> Array:
    """Return an array of zeros that begins where a line of the cache does."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    found: Array = room[start : start + size].view(dtype).reshape(shape)
    return found
