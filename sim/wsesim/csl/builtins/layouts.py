"""Builtins of layout blocks."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.builtins.table import Use, builtin
from wsesim.csl.colors import ColorSetting
from wsesim.csl.image import ExportedName
from wsesim.csl.layout import MOST_KEYS, LaidOut
from wsesim.csl.routing import color_setting
from wsesim.csl.source import CslError
from wsesim.csl.values import VOID, KnownValue, Value, is_known, struct_of


def _layout(use: Use) -> LaidOut:
    if not use.frame.program.is_layout or use.frame.program.layout is None:
        raise CslError(use.at, f"{use.node.name} outside a layout block", "it stands in layout { } or what that calls")
    layout: LaidOut = use.frame.program.layout
    return layout


@builtin("@set_rectangle", least=2)
def set_rectangle(use: Use) -> Value:
    """How many columns and rows of cores the program has."""
    layout = _layout(use)
    if layout.rectangle is not None:
        raise CslError(use.at, "@set_rectangle a second time", "once in a program")
    layout.rectangle_at = use.at
    layout.rectangle = (use.whole(0, "the width", 1, 4096), use.whole(1, "the height", 1, 4096))
    use.frame.program.rectangle = layout.rectangle
    return VOID


def _core(use: Use, layout: LaidOut) -> tuple[int, int]:
    if layout.rectangle is None:
        raise CslError(use.at, f"{use.node.name} before @set_rectangle", "the rectangle comes first")
    width, height = layout.rectangle
    return use.whole(0, "x", 0, width - 1), use.whole(1, "y", 0, height - 1)


@builtin("@set_tile_code", least=2, most=4)
def set_tile_code(use: Use) -> Value:
    """The program of a core, and its params."""
    layout = _layout(use)
    core = _core(use, layout)
    if core in layout.tiles:
        raise CslError(use.at, f"core {core} has a program already", "@set_tile_code once for each core")
    name = use.text(2, "the file") if use.count > 2 else ""
    params = use.fields(3, "the params")
    for field, value in params.items():
        if not is_known(value):
            raise CslError(use.place(3), f"param {field} is not known while compiling")
    layout.set_tile(core, name, params, use.at)
    use.frame.program.limits.renew()
    return VOID


@builtin("@set_color_config", least=4)
def set_color_config(use: Use) -> Value:
    """Routes of a color on a core."""
    layout = _layout(use)
    core = _core(use, layout)
    color = use.known(2, "the color")
    if color.type != types.COLOR:
        raise CslError(use.place(2), f"the color is of type {color.type}", "@get_color(n) makes one")
    settings = layout.colors.setdefault(core, {})
    if color.data in settings:
        raise CslError(use.at, f"color {color.data} of core {core} is configured twice", "once for each core and color")
    settings[color.data] = _setting(use, layout, color.data)
    use.frame.program.limits.renew()
    return VOID


def _setting(use: Use, layout: LaidOut, color: int) -> ColorSetting:
    """Equal settings are one; the same value is read once."""
    written = use.value(3)
    known = layout.written.get((id(written), color))
    if known is not None:
        return known[1]
    made = color_setting(written, use.place(3), use.frame.program.options.arch, color)
    made = layout.settings.setdefault(made, made)
    if len(layout.written) >= MOST_KEYS:
        layout.written.clear()
    layout.written[id(written), color] = (written, made)
    return made


@builtin("@export_name", least=2, most=3)
def export_name(use: Use) -> Value:
    """A name that the host may use."""
    layout = _layout(use)
    name, of = use.text(0, "the name"), use.type(1)
    mutable = use.count == 3 and bool(use.known(2, "the mutability").data)
    if any(entry.name == name for entry in layout.names):
        raise CslError(use.place(0), f"{name} is exported twice", "once in a program")
    from wsesim.csl.code import scalar

    inputs = tuple(scalar(kind, use.place(1)) for kind in of.parameters) if isinstance(of, types.Function) else ()
    if len(inputs) > 15:
        raise CslError(use.place(1), f"{len(inputs)} parameters", "an exported function has at most 15")
    called = isinstance(of, types.Function)
    layout.names.append(ExportedName(name=name, type=str(of), is_function=called, mutable=mutable, inputs=inputs))
    return VOID


@builtin("@get_rectangle", least=0)
def get_rectangle(use: Use) -> Value:
    """Width and height of the program, of the fabric, and offsets."""
    program = use.frame.program
    if program.rectangle is None:
        raise CslError(use.at, "@get_rectangle before @set_rectangle", "the rectangle comes first")

    def pair(width: int, height: int) -> Value:
        return struct_of({"width": KnownValue(types.U16, width), "height": KnownValue(types.U16, height)})

    width, height = program.rectangle
    return struct_of(
        {
            "width": KnownValue(types.U16, width), "height": KnownValue(types.U16, height),
            "fabric": pair(*program.options.fabric), "offsets": pair(*program.options.offsets),
        }
    )  # fmt: skip
