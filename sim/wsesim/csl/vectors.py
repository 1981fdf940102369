"""Descriptors of vectors, and operations on them, as an `Image` holds them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

NOWHERE = -1
"""In place of a register or a number: none."""
ENDLESS = 0x7FFF
"""Extent of a vector that never ends."""


class Field(IntEnum):
    """Fields of a descriptor: first bit * 64 + bits, 4096 more if signed."""

    KIND = 0 * 64 + 3  # a DsdKind
    BASE = 3 * 64 + 16  # memory: word address; FIFO: its number
    COLOR = 3 * 64 + 5  # fabric
    QUEUE = 8 * 64 + 4  # fabric; 15: none named
    LENGTH = 19 * 64 + 16  # elements; memory of four dimensions: number of its Shape
    STRIDE = 35 * 64 + 16 + 4096  # memory of one dimension: elements
    CONTROL = 35 * 64 + 1  # fabric out: sends control wavelets
    ADVANCE = 36 * 64 + 1  # fabric out: own switch advances after the last
    ZERO_FIRST = 37 * 64 + 1
    ZERO_SECOND = 38 * 64 + 1
    SIMD = 39 * 64 + 2  # fabric: 0 one element per wavelet, 1 simd_32, 2 simd_64, 3 simd_32_or_64
    TRANSFORM = 41 * 64 + 1  # control_transform
    INDEXED = 51 * 64 + 1  # wavelet_index_offset

    @property
    def shift(self) -> int:
        """First bit."""
        return (self & 4095) // 64

    @property
    def bits(self) -> int:
        """How many."""
        return self % 64


class DsdKind(IntEnum):
    """What a descriptor describes."""

    NONE, MEM1D, MEM4D, FABIN, FABOUT, FIFO = range(6)


def descriptor(kind: DsdKind, **fields: int) -> int:
    """Return a descriptor; *fields* are those of `Field` in lower case. A fabric one without `queue` names none."""
    bits = int(kind)
    if kind in (DsdKind.FABIN, DsdKind.FABOUT):
        fields = {"queue": 15} | fields
    for name, value in fields.items():
        at = Field[name.upper()]
        bits |= (value & ((1 << at.bits) - 1)) << at.shift
    return bits


class DsrFile(IntEnum):
    """Files of descriptor registers."""

    DEST, SRC0, SRC1 = range(3)


def dsr(file: DsrFile, number: int) -> int:
    """Return the number by which LOAD_DSR, GET_DSR, SET_DSR and operands name a DSR."""
    return int(file) * 64 + number


class OperandKind(IntEnum):
    """What an operand of a vector operation is."""

    DSD = 0  # `value`: register that holds a descriptor
    DSR = 1  # `value`: `dsr(file, number)`
    SCALAR = 2  # `value`: register, read when the operation starts; its bits are of the operation's type
    POINTER = 3  # `value`: register with a word address; a vector of stride 0 and no length of its own


@dataclass(frozen=True, slots=True)
class VectorOperand:
    """An operand of a vector operation. `(&x, x, dsd)` has POINTER twice: so it accumulates."""

    kind: OperandKind
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorOptions:
    """How a vector operation runs, or one that uses a loaded DSR. Numbers are registers; NOWHERE: not given."""

    is_async: bool = False
    activate: int = NOWHERE
    """Holds the id of the task to activate in the end."""
    unblock: int = NOWHERE
    index: int = NOWHERE
    """Holds `.index`."""
    thread: int = NOWHERE
    """Holds `.ut_id`."""
    priority: int = 1
    """0 low, 1 usual, 2 high."""
    on_control: int = 0
    """0: none, 1: terminate, 2: activate, 3: unblock."""
    control_id: int = NOWHERE
    """Holds the id for 2 and 3."""
    save_address: bool = False
    """LOAD_DSR only."""
    single_step: bool = False
    """LOAD_DSR only."""


@dataclass(frozen=True, slots=True)
class VectorUse:
    """The operation of a VECTOR instruction: the builtin's name without `@`, destination first, the scalar last."""

    name: str
    operands: tuple[VectorOperand, ...]
    options: VectorOptions = VectorOptions()


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a vector of up to four dimensions, the fastest first: elements and CSL's `.stride` (in elements)."""

    extents: tuple[int, ...]
    strides: tuple[int, ...]
    count: int = 0
    """Elements in all, where they are fewer than the extents hold."""
