"""The compiler's door: a CSL file to an image."""

from __future__ import annotations

from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import wsesim.csl.aggregates
import wsesim.csl.builtins
import wsesim.csl.calls
import wsesim.csl.flow
import wsesim.csl.loops
import wsesim.csl.tensors  # noqa: F401
from wsesim.csl import tree, types
from wsesim.csl.assemble import Assembler
from wsesim.csl.colors import ColorSetting
from wsesim.csl.core import type_of
from wsesim.csl.files import Files, is_of_library
from wsesim.csl.image import Image, TileClass
from wsesim.csl.layout import LaidOut
from wsesim.csl.limits import Limits, deep
from wsesim.csl.modules import ModuleInstance
from wsesim.csl.passes import PASSES
from wsesim.csl.program import CompilerOptions, TileProgram
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.statements import execute_alone
from wsesim.csl.values import KnownValue, Value


def compile_file(
    path: str | Path, *, arch: str = "wse2", params: dict[str, int] | None = None, colors: dict[str, int] | None = None,
    fabric: tuple[int, int] = (0, 0), offsets: tuple[int, int] = (4, 1), import_paths: tuple[str, ...] = (),
    fp16: str = "f16", depth: int = 200, inlined: int = 10_000, sections: dict[str, int] | None = None,
) -> Image:  # fmt: skip
    """The image of a layout file.

    Raises:
        CslError: Mistakes in the program, each with its place.
    """
    options = CompilerOptions(
        arch=arch, params=params or {}, colors=colors or {}, fabric=fabric, offsets=offsets, fp16=fp16, depth=depth,
        inlined=inlined, sections=sections or {}, passes=PASSES,
    )  # fmt: skip
    files = Files(import_paths, root=str(path))
    with deep():
        program, layout = _laid_out(str(path), options, files)
        return _image(program, layout, options, files)


def compile_tile(
    path: str | Path, params: dict[str, Value | int], *, arch: str = "wse2", rectangle: tuple[int, int] = (1, 1),
    import_paths: tuple[str, ...] = (), fp16: str = "f16", colors: dict[int, ColorSetting] | None = None,
    spots: dict[str, int] | None = None, files: Files | None = None, passes: tuple[str, ...] = PASSES,
) -> TileClass:  # fmt: skip
    """The tile class of a program without a layout: whole numbers as params take the type that the file declares.

    Raises:
        CslError: Mistakes in the program.
    """
    options = CompilerOptions(arch=arch, fp16=fp16, passes=passes)
    files = files or Files(import_paths, root=str(path))
    with deep():
        given = {name: value for name, value in params.items() if isinstance(value, Value)}
        numbers = {name: value for name, value in params.items() if not isinstance(value, Value)}
        spots = spots if spots is not None else {}
        return _tile(str(path), given, colors or {}, options, files, rectangle, spots, numbers)[0]


def _laid_out(path: str, options: CompilerOptions, files: Files) -> tuple[TileProgram, LaidOut]:
    program = TileProgram(options, files, Limits(depth=options.depth, inlined=options.inlined), True)
    layout = LaidOut(path, files)
    program.layout = layout
    module = ModuleInstance(path, files.parsed(path), program, {})
    program.modules.append(module)
    module.params = _given(module, options)
    blocks = [item for item in module.file.items if isinstance(item, tree.LayoutNode)]
    if not blocks:
        raise CslError(module.file.at, "this file has no layout block", "compile the file with layout { ... }")
    for item in module.file.items:
        if (
            isinstance(item, tree.VarDecl)
            and isinstance(item.value, tree.Builtin)
            and item.value.name == "@import_module"
        ):
            module.lookup(item.name, item.at)
    frame = module.frame()
    frame.effects = True
    for block in blocks:
        execute_alone(block.body, frame)
    if layout.rectangle is None:
        raise CslError(blocks[0].at, "the layout sets no rectangle", "@set_rectangle(width, height);")
    return program, layout


def _given(module: ModuleInstance, options: CompilerOptions) -> dict[str, Value]:
    """Values of `--params` and `--colors` for the params of the layout file."""
    return _numbers(module, "--params", options.params) | _numbers(module, "--colors", options.colors)


def _numbers(module: ModuleInstance, source: str, numbers: dict[str, int]) -> dict[str, Value]:
    """Whole numbers as the types that a file declares for its params."""
    items = [item for item in module.items.values() if isinstance(item, tree.VarDecl)]
    declared = {item.name: item for item in items if item.kind == "param"}
    found: dict[str, Value] = {}
    for name, number in numbers.items():
        if name in declared:
            found[name] = _typed(module, declared[name], number)
        else:
            module.program.warn(f"{source}: {module.path} has no param {name}; {nearest(name, declared)}".rstrip("; "))
    return found


def _typed(module: ModuleInstance, item: tree.VarDecl, number: int) -> Value:
    of = type_of(item.type, module.frame()) if item.type is not None else types.COMPTIME_INT
    if isinstance(of, types.Opaque):
        return KnownValue(of, number)
    if of == types.BOOL:
        return KnownValue(of, bool(number))
    if isinstance(of, types.Float):
        return KnownValue(of, float(number))
    if isinstance(of, types.Int) and number < 0 and not of.signed:
        raise CslError(item.at, f"param {item.name} is {number}, which {of} does not hold")
    return KnownValue(types.COMPTIME_INT, number)


def _image(program: TileProgram, layout: LaidOut, options: CompilerOptions, files: Files) -> Image:
    assert layout.rectangle is not None
    width, height = layout.rectangle
    spots: dict[str, int] = {}
    classes: list[TileClass] = []
    numbers: dict[Any, int] = {}
    class_of = array("i")
    warnings = list(program.warnings)
    for y in range(height):
        for x in range(width):
            if (x, y) not in layout.tiles:
                raise CslError(layout.rectangle_at, f"core ({x}, {y}) has no program", "@set_tile_code for every core")
            kind = layout.tiles[x, y]
            colors = layout.colors.get((x, y), {})
            mark = (kind, tuple(sorted((number, id(setting)) for number, setting in colors.items())))
            if mark not in numbers:
                numbers[mark] = len(classes)
                tile = layout.kinds[kind]
                given = _own(program, options) if tile.path == layout.path else None
                made, said = _tile(
                    tile.path, tile.params, colors, options, files, layout.rectangle, spots, given, tile.at
                )
                classes.append(replace(made, name=f"{Path(tile.path).stem}.{len(classes)}"))
                warnings += [warning for warning in said if warning not in warnings]
            class_of.append(numbers[mark])
    return Image(
        arch=options.arch, width=width, height=height, classes=tuple(classes), class_of=class_of.tobytes(),
        names=tuple(layout.names), files=tuple(spots), params=options.params, colors=options.colors,
        fabric=options.fabric, offsets=options.offsets, warnings=tuple(warnings),
    )  # fmt: skip


def _own(program: TileProgram, options: CompilerOptions) -> dict[str, int]:
    """What the layout file is given, for cores whose program it is too."""
    items = program.modules[0].items.values()
    params = {item.name for item in items if isinstance(item, tree.VarDecl) and item.kind == "param"}
    return {name: number for name, number in {**options.params, **options.colors}.items() if name in params}


def _tile(
    path: str, params: dict[str, Value], colors: dict[int, ColorSetting], options: CompilerOptions, files: Files,
    rectangle: tuple[int, int], spots: dict[str, int], numbers: dict[str, int] | None = None,
    given_at: SourcePlace | None = None,
) -> tuple[TileClass, list[str]]:  # fmt: skip
    program = TileProgram(options, files, Limits(depth=options.depth, inlined=options.inlined), False, rectangle)
    program.setup.colors.update(colors)
    module = program.instance(path, params, "", is_of_library(path))
    module.params = _numbers(module, "set_param", numbers or {}) | params
    module.check_params(given_at)
    module.run()
    return Assembler(program, Path(path).stem, spots).tile(), program.warnings


def has_layout(path: str | Path) -> bool:
    """Whether a file has a layout block.

    Raises:
        CslError: It is not CSL.
    """
    return any(isinstance(item, tree.LayoutNode) for item in Files().parsed(str(path)).items)
