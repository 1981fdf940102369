"""A transpose along a line of n cores: each keeps one number for itself and sends one to each of the others.

    core 0   >>>>>>>>>>>>>>>>>>>>>   first to send east: numbers for cores n - 1, ..., 2, 1
    core 1     -->  own turn  >>>>   then its numbers for cores n - 1, ..., 2; and so on
    core j          filter: takes number n - 1 - j of each turn

Broadcast and filter: what a core sends passes all cores up to the end of the line, and the filter before each ramp lets
through what is meant for it. A control wavelet at the end of a turn has the filters count anew; one more has the next
core's router listen to its own core. West goes the same way from the other end, at the same time. So the last link of
each direction carries the two wavelets of n (n - 1) / 2 numbers. Rows `wsfft` fit no other count: whole pencils sent
both ways take longer at n = 512 than all that was measured, and links that carry only what is still needed half as
long as what grows with n^2. That filters count anew with a control wavelet is assumed: turns differ in length.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from wsesim.cores import isa
from wsesim.cores.builder import Builder, CoreRole, CoreTask
from wsesim.cores.kit.flow import jump, jump_if_less
from wsesim.cores.operands import Color, Mem, Register
from wsesim.cores.programs.fft.local import ISSUE_CYCLES, PARTS
from wsesim.hardware import Fabric

# Counted from the program, a cycle for each scalar instruction that nothing waits for; no figures of a machine.
HANDOVER_CYCLES = 3
"""From the last wavelet of a turn to the first of the next: two control wavelets, and a cycle until the switch acts."""


class End(Enum):
    """Where on its line a core is."""

    FIRST = "first"
    INNER = "inner"
    LAST = "last"

    def places(self, cores: int) -> range:
        """Return the cores that are there, of a line of at least two."""
        return {End.FIRST: range(1), End.INNER: range(1, cores - 1), End.LAST: range(cores - 1, cores)}[self]


@dataclass(frozen=True, slots=True)
class ExchangeAxis:
    """A direction of the grid and its two colors."""

    name: str
    toward: str
    """Port to the last core of a line."""
    back: str
    """Port to the first one."""
    onward: Color
    """Color of what goes toward the last core."""
    homeward: Color

    @classmethod
    def of(cls, builder: Builder, name: str, toward: str, back: str) -> ExchangeAxis:
        """Reserve the colors of an axis."""
        return cls(name, toward, back, builder.color(toward.lower()), builder.color(back.lower()))


class Exchange:
    """The transpose along an axis, as a role at one end or inside carries it out."""

    def __init__(self, role: CoreRole, axis: ExchangeAxis, end: End, cores: int) -> None:
        """Route its colors, and reserve registers; variable `axis.name` holds the core's place on the line."""
        self.role, self.axis, self.end, self.cores = role, axis, end, cores
        self.place = role.memory(axis.name, 1, isa.I16)
        self.ahead, self.behind, self.at, self.half = (role.register() for _ in range(4))
        self._route(axis.onward, axis.back, axis.toward, starts=end is End.FIRST, ends=end is End.LAST)
        self._route(axis.homeward, axis.toward, axis.back, starts=end is End.LAST, ends=end is End.FIRST)

    def _route(self, color: Color, source: str, output: str, *, starts: bool, ends: bool) -> None:
        if not starts:
            self.role.route(color, source, "RAMP", *([] if ends else [output]))
            self.role.filter(color, first=0, count=PARTS)
        if not ends:
            self.role.route(color, "RAMP", output)

    def write(self, x: Mem, y: Mem, then: CoreTask) -> None:
        """Write the instructions that send x and receive y, both n numbers; *then* runs when y is there.

        With numbers from both sides *then* must be blocked: the one side activates it, the other unblocks it.
        """
        role, inner = self.role, self.end is End.INNER
        self._measure()
        onward, homeward = (role.fabin(color, y.length) for color in (self.axis.onward, self.axis.homeward))
        if self.end is not End.FIRST:
            role.fmovs(y, onward, length=self.behind, thread=0, activate=then)
        if inner:
            role.fmovs(_descending(y), homeward, length=self.ahead, thread=1, unblock=then)
        elif self.end is End.FIRST:
            role.fmovs(_descending(y), homeward, length=self.ahead, thread=1, activate=then)
        role.fmovs(y.at(self.behind, PARTS), x.at(self.behind, PARTS))
        if not inner:
            (self._send_onward if self.end is End.FIRST else self._send_homeward)(x)
            return
        # The turn that comes first must not wait for the other.
        nearer = jump_if_less(role, self.at, self.half)
        self._send_homeward(x)
        self._send_onward(x)
        done = jump(role)
        nearer.land()
        self._send_onward(x)
        self._send_homeward(x)
        done.land()

    def _measure(self) -> None:
        """Find how many wavelets go to the cores ahead and behind."""
        role = self.role
        role.load(self.at, self.place)
        role.iadd(self.behind, self.at, self.at)
        role.imul(self.ahead, self.behind, -1)
        role.iadd(self.ahead, self.ahead, PARTS * (self.cores - 1), cost=ISSUE_CYCLES)
        role.set(self.half, self.cores // 2)

    def _send_onward(self, x: Mem) -> None:
        self._send(self.axis.onward, _descending(x), self.ahead)

    def _send_homeward(self, x: Mem) -> None:
        self._send(self.axis.homeward, x, self.behind)

    def _send(self, color: Color, x: Mem, length: Register) -> None:
        """Send the numbers for one side, the farthest core's first; then end the turn."""
        self.role.fmovs(self.role.fabout(color, x.length), x, length=length)
        self.role.control(color, commands=("NOP",), keep=True)
        self.role.control(color, commands=("NOP", "ADVANCE"))


def _descending(x: Mem) -> Mem:
    """Return the numbers of x from the last to the first, real parts before imaginary ones."""
    numbers = x.length // PARTS
    return x.at(x.length - PARTS).grid(numbers, PARTS, row_stride=-PARTS)


def link_wavelets(cores: int) -> int:
    """Return the data wavelets that pass the busiest link of a line, the last of each direction."""
    return PARTS * cores * (cores - 1) // 2


def exchange_cycles(fabric: Fabric, cores: int) -> int:
    """Return the cycles from the start of all cores to the last wavelet received."""
    turns = cores - 1
    sent = link_wavelets(cores) + (HANDOVER_CYCLES + fabric.hop_cycles) * turns
    return sent + 2 * fabric.ramp_cycles
