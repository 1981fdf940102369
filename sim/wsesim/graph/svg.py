"""Draw a graph: forward runs down the left, backward climbs the right, one box an op."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wsesim.graph.core import PHASES, Block, Graph, Op
from wsesim.graph.counts import flops, macs
from wsesim.graph.export import SHADES, cost_text, flops_text, handovers, shape_text
from wsesim.graph.layout import BACKWARD, FORWARD, OPTIMIZER, SIDE, Arrangement, Spot, Wire, arrange
from wsesim.graph.pen import FAINT, FONT, SOFT, arrow, clean, letters, number, rectangle, start, swing, upright
from wsesim.units import show_bytes, show_count

PITCH, BOX, PORT, UPDATE = 74.0, 46.0, 22.0, 26.0
HEADER, GAP, MARGIN, PAD, TITLE = 40.0, 40.0, 24.0, 16.0, 106.0
LANE = 13.0
WIDTHS = {FORWARD: 216.0, BACKWARD: 216.0, SIDE: 212.0, OPTIMIZER: 196.0}
STREAMED = 148.0
"""Room left of the forward lanes for the names of weights and tokens."""
_LINES = {FORWARD: "forward", BACKWARD: "backward", SIDE: "backward", OPTIMIZER: "optimizer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """A rectangle on the page."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def level(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Where columns and blocks stand."""

    lefts: dict[str, float]
    tops: tuple[float, ...]
    width: float
    height: float

    def box(self, block: int, spot: Spot) -> _Box:
        height = PORT if spot.op is None else UPDATE if spot.column == OPTIMIZER else BOX
        level = self.tops[block] + HEADER + (spot.row + 0.5) * PITCH
        return _Box(x=self.lefts[spot.column], y=level - height / 2, width=WIDTHS[spot.column], height=height)


def to_svg(graph: Graph) -> str:
    """Return *graph*, forward only or with training, as an SVG document; the same graph gives the same bytes."""
    arranged = [arrange(block) for block in graph.blocks]
    page = _page(arranged)
    most = max((macs(graph, block, op) for block in graph.blocks for op in block.ops), default=0)
    title, size = clean(f"Dataflow of {graph.name}"), (number(page.width), number(page.height))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {size[0]} {size[1]}" font-family="{FONT}" role="img" aria-label="{title}">',
        f"<title>{title}</title>",
        rectangle(0, 0, page.width, page.height, fill="#ffffff"),
        *_header(graph, page),
    ]
    for index, block in enumerate(graph.blocks):
        parts += _frame(graph, block, page, index, arranged[index].rows)
    parts += _handovers(graph, page, arranged)
    for index, block in enumerate(graph.blocks):
        boxes = {spot: page.box(index, spot) for spot in arranged[index].spots}
        for wire in arranged[index].wires:
            hint = f"{wire.tensor}: {shape_text(graph, block.tensors[wire.tensor])}"
            drawn = _wire(graph, block, wire, boxes[wire.writer], boxes[wire.reader], page)
            parts += ["<g>", f"<title>{clean(hint)}</title>", *drawn, "</g>"]
        for spot, box in boxes.items():
            parts += _port(spot, box) if spot.op is None else _op(graph, block, spot.op, box, most)
    return "\n".join([*parts, "</svg>", ""])


def _page(arranged: Sequence[Arrangement]) -> _Page:
    def lanes(column: str) -> float:
        return LANE * max((arrangement.lanes(column) for arrangement in arranged), default=0)

    used = {spot.column for arrangement in arranged for spot in arrangement.spots} | {FORWARD}
    room = {FORWARD: PAD + STREAMED + 26 + lanes(FORWARD), BACKWARD: 104.0, SIDE: 30 + lanes(BACKWARD), OPTIMIZER: 40.0}
    x, lefts = MARGIN, {}
    for column in (column for column in WIDTHS if column in used):
        lefts[column] = x + room[column]
        x = lefts[column] + WIDTHS[column]
    y, tops = TITLE, []
    for arrangement in arranged:
        tops.append(y)
        y += HEADER + arrangement.rows * PITCH + GAP
    spare = PAD if OPTIMIZER in used else room[SIDE] if BACKWARD in used else 150.0
    return _Page(lefts=lefts, tops=tuple(tops), width=x + spare + MARGIN, height=max(y - GAP, TITLE) + MARGIN)


def _header(graph: Graph, page: _Page) -> Iterator[str]:
    width = page.width - 2 * MARGIN
    yield letters(MARGIN, 42, graph.name, size=22, width=width, weight="bold")
    sizes = [f"{show_count(graph.parameters())} parameters"]
    if "batch" in graph.dims and "length" in graph.dims:
        sizes.append(f"{graph.dims['batch']:,} × {graph.dims['length']:,} tokens")
    sizes += [f"{phase} {flops_text(count)}" for phase in PHASES if (count := flops(graph, phases=(phase,)))]
    yield letters(MARGIN, 65, " · ".join(sizes), size=13, width=width, colour=SOFT)
    x = MARGIN
    for phase in (name for name in PHASES if any(block.phase(name) for block in graph.blocks)):
        fill, line = SHADES[phase]
        yield rectangle(x, 79, 14, 12, fill=fill, line=line, radius=3)
        yield letters(x + 20, 89, phase, size=11, width=80, colour=SOFT)
        x += 34 + 6 * len(phase)
    yield rectangle(x, 84, 26, 3, fill=SOFT)
    yield letters(x + 32, 89, "FLOPs, beside the largest op's", size=11, width=200, colour=SOFT)
    if any(block.phase("backward") for block in graph.blocks):
        yield arrow(start(x + 200, 85.5) + "h26", "e", x + 226, 85.5, FAINT, dashes="4 3")
        yield letters(x + 232, 89, "kept for the backward pass", size=11, width=200, colour=SOFT)


def _frame(graph: Graph, block: Block, page: _Page, index: int, rows: int) -> Iterator[str]:
    top, width = page.tops[index], page.width - 2 * MARGIN
    yield rectangle(MARGIN, top, width, HEADER + rows * PITCH, fill="#fafbfc", line="#d3d9e2", radius=10)
    name = f"{block.name} × {block.repeat}" if block.repeat > 1 else block.name
    yield letters(MARGIN + PAD, top + 27, name, size=16, width=STREAMED + 80, weight="bold")
    own = sum(graph.elements(tensor) for tensor in block.weights() if tensor.of in (None, tensor.name))
    count = 2 * sum(macs(graph, block, op) for op in block.ops)
    counts = [f"{show_count(own)} parameters"] * (own > 0) + [flops_text(count)] * (count > 0)
    about = ("each " if block.repeat > 1 and counts else "") + " · ".join(counts)
    yield letters(page.width - MARGIN - PAD, top + 26, about, size=12, width=width / 2, colour=SOFT, anchor="end")


def _op(graph: Graph, block: Block, op: Op, box: _Box, most: int) -> Iterator[str]:
    fill, line = SHADES[op.phase]
    cost = cost_text(graph, block, op)
    hint = f"{op.name}: {op.kind}, {cost}, reads and writes {show_bytes(graph.op_bytes(block, op))}"
    yield f"<g><title>{clean(hint)}</title>"
    yield rectangle(box.x, box.y, box.width, box.height, fill=fill, line=line, radius=6)
    inside = box.width - 16
    if op.phase == "optimizer":
        about = f"{op.name} · {cost.removesuffix(' values')}"
        yield letters(box.middle, box.level + 3.5, about, size=10, width=inside, anchor="middle") + "</g>"
        return
    yield letters(box.middle, box.y + 19, op.name, size=12.5, width=inside, weight="bold", anchor="middle")
    about = f"{op.kind} · {cost}"
    yield letters(box.middle, box.y + 34, about, size=11, width=inside, colour=SOFT, anchor="middle")
    if share := macs(graph, block, op):
        yield rectangle(box.x + 8, box.bottom - 6, max(1.5, inside * share / most), 3, fill=line)
    yield "</g>"
    if op.phase == "forward":
        yield from _streamed(graph, block, op, box)


def _streamed(graph: Graph, block: Block, op: Op, box: _Box) -> Iterator[str]:
    """Name the weights and tokens that come in from outside, left of the op."""
    x, lines = MARGIN + PAD, []
    for tensor in (block.tensors[name] for name in op.inputs):
        if tensor.role in ("weight", "tokens"):
            colour = SHADES["forward"][1] if tensor.role == "weight" else SOFT
            lines.append((f"{tensor.name.removeprefix(f'{op.name}.')}  {shape_text(graph, tensor)}", colour))
            if tensor.of not in (None, tensor.name):
                lines.append((f"is {tensor.of}", SOFT))
    for index, (text, colour) in enumerate(lines):
        y = box.level + 3.5 + 14 * (index - (len(lines) - 1) / 2)
        yield letters(x, y, text, size=10.5, width=STREAMED, colour=colour)
    if lines:
        yield arrow(f"{start(x + STREAMED + 4, box.level)}H{number(box.x)}", "e", box.x, box.level, FAINT)


def _port(spot: Spot, box: _Box) -> Iterator[str]:
    line = SHADES[_LINES[spot.column]][1]
    yield rectangle(box.x, box.y, box.width, box.height, fill="#ffffff", line=line, radius=11, dashes="2 2")
    width = box.width - 24
    yield letters(box.middle, box.level + 3.5, spot.name, size=10.5, width=width, colour=line, anchor="middle")


def _wire(graph: Graph, block: Block, wire: Wire, begin: _Box, end: _Box, page: _Page) -> Iterator[str]:
    columns = (wire.writer.column, wire.reader.column)
    colour = SHADES[_LINES[wire.writer.column]][1]
    if wire.lane is not None:
        yield _around(wire, wire.lane, begin, end, colour)
    elif columns[0] == columns[1]:
        leave, enter = (begin.bottom, end.y) if begin.y < end.y else (begin.y, end.bottom)
        yield upright(begin.middle, leave, enter, colour)
        shape = shape_text(graph, block.tensors[wire.tensor])
        yield letters(begin.middle + 8, (leave + enter) / 2 + 3.5, shape, size=9.5, width=130, colour=SOFT)
    elif columns[1] == OPTIMIZER:
        path = start(begin.right, begin.level) + swing(begin.right, begin.level, end.x, end.level)
        yield arrow(path, "e", end.x, end.level, SHADES["optimizer"][1])
    elif columns[1] == SIDE:  # passes over the backward column, in the gap between two rows
        over, level, edge = end.y - 5, end.level - 10, page.lefts[BACKWARD] - 8
        path = start(begin.right, begin.level) + swing(begin.right, begin.level, edge, over)
        path += f"H{number(end.x - 24)}" + swing(end.x - 24, over, end.x, level)
        yield arrow(path, "e", end.x, level, FAINT, dashes="4 3")
    else:
        path = start(begin.right, begin.level) + swing(begin.right, begin.level, end.x, end.level)
        yield arrow(path, "e", end.x, end.level, FAINT, dashes="4 3")


def _around(wire: Wire, lane: int, begin: _Box, end: _Box, colour: str) -> str:
    """Leave sideways, follow the lane, come back in: left of the forward column, right of the backward one."""
    out = -1.0 if wire.writer.column == FORWARD else 1.0
    leave = begin.x if out < 0 else begin.right
    x = leave + out * (12 + LANE * lane)
    back = wire.writer.column == wire.reader.column
    enter = leave if back else end.x
    onward = -out if back else out
    y = begin.level - out * 12 * (wire.writer.op is not None)
    to = end.level + out * 12 * (wire.reader.op is not None)
    step = 6.0 if to > y else -6.0
    path = (
        f"{start(leave, y)}H{number(x - 6 * out)}Q{number(x)} {number(y)} {number(x)} {number(y + step)}"
        f"V{number(to - step)}Q{number(x)} {number(to)} {number(x + 6 * onward)} {number(to)}H{number(enter)}"
    )
    return arrow(path, "e" if onward > 0 else "w", enter, to, colour)


def _handovers(graph: Graph, page: _Page, arranged: Sequence[Arrangement]) -> Iterator[str]:
    """Join the ports of neighbouring blocks."""
    ports = [{(spot.name, spot.takes_in): page.box(index, spot) for spot in arrangement.spots if spot.op is None}
             for index, arrangement in enumerate(arranged)]  # fmt: skip
    index = {block.name: place for place, block in enumerate(graph.blocks)}
    for writer, output, reader, name in handovers(graph):
        begin, end = ports[index[writer.name]][output, False], ports[index[reader.name]][name, True]
        if begin.y < end.y:
            yield upright(begin.middle, begin.bottom, end.y, SHADES["forward"][1])
        else:
            yield upright(begin.middle, begin.y, end.bottom, SHADES["backward"][1])
