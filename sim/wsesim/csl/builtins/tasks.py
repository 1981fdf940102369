"""Builtins of tasks: bind, activate, block."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.builtins.ids import id_register
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.core import whole_of
from wsesim.csl.image import Operation
from wsesim.csl.rotating import MOST_ROTATIONS, Rotation
from wsesim.csl.source import CslError
from wsesim.csl.values import VOID, FunctionRef, KnownValue, Value

KINDS = {
    "@bind_data_task": ("data", types.DATA_TASK),
    "@bind_local_task": ("local", types.LOCAL_TASK),
    "@bind_control_task": ("control", types.CONTROL_TASK),
}


@builtin(*KINDS, least=2)
def bind(use: Use) -> Value:
    """A task runs by an id from now on."""
    use.effect()
    kind, of = KINDS[use.node.name]
    ref = _task(use)
    value = use.known(1, "the id")
    if value.type not in (of, types.COLOR):
        raise CslError(use.place(1), f"{use.node.name} to a {value.type}", f"@get_{of}(n) makes one")
    _enter(use, kind, value.data, ref)
    return VOID


def _task(use: Use, index: int = 0) -> FunctionRef:
    value = use.known(index, "the task")
    if not isinstance(value.data, FunctionRef):
        raise CslError(use.place(index), f"{use.node.name} of a {value.type}", "it takes a task")
    if not value.data.declaration.task:
        name = value.data.declaration.name
        raise CslError(use.place(index), f"{name} is a function, not a task", f"declare it: task {name}(...) void")
    if isinstance(value.type, types.Function) and value.type.result != types.VOID:
        name = value.data.declaration.name
        raise CslError(use.place(index), f"task {name} returns a {value.type.result}", "a task returns void")
    return value.data


def _enter(use: Use, kind: str, number: int, ref: FunctionRef) -> None:
    parameters = len(ref.declaration.parameters)
    if kind == "local" and parameters:
        raise CslError(use.place(0), f"{ref.declaration.name} takes arguments", "a local task takes none")
    if kind == "data" and not parameters:
        raise CslError(
            use.place(0), f"{ref.declaration.name} takes no argument", "a data task takes what the wavelet carries"
        )
    for other, taken, bound, _ in use.frame.program.setup.tasks:
        if (other == kind or {other, kind} <= {"local", "data"}) and taken == number:
            name = bound.declaration.name
            raise CslError(use.place(1), f"id {number} is bound to {name} already", "each id has one task")
    use.frame.program.setup.tasks.append((kind, number, ref, use.at))


@builtin("@bind_task", least=2)
def bind_task(use: Use) -> Value:
    """As files before 1.0 bind: what takes arguments is a data task."""
    use.effect()
    ref = _task(use)
    value = use.known(1, "the color")
    _enter(use, "data" if ref.declaration.parameters else "local", value.data, ref)
    return VOID


@builtin("@bind_rotating_tasks", least=4)
def bind_rotating_tasks(use: Use) -> Value:
    """A data task, and another that starts in its place whenever the first has started so often (WSE-3)."""
    use.effect()
    setup, value = use.frame.program.setup, use.known(2, "the id")
    if use.frame.program.options.arch == "wse2":
        raise CslError(use.at, "@bind_rotating_tasks on wse2", "tasks rotate on wse3")
    if value.type != types.DATA_TASK:
        raise CslError(use.place(2), f"{use.node.name} to a {value.type}", "@get_data_task_id(queue) makes one")
    fields = use.fields(3, "the options")
    use.known_names(3, fields, ("limit", "init"))
    if "limit" not in fields:
        raise CslError(use.place(3), f"{use.node.name} without .limit", ".limit = n")
    if len(setup.rotations) >= MOST_ROTATIONS:
        raise CslError(use.at, f"more than {MOST_ROTATIONS} pairs of rotating tasks", "a core has so many counters")
    limit, first = (
        whole_of(fields[name], use.place(3), f".{name}", 0, 0xFFFF) if name in fields else 0
        for name in ("limit", "init")
    )
    _enter(use, "data", value.data, _task(use))
    setup.rotations[value.data] = Rotation(_task(use, 1), limit, first, use.at)
    return VOID


@builtin("@activate", least=1)
def activate(use: Use) -> Value:
    """Mark a local task active."""
    value = use.value(0)
    if value.type not in (types.LOCAL_TASK, types.COLOR) and not _is_task(value):
        raise CslError(use.place(0), f"@activate of a {value.type}", "it takes a local_task_id")
    if use.frame.body is None:
        use.effect()
        use.frame.program.setup.active.append((value, use.at))
        return VOID
    use.frame.code.emit(Operation.ACTIVATE, use.at, a=id_register(value, use, use.place(0)))
    return VOID


def _is_task(value: Value) -> bool:
    return isinstance(value, KnownValue) and isinstance(value.data, FunctionRef) and value.data.declaration.task


@builtin("@block", "@unblock", least=1)
def block(use: Use) -> Value:
    """Keep a task, color or queue from starting tasks, or let it again."""
    value = use.value(0)
    if isinstance(value.type, types.Int | types.Float) or value.type == types.COMPTIME_INT:
        raise CslError(use.place(0), f"{use.node.name} of a {value.type}", "it takes an id, a color or a queue")
    arch = use.frame.program.options.arch
    if arch == "wse3" and value.type == types.COLOR:
        raise CslError(use.place(0), f"{use.node.name} of a color", "on wse3 it takes the input queue")
    if use.frame.body is None:
        use.effect()
        setup = use.frame.program.setup
        (setup.blocked_values if use.node.name == "@block" else setup.unblocked_values).append((value, use.at))
        return VOID
    operation = Operation.BLOCK if use.node.name == "@block" else Operation.UNBLOCK
    register = id_register(value, use, use.place(0))
    use.frame.code.emit(operation, use.at, a=register, n=1 if value.type == types.UT else 0)
    return VOID


@builtin("@rpc", least=1)
def rpc(use: Use) -> Value:
    """Implied since 1.1."""
    return VOID
