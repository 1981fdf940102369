"""Descriptors: what a vector instruction reads and writes, in the field's vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from wsesim.cores import isa


@dataclass(frozen=True, slots=True)
class Color:
    """A route through the fabric, the same number on every core."""

    name: str
    index: int


@dataclass(frozen=True, slots=True)
class Register:
    """A scalar of a core."""

    index: int


@dataclass(frozen=True, slots=True)
class Mem:
    """Elements in memory: one dimension, or `inner` of them every `outer_stride` elements.

    Strides and offsets count elements of its type, as the SDK's do.
    """

    address: int
    """Word of 16 bits in which the first one begins."""
    length: int
    kind: int = isa.F32
    stride: int = 1
    inner: int = 0
    outer_stride: int = 0
    offset: Register | None = None
    beside: bool = False
    """Whether it is kept beside the datapath, in the accumulators: then SRAM moves nothing of it."""

    @property
    def words(self) -> int:
        """Words of an element."""
        return ELEMENT_WORDS[self.kind]

    @property
    def byte_address(self) -> int:
        """Byte in which the first element begins; banks follow from it."""
        return self.address * MEMORY_WORD_BYTES

    def at(self, start: int | Register, length: int | None = None, stride: int | None = None) -> Mem:
        """Return the elements from *start* (or from where a register says) on."""
        known, stride = 0 if isinstance(start, Register) else start, self.stride if stride is None else stride
        return replace(
            self, address=self.address + known * self.words, length=self.length - known if length is None else length,
            stride=stride, offset=start if isinstance(start, Register) else self.offset,
        )  # fmt: skip

    def grid(self, rows: int, columns: int, *, row_stride: int, stride: int = 1) -> Mem:
        """Return *rows* x *columns* elements, rows *row_stride* elements apart."""
        return replace(self, length=rows * columns, inner=columns, outer_stride=row_stride, stride=stride)

    def first_in(self, other: Mem) -> int:
        """Return which element of *other* the first one is."""
        return (self.address - other.address) // self.words


@dataclass(frozen=True, slots=True)
class FabricOperand:
    """Elements that arrive on or leave by a color."""

    color: Color
    length: int
    kind: int | None = None
    """Type of its elements; None: what the instruction says. Another one is hardware, no form of the SDK."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A register of a core that holds a descriptor, in memory or fabric, which the program writes as it runs."""

    index: int
    dest: bool
    """Whether instructions write there; else they read."""


Operand = Mem | FabricOperand | Register | Descriptor | None

MEMORY_WORD_BYTES = 2
ELEMENT_BYTES = {isa.F32: 4, isa.F16: 2, isa.I32: 4, isa.MIXED: 4, isa.I16: 2}
ELEMENT_WORDS = {kind: size // MEMORY_WORD_BYTES for kind, size in ELEMENT_BYTES.items()}
KIND_NAMES = {isa.F32: "fp32", isa.F16: "fp16", isa.I32: "int32", isa.MIXED: "mixed", isa.I16: "int16"}
HALVES = (isa.F16, isa.I16)
WAVELET_BYTES = 4
VALUES_PER_WAVELET = {kind: WAVELET_BYTES // size for kind, size in ELEMENT_BYTES.items()}


def wavelets_of(values: int, kind: int) -> int:
    """Return in how many wavelets so many values of a type travel: two of 16 bits share one."""
    return ceil(values / VALUES_PER_WAVELET[kind])


def element_of(operand: Operand, kind: int, number: int) -> int:
    """Return the type of an operand's elements in an instruction of *kind*; *number* 0 is the destination."""
    if isinstance(operand, Mem | FabricOperand) and operand.kind is not None:
        return operand.kind
    if kind == isa.MIXED:
        return isa.F32 if number < 2 else isa.F16
    return kind


def length_of(*operands: Operand) -> int | None:
    """Return the length the operands share, or None if they are all scalars.

    Raises:
        ValueError: they differ.
    """
    lengths = {operand.length for operand in operands if isinstance(operand, Mem | FabricOperand)}
    if len(lengths) > 1:
        raise ValueError(f"operands have the lengths {sorted(lengths)}")
    return lengths.pop() if lengths else None
