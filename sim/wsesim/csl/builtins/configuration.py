"""Builtins that set up a core before it starts: queues, colors, handlers, exports, registers of the configuration."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.builtins.registers import emit_intrinsic
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.routing import color_setting
from wsesim.csl.source import CslError
from wsesim.csl.values import VOID, FunctionRef, KnownValue, Value


@builtin("@initialize_queue", least=1, most=2)
def initialize_queue(use: Use) -> Value:
    """Bind a queue to a color."""
    use.effect()
    queue = use.known(0, "the queue")
    if queue.type not in (types.INPUT_QUEUE, types.OUTPUT_QUEUE):
        raise CslError(use.place(0), f"@initialize_queue of a {queue.type}", "@get_input_queue(n) makes a queue")
    fields = use.fields(1, "the properties")
    use.known_names(1, fields, ("color", "priority", "ctrl_table_id"))
    side = "input" if queue.type == types.INPUT_QUEUE else "output"
    if "color" not in fields:
        return VOID
    color = fields["color"]
    if not isinstance(color, KnownValue) or not isinstance(color.data, int):
        raise CslError(use.place(1), f".color is of type {color.type}", "it is a color known while compiling")
    if (side, queue.data) in use.frame.program.setup.queues:
        raise CslError(use.at, f"{side} queue {queue.data} is initialised twice", "once for each queue")
    use.frame.program.setup.queues[side, queue.data] = color.data
    return VOID


@builtin("@set_local_color_config", least=2)
def set_local_color_config(use: Use) -> Value:
    """Routes of a color on this core."""
    use.effect()
    color = use.known(0, "the color")
    if color.type != types.COLOR:
        raise CslError(use.place(0), f"the color is of type {color.type}", "@get_color(n) makes one")
    setting = color_setting(use.value(1), use.place(1), use.frame.program.options.arch, color.data)
    if color.data in use.frame.program.setup.colors:
        raise CslError(use.at, f"color {color.data} is configured twice on this core", "once for each color")
    use.frame.program.setup.colors[color.data] = setting
    return VOID


@builtin("@export_symbol", least=1, most=2)
def export_symbol(use: Use) -> Value:
    """The host may name a variable or a function."""
    use.effect()
    from wsesim.csl import tree
    from wsesim.csl.access import place, pointer_to

    node = use.node.arguments[0]
    default = node.name if isinstance(node, tree.Name | tree.Member) else ""
    name = use.text(1, "the name") if use.count == 2 else default
    if not name:
        raise CslError(use.place(0), "this has no name of its own", '@export_symbol(x, "name")')
    if first := next((at for known, _, _, at in use.frame.program.setup.exports if known == name), None):
        raise CslError(
            use.at, f"{name} is exported twice, first in line {first.line}", f'@export_symbol({name}, "other")'
        )
    where = place(node, use.frame)
    value = pointer_to(where, use.frame, use.at) if where is not None else use.value(0)
    use.frame.program.setup.exports.append((name, value, where is not None, use.at))
    return VOID


@builtin("@set_teardown_handler", least=2)
def set_teardown_handler(use: Use) -> Value:
    """The function that task 29 calls when a color is in teardown."""
    use.effect()
    use.frame.program.setup.teardowns.append((_numbered(use, "color", types.COLOR), _function(use), use.at))
    return VOID


@builtin("@set_empty_queue_handler", least=2)
def set_empty_queue_handler(use: Use) -> Value:
    """The function that task 29 calls when a queue that is flushed is empty."""
    use.effect()
    queues = (types.INPUT_QUEUE, types.OUTPUT_QUEUE)
    use.frame.program.setup.flushes.append((_numbered(use, "queue", *queues), _function(use), use.at))
    return VOID


def _numbered(use: Use, what: str, *kinds: types.CslType) -> int:
    """The number of a color or queue, the second argument."""
    value = use.known(1, f"the {what}")
    if value.type not in kinds:
        raise CslError(use.place(1), f"the {what} is of type {value.type}", f"@get_{kinds[0]}(n) makes one")
    return int(value.data)


def _function(use: Use) -> FunctionRef:
    value = use.known(0, "the handler")
    if not isinstance(value.data, FunctionRef):
        raise CslError(use.place(0), f"{use.node.name} of a {value.type}", "it takes a function")
    return value.data


@builtin("@set_control_task_table", least=0, most=1)
def set_control_task_table(use: Use) -> Value:
    """Control tasks have ids of their own."""
    use.effect()
    use.frame.program.setup.control_table = True
    return VOID


@builtin("@queue_flush", least=1)
def queue_flush(use: Use) -> Value:
    """Activate task 29 when the queue is empty."""
    return emit_intrinsic(use, "queue_flush", types.VOID, [use.value(0)])


@builtin("@get_config", "@get_config_unchecked", least=1, most=2)
def get_config(use: Use) -> Value:
    """What a register of the configuration holds."""
    return emit_intrinsic(use, "config_read", types.U16, [use.value(0, types.U16)])


@builtin("@set_config", "@set_config_unchecked", least=2, most=3)
def set_config(use: Use) -> Value:
    """Write a register of the configuration."""
    return emit_intrinsic(use, "config_write", types.VOID, [use.value(0, types.U16), use.value(1, types.U16)])


@builtin("@set_active_prng", least=1)
def set_active_prng(use: Use) -> Value:
    """Which generator of random numbers is used."""
    return emit_intrinsic(use, "select_prng", types.VOID, [use.value(0, types.U16)])


@builtin("@has_exported_tensors", least=0)
def has_exported_tensors(use: Use) -> Value:
    """Internal to the old launch."""
    return KnownValue(types.BOOL, False)


@builtin("@get_symbol_id", "@get_symbol_value", "@get_tensor_ptr", least=1, most=2)
def get_symbol(use: Use) -> Value:
    """Internal to the old launch."""
    raise CslError(use.at, f"{use.node.name} is internal to the old launch", "export a function by @export_symbol")
