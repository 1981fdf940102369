"""y = x W as resident models decode it: a token's vector times a matrix, summed along columns, as their closed form is.

      x0 | W00 | W01 | W02 |      every core multiplies its part: one round of multiply-accumulates over its outputs
         +-----+-----+-----+
      x1 | W10 | W11 | W12 |      columns add up in a tree of two levels; a task wakes each core that adds
         +-----+-----+-----+
            y0    y1    y2        and the sum is broadcast to all cores of its column, or the next product begins

This is the op that `decode` adds up, by the same formulas, and so on any rectangle of cores. In a loop of products that
do not need each other's sums, as an operator is timed, a core goes on while the sum is on its way back: `broadcast:
overlapped`. `gemv` is a program for the same product that runs on simulated cores; it has no tasks in its tree.
"""

from __future__ import annotations

from wsesim.cores.kit.base import (
    Grid,
    KernelCase,
    KernelProgram,
    Options,
    Shape,
    Shares,
    choice_option,
    opening,
    sizes_of,
    whole_option,
)
from wsesim.hardware import Wafer
from wsesim.kernels import Cost
from wsesim.kernels.resident import VALUE_BYTES, Rectangle, allreduce, matvec
from wsesim.software import load_software

NAME = "decode-product"
STACK = "waferllm"
"""The program whose product it is; its rounds of scalar code stand in this stack."""
SCALAR = "launch"
"""What costs call scalar code and tasks."""
BACK = "broadcast"


def closed(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> float:
    """Return the cycles as designed: the product, the sum, and unless it is overlapped the broadcast."""
    return _cost(wafer, grid, shape, options).cycles


def need(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> int:
    """Return the bytes of a core's inputs, weights and outputs."""
    where, (inputs, outputs) = _rectangle(wafer, grid, options), _sizes(shape)
    turns, length = where.y.each(inputs), where.x.each(outputs)
    return (turns + turns * length + length) * VALUE_BYTES


def limits(case: KernelCase, cycles: float) -> Shares:
    """Return the part of scalar code and tasks, which is all that silicon slows down in resident models."""
    return {"scalar": _cost(case.wafer, case.grid, case.shape, case.options).serial[SCALAR] / cycles}


def _cost(wafer: Wafer, grid: Grid, shape: Shape, options: Options) -> Cost:
    """Return the cost as designed; what silicon takes longer follows from `limits`, as for all kernels."""
    where, (inputs, outputs) = _rectangle(wafer.as_designed(), grid, options), _sizes(shape)
    serial = dict(allreduce(where, values=where.each(outputs)).serial)
    if choice_option(options, BACK, ("waited", "overlapped")) == "overlapped":
        serial.pop(BACK, None)
    return matvec(where, inputs=inputs, outputs=outputs).then(Cost(serial=serial))


def _rectangle(wafer: Wafer, grid: Grid, options: Options) -> Rectangle:
    engine = load_software(STACK, overrides=_overrides(options)).for_inference()
    return Rectangle(wafer=wafer, columns=grid[0], rows=grid[1], software=engine)


def _overrides(options: Options) -> dict[str, object]:
    return {"inference.round_cycles": whole_option(options, "round", 1)} if "round" in options else {}


def _sizes(shape: Shape) -> Shape:
    return sizes_of(NAME, shape, "inputs and outputs", "256x256")


PROGRAM = KernelProgram(
    name=NAME,
    **opening(__doc__),
    shape_help="INPUTS x OUTPUTS: of the whole matrix",
    prepare=None,
    closed=closed,
    options={
        BACK: "waited or overlapped: whether the next product waits until all cores know the sum [waited]",
        "round": f"cycles of scalar code around the multiply-accumulates [those of software {STACK}]",
    },
    need=need,
    limits=limits,
)
