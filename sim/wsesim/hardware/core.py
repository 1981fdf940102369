"""What a wafer is made of, over and over: a core, its router and links, and what its code and silicon cost.

Rates are per clock cycle. What programs and releases do is not here but in `software`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from wsesim.errors import SpecError, require_at_most, require_choice, require_not_negative, require_positive
from wsesim.figures import LESS, MORE, neither

PRECISIONS = ("fp16", "mixed", "fp32", "bf16", "cb16")
"""Arithmetic of a multiply-accumulate: all 16-bit; 16-bit factors summed in 32 bits (bf16, cb16 too); all 32-bit."""

FASTEST_HZ = 10**11
"""No circuit of many gates between two registers has a faster clock, in any technology of silicon."""
LARGEST_SRAM_BYTES = 2**32
"""What the 32 bits of an address reach; those of a core have 16."""
LARGEST_WAVELET_BYTES = 512
"""What the edge of a core lets pass in a cycle: 4,096 wires of 40 nm pitch take all of its 0.2 mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """One core of the wafer: a datapath, its private memory and its scheduler."""

    clock_hz: float = field(metadata=MORE)
    """Clock of the core and of its router, hertz."""
    sram_bytes: int = field(metadata=MORE)
    """Private memory, bytes."""
    reserved_bytes: int = field(metadata=LESS)
    """Part of the memory that program, stack and system take, bytes."""
    fmac_fp16_per_cycle: float = field(metadata=MORE)
    """Peak multiply-accumulates per cycle, 16-bit factors and sum."""
    fmac_mixed_per_cycle: float = field(metadata=MORE)
    """Peak multiply-accumulates per cycle, 16-bit factors and 32-bit sum."""
    fmac_fp32_per_cycle: float = field(metadata=MORE)
    """Peak multiply-accumulates per cycle, 32-bit factors and sum."""
    simd_fp16_per_cycle: float = field(metadata=MORE)
    """Elements per cycle of a 16-bit add, multiply or move."""
    simd_fp32_per_cycle: float = field(metadata=MORE)
    """Elements per cycle of a 32-bit add or move."""
    sram_read_bytes_per_cycle: float = field(metadata=MORE)
    """Bytes the datapath reads from memory per cycle."""
    sram_write_bytes_per_cycle: float = field(metadata=MORE)
    """Bytes the datapath writes to memory per cycle."""
    accumulator_bytes: int = field(metadata=MORE)
    """Memory beside the datapath in which a program keeps the sums of a streamed product, bytes."""
    vector_launch_cycles: int = field(metadata=LESS)
    """Cycles a vector instruction costs beside its elements."""
    task_launch_cycles: int = field(metadata=LESS)
    """Cycles from the activation of a task to its first instruction."""
    convert_per_cycle: float = field(metadata=MORE)
    """Elements per cycle of an instruction between 16 and 32 bits."""
    max_per_cycle: float = field(metadata=MORE)
    """Elements per cycle of a maximum, where the datapath is no slower."""
    colliding_cycles: int = field(metadata=LESS)
    """Cycles of an issue whose two reads collide in a bank: one after the other."""
    bank_period_bytes: int = field(metadata=neither("where banks repeat: which reads collide is a layout's luck"))
    """Bytes after which the banks repeat, for elements of 16 bits; a power of two."""
    bank_apart_bytes: int = field(metadata=LESS)
    """Distance modulo that, nearer than which two reads of 16 bits collide."""
    word_period_bytes: int = field(metadata=neither("where banks repeat: which reads collide is a layout's luck"))
    """Bytes after which the banks repeat, for elements of 32 bits; a power of two."""
    line_bytes: int = field(metadata=neither("which vectors begin in a line is a layout's luck"))
    """Size of the lines in which vectors of 16-bit elements are read, where they are longer than an issue; bytes."""
    instruction_bytes: int = field(metadata=LESS)
    """Code in memory per instruction, bytes."""
    activation_cycles: int = field(metadata=LESS)
    """As `task_launch_cycles`, of a task that the core itself activates: another task, the end of an instruction."""
    microthread_launch_cycles: int = field(metadata=LESS)
    """As `vector_launch_cycles`, of an instruction on a microthread."""
    branch_taken_cycles: int = field(metadata=LESS)
    """Cycles from a jump to the dispatch of the next instruction."""
    branch_not_taken_cycles: int = field(metadata=LESS)
    """The same of a branch that is not taken."""
    map_cycles: int = field(metadata=LESS)
    """Cycles of one turn of `@map` beside its vector instruction."""
    saved_map_cycles: int = field(metadata=LESS)
    """The same where descriptors keep their place by themselves from turn to turn, and the turn does not move them."""
    dependent_cycles: int = field(metadata=LESS)
    """Cycles of a scalar instruction whose result the next one needs."""
    moves_pass: bool = field(metadata=MORE)
    """Whether a 16-bit move to the fabric and one from it go in the same cycle, on two microthreads."""
    stamp_cycles: int = field(metadata=neither("what measuring costs, and no run"))
    """Cycles of a pair of time stamps around nothing."""
    fabric_inputs: int = field(metadata=MORE)
    """Fabric operands that an instruction may read."""

    def __post_init__(self) -> None:
        require_positive(
            clock_hz=self.clock_hz, sram_bytes=self.sram_bytes, fmac_fp16_per_cycle=self.fmac_fp16_per_cycle,
            fmac_mixed_per_cycle=self.fmac_mixed_per_cycle, fmac_fp32_per_cycle=self.fmac_fp32_per_cycle,
            simd_fp16_per_cycle=self.simd_fp16_per_cycle, simd_fp32_per_cycle=self.simd_fp32_per_cycle,
            sram_read_bytes_per_cycle=self.sram_read_bytes_per_cycle,
            sram_write_bytes_per_cycle=self.sram_write_bytes_per_cycle, convert_per_cycle=self.convert_per_cycle,
            max_per_cycle=self.max_per_cycle, colliding_cycles=self.colliding_cycles, line_bytes=self.line_bytes,
            instruction_bytes=self.instruction_bytes, branch_taken_cycles=self.branch_taken_cycles,
            branch_not_taken_cycles=self.branch_not_taken_cycles, map_cycles=self.map_cycles,
            saved_map_cycles=self.saved_map_cycles, dependent_cycles=self.dependent_cycles,
            fabric_inputs=self.fabric_inputs,
        )  # fmt: skip
        require_not_negative(
            reserved_bytes=self.reserved_bytes, vector_launch_cycles=self.vector_launch_cycles,
            task_launch_cycles=self.task_launch_cycles, activation_cycles=self.activation_cycles,
            microthread_launch_cycles=self.microthread_launch_cycles, stamp_cycles=self.stamp_cycles,
            bank_apart_bytes=self.bank_apart_bytes, accumulator_bytes=self.accumulator_bytes,
        )  # fmt: skip
        require_at_most(FASTEST_HZ, "no silicon has a faster clock, in hertz", clock_hz=self.clock_hz)
        require_at_most(LARGEST_SRAM_BYTES, "a core's address has 32 bits at most", sram_bytes=self.sram_bytes)
        _require_power_of_two(bank_period_bytes=self.bank_period_bytes, word_period_bytes=self.word_period_bytes)
        if self.reserved_bytes >= self.sram_bytes:
            raise SpecError("reserved_bytes", f"is {self.reserved_bytes} of {self.sram_bytes} bytes; nothing is left")

    @property
    def usable_bytes(self) -> int:
        """Memory left for data, bytes."""
        return self.sram_bytes - self.reserved_bytes

    def fmac_per_cycle(self, precision: str) -> float:
        """Return the peak multiply-accumulates per cycle at *precision*, one of `PRECISIONS`.

        Raises:
            SpecError: an unknown precision.
        """
        require_choice("precision", precision, PRECISIONS)
        rates = {"fp16": self.fmac_fp16_per_cycle, "fp32": self.fmac_fp32_per_cycle}
        return rates.get(precision, self.fmac_mixed_per_cycle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """The mesh that joins the cores: one router each, a link to every neighbour, a ramp to the core."""

    wavelet_bytes: int = field(metadata=MORE)
    """Payload of a wavelet, bytes."""
    link_wavelets_per_cycle: float = field(metadata=MORE)
    """Wavelets a link or a ramp passes per cycle, each way."""
    hop_cycles: int = field(metadata=LESS)
    """Cycles from one router to the next."""
    ramp_cycles: int = field(metadata=LESS)
    """Cycles from a router to its core, and from a core to its router."""
    colors: int = field(metadata=MORE)
    """Routes a program can tell apart (virtual channels)."""
    link_words: int = field(metadata=MORE)
    """Wavelets of one color that a router holds from each side."""
    in_queue_words: tuple[int, ...] = field(metadata=MORE)
    """Depth of each queue from which a program reads a color, wavelets."""
    out_queue_words: tuple[int, ...] = field(metadata=MORE)
    """Depth of each queue into which a program writes a color, wavelets."""
    waiting_words: int = field(metadata=LESS)
    """Wavelets of a color that wait at a core beside those on the ramp, in closed forms."""

    def __post_init__(self) -> None:
        require_positive(
            wavelet_bytes=self.wavelet_bytes, link_wavelets_per_cycle=self.link_wavelets_per_cycle, colors=self.colors,
            ramp_cycles=self.ramp_cycles, link_words=self.link_words,
            waiting_words=self.waiting_words,
        )  # fmt: skip
        require_not_negative(hop_cycles=self.hop_cycles)
        why = "no more wires than its bits fit beside a core"
        require_at_most(LARGEST_WAVELET_BYTES, why, wavelet_bytes=self.wavelet_bytes)
        for name, depths in (("in_queue_words", self.in_queue_words), ("out_queue_words", self.out_queue_words)):
            if not depths or min(depths) < 1:
                raise SpecError(name, f"must be a depth of 1 or more for each queue, got {list(depths)}")


SLOWDOWNS = {
    "memory": "memory_slowdown",
    "link": "link_slowdown",
    "arithmetic": "arithmetic_slowdown",
    "arithmetic every cycle": "full_rate_slowdown",
    "scalar": "scalar_slowdown",
}
"""What can limit a program on silicon, and the field of `Silicon` that says by how much it is slower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silicon:
    """What a machine takes longer than the vendor's simulator of its fabric: it inserts cycles without work against
    heat, by one factor per resource, whatever the kernel. Cycles over cycles."""

    memory_slowdown: float = field(metadata=LESS)
    """Of vector instructions that the bytes of memory limit."""
    link_slowdown: float = field(metadata=LESS)
    """Of wavelets that stream through a link."""
    arithmetic_slowdown: float = field(metadata=LESS)
    """Of vector instructions in which the datapath works every other cycle at most: reads that collide, or 16 bytes
    read by an issue."""
    full_rate_slowdown: float = field(metadata=LESS)
    """Of vector arithmetic at full rate, an issue in every cycle."""
    scalar_slowdown: float = field(metadata=LESS)
    """Of scalar code and tasks, in programs with weights in memory."""

    def __post_init__(self) -> None:
        require_positive(**{name: getattr(self, name) for name in SLOWDOWNS.values()})
        for name in SLOWDOWNS.values():
            if getattr(self, name) < 1:
                raise SpecError(name, f"must be at least 1, got {getattr(self, name)}: silicon takes no cycles away")

    @property
    def by_resource(self) -> dict[str, float]:
        """The factors by what limits."""
        return {resource: getattr(self, name) for resource, name in SLOWDOWNS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Cycles of scalar code that compilers and libraries put around the instructions of a program."""

    exp_cycles: int = field(metadata=LESS)
    """One scalar exponential with its range reduction."""
    divide_cycles: int = field(metadata=LESS)
    """One scalar 32-bit divide."""
    sqrt_cycles: int = field(metadata=LESS)
    """One scalar 32-bit square root."""
    routes_cycles: int = field(metadata=LESS)
    """The library turns the routes of an axis, with bookkeeping, whatever the grid."""
    switch_cycles: int = field(metadata=LESS)
    """A routine that rewrites a switch of the own router at run time."""
    descriptor_cycles: int = field(metadata=LESS)
    """To move on a descriptor kept in memory."""
    settle_cycles: int = field(metadata=LESS)
    """From the write of a descriptor register to the first element of the instruction that uses it, and back."""
    base_cycles: int = field(metadata=LESS)
    """To write a register that is at hand into the base of a descriptor register."""
    unrolled_turns: int = field(metadata=neither("code without branches, and more of it"))
    """Turns of a loop, whose number the compiler knows, up to which it writes them out one after the other."""
    mesh_setup_cycles: int = field(metadata=LESS)
    """Of a product by MeshGEMM, once, beside the instructions that its program is written with."""
    map_start_cycles: int = field(metadata=LESS)
    """The descriptors that a `@map` begins with."""
    nest_cycles: int = field(metadata=LESS)
    """Set-up before a nest of loops."""
    call_cycles: int = field(metadata=LESS)
    """From the start of a task to the reading of the counter in the routine it calls, beside a pair of readings."""
    pass_on_cycles: int = field(metadata=LESS)
    """Of a task that handles a block of wavelets, before it passes it on."""
    vector_setup_cycles: int = field(metadata=LESS)
    """Scalar work before a vector instruction whose descriptors are set at run time."""
    window_cycles: int = field(metadata=LESS)
    """Between two time stamps on silicon beside a local sparse product."""
    count_cycles: int = field(metadata=LESS)
    """To count a transfer that is done."""
    ring_scalar_cycles: float = field(metadata=LESS)
    """Of a step of the all-reduce on a ring, beside its vector instructions: an address, and its share of the loop."""
    ring_crossing_cycles: float = field(metadata=LESS)
    """Of a step on a ring of more than `ring_calm_cores`, if a part has more than `ring_calm_words`: wavelets of other
    cores wait in the same routers."""
    ring_clash_cycles: float = field(metadata=LESS)
    """Of a step that waits for its wavelets: sending and receiving want the datapath in the same cycle now and then."""
    ring_calm_cores: int = field(metadata=MORE)
    """Cores of a ring up to which parts do not wait for each other in the routers."""
    ring_calm_words: int = field(metadata=MORE)
    """Wavelets of a part up to which they do not."""
    stencil_transfers_yield: bool = field(metadata=neither("who goes first, and no more is done"))
    """Whether instructions of its tasks go before elements that its microthreads move, or take turns with them."""
    stencil_count_cycles: int = field(metadata=LESS)
    """A stencil counts a completion: load, add, store."""
    stencil_enough_cycles: int = field(metadata=LESS)
    """Its fourth completion sets the count back."""
    stencil_turn_cycles: int = field(metadata=LESS)
    """Its loop task counts iterations: load, compare, add, store."""
    stencil_reload_cycles: int = field(metadata=LESS)
    """It puts one preloaded descriptor register back to its start, before each transfer of radius 1."""
    stencil_descriptor_cycles: int = field(metadata=LESS)
    """It brings a descriptor from memory into registers, before each transfer of radius 2 and more."""
    stencil_offset_cycles: int = field(metadata=LESS)
    """It shifts a descriptor and brings it into registers, before each vector instruction of radius 2 and more."""
    stencil_store_cycles: int = field(metadata=LESS)
    """A data task stores a wavelet: loads and stores of the place, the word, and the count of the row."""

    def __post_init__(self) -> None:
        require_positive(exp_cycles=self.exp_cycles, divide_cycles=self.divide_cycles, sqrt_cycles=self.sqrt_cycles)
        require_not_negative(**{each.name: getattr(self, each.name) for each in fields(self)})


def _require_power_of_two(**fields: int) -> None:
    for name, value in fields.items():
        if not 0 < value < float("inf") or int(value) & (int(value) - 1):
            raise SpecError(name, f"must be a power of two, got {value}")
