"""Where each op of a block stands in a drawing: forward down the left, backward up the right, in rows shared by both.

A row is one box high. The forward op and the backward ops derived from it share a band of rows. Gradients that only
leave (those of weights) stand in a side column, the optimizer's updates beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from wsesim.graph.core import Block, Op

FORWARD, BACKWARD, SIDE, OPTIMIZER = "forward", "backward", "side", "optimizer"
UPDATES_PER_ROW = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spot:
    """A box's place: its column, and the row its middle is in, counted from the top of the block; itself is its key."""

    column: str
    row: float
    name: str
    """The op's name, or the tensor's for a port."""
    op: Op | None = None
    """None for a port: a tensor that the block takes in or hands on."""
    takes_in: bool = False
    """Whether a port is the way in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A tensor from the box that makes it to one that reads it."""

    tensor: str
    writer: Spot
    reader: Spot
    lane: int | None = None
    """None if nothing stands between the two; otherwise the lane beside the column that it runs in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """A block laid out: all boxes and the wires between them."""

    rows: int
    spots: tuple[Spot, ...]
    wires: tuple[Wire, ...]

    def lanes(self, column: str) -> int:
        """Return how many lanes the wires that start in *column* need beside it."""
        return max((wire.lane + 1 for wire in self.wires if wire.lane is not None and wire.writer.column == column),
                   default=0)  # fmt: skip


@dataclass(slots=True)
class _Band:
    """The rows that one forward op shares with the ops derived from it."""

    forward: Op | None = None
    """None in a block that has no forward op."""
    rows: list[dict[str, Op]] = field(default_factory=list)
    """Backward ops by column, from the bottom row up, as they run."""
    updates: list[Op] = field(default_factory=list)
    """Optimizer ops."""

    def add(self, op: Op, column: str) -> None:
        """Put a backward op into the top row, or a new one above if the column is taken."""
        if not self.rows or column in self.rows[-1]:
            self.rows.append({})
        self.rows[-1][column] = op

    @property
    def height(self) -> int:
        """Rows it takes."""
        return max(1, len(self.rows), -(-len(self.updates) // UPDATES_PER_ROW))


def arrange(block: Block) -> Arrangement:
    """Return the layout of *block*."""
    spots, rows = _place(block, _bands(block))
    return Arrangement(rows=rows, spots=tuple(spots), wires=tuple(_wire(spots)))


def _bands(block: Block) -> list[_Band]:
    bands = [_Band(forward=op) for op in block.phase("forward")] or [_Band()]
    backward = block.phase("backward")
    read = {name for op in backward for name in op.inputs} | set(block.outputs)
    touching = _touching(block)
    level = len(bands) - 1
    for op in backward:  # the sweep climbs: an op never stands below one that ran before it
        level = min(level, _level(block, op, touching, level))
        bands[level].add(op, BACKWARD if read & set(op.outputs) else SIDE)
    for op in block.phase("optimizer"):
        bands[touching.get(op.inputs[0], 0) if op.inputs else 0].updates.append(op)
    return bands


def _touching(block: Block) -> dict[str, int]:
    """Map a tensor to the band of the forward op that writes it, else of the one that reads it."""
    found: dict[str, int] = {}
    for level, op in enumerate(block.phase("forward")):
        for name in op.inputs:
            found.setdefault(name, level)
        for name in op.outputs:
            found[name] = level
    return found


def _level(block: Block, op: Op, touching: dict[str, int], default: int) -> int:
    """An op that carries a forward op's name stands in its band; a sum of gradients where their tensor is written."""
    names = [(len(forward.name), level) for level, forward in enumerate(block.phase("forward"))
             if op.name.startswith(f"{forward.name}.")]  # fmt: skip
    if op.kind != "accumulate" and names:
        return max(names)[1]
    return next((touching[of] for name in op.outputs if (of := block.tensors[name].of) in touching), default)


def _place(block: Block, bands: Sequence[_Band]) -> tuple[list[Spot], int]:
    spots: list[Spot] = []
    spots += _ports(block, FORWARD, 0, takes_in=True) + _ports(block, BACKWARD, 0, takes_in=False)
    row = len({spot.row for spot in spots})
    for band in bands:
        spots += _place_band(band, row)
        row += band.height
    below = _ports(block, FORWARD, row, takes_in=False) + _ports(block, BACKWARD, row, takes_in=True)
    return spots + below, row + len({spot.row for spot in below})


def _place_band(band: _Band, top: int) -> Iterator[Spot]:
    if band.forward is not None:
        yield Spot(column=FORWARD, row=top + (band.height - 1) / 2, name=band.forward.name, op=band.forward)
    spare = (band.height - max(1, len(band.rows))) / 2
    for index, found in enumerate(reversed(band.rows)):
        is_alone = len(found) == 1
        for column, op in found.items():
            yield Spot(column=BACKWARD if is_alone else column, row=top + spare + index, name=op.name, op=op)
    middle = top + (band.height - 1) / 2
    for index, op in enumerate(band.updates):
        offset = (index - (len(band.updates) - 1) / 2) / UPDATES_PER_ROW
        yield Spot(column=OPTIMIZER, row=middle + offset, name=op.name, op=op)


def _ports(block: Block, column: str, row: int, *, takes_in: bool) -> list[Spot]:
    names = block.inputs if takes_in else block.outputs
    wanted = [name for name in names if (block.tensors[name].role == "gradient") == (column == BACKWARD)]
    return [Spot(column=column, row=row + place, name=name, takes_in=takes_in) for place, name in enumerate(wanted)]


def _wire(spots: Sequence[Spot]) -> Iterator[Wire]:
    writers = {name: spot for spot in spots if spot.op is not None for name in spot.op.outputs}
    writers |= {spot.name: spot for spot in spots if spot.takes_in}
    taken: dict[str, list[list[tuple[float, float]]]] = {FORWARD: [], BACKWARD: [], SIDE: [], OPTIMIZER: []}
    nets = [(tensor, spot, _readers(spots, tensor)) for tensor, spot in writers.items()]
    for tensor, writer, readers in sorted(nets, key=lambda net: _span(net[1], net[2])):
        around = [reader for reader in readers if _goes_around(spots, writer, reader)]
        lane = _free_lane(taken[writer.column], [writer.row, *(spot.row for spot in around)]) if around else None
        for reader in readers:
            yield Wire(tensor=tensor, writer=writer, reader=reader, lane=lane if reader in around else None)


def _readers(spots: Sequence[Spot], tensor: str) -> list[Spot]:
    return [
        spot for spot in spots
        if (tensor in spot.op.inputs if spot.op is not None else spot.name == tensor and not spot.takes_in)
    ]  # fmt: skip


def _span(writer: Spot, readers: Sequence[Spot]) -> float:
    return max((abs(reader.row - writer.row) for reader in readers), default=0.0)


def _goes_around(spots: Sequence[Spot], writer: Spot, reader: Spot) -> bool:
    if reader.column != writer.column:
        return writer.column == BACKWARD and reader.column == SIDE
    low, high = sorted((writer.row, reader.row))
    return any(spot.column == writer.column and low < spot.row < high for spot in spots)


def _free_lane(lanes: list[list[tuple[float, float]]], rows: Sequence[float]) -> int:
    low, high = min(rows), max(rows)
    for index, spans in enumerate(lanes):
        if all(high < start or end < low for start, end in spans):
            spans.append((low, high))
            return index
    lanes.append([(low, high)])
    return len(lanes) - 1
