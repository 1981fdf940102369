"""A new kernel from nothing: every core of a row adds its neighbours' vectors to its own, as a stencil does.

    x0 <--> x1 <--> x2 <--> x3        each core sends its vector both ways at once, on microthreads,
                                      and adds what arrives: y1 = x0 + x1 + x2

Run it with `python examples/first_kernel.py`; it draws `first_kernel.svg`.
"""

from pathlib import Path

import numpy as np

from wsesim.cores.builder import Builder
from wsesim.cores.machine import CoreMachine
from wsesim.cores.show import core_map, heat_svg
from wsesim.hardware import load_cluster

CORES, LENGTH = 8, 100

# 1. A rectangle of cores on a wafer. A color is a path through the fabric. Each core may take only one stream in on a
#    color, so neighbours alternate: even cores send on one color of each direction, odd cores on the other.
program = Builder(load_cluster("cs-2").cluster.wafer, width=CORES, height=1)
east = [program.color(f"east {parity}") for parity in ("even", "odd")]
west = [program.color(f"west {parity}") for parity in ("even", "odd")]

# 2. A role is one instruction table: even and odd cores differ by color, those at the ends by what they exchange.
for column in range(CORES):
    role, parity = program.role(f"core {column}"), column % 2
    x, y = role.memory("x", LENGTH), role.memory("y", LENGTH)
    neighbours = []
    if column < CORES - 1:  # something lies to the east: send there, and take in what comes from there, westward
        role.route(east[parity], "RAMP", "EAST")
        role.route(west[1 - parity], "EAST", "RAMP")
        neighbours.append((east[parity], west[1 - parity]))
    if column > 0:
        role.route(west[parity], "RAMP", "WEST")
        role.route(east[1 - parity], "WEST", "RAMP")
        neighbours.append((west[parity], east[1 - parity]))
    with role.task("start", start=True):
        for thread, (away, _) in enumerate(neighbours):
            role.fmovs(role.fabout(away, LENGTH), x, thread=thread)
        role.fmovs(y, x)
        for _, toward in neighbours:
            role.fadds(y, y, role.fabin(toward, LENGTH))
        role.halt()
    program.place(role, [column], [0])

# 3. Load values, run, and compare with NumPy.
values = np.random.default_rng(0).integers(-9, 9, (CORES, LENGTH)).astype(float)
machine = CoreMachine(program)
for role, own in zip(program.roles, values, strict=True):
    machine.write(role, "x", own)
run = machine.run()
found = np.concatenate([machine.read(role, "y") for role in program.roles])
padded = np.pad(values, ((1, 1), (0, 0)))
assert np.array_equal(found, padded[:-2] + values + padded[2:])

print(f"{run.cycles} cycles for {LENGTH} values on each of {CORES} cores; {run.hops} wavelet hops; values as by NumPy")
Path("first_kernel.svg").write_text(heat_svg(core_map(run, "busy"), "Cycles a core works"), "utf-8")
