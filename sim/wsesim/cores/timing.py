"""Cycles that the vendor does not publish, one set per generation, and which measured rows each was taken from.

Where `Core` and `Fabric` have a number it is used: hop, ramp, start of tasks and vector instructions, lanes, bytes per
cycle. The rest stands here, with its source; row names are those of the table of measured kernels.

A generation is told by its datapath: eight 16-bit lanes are the WSE-3, fewer the WSE-1 and WSE-2.
"""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.errors import require_positive
from wsesim.hardware import Wafer

WIDE_LANES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What a core program costs beside its elements and wavelets; all in cycles unless it says words."""

    hop_cycles: int
    """From one router to the next. Fabric.hop_cycles; WSE-2 1 (`red1d`), WSE-3 2 (`mic-hop`)."""
    ramp_cycles: int
    """From router to program, and back. Fabric.ramp_cycles; WSE-2 2 (`red1d`: 6 per core of a chain is 1 + 2 + 1 + 2),
    WSE-3 3 (`st1c-wse3`: a neighbour's value takes 1 + 3 + 2 + 3)."""
    task_start_cycles: int
    """From the wavelet that starts a task, or the launch of a program, to its first instruction.
    Core.task_launch_cycles; WSE-3 2 (`mic-msg-send-dispatch-to-receive-t`). WSE-2 10: no row of a kernel shows it, but
    `wl-dec` do, where wavelets wake each core of a line."""
    activation_cycles: int
    """The same for a task that the core itself activates: another task, or the end of a vector instruction. WSE-3 2
    (`mic-msg-last-wavelet-to-completion`: 3, with the cycle of the last element). WSE-2 0 (`st2d-wse2-r1-t1x1`: ten
    tasks and eight transfers are 127 cycles in all, which leaves nothing for starts)."""
    launch_cycles: int
    """From the dispatch of a vector instruction on the main thread to its first element. Core.vector_launch_cycles;
    WSE-2 0 (`st1c-wse2`: six instructions of one element and a taken branch are 12), WSE-3 1 (`mic-dsdlat`: 2 + time of
    the elements, both ends counted)."""
    microthread_launch_cycles: int
    """The same on a microthread. 1: SUMMA's simulator log; `mic-msg-dispatch-to-first-wavelet` 7 at the neighbour."""
    branch_taken_cycles: int
    """`mic-branch-taken`: jump to next dispatch. On the WSE-2 the same, which `st1c-wse2` confirms."""
    branch_not_taken_cycles: int
    """`mic-branch-nottaken`."""
    map_cycles: int
    """One turn of `@map`, beside its vector instruction. `mic-fma16-4096-map16` (11.1 with 1 + 4 of it), `mgemm`."""
    dependent_cycles: int
    """Scalar instruction whose result the next one needs. `mic-dep-fp`; `mic-scalar-add` is 2 + 2 + 2 + 1."""
    saved_map_cycles: int
    """The same where descriptors keep their place by themselves from turn to turn, and the turn does not move them.
    `mgemm`: 7 a turn with 1 + 2 of the instruction, 9 with 1 + 4."""
    moves_pass: bool
    """Whether a 16-bit move from memory to the fabric and one the other way go in the same cycle, on two microthreads.
    WSE-3 yes: `mgemm` with mode L=0, where 92 wavelets go out and 92 come in within 150 cycles; before it assumed not.
    Of 32-bit moves no: with radius 2 an iteration of `st2d-wse3` takes a cycle more for each word sent or received."""
    stamp_cycles: int
    """A pair of time stamps around nothing. WSE-2 6 (`fmacs`: n + 6), WSE-3 15 (`mic-fma16-4096-dsd`: 16 with 1)."""
    link_words: int
    """Wavelets of one color a router holds from each side: assumed; with 3 or more a link of 2 cycles is never idle."""
    in_queue_words: tuple[int, ...]
    """Depth of the input queues, words. Source: descriptors page of the SDK."""
    out_queue_words: tuple[int, ...]
    """Depth of the output queues, words. Source: descriptors page of the SDK."""
    fabric_inputs: int
    """Fabric operands an instruction may read. WSE-2 2, WSE-3 1: vendor's examples."""

    def __post_init__(self) -> None:
        require_positive(hop_cycles=self.hop_cycles, ramp_cycles=self.ramp_cycles, link_words=self.link_words)

    @classmethod
    def of(cls, wafer: Wafer) -> Timing:
        """Return the timing of a wafer's generation; hop and ramp are at least one cycle."""
        wide = wafer.core.simd_fp16_per_cycle >= WIDE_LANES
        return cls(
            hop_cycles=max(1, wafer.fabric.hop_cycles),
            ramp_cycles=max(1, wafer.fabric.ramp_cycles),
            task_start_cycles=wafer.core.task_launch_cycles,
            activation_cycles=wafer.core.task_launch_cycles if wide else 0,
            launch_cycles=wafer.core.vector_launch_cycles,
            microthread_launch_cycles=1,
            branch_taken_cycles=6,
            branch_not_taken_cycles=3,
            map_cycles=6,
            dependent_cycles=2,
            saved_map_cycles=4,
            moves_pass=wide,
            stamp_cycles=15 if wide else 6,
            link_words=4,
            in_queue_words=(8, 8, 4, 4, 4, 4, 4, 4) if wide else (6, 6, 4, 4, 2, 2, 2, 2),
            out_queue_words=(8,) * 8 if wide else (2, 2, 6, 6, 2, 2),
            fabric_inputs=1 if wide else 2,
        )
