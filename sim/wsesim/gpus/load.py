"""GPU presets: read, and assembled to a chip and the practice of its programs."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from wsesim.answer import UsedFigure
from wsesim.errors import InputError, nearest
from wsesim.figures import Presets
from wsesim.gpus.specs import BITS, Chip, Practice

GPUS = Presets(
    what="GPU",
    of="a GPU",
    example="chip.clock",
    folder=Path(__file__).with_name("presets"),
    groups=MappingProxyType({"chip": Chip, "practice": Practice}),
)
"""The GPUs, and every figure of them."""
MOST = 200_000
"""GPUs of the largest cluster that may be asked for; the largest in the world have about so many."""
_NAMED = re.compile(r"(?P<gpu>.+?)(?:x(?P<count>\d+))?(?::(?P<precision>\w+))?(?:@(?P<usd>\d+))?")
_SUFFIXES = ("-sxm", "-oam", "-nvl72", "-80gb", "-141gb", "-180gb", "-192gb", "-256gb", "-270gb", "-288gb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU by its name, with all figures."""

    key: str
    """Of the preset: `h100`."""
    name: str
    chip: Chip
    practice: Practice
    figures: tuple[UsedFigure, ...]

    def at_price(self, usd: float) -> Gpu:
        """Return the GPU at another price, dollars."""
        figures = (
            replace(each, text=f"{usd:g}", source="override", confidence="", note="", overridden=True)
            if each.name == "chip.gpu_usd" else each for each in self.figures
        )  # fmt: skip
        return replace(self, chip=replace(self.chip, gpu_usd=usd), figures=tuple(figures))

    def with_network(self, bytes_per_s: float) -> Gpu:
        """Return the GPU with another share of the network."""
        return replace(self, chip=replace(self.chip, network_bytes_per_s=bytes_per_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Some GPUs of one kind, and the precision that they multiply in."""

    gpu: Gpu
    count: int
    precision: str = "bf16"

    @property
    def label(self) -> str:
        """What a reader calls it: `64 × H100, bf16`."""
        return f"{self.count:,} × {self.gpu.name}, {self.precision}"


@cache
def gpu_names() -> tuple[str, ...]:
    """Return the names that `gpu_named` knows, sorted."""
    return GPUS.names()


@cache
def gpu_named(name: str) -> Gpu:
    """Return a GPU by its name, memory and form left out where they are the usual ones.

    Raises:
        KeyError: there is none.
    """
    key = next((found for found in _shorter(name.lower()) if found in gpu_names()), None)
    if key is None:
        raise KeyError(name)
    preset = GPUS.read(key)
    return Gpu(
        key=key, name=preset.title, chip=preset.build("chip"), practice=preset.build("practice"),
        figures=preset.figures,
    )  # fmt: skip


def _shorter(name: str) -> tuple[str, ...]:
    """Return a name, then without what says its form, then without its memory."""
    found = [name]
    for suffix in _SUFFIXES:
        if found[-1].endswith(suffix):
            found.append(found[-1].removesuffix(suffix))
    return (*found, f"{name}-80gb")


def fleet_named(text: str) -> Fleet:
    """Return the GPUs that `h100x64`, `b200x8:fp8` or `h100x64@25000`, at so many dollars each, names.

    Raises:
        InputError: no such GPU or precision, or too many.
    """
    found = _NAMED.fullmatch(text.lower())
    if found is None:
        raise InputError.at(
            f"--gpu {text!r} is not like h100x64 or b200x8:fp8@40000 (GPU, how many, precision, dollars)"
        )
    precision, count = found["precision"] or "bf16", int(found["count"] or 1)
    if precision not in BITS:
        raise InputError.at(f"--gpu {text!r}: no precision {precision!r}; there are {', '.join(BITS)}")
    if not 1 <= count <= MOST:
        raise InputError.at(f"--gpu {text!r}: from 1 to {MOST:,} GPUs can be asked for")
    try:
        gpu = gpu_named(found["gpu"])
        priced = gpu.at_price(float(found["usd"])) if found["usd"] else gpu
        return Fleet(gpu=priced, count=count, precision=precision)
    except KeyError:
        hint = nearest(found["gpu"], gpu_names()) or f"; there are {', '.join(gpu_names())}"
        raise InputError.at(f"--gpu {text!r}: no such GPU{hint}") from None
