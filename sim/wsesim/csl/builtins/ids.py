"""Builtins that make colors, queues, ids."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.source import CslError
from wsesim.csl.types import CslType
from wsesim.csl.values import KnownValue, Runtime, Value

RANGES: dict[str, tuple[CslType, int, int]] = {
    "@get_color": (types.COLOR, 0, 31),
    "@get_input_queue": (types.INPUT_QUEUE, 0, 7),
    "@get_output_queue": (types.OUTPUT_QUEUE, 0, 7),
    "@get_ut_id": (types.UT, 0, 7),
    "@get_control_task_id": (types.CONTROL_TASK, 0, 63),
    "@get_local_task_id": (types.LOCAL_TASK, 0, 30),
}


@builtin(*RANGES, least=1)
def get_id(use: Use) -> Value:
    """A color, queue or id of a number."""
    of, low, high = RANGES[use.node.name]
    if of == types.UT and use.frame.program.options.arch == "wse2":
        raise CslError(use.at, "microthreads have no ids on wse2", "an operation takes that of its queue")
    if use.node.name == "@get_output_queue" and use.frame.program.options.arch == "wse2":
        high = 5
    if use.node.name == "@get_local_task_id" and use.frame.program.options.arch == "wse3":
        low = 8
    return _made(use, of, low, high)


def _made(use: Use, of: CslType, low: int, high: int) -> Value:
    value = use.value(0)
    if isinstance(value.type, types.Opaque | types.Enum):
        return _retyped(value, of)
    if not isinstance(value.type, types.Int) and value.type != types.COMPTIME_INT:
        raise CslError(use.place(0), f"{use.node.name} of a {value.type}", "it takes an integer")
    if not isinstance(value, KnownValue):
        return Runtime(of, use.frame.register(value, use.at))
    if not low <= value.data <= high:
        arch = use.frame.program.options.arch
        raise CslError(use.place(0), f"{use.node.name}({value.data})", f"on {arch} it takes {low} to {high}")
    return KnownValue(of, value.data)


def _retyped(value: Value, of: CslType) -> Value:
    return KnownValue(of, value.data) if isinstance(value, KnownValue) else Runtime(of, value.register)  # type: ignore[attr-defined]


@builtin("@get_data_task_id", least=1)
def get_data_task_id(use: Use) -> Value:
    """The id of the task that data of a color (WSE-2) or an input queue (WSE-3) start."""
    value = use.value(0)
    arch = use.frame.program.options.arch
    wanted = types.INPUT_QUEUE if arch == "wse3" else types.COLOR
    other = types.COLOR if arch == "wse3" else types.INPUT_QUEUE
    if value.type == other:
        raise CslError(use.place(0), f"@get_data_task_id of a {other}", f"on {arch} it takes the {wanted}")
    return _made(use, types.DATA_TASK, 0, 31)


@builtin("@get_filter_id", least=1)
def get_filter_id(use: Use) -> Value:
    """The filter of a color: its color, by which our registers know it."""
    return _retyped(use.value(0), types.U16)


def id_register(value: Value, use: Use, at: object) -> int:
    """The register that holds the number of an id, color, queue, or of what a task is bound to.

    Raises:
        CslError: It has no number.
    """
    from wsesim.csl.values import FunctionRef

    if isinstance(value, KnownValue) and isinstance(value.data, FunctionRef) and value.data.declaration.task:
        return use.frame.register(value, use.at)
    if not isinstance(value.type, types.Opaque | types.Int) and value.type != types.COMPTIME_INT:
        raise CslError(use.at, f"{use.node.name} of a {value.type}", "it takes an id, a color, a queue or a task")
    return use.frame.register(value, use.at)
