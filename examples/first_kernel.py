"""Every core of a row adds its neighbours' vectors to its own, as a stencil does.

x0 <--> x1 <--> x2 <--> x3        y1 = x0 + x1 + x2; the cores at the ends have one neighbour

Run it with `wsesim kernel examples/first_kernel.py --grid 8x1 --shape 100 --heatmap busy.svg`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wsesim import kit

Array = np.ndarray[Any, Any]


def operands(setup: kit.KernelSetup, random: np.random.Generator) -> Mapping[str, Array]:
    """Give every core a vector of whole numbers, of which three add up exactly: [row, column, element]."""
    return {"x": kit.exact.terms(random, (setup.rows, setup.columns, *setup.shape), kit.F32, depth=3)}


def body(core: kit.KernelCore) -> None:
    """Write what one core does. Memory starts at zero: beyond the ends there is nothing to add."""
    role, (length,) = core.role, core.setup.shape
    x, y, west, east = (role.memory(name, length) for name in ("x", "y", "from west", "from east"))
    core.row.shift(west, x)
    core.row.shift(east, x, back=True)
    role.fadds(y, x, west)
    role.fadds(y, y, east)


def meaning(setup: kit.KernelSetup, x: Array) -> Array:
    """Return what y must be, by NumPy."""
    padded: Array = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    return padded[:, :-2] + x + padded[:, 2:]


KERNEL = kit.kernel(
    name="neighbours", doc=__doc__, shape_help="LENGTH: values on each core", example="100", operands=operands,
    body=body, meaning=meaning,
)  # fmt: skip
