"""What machines draw while they do what is asked: idle by its parts, and the energy of all that was counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Any

from wsesim.answer import OpTime, Table
from wsesim.hardware import Cluster, HardwareChoice
from wsesim.kernels import Cost, all_of, resident_events, together
from wsesim.mapping import Latest, Program
from wsesim.questions.shared.price import job_usd, price_table
from wsesim.units import Dimension, plural, show

if TYPE_CHECKING:
    from wsesim.mapping.resident import PhaseTime, ResidentPlan

NAMES = {
    "fixed": "pumps, fans, control", "leakage": "leakage", "clock": "clock tree and all that never rests",
    "mac_fp16": "multiply-accumulates, 16 bits", "mac_mixed": "multiply-accumulates, 16-bit factors",
    "mac_bf16": "multiply-accumulates, bfloat16", "mac_fp32": "operations in 32 bits", "sram": "accesses of SRAM",
    "accumulator": "accesses of accumulators", "issue": "instructions", "hop": "wavelets over links",
    "io_bit": "bits over the wafer's edge",
}  # fmt: skip
"""What a part of the power is called."""
COLUMNS = ("what", "power_w", "share", "energy_per_token_j")
NEAR = 1.01
"""Times the clock that powers are stated at from which on it is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What wafers draw that do so much in so many seconds."""

    cluster: Cluster
    wafers: int
    """In use, whether they compute or wait."""
    seconds: float
    counts: Mapping[str, float]
    """Events of all wafers in that time, by kind (`hardware.Energy`)."""

    @property
    def parts_w(self) -> dict[str, float]:
        """Watts by part, idle ones first."""
        wafer = self.cluster.wafer
        idle = wafer.energy.idle_w(wafer.cores, wafer.core.clock_hz)
        work = wafer.energy.joules(self.counts)
        return {
            **{part: self.wafers * watts for part, watts in idle.items()},
            **{event: joules / self.seconds for event, joules in work.items() if joules},
        }

    @property
    def idle_w(self) -> float:
        """Of all wafers when no program runs."""
        wafer = self.cluster.wafer
        return self.wafers * fsum(wafer.energy.idle_w(wafer.cores, wafer.core.clock_hz).values())

    @property
    def total_w(self) -> float:
        """Of all wafers, without servers."""
        return fsum(self.parts_w.values())

    @property
    def off_w(self) -> float:
        """By how much that may be off."""
        wafer = self.cluster.wafer
        idle = self.wafers * wafer.energy.idle_off_w(wafer.cores, wafer.core.clock_hz)
        return idle + wafer.energy.events_off * (self.total_w - self.idle_w)

    @property
    def servers_w(self) -> float:
        """Of what stands beside the systems."""
        return self.wafers * self.cluster.wafer.energy.servers_w

    @property
    def unsourced(self) -> str:
        """Why there is no figure of power; empty where there is."""
        return self.cluster.wafer.energy.unsourced(self.cluster.wafer.core.clock_hz)

    def figures(self, tokens: float) -> dict[str, Any]:
        """Return the figures of power where so many *tokens* were read and written; None of what no source supports."""
        usd = job_usd(self.cluster, self.wafers, self.seconds, self.total_w + self.servers_w)
        found = {
            "energy_per_token_j": self.total_w * self.seconds / tokens if tokens else None, "power_w": self.total_w,
            "power_off_w": self.off_w, "idle_w": self.idle_w, "servers_w": self.servers_w,
            "usd_per_million_tokens": 1e6 * usd / tokens if tokens else None,
        }  # fmt: skip
        return dict.fromkeys(found) if self.unsourced else found

    def table(self, tokens: float) -> Table:
        """Return where the power goes, most first."""
        total = self.total_w
        rows = [
            (NAMES[part], watts, watts / total, watts * self.seconds / tokens if tokens else None)
            for part, watts in sorted(self.parts_w.items(), key=lambda item: -item[1])
        ]
        rows.append(("all systems", total, 1.0, total * self.seconds / tokens if tokens else None))
        return Table(name="power", title="Where the power goes", columns=COLUMNS, rows=tuple(rows))

    def words(self, of: str) -> str:
        """Say what the power is, and by how much it may be off."""
        return f"at {show(self.total_w, Dimension.WATTS)} ± {show(self.off_w, Dimension.WATTS)}, {of}"

    def notes(self, hardware: HardwareChoice) -> Iterator[str]:
        """Say where the power is withheld, above what a system is made for, or at another clock than is stated."""
        energy, clock_hz = self.cluster.wafer.energy, self.cluster.wafer.core.clock_hz
        each_w = self.total_w / self.wafers
        if self.unsourced:
            yield f"No power, energy or price: {self.unsourced}."
        elif each_w - self.off_w / self.wafers > energy.nameplate_w and not energy.capped:
            made, needs = (show(watts, Dimension.WATTS) for watts in (energy.nameplate_w, each_w))
            yield (
                f"A system would draw {needs}, and is made for {made}: with hardware: energy.capped: true its clock is "
                "lowered until it draws that."
            )
        if clock_hz > NEAR * energy.clock_hz and not self.unsourced:
            yield (
                f"Power is stated at {show(energy.clock_hz, Dimension.HERTZ)}. What is drawn in every cycle goes with "
                "the clock; the voltage that a faster clock may need is energy.voltage."
            )
        if lost := hardware.cluster.wafer.lost_columns:
            yield f"Defects that spare cores cannot take in cost the wafer {plural(lost, 'column')}."


def power_tables(power: Power, tokens: float) -> tuple[Table, ...]:
    """Return where the power goes and what machines cost; nothing where no source supports it."""
    if power.unsourced:
        return ()
    return power.table(tokens), price_table(power.cluster, power.total_w + power.servers_w)


_counted: Latest[Mapping[str, float]] = Latest(most=64)


def step_counts(program: Program) -> Mapping[str, float]:
    """Return the events of a step on all systems; of the same passes they are counted once, whatever the machine."""
    key = (id(program.groups), program.load, program.cluster.systems)
    return _counted.get(key, program.groups, lambda: _events(program))


def _events(program: Program) -> dict[str, float]:
    cluster = program.cluster
    kernels = (
        all_of(kernel.events, program.load * cluster.systems * group.count * stage.repeat)
        for group in program.groups for stage in group.stages for kernel in stage.kernels
    )  # fmt: skip
    moved = fsum(
        group.count * (group.token_bytes + fsum(s.repeat * (s.weight_bytes + s.gradient_bytes) for s in group.stages))
        for group in program.groups
    )
    return together(*kernels, {"io_bit": 8 * program.load * cluster.systems * moved})


def resident_counts(plan: ResidentPlan, phases: Iterable[tuple[PhaseTime | None, float]]) -> dict[str, float]:
    """Return the events of *phases*, each so many times."""
    work = [
        (op.cost, count * times)
        for phase, count in phases if phase is not None for sequence, times in phase.work for op in sequence.ops
    ]  # fmt: skip
    moved = Cost(
        sram_bytes=fsum(times * cost.sram_bytes for cost, times in work),
        fabric_bytes=fsum(times * cost.fabric_bytes for cost, times in work),
    )
    return resident_events(moved, plan.request.cluster.wafer, plan.request.precision)


def power_of_ops(plan: ResidentPlan, wafers: int, ops: Iterable[OpTime], seconds: float) -> Power:
    """Return what so many wafers of a plan draw that run *ops* in so many seconds."""
    counts = together({}, *(all_of(op.events, op.calls) for op in ops))
    return Power(cluster=plan.request.cluster, wafers=wafers, seconds=seconds, counts=counts)
