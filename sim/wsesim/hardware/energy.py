"""What a system draws: idle by its parts, and the energy of each event that a program counts.

    power = fixed + cores (leakage V^2 + clocked V^2 clock / at clock) + V^2 sum(count x energy) / time

V is the supply voltage over that at which the figures hold. Energy of an event goes with V^2 and not with
the clock, so that twice the clock does not halve what a token takes: only what a system draws whatever it does is drawn
for less long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import fsum

from wsesim.errors import require_not_negative, require_positive
from wsesim.figures import LESS, MORE, neither

MAC_EVENTS = {"fp16": "mac_fp16", "mixed": "mac_mixed", "cb16": "mac_mixed", "bf16": "mac_bf16", "fp32": "mac_fp32"}
"""The event that a multiply-accumulate is, by precision."""
PORT_BYTES = 8
"""What an access of SRAM moves at most; of less it takes as much energy."""
VOLTAGES, CLOCKS = (0.5, 1.5), (0.25, 4.0)
"""How far from what they are stated at figures are taken to hold, times the voltage and times the clock."""
SPLIT_OFF = 0.5
"""Share by which the parts of idle may be off where it was measured as a whole: how it splits is not published."""
_TOUCHY = "how far from it a supply can go is the silicon's: what clock a voltage allows is not modelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Idle power of a system by what it goes with, and energy of the events on its wafer."""

    clock_hz: float = field(metadata=neither("where a figure was taken, and not what the machine has"))
    """Clock at which `clocked_w` is stated, hertz."""
    voltage: float = field(metadata=neither(_TOUCHY))
    """Supply voltage over that at which powers and energies are stated."""
    fixed_w: float = field(metadata=LESS)
    """Pumps, fans and control of a system, whatever its wafer is and does, watts."""
    leakage_w: float = field(metadata=LESS)
    """Of each core whatever its clock, with its share of what conversion loses, watts."""
    clocked_w: float = field(metadata=LESS)
    """Of each core in every cycle whatever it does: clock tree, polling routers, conversion; watts at `clock_hz`."""
    nameplate_w: float = field(metadata=MORE)
    """What supply and cooling of a system are made for, watts."""
    capped: bool = field(metadata=neither("a system that draws less takes longer"))
    """Whether a run that would draw more lowers its clock until it does not."""
    mac_fp16_j: float = field(metadata=LESS)
    """A multiply-accumulate with 16-bit factors and sum, joules."""
    mac_mixed_j: float = field(metadata=LESS)
    """The same with 16-bit factors and a 32-bit sum, joules."""
    mac_bf16_j: float = field(metadata=LESS)
    """The same with factors in bfloat16 and a 32-bit sum, joules."""
    mac_fp32_j: float = field(metadata=LESS)
    """A multiply-accumulate in 32 bits, joules; an addition or a product alone counts as one."""
    sram_j: float = field(metadata=LESS)
    """An access of SRAM for one operand of an issue, of 64 bits or less, joules."""
    accumulator_j: float = field(metadata=LESS)
    """The same of the memory beside the datapath, joules."""
    issue_j: float = field(metadata=LESS)
    """An instruction in a cycle, whatever its lanes, joules."""
    hop_j: float = field(metadata=LESS)
    """A wavelet over one link and through a router, joules."""
    io_bit_j: float = field(metadata=LESS)
    """A bit over the edge of the wafer: serializers and adapters, joules."""
    events_off: float = field(metadata=LESS)
    """Share by which the energy of events may be off."""
    idle_off: float = field(metadata=LESS)
    """Share by which idle power may be off, at the clock and voltage where it is stated."""
    servers_w: float = field(metadata=LESS)
    """Store, tree, hosts and switches beside each system, watts."""

    def __post_init__(self) -> None:
        require_positive(clock_hz=self.clock_hz, voltage=self.voltage, nameplate_w=self.nameplate_w)
        numbers = {each.name: getattr(self, each.name) for each in fields(self) if each.type == "float"}
        require_not_negative(**numbers)

    def joules(self, counts: Mapping[str, float]) -> dict[str, float]:
        """Return the energy of so many of each event, joules."""
        scale = self.voltage**2
        return {event: scale * count * getattr(self, f"{event}_j") for event, count in counts.items()}

    def idle_w(self, cores: int, clock_hz: float) -> dict[str, float]:
        """Return what a system of so many cores draws at *clock_hz* when no program runs, by part, watts."""
        scale = cores * self.voltage**2
        return {
            "fixed": self.fixed_w, "leakage": scale * self.leakage_w,
            "clock": scale * self.clocked_w * clock_hz / self.clock_hz,
        }  # fmt: skip

    def idle_off_w(self, cores: int, clock_hz: float) -> float:
        """Return by how many watts idle power may be off, the more the farther from where it is stated."""
        stated = self.fixed_w + cores * (self.leakage_w + self.clocked_w)
        return self.idle_off * stated + SPLIT_OFF * abs(fsum(self.idle_w(cores, clock_hz).values()) - stated)

    def unsourced(self, clock_hz: float) -> str:
        """Return why there is no power at *clock_hz* and this voltage; empty where there is."""
        (least, most), (slowest, fastest) = VOLTAGES, CLOCKS
        if not least <= self.voltage <= most:
            return f"energy.voltage = {self.voltage:g} is not within {least:g} and {most:g} times what figures hold at"
        if not slowest <= clock_hz / self.clock_hz <= fastest:
            times = clock_hz / self.clock_hz
            return f"core.clock is {times:.3g} times energy.clock, not within {slowest:g} and {fastest:g} times"
        return ""
