"""Programs that are laid out in Python: regions of one code, ports on their edges, connections and streams."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wsesim.csl.host.geometry import (
    Edge,
    IntRectangle,
    IntVector,
    Masks,
    RoutingPosition,
    SdkColor,
    masks_of,
    on_edge,
    vector,
)
from wsesim.csl.host.platform import SdkCompileArtifacts, SdkExecutionPlatform, SdkTarget
from wsesim.csl.host.reporting import HostError

Point = tuple[int, int]


class CodeRegion:
    """A rectangle of cores that run one file, each with its own params."""

    def __init__(self, file: str, name: str, width: int, height: int) -> None:
        """Lie at (0, 0) until placed."""
        self.file, self.name, self.width, self.height, self.origin = file, name, width, height, (0, 0)
        self.params: dict[Point, dict[str, int | SdkColor]] = {point: {} for point in self.points()}
        self.paints: dict[Point, dict[SdkColor, list[Masks]]] = {point: {} for point in self.points()}
        self.symbols: list[tuple[str, Point, npt.NDArray[Any]]] = []
        self._colors: dict[str, SdkColor] = {}

    def points(self) -> list[Point]:
        """Return its points, row by row."""
        return [(x, y) for y in range(self.height) for x in range(self.width)]

    def place(self, x: int, y: int) -> None:
        """Put its upper left corner there."""
        self.origin = (x, y)

    def color(self, name: str, value: int | None = None) -> SdkColor:
        """Return a color of this region."""
        return self._colors.setdefault(name, SdkColor(name, value))

    def _set(self, points: Iterable[Point], given: tuple[Any, ...]) -> None:
        name, value = (given[0].name, given[0]) if len(given) == 1 else given
        for point in points:
            if point not in self.params:
                raise HostError(f"region {self.name!r} has no core at {point}")
            self.params[point][str(name)] = value if isinstance(value, SdkColor) else int(value)

    def set_param_all(self, *given: Any) -> None:
        """Set a param on all cores: name and number, name and color, or a color of that name."""
        self._set(self.points(), given)

    def set_param(self, at: Any, *given: Any) -> None:
        """Set a param on one core."""
        self._set([vector(at)], given)

    def set_param_range(self, rectangle: IntRectangle, *given: Any) -> None:
        """Set a param on a rectangle of cores."""
        self._set(rectangle.points(), given)

    def set_symbol_all(self, symbol: str, data: Any, width: int, height: int) -> None:
        """Spread an array, *height* rows of *width*, over the memory of the cores by tiles."""
        table = np.asarray(data).reshape(height, width)
        down, right = height // self.height, width // self.width
        for x, y in self.points():
            tile = table[y * down : (y + 1) * down, x * right : (x + 1) * right]
            self.symbols.append((symbol, (x, y), np.ascontiguousarray(tile).ravel()))

    def paint(self, at: Any, color: SdkColor, positions: list[RoutingPosition]) -> None:
        """Route a color on one core."""
        self.paints[vector(at)][color] = masks_of(positions)

    def paint_range(self, rectangle: IntRectangle, color: SdkColor, positions: list[RoutingPosition]) -> None:
        """Route a color on a rectangle of cores."""
        for point in rectangle.points():
            self.paints[point][color] = masks_of(positions)

    def paint_all(
        self, color: SdkColor, positions: list[RoutingPosition],
        edges: Iterable[tuple[Edge, list[RoutingPosition]]] = (),
    ) -> None:  # fmt: skip
        """Route a color on all cores, and in another way along edges."""
        for point in self.points():
            self.paints[point][color] = masks_of(positions)
        for edge, others in edges:
            for point in on_edge(edge, self.width, self.height):
                self.paints[point][color] = masks_of(others)

    def create_input_port(
        self, color: SdkColor, edge: Edge, positions: list[RoutingPosition], size: int, prefix: str = ""
    ) -> RegionPort:  # fmt: skip
        """Return an edge's cores as receivers; where wavelets come from is found out when it is connected."""
        return self._port(color, edge, positions, size, True, prefix)

    def create_output_port(
        self, color: SdkColor, edge: Edge, positions: list[RoutingPosition], size: int, prefix: str = ""
    ) -> RegionPort:  # fmt: skip
        """Return an edge's cores as senders."""
        return self._port(color, edge, positions, size, False, prefix)

    def _port(
        self, color: SdkColor, edge: Edge, positions: list[RoutingPosition], size: int, receives: bool, prefix: str
    ) -> RegionPort:  # fmt: skip
        port = RegionPort(self, color, edge, size, receives, prefix)
        for point in on_edge(edge, self.width, self.height):
            self.paints[point][color] = masks_of(positions)
        return port


@dataclass(frozen=True, slots=True, eq=False)
class RegionPort:
    """Cores along an edge that send or receive on a color."""

    region: CodeRegion
    color: SdkColor
    edge: Edge
    size: int
    receives: bool
    prefix: str

    def cores(self) -> list[Point]:
        """Return where its cores lie on the fabric."""
        left, top = self.region.origin
        return [(left + x, top + y) for x, y in on_edge(self.edge, self.region.width, self.region.height)]


@dataclass(frozen=True, slots=True, eq=False)
class StreamPlace:
    """A core of the fabric where a color, whose routes are painted by hand, comes from or goes to the host."""

    point: Point
    color: SdkColor

    def cores(self) -> list[Point]:
        """Return where it lies on the fabric."""
        return [self.point]


class SdkLayout:
    """Regions, what joins them, and streams from and to the host."""

    def __init__(self, platform: Any = None) -> None:
        """Begin empty, for a platform or a generation."""
        target = platform.target if isinstance(platform, SdkExecutionPlatform) else platform
        self.arch = target.value if isinstance(target, SdkTarget) else "wse3"
        self.regions: list[CodeRegion] = []
        self.connections: list[tuple[RegionPort, RegionPort]] = []
        self.inputs: dict[str, RegionPort | StreamPlace] = {}
        self.outputs: dict[str, RegionPort | StreamPlace] = {}

    def create_code_region(self, file: str, name: str, width: int, height: int) -> CodeRegion:
        """Return a new region."""
        self.regions.append(CodeRegion(file, name, width, height))
        return self.regions[-1]

    def hstack(self, regions: list[CodeRegion], origin: Any = (0, 0)) -> None:
        """Place regions side by side."""
        x, y = vector(origin)
        for region in regions:
            region.place(x, y)
            x += region.width

    def vstack(self, regions: list[CodeRegion], origin: Any = (0, 0)) -> None:
        """Place regions one below the other."""
        x, y = vector(origin)
        for region in regions:
            region.place(x, y)
            y += region.height

    def connect(self, sender: RegionPort, receiver: RegionPort) -> None:
        """Join two ports, core by core along their edges.

        Raises:
            HostError: they do not fit each other.
        """
        if sender.receives or not receiver.receives:
            raise HostError("connect takes an output port, then an input port")
        if sender.size != receiver.size or len(sender.cores()) != len(receiver.cores()):
            raise HostError(
                f"port {sender.color.name!r} of {sender.region.name!r} ({len(sender.cores())} cores, {sender.size} "
                f"words) does not fit port {receiver.color.name!r} of {receiver.region.name!r} "
                f"({len(receiver.cores())} cores, {receiver.size} words)"
            )
        self.connections.append((sender, receiver))

    def create_input_stream(self, port: RegionPort, *_: Any, **__: Any) -> str:
        """Return the name of a stream from the host into a port of one core."""
        return self._stream(self.inputs, port, receives=True)

    def create_output_stream(self, port: RegionPort, *_: Any, **__: Any) -> str:
        """Return the name of a stream from a port of one core to the host."""
        return self._stream(self.outputs, port, receives=False)

    def create_input_stream_from_loc(self, at: Any, color: SdkColor, *_: Any, **__: Any) -> str:
        """Return the name of a stream from the host to where a core takes a color in by its painted routes."""
        return self._stream_at(self.inputs, at, color)

    def create_output_stream_from_loc(self, at: Any, color: SdkColor, *_: Any, **__: Any) -> str:
        """Return the name of a stream to the host of what a core sends on by its painted routes."""
        return self._stream_at(self.outputs, at, color)

    def _stream_at(self, streams: dict[str, RegionPort | StreamPlace], at: Any, color: SdkColor) -> str:
        x, y = vector(at)
        name = f"{color.name}_{x}_{y}"
        streams[name] = StreamPlace((x, y), color)
        return name

    def _stream(self, streams: dict[str, RegionPort | StreamPlace], port: RegionPort, *, receives: bool) -> str:
        if port.receives != receives or len(port.cores()) != 1:
            raise HostError("a stream needs a port of one core, an input port to send into, an output port to read")
        name = f"{port.region.name}_{port.prefix}{port.color.name}"
        streams[name] = port
        return name

    def compile(self, out_prefix: str = "out", **_: Any) -> SdkCompileArtifacts:
        """Compile all regions; return where the program lies."""
        from wsesim.csl.host.painting import compile_layout

        return compile_layout(self, out_prefix)


__all__ = ["CodeRegion", "IntVector", "RegionPort", "SdkLayout", "StreamPlace"]
