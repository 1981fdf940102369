"""A GPU and what programs get out of GPUs, as values: what is etched and wired, and constants of the estimate.

What a preset gives is a field here, one per figure. Constants whose source is `calibrated` were set against published
step times (`wsesim validate --gpus`), one value each for all GPUs, models and programs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from wsesim.errors import SpecError, require_not_negative, require_positive
from wsesim.figures import LESS, MORE, neither

BITS = {"fp32": 32, "tf32": 19, "fp16": 16, "bf16": 16, "fp8": 8, "mxfp8": 8, "fp4": 4, "nvfp4": 4}
"""Bits of an operand of a matrix product, by precision."""
SCALE_BITS = 0.5
"""Of an operand of 4 bits, for its share of the scale of 16 of them (NVFP4)."""
_MAY_BE_NONE = ("dense_8_teraflops", "dense_4_teraflops", "node_w", "gpu_usd", "server_usd")


def stored_bytes(bits: int) -> float:
    """Return the bytes of an operand of so many bits, with its share of scales."""
    return (bits + (SCALE_BITS if bits <= 4 else 0)) / 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One GPU, with its share of the links around it.

    Raises:
        SpecError: on construction, for sizes or rates that are not positive.
    """

    sms: int = field(metadata=neither("more of them for one peak are slower each, and tiles fill them otherwise"))
    """Multiprocessors (compute units) that work side by side."""
    clock_hz: float = field(metadata=MORE)
    """Boost clock, at which the peaks are stated, hertz."""
    dense_16_teraflops: float = field(metadata=MORE)
    """Dense peak of matrix products of 16 bits, TFLOP/s."""
    dense_8_teraflops: float = field(metadata=MORE)
    """The same of 8 bits; 0: it has none, and multiplies 16 bits."""
    dense_4_teraflops: float = field(metadata=MORE)
    """The same of 4 bits; 0: it has none, and multiplies 8 bits."""
    exponentials_per_cycle: float = field(metadata=MORE)
    """Special functions per cycle and multiprocessor."""
    vector_per_cycle: float = field(metadata=MORE)
    """Instructions of 32 bits per cycle and multiprocessor."""
    memory_bytes: int = field(metadata=MORE)
    """Memory beside the chip, bytes."""
    memory_bandwidth_bytes_per_s: float = field(metadata=MORE)
    """Peak bandwidth of that memory."""
    link_bytes_per_s: float = field(metadata=MORE)
    """Links to the other GPUs of a domain, one direction."""
    link_domain: int = field(metadata=MORE)
    """GPUs that those links join."""
    network_bytes_per_s: float = field(metadata=MORE)
    """The GPU's share of the network between domains, one direction."""
    board_w: float = field(metadata=neither("less power for the same limit is better, a higher limit is faster"))
    """Power limit of the board, watts."""
    node_w: float = field(metadata=LESS)
    """Largest power of a server over its GPUs, watts per GPU."""
    gpu_usd: float = field(metadata=LESS)
    """Price of a GPU, dollars."""
    server_usd: float = field(metadata=LESS)
    """Its share of server, racks and network, dollars."""
    library_share: float = field(metadata=MORE)
    """What the vendor's libraries reach of the products that issue and power would allow; NVIDIA's being 1."""
    common_share: float = field(metadata=MORE)
    """Share of the peak that instructions reach which all GPUs have: those of attention before FlashAttention 3."""
    process_energy: float = field(metadata=LESS)
    """Energy of switching in the chip's process, TSMC 4N being 1."""

    def __post_init__(self) -> None:
        """Check that every figure is a size or a rate."""
        above_zero = [each.name for each in fields(self) if each.name not in _MAY_BE_NONE]
        require_positive(**{name: getattr(self, name) for name in above_zero})
        require_not_negative(**{name: getattr(self, name) for name in _MAY_BE_NONE})

    def peak(self, bits: int) -> tuple[float, int]:
        """Return the dense peak (FLOP/s) of products of *bits*, and the bits that are multiplied then."""
        if bits <= 4 and self.dense_4_teraflops:
            return self.dense_4_teraflops * 1e12, 4
        if bits <= 8 and self.dense_8_teraflops:
            return self.dense_8_teraflops * 1e12, 8
        return self.dense_16_teraflops * 1e12, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What programs reach of the peaks of any GPU, and what starts and waits cost."""

    tensor_share: float = field(metadata=MORE)
    """Share of the peak that a product's main loop issues."""
    tile_steps: float = field(metadata=LESS)
    """What filling and emptying a tile costs, in multiply-accumulates of each of its elements."""
    memory_share: float = field(metadata=MORE)
    """Share of the memory's bandwidth that a long stream reaches."""
    vector_passes: float = field(metadata=LESS)
    """Times that norms, activations and residuals pass through memory, over what one fused kernel each would."""
    kernel_gap_s: float = field(metadata=LESS)
    """From a kernel's end to the next one's full speed: launch, ramp, tail."""
    link_share: float = field(metadata=MORE)
    """Share of a link's rate, in a domain or of the network, that a long collective reaches."""
    link_latency_s: float = field(metadata=LESS)
    """Start of a collective in a domain."""
    network_latency_s: float = field(metadata=LESS)
    """One step of a ring or a tree between domains."""
    interference: float = field(metadata=LESS)
    """Share of traffic that runs beside a computation by which this becomes longer all the same."""
    picojoules_per_flop: float = field(metadata=LESS)
    """Energy of a FLOP of 16 bits at the boost clock in TSMC 4N, operands included; of 8 bits half, of 4 a quarter."""
    picojoules_per_byte: float = field(metadata=LESS)
    """Energy of a byte to or from memory."""
    static_share: float = field(metadata=LESS)
    """Share of the board's limit that it takes whatever it does."""
    scatter: float = field(metadata=LESS)
    """Standard deviation of a GPU's time for a step, as a share: the slowest of many decides."""

    def __post_init__(self) -> None:
        """Check that shares are shares."""
        for name in ("tensor_share", "memory_share", "link_share", "interference", "static_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise SpecError(name, f"must be from 0 to 1, got {getattr(self, name)}")
        require_positive(
            tensor_share=self.tensor_share, memory_share=self.memory_share, link_share=self.link_share,
            picojoules_per_flop=self.picojoules_per_flop,
        )  # fmt: skip
        require_not_negative(
            tile_steps=self.tile_steps, vector_passes=self.vector_passes, kernel_gap_s=self.kernel_gap_s,
            link_latency_s=self.link_latency_s, network_latency_s=self.network_latency_s,
            picojoules_per_byte=self.picojoules_per_byte, scatter=self.scatter,
        )  # fmt: skip
