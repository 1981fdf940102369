"""Numbers as people read them; the same on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping

from wsesim.units import dimension_of, show, show_bytes, show_count, show_flops, show_seconds

_MFU = "matrix FLOPs of the model ({}, full attention, nothing recomputed) / (step time × peak of all wafers)"
BOUND = "each layer takes the longer of injecting its weights and its multiply-accumulates at peak, summed"


def mfu(*, trains: bool) -> str:
    """Say what is divided by what."""
    return _MFU.format("forward × 3" if trains else "forward")


def seconds(value: float) -> str:
    """Print a time: `1.23 s`, `12 µs`."""
    return show_seconds(value).replace(" us", " µs")


def percent(share: float) -> str:
    """Print a share: `13.4 %`."""
    return "<0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def error(value: float) -> str:
    """Print a difference of numbers: `2.4e-06`."""
    return f"{value:.1e}"


def rate(value: float) -> str:
    """Print things per second: all digits from a thousand on, four below."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def kib(value: float) -> str:
    """Print bytes of a core in KiB, one unit throughout so that a column adds up by eye."""
    return f"{value / 1024:.1f} KiB"


def joules(value: float) -> str:
    """Print an energy: `0.114 J`, `11 mJ`."""
    return f"{value:.3g} J" if value >= 0.1 else f"{value * 1000:.3g} mJ"


def plural(number: int, noun: str) -> str:
    """Print `1 pass`, `2 passes`, `3 steps`."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def field(name: str, value: object) -> str:
    """Print a field by the unit its name ends in: (`sram_bytes`, 49152) → `48 KiB`."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if not isinstance(value, int | float):
        return str(value)
    if name.endswith("flops"):
        return show_flops(value)
    dimension = dimension_of(name)
    if dimension is not None:
        return show(value, dimension).replace(" us", " µs")
    if abs(value) >= 10**6:
        return show_count(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


_WORDS = {"ffn": "FFN", "flops": "", "io": "I/O", "kv": "KV", "sram": "SRAM"}


def label(name: str) -> str:
    """Turn a field name into words, without its unit: `io_bytes_per_s` → `I/O`."""
    dimension = dimension_of(name)
    stem = name.removesuffix(dimension.suffix) if dimension else name
    return " ".join(_WORDS.get(word, word) for word in (stem or name).split("_")).strip()


def verified(ok: bool) -> str:
    """Say how verification went in a word."""
    return "passed" if ok else "FAILED"


def ranked(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the parts that are not zero, largest magnitude first; names decide ties."""
    return sorted(((name, part) for name, part in parts.items() if part), key=lambda item: (-abs(item[1]), item[0]))


def bytes_over(used: int, limit: int) -> str:
    """Say by how much a core's memory exceeds its limit."""
    return f"{show_bytes(used - limit)} over" if used > limit else f"{show_bytes(limit - used)} free"
