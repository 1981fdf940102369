"""Figures and fields as people read them, by the unit their name ends in; the same on terminal, page and drawing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

from wsesim.answer import FigureSpec
from wsesim.units import (
    Dimension,
    dimension_of,
    show,
    show_bytes,
    show_change,
    show_count,
    show_flops,
    show_joules,
    show_seconds,
    show_share,
)

NONE = "–"
"""Stands where there is no value."""


def seconds(value: float) -> str:
    """Print a time: `1.23 s`, `12 us`."""
    return show_seconds(value)


def percent(share: float) -> str:
    """Print a share: `13.4 %`."""
    return show_share(share)


def signed_percent(share: float) -> str:
    """Print a change as a share, with its sign: `-13.4 %`."""
    return show_change(share)


def error(value: float) -> str:
    """Print a difference of numbers: `2.4e-06`."""
    return f"{value:.1e}"


def rate(value: float) -> str:
    """Print things per second: all digits from a thousand on, four below."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def number(value: float) -> str:
    """Print a plain number: all digits below a million, `111M` above."""
    if abs(value) >= 10**6:
        return show_count(value)
    return f"{value:,}" if isinstance(value, int) else rate(value)


def kib(value: float) -> str:
    """Print bytes of a core in KiB, one unit throughout so that a column adds up by eye."""
    return f"{value / 1024:,.1f} KiB"


def joules(value: float) -> str:
    """Print an energy: `0.114 J`, `11 mJ`, `3.95 kJ`."""
    return f"{value:.3g} J" if 0.1 <= value < 1 else show_joules(value)


def whole(value: float) -> str:
    """Print all digits of a count: `202,374,757`."""
    return f"{value:,.0f}"


def hundredths(value: float) -> str:
    """Print a mean of counts so that those below one another still sum to what stands below them: `18.75`, `122`."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _in(dimension: Dimension) -> Callable[[float], str]:
    return lambda value: show(value, dimension)


_ENDINGS: Mapping[str, Callable[[float], str]] = {
    "bytes_per_s": _in(Dimension.BYTES_PER_SECOND), "flops_per_s": show_flops, "peak_flops": show_flops,
    "per_s": rate, "per_s_user": rate, "flops": lambda value: show_flops(value, "FLOP"), "cycles": whole,
    "mean_core_cycles": hundredths, "closed_form_cycles": hundredths,
    "bytes": show_bytes, "bytes_per_core": show_bytes, "hz": _in(Dimension.HERTZ), "w": _in(Dimension.WATTS),
    "j": joules, "seconds": seconds, "s": seconds, "mfu": percent, "share": percent, "utilization": percent,
    "efficiency": percent, "busy": percent, "ratio": "{:.3g}".format, "max_error": error, "tolerance": error,
}  # fmt: skip
"""How a number is printed whose name is this, or ends in this after an underscore; the longest that fits decides."""
_PLAIN = (number, rate, whole)
_BY_CAUSE = ("gap", "spent", "by_cause")


def _form(name: str) -> Callable[[float], str]:
    head, dot, rest = name.rpartition(".")
    if dot and head.rpartition(".")[2] in _BY_CAUSE:
        return seconds
    words = rest.split("_")
    for start in range(len(words)):
        form = _ENDINGS.get("_".join(words[start:]))
        if form is not None:
            return form
    return number


def shown(name: str, value: object) -> str:
    """Print a figure or field by the unit its name ends in.

    `shown("sram_bytes", 49152)` is `48 KiB`, `shown("mfu", 0.172)` is `17.2 %`; `gap.CAUSE` and `spent.CAUSE` are
    seconds. Text stays as it is; None, there being no value, is a dash.
    """
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(shown(name, item) for item in value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        return str(value)
    return f"−{_form(name)(-value)}" if value < 0 else _form(name)(value)


def short(name: str, value: float) -> str:
    """Print a figure in few signs, for a cell of a drawing or a tick of an axis."""
    form = _form(name)
    if form is percent:
        text = f"{100 * value:.3g}%"
        return show_share(value).replace(" ", "") if text == "100%" and value < 1 else text
    if form is rate or (form in _PLAIN and abs(value) >= 10_000):
        return show_count(value)
    return shown(name, value)


def signed(value: float) -> str:
    """Print seconds that are added or taken away: `+1.2 ms`, `−3 us`."""
    return f"{'−' if value < 0 else '+'}{seconds(abs(value))}"


_PER_SECOND = re.compile(r"_per_s(?=_|$)")
_WORDS = {
    "ffn": "FFN", "flops": "FLOPs", "io": "I/O", "kv": "KV", "mfu": "MFU", "sram": "SRAM",
    "ttft": "time to first token", "tpot": "time per output token", "cpu": "CPU", "seconds": "time",
}  # fmt: skip


def heading(name: str) -> str:
    """Turn a field name into words, without its unit: `io_bytes_per_s` → `I/O`, `seconds` → `time`."""
    spoken = name if name.endswith("_bytes_per_s") else _PER_SECOND.sub("_per_second", name)
    dimension = dimension_of(spoken)
    stem = spoken.removesuffix(dimension.suffix if dimension else "_flops").removesuffix("_j")
    return " ".join(_WORDS.get(word, word) for word in (stem or name).split("_")).strip()


def label(spec: FigureSpec) -> str:
    """Return what people call a figure."""
    return spec.label or heading(spec.name)


def ranked(parts: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the parts that are not zero, largest magnitude first; names decide ties."""
    return sorted(((name, part) for name, part in parts.items() if part), key=lambda item: (-abs(item[1]), item[0]))


def bytes_over(used: int, limit: int) -> str:
    """Say by how much a core's memory exceeds its limit."""
    return f"{show_bytes(used - limit)} over" if used > limit else f"{show_bytes(limit - used)} free"
