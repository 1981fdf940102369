"""Collectives as plans: what each core of a rectangle routes and does to its vector, one role for all that do the same.

A sum goes along a line as a chain. Two colors take turns, because a core receives on one while it sends on the other:

    o <--b-- o <--a-- o <--b-- o        core 1 receives on a and sends on b
    0        1        2        3
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole
from wsesim.cores.operands import Color, Mem
from wsesim.cores.place import author_line, written_by


@dataclass(frozen=True, slots=True)
class Route:
    """A switch position of a color: where its wavelets come from, and where they go."""

    color: int
    source: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Send:
    """Send the vector; `place`, as of all steps, is the line of source that asks for it."""

    color: int
    place: str = field(default_factory=author_line, compare=False)


@dataclass(frozen=True, slots=True)
class Keep:
    """Receive into the vector."""

    color: int
    place: str = field(default_factory=author_line, compare=False)


@dataclass(frozen=True, slots=True)
class Add:
    """Add what arrives to the vector; pass the sum on if a color is given, else keep it."""

    color: int
    onward: int | None = None
    place: str = field(default_factory=author_line, compare=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """Send a control wavelet that advances the switches of so many routers, the own one first."""

    color: int
    routers: int
    place: str = field(default_factory=author_line, compare=False)


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many cycles."""

    cycles: int
    place: str = field(default_factory=author_line, compare=False)


@dataclass(frozen=True, slots=True)
class SetUp:
    """Set the descriptors of the vector instruction that follows."""

    place: str = field(default_factory=author_line, compare=False)


Step = Send | Keep | Add | Turn | Wait | SetUp


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one core does: its routes and its steps, one after the other."""

    routes: tuple[Route, ...] = ()
    steps: tuple[Step, ...] = ()

    def then(self, other: Plan) -> Plan:
        """Return this plan followed by the *other*; a route that both have stands once."""
        return Plan(tuple(dict.fromkeys(self.routes + other.routes)), self.steps + other.steps)

    def set_up(self) -> Plan:
        """Return this plan with the descriptors of each step set before it."""
        return Plan(self.routes, tuple(each for step in self.steps for each in (SetUp(step.place), step)))


@dataclass(frozen=True, slots=True)
class LineAxis:
    """The two ports of a line: towards its first core and away from it."""

    toward: str
    away: str

    @property
    def turned(self) -> LineAxis:
        """The same line, counted from its other end."""
        return LineAxis(self.away, self.toward)


ROW = LineAxis("WEST", "EAST")
COLUMN = LineAxis("NORTH", "SOUTH")


def chain(place: int, cores: int, colors: tuple[int, int], axis: LineAxis, *, begin: int = 0) -> Plan:
    """Return the plan of core *place* of a chain that sums towards core 0; it sends on color *begin* + *place*."""
    send, receive = colors[(begin + place) % 2], colors[(begin + place + 1) % 2]
    enter = Route(receive, axis.away, ("RAMP",))
    leave = Route(send, "RAMP", (axis.toward,))
    if cores == 1:
        return Plan()
    if place == 0:
        return Plan((enter,), (Add(receive),))
    if place == cores - 1:
        return Plan((leave,), (Send(send),))
    return Plan((enter, leave), (Add(receive, send),))


def spread(place: int, cores: int, color: int, axis: LineAxis) -> Plan:
    """Return the plan of core *place* of a broadcast from core 0 to the end of the line."""
    onward = (axis.away,) if place < cores - 1 else ()
    if place == 0:
        return Plan((Route(color, "RAMP", onward),), (Send(color),)) if onward else Plan()
    return Plan((Route(color, axis.toward, ("RAMP", *onward)),), (Keep(color),))


def spread_2d(x: int, y: int, grid: tuple[int, int], color: int) -> Plan:
    """Return the plan of a core of a broadcast from the north-west corner: along the first row, down all columns."""
    columns, rows = grid
    along = [ROW.away] if y == 0 and x < columns - 1 else []
    outputs = (*along, COLUMN.away) if y < rows - 1 else tuple(along)
    if x == y == 0:
        return Plan((Route(color, "RAMP", outputs),), (Send(color),)) if outputs else Plan()
    source = ROW.toward if y == 0 else COLUMN.toward
    return Plan((Route(color, source, ("RAMP", *outputs)),), (Keep(color),))


def distinct(cores: int) -> list[Hashable]:
    """Return a class of its own for each core of a line."""
    return list(range(cores))


def alike(cores: int) -> list[Hashable]:
    """Return one class for all cores of a line."""
    return [0] * cores


def by_parity(cores: int) -> list[Hashable]:
    """Return the classes of a line where the first, the last, and odd from even cores differ, and nothing else."""
    return [(place == 0, place == cores - 1, place % 2) for place in range(cores)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A plan for every core of a rectangle."""

    colors: int
    """Colors the plans use, 0 on."""
    plan: Callable[[int, int], Plan]
    """(column, row) -> plan; asked once for each pair of a column's class and a row's class."""
    columns: Sequence[Hashable]
    """Class of each column."""
    rows: Sequence[Hashable]
    """Class of each row."""

    def write(self, builder: Builder, length: int, kind: int) -> None:
        """Give every core a vector `x` and the role of its plan."""
        colors = [builder.color(f"color {number}") for number in range(self.colors)]
        roles: dict[Plan, CoreRole] = {}
        for at_x in alike_places(self.columns):
            for at_y in alike_places(self.rows):
                plan = self.plan(at_x[0], at_y[0])
                if plan not in roles:
                    roles[plan] = _role(builder, f"{at_x[0]},{at_y[0]}", colors, plan, length, kind)
                builder.place(roles[plan], at_x, at_y)


def alike_places(classes: Iterable[Hashable]) -> list[list[int]]:
    """Return the places of each class."""
    found: dict[Hashable, list[int]] = {}
    for place, of in enumerate(classes):
        found.setdefault(of, []).append(place)
    return list(found.values())


def write_routes(role: CoreRole, colors: Sequence[Color], plan: Plan) -> None:
    """Write a plan's routes, whose colors are numbers among *colors*."""
    for route in plan.routes:
        role.route(colors[route.color], route.source, *route.outputs)


def write_steps(role: CoreRole, colors: Sequence[Color], plan: Plan, vector: Mem, op: int = isa.ADD) -> None:
    """Write a plan's steps on *vector*; sums stay in its type on the way, or greatest values with isa.MAX."""
    for step in plan.steps:
        with written_by(step.place):
            _write_step(role, colors, step, vector, op)


def _write_step(role: CoreRole, colors: Sequence[Color], step: Step, vector: Mem, op: int) -> None:
    kind, length = vector.kind, vector.length
    match step:
        case Send(color):
            role.vector(isa.MOV, role.fabout(colors[color], length), vector, kind=kind)
        case Keep(color):
            role.vector(isa.MOV, vector, role.fabin(colors[color], length), kind=kind)
        case Add(color, onward):
            dest = vector if onward is None else role.fabout(colors[onward], length)
            role.vector(op, dest, vector, role.fabin(colors[color], length), kind=kind)
        case Turn(color, routers):
            role.control(colors[color], routers=routers)
        case Wait(cycles):
            role.wait(cycles)
        case SetUp():
            role.wait(role.wafer.code.vector_setup_cycles)


def _role(builder: Builder, name: str, colors: Sequence[Color], plan: Plan, length: int, kind: int) -> CoreRole:
    role = builder.role(name)
    x = role.memory("x", length, kind)
    write_routes(role, colors, plan)
    with role.task("main", start=True):
        write_steps(role, colors, plan, x)
        role.halt()
    return role
