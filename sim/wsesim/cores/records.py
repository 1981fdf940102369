"""Columns of the few arrays that hold a machine's state, for the compiled engine and for what fills and reads them.

Three arrays carry nearly everything: a row of integers per core, a row of integers per queue (one cache line: all a
router has to know about it), and one ring of words for all queues.
"""

from __future__ import annotations

# A core: one row of int64, what is used most at the front.
PENDING = 0  # bit per queue that holds something
FORWARD = 1  # bit per queue that its router forwards; the others hold what waits for the program
QUEUE = 2  # row of its first queue
FIRST = 3  # queue the router looks at first: the one that lost a link last time
LIVE = 4  # bit per thread that runs a vector instruction; bit 0 is the main thread
COUNTER = 5  # instruction of the running task, -1: none
FREE = 6  # cycle from which the datapath is free
TURN = 7  # thread that may issue first
BUSY = 8  # cycles the datapath or the main thread worked
SINCE = 9  # cycle since which that is so, -1: it is not
READY = 10  # cycle from which the main thread goes on
HALTED = 11
ACTIVATED = 12  # bit per task
BLOCKED = 13  # bit per task
WATCHED = 14  # whether its instructions are logged
ROLE = 15
CELL = 16  # its first memory cell
CELLS = 17  # how many it has
URGENT = 18  # bit per task of high priority
OCCUPIED = 19  # cycles with a task or a vector instruction under way, up to SINCE
TASK = 20  # the running task
TASK_START = 21
COVERED = 22  # end of the last cycle counted in BUSY
THREADS = 23  # the rows of its threads follow

# A thread of a core, from the start of its row.
THREAD_LINE = 0  # instruction
DONE = 1  # elements done
WANTED = 2  # elements in all
NEXT = 3  # cycle of the next issue
PACE = 4  # cycles between two issues
STARTED = 5
BASE = 6  # first cell of each of the four operands
TAIL = 10  # cycles of the last issue of a row
LATER = 11  # cycles by which the last issue takes longer
THREAD_WIDTH = 12

# A queue: one row of int32.
RING = 0  # its first word in the ring
ROOM = 1  # how many words it holds
HEAD = 2
COUNT = 3
FREED = 4  # cycle in which a word was taken out; its place is free from the next cycle on
MASK = 5  # ports its wavelets leave by now; 0: the switch listens elsewhere
OWNER = 6  # core
FEEDER = 7  # core that pushes into it
TARGET = 8  # queue behind each of the five ports
COLOR = 13
BIT = 14  # its number on the core
PUSHED = 15  # words that ever entered
QUEUE_WIDTH = 16
FILTER_FIRST = 8  # of a queue the program reads, which forwards nothing: first wavelet of a period that passes
FILTER_COUNT = 9  # how many pass from there on; 0: no filter
FILTER_PERIOD = 10  # wavelets after which counting starts again; 0: never
FILTER_SEEN = 11  # wavelets of this period so far
QUEUES = 62  # on one core: their bits fit an integer

# A word of a ring: ready cycle << READY_SHIFT | control << CONTROL_SHIFT | data.
CONTROL_SHIFT = 32
READY_SHIFT = 33
LAST_CYCLE = 1 << 29
"""Where runs stop at the latest, so that ready cycles fit."""

# The clock: what a run is told, and what it tells.
NOW = 0
WORKED = 1  # end of the last cycle in which a core worked or a router forwarded
EVENTS = 2
MOVED = 3  # last cycle in which a wavelet or an element moved
ACTED = 4  # last cycle in which a program did something
LOGGED = 5
FAULT_CORE = 6
FAULT_LINE = 7
FAULT = 8
HOP = 9
RAMP_CYCLES = 10
TASK_CYCLES = 11  # start of a task by a wavelet or at the launch
MICROTHREADS = 12  # the program uses
PATIENCE = 13  # cycles without MOVED or ACTED that are taken for a hang
ACTIVATION_CYCLES = 14  # start of a task that the core itself activated
LINE_BYTES = 15  # of the lines in which long vectors of 16-bit elements are read
SCALARS_FIRST = 16  # 1 if instructions of the main thread go before elements of microthreads
CLOCK = 17

# Buckets of the calendar: the cores that are due in each of the next cycles.
SPAN = 16

# Kinds of faults.
OUTSIDE_MEMORY = 1
NO_CONTROL_TASK = 2
NOBODY_THERE = 3

# A row of the log.
LOG_CORE, LOG_SLOT, LOG_LINE, LOG_START, LOG_END = 0, 1, 2, 3, 4
LOG_WIDTH = 5
TASK_SLOT = -1  # the row is a task; LOG_LINE is its number

# How a run ended.
PAUSED, QUIET, HUNG, FAULTY = 0, 1, 2, 3
