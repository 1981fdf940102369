"""From a layout in Python to an image: paths between ports, numbers for colors, a tile class for each kind of core."""

from __future__ import annotations

import pickle
from collections import deque
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from wsesim.csl.colors import ColorSetting, SwitchSetting
from wsesim.csl.host.geometry import OPPOSITE, STEPS, Masks, SdkColor
from wsesim.csl.host.layout import CodeRegion, Point, RegionPort, SdkLayout, StreamPlace
from wsesim.csl.host.platform import SdkCompileArtifacts
from wsesim.csl.host.reporting import HostError
from wsesim.csl.host.store import save
from wsesim.csl.image import Image, TileClass

SWITCHABLE = {"wse2": range(24), "wse3": (*range(10), 12, 13, 16, 17, 20, 21)}
"""Colors that may have more than one position."""
COLORS = range(24)
MARGIN = 2
"""Cores around all regions over which paths may go."""
Program = tuple[CodeRegion | None, dict[str, int | SdkColor]]
NOBODY: Program = (None, {})
"""Of a core that routes only."""
Routes = dict[Point, dict[SdkColor, list[Masks]]]


def compile_layout(layout: SdkLayout, out: str) -> SdkCompileArtifacts:
    """Return what a layout is compiled to, written into a folder.

    Raises:
        HostError: there is no path, or no color left.
        InputError: mistakes in the programs.
    """
    width = MARGIN + max((r.origin[0] + r.width for r in layout.regions), default=1)
    height = MARGIN + max((r.origin[1] + r.height for r in layout.regions), default=1)
    joined = _joined(layout)
    routes = _painted(layout, joined)
    for sender, receiver in layout.connections:
        for start, end in zip(sender.cores(), receiver.cores(), strict=True):
            _join(routes, joined[sender.color], start, end, sender.edge.value, (width, height))
    sides = {name: _side(port, routes, joined) for name, port in layout.inputs.items()}
    for name, port in layout.inputs.items():
        _complete(routes[port.cores()[0]][joined[port.color]], rx=sides[name])
    hosts = {(port.cores()[0], joined[port.color]) for port in layout.outputs.values()}
    numbers = _numbers(routes, layout.arch)
    image = _image(layout, routes, joined, numbers, hosts, width, height)
    save(image, Path(out))
    artifacts = SdkCompileArtifacts(out)
    artifacts.inputs = {
        n: (*_stream(p, joined, numbers, width), sides[n].bit_length() - 1) for n, p in layout.inputs.items()
    }
    artifacts.outputs = {n: (*_stream(p, joined, numbers, width), 0) for n, p in layout.outputs.items()}
    for region in layout.regions:
        for name, (x, y), data in region.symbols:
            core = (region.origin[1] + y) * width + region.origin[0] + x
            artifacts.symbols.append((core, name, data.tobytes()))
    return artifacts


def _side(port: RegionPort | StreamPlace, routes: Routes, joined: dict[SdkColor, SdkColor]) -> int:
    """Return the bit of the side by which words of the host come in.

    Raises:
        HostError: no routes of the color are painted there that take from a side.
    """
    if isinstance(port, RegionPort):
        return port.edge.value
    positions = routes.get(port.point, {}).get(joined.get(port.color, port.color), [])
    sides = [rx & -rx for rx, _ in positions if rx & -rx in STEPS]
    if not sides:
        raise HostError(f"color {port.color.name!r} comes in at no side of {port.point}: paint its routes")
    return sides[0]


def _stream(
    port: RegionPort | StreamPlace, joined: dict[SdkColor, SdkColor], numbers: dict[SdkColor, int], width: int
) -> tuple[int, int]:  # fmt: skip
    x, y = port.cores()[0]
    if joined.get(port.color) not in numbers:
        raise HostError(f"color {port.color.name!r} has no routes at ({x}, {y}): paint them")
    return y * width + x, numbers[joined[port.color]]


def _joined(layout: SdkLayout) -> dict[SdkColor, SdkColor]:
    """Return the one color that stands for each: connected ones are one."""
    colors = {c for r in layout.regions for point in r.paints.values() for c in point}
    colors |= {
        c for r in layout.regions for given in r.params.values() for c in given.values() if isinstance(c, SdkColor)
    }
    group = {color: {color} for color in colors}
    for sender, receiver in layout.connections:
        both = group[sender.color] | group[receiver.color]
        for color in both:
            group[color] = both
    return {color: min(group[color], key=lambda each: (each.value is None, each.name, id(each))) for color in colors}


def _painted(layout: SdkLayout, joined: dict[SdkColor, SdkColor]) -> Routes:
    routes: Routes = {}
    for region in layout.regions:
        for (x, y), paints in region.paints.items():
            here = routes.setdefault((region.origin[0] + x, region.origin[1] + y), {})
            here.update({joined[color]: list(positions) for color, positions in paints.items()})
    return routes


def _complete(positions: list[Masks], *, rx: int = 0, tx: int = 0) -> None:
    """Give positions the side that they lack."""
    positions[:] = [(a or rx, b or tx) for a, b in positions]


def _join(routes: Routes, color: SdkColor, start: Point, end: Point, first: int, size: tuple[int, int]) -> None:
    """Route a color from one core to another by a shortest way over cores that do not use it."""
    path = _path(routes, color, start, end, first, size)
    _complete(routes[start][color], tx=path[0])
    _complete(routes[end][color], rx=OPPOSITE[path[-1]])
    x, y = start
    for before, after in pairwise(path):
        x, y = x + STEPS[before][0], y + STEPS[before][1]
        routes.setdefault((x, y), {})[color] = [(OPPOSITE[before], after)]


def _path(
    routes: Routes, color: SdkColor, start: Point, end: Point, first: int, size: tuple[int, int]
) -> list[int]:  # fmt: skip
    """Return the sides by which a shortest way leaves each core, first by the port's if that is as short."""
    order = sorted(STEPS, key=lambda side: side != first)
    came: dict[Point, tuple[Point, int] | None] = {start: None}
    ahead = deque([start])
    while ahead and end not in came:
        here = ahead.popleft()
        for side in order:
            there = here[0] + STEPS[side][0], here[1] + STEPS[side][1]
            inside = 0 <= there[0] < size[0] and 0 <= there[1] < size[1]
            if inside and there not in came and (there == end or color not in routes.get(there, {})):
                came[there] = here, side
                ahead.append(there)
    if end not in came:
        raise HostError(f"no way for color {color.name!r} from {start} to {end}: other routes are in between")
    path, at = [], end
    while (step := came[at]) is not None:
        at, side = step
        path.append(side)
    return path[::-1]


def _numbers(routes: Routes, arch: str) -> dict[SdkColor, int]:
    """Return a number for each color, such that no two meet on a core."""
    meets: dict[SdkColor, set[SdkColor]] = {}
    switches: set[SdkColor] = set()
    for here in routes.values():
        for color, positions in here.items():
            meets.setdefault(color, set()).update(here)
            if len(positions) > 1:
                switches.add(color)
    numbers = {color: color.value for color in meets if color.value is not None}
    for color in sorted(meets, key=lambda each: each not in switches):
        if color in numbers:
            continue
        taken = {numbers.get(other) for other in meets[color]}
        free = [n for n in (SWITCHABLE[arch] if color in switches else COLORS) if n not in taken]
        if not free:
            raise HostError(f"no color is left for {color.name!r}")
        numbers[color] = free[0]
    return numbers


def _image(
    layout: SdkLayout, routes: Routes, joined: dict[SdkColor, SdkColor], numbers: dict[SdkColor, int],
    hosts: set[tuple[Point, SdkColor]], width: int, height: int,
) -> Image:  # fmt: skip
    from wsesim.csl.compile import compile_tile
    from wsesim.csl.files import Files

    programs: dict[Point, Program] = {
        (each.origin[0] + x, each.origin[1] + y): (each, params)
        for each in layout.regions
        for (x, y), params in each.params.items()
    }
    found: dict[bytes, int] = {}
    classes: list[TileClass] = []
    of, spots, files = np.zeros((height, width), np.int32), dict[str, int](), Files(())
    for y in range(height):
        for x in range(width):
            colors = {
                numbers[color]: _setting(positions, ((x, y), color) in hosts)
                for color, positions in sorted(routes.get((x, y), {}).items(), key=lambda each: numbers[each[0]])
            }
            region, params = programs.get((x, y), NOBODY)
            given = {
                name: numbers.get(joined[value], 0) if isinstance(value, SdkColor) else value
                for name, value in params.items()
            }
            key = pickle.dumps((region.file if region else "", sorted(given.items()), sorted(colors.items())))
            if key not in found:
                found[key] = len(classes)
                if region is None:
                    classes.append(TileClass(name="router", colors=colors))
                else:
                    tile = compile_tile(
                        region.file, dict(given), arch=layout.arch, rectangle=(width, height), colors=colors,
                        spots=spots, files=files,
                    )  # fmt: skip
                    classes.append(
                        replace(tile, colors=colors | {c: s for c, s in tile.colors.items() if c not in colors})
                    )
            of[y, x] = found[key]
    return Image(
        arch=layout.arch, width=width, height=height, classes=tuple(classes), class_of=of.tobytes(),
        files=tuple(spots), offsets=(0, 0),
    )  # fmt: skip


def _setting(positions: list[Masks], to_host: bool) -> ColorSetting:
    return ColorSetting(
        positions=tuple(SwitchSetting(rx, 0 if to_host else tx) for rx, tx in positions), to_host=to_host
    )
