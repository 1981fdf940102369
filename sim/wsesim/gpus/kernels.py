"""Time of a kernel on one GPU: of a matrix product by its tiles, of attention, of what passes through memory.

product m x n x k:   tiles of 256 x 128 or less ─► waves of one tile a multiprocessor ─► max(products, memory) + gap
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from wsesim.gpus.load import Gpu
from wsesim.gpus.specs import stored_bytes

TILES = ((256, 128, 1.0), (128, 256, 1.0), (128, 128, 0.9), (128, 64, 0.75), (64, 64, 0.6))
"""Rows, columns, and the share of the full rate at which operands reach it from shared memory and L2, falling with
area over edge. Assumed, as CUTLASS's profiles have it."""
FIRST_SHARE = 0.5
"""Share of FlashAttention 2's rate of products that the first one reaches. Source: Dao 2023, arXiv 2307.08691."""
SOFTMAX_INSTRUCTIONS = 6
"""Vector instructions of a score forward, beside its exponential: scale, maximum, subtract, sum, convert. Counted."""


@dataclass(slots=True)
class Load:
    """Seconds and work of some kernels on one GPU; adds up in place, as estimates add up hundreds."""

    products_s: float = 0.0
    attention_s: float = 0.0
    elementwise_s: float = 0.0
    launch_s: float = 0.0
    core_s: float = 0.0
    """Part of the seconds that scales with the clock: bound by arithmetic."""
    core_j: float = 0.0
    """Energy of arithmetic at the boost clock."""
    memory_bytes: float = 0.0

    @property
    def seconds(self) -> float:
        """All together, at the boost clock."""
        return self.products_s + self.attention_s + self.elementwise_s + self.launch_s

    def add(self, other: Load, times: float = 1.0) -> Load:
        """Add *other*, so many *times*; return self."""
        self.products_s += times * other.products_s
        self.attention_s += times * other.attention_s
        self.elementwise_s += times * other.elementwise_s
        self.launch_s += times * other.launch_s
        self.core_s += times * other.core_s
        self.core_j += times * other.core_j
        self.memory_bytes += times * other.memory_bytes
        return self


@dataclass(frozen=True, slots=True)
class Kernels:
    """Kernels on a GPU."""

    gpu: Gpu

    def flop_j(self, bits: int) -> float:
        """Return the energy of a FLOP at the boost clock."""
        chip, practice = self.gpu.chip, self.gpu.practice
        return practice.picojoules_per_flop * 1e-12 * chip.process_energy * bits / 16

    def stream_s(self, size_bytes: float) -> float:
        """Return the seconds of a long stream from and to memory."""
        return size_bytes / (self.gpu.chip.memory_bandwidth_bytes_per_s * self.gpu.practice.memory_share)

    def product(
        self, m: float, n: float, k: float, *, bits: int, out_bytes: float = 2, count: float = 1
    ) -> Load:  # fmt: skip
        """Return *count* products of m x k with k x n side by side, their operands of *bits*."""
        practice = self.gpu.practice
        peak, multiplied = self.gpu.chip.peak(bits)
        rate = peak * practice.tensor_share * self.gpu.chip.library_share
        arithmetic_s = self._tiled_s(ceil(m), ceil(n), k, count, rate)
        moved = count * ((m * k + k * n) * stored_bytes(bits) + m * n * out_bytes)
        memory_s = self.stream_s(moved)
        spent_s = max(arithmetic_s, memory_s)
        return Load(
            products_s=spent_s, launch_s=practice.kernel_gap_s, core_s=arithmetic_s if arithmetic_s == spent_s else 0.0,
            core_j=2 * m * n * k * count * self.flop_j(multiplied), memory_bytes=moved,
        )  # fmt: skip

    def _tiled_s(self, m: int, n: int, k: float, count: float, rate: float) -> float:
        sms, steps = self.gpu.chip.sms, k + self.gpu.practice.tile_steps
        found = []
        for rows, columns, share in TILES:
            waves = ceil(ceil(m / rows) * ceil(n / columns) * count / sms)
            found.append(waves * rows * columns / share)
        return 2 * min(found) * steps * sms / rate

    def stream(self, size_bytes: float, kernels: float, *, fused: bool = False) -> Load:
        """Return kernels that do little but read and write memory; more and longer ones where they are not *fused*."""
        practice = self.gpu.practice
        times = 1.0 if fused else practice.vector_passes
        return Load(
            elementwise_s=self.stream_s(size_bytes * times), launch_s=kernels * times * practice.kernel_gap_s,
            memory_bytes=size_bytes * times,
        )  # fmt: skip

    def attention(
        self, scores: float, head_width: int, *, products: int, kind: str
    ) -> Load:  # fmt: skip
        """Return fused attention over so many *scores* (queries x keys seen, all heads).

        Args:
            scores: computed, each once.
            head_width: of a head.
            products: of a score with a head's width: 2 forward, 5 backward.
            kind: as in `GpuProgram.attention`, but stored.
        """
        chip, practice = self.gpu.chip, self.gpu.practice
        peak, _ = chip.peak(16)
        flops = 2.0 * products * scores * head_width
        share = practice.tensor_share * chip.library_share * (1.0 if kind == "pipelined" else chip.common_share)
        share *= FIRST_SHARE if kind == "first" else 1.0
        product_s = flops / (peak * share)
        lanes = chip.sms * chip.clock_hz
        instructions = SOFTMAX_INSTRUCTIONS * products / 2
        vector_s = scores * (instructions / chip.vector_per_cycle + 1 / chip.exponentials_per_cycle) / lanes
        spent_s = max(product_s, vector_s) + min(product_s, vector_s) * (0.5 if kind == "pipelined" else 1.0)
        return Load(
            attention_s=spent_s, launch_s=practice.kernel_gap_s, core_s=spent_s,
            core_j=flops * self.flop_j(16),
        )  # fmt: skip
