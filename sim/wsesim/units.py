"""Quantities with units: parsed from text at the way in, printed at the way out.

Inside, one unit per dimension: bytes, bytes per second, hertz, seconds, watts, joules. Bits and bytes are never mixed:
a size must be given in bytes, a rate may be given in either. `b` is a bit, `B` a byte; case counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import Enum
from fractions import Fraction
from functools import lru_cache

from wsesim.errors import nearest

ROUNDING = 1e-9
"""Share by which sums of the same quantities may differ that were added in another order."""


class Dimension(Enum):
    """What a number measures; the value is (suffix of field names, an example to show)."""

    BYTES = ("_bytes", "48 KiB")
    BYTES_PER_SECOND = ("_bytes_per_s", "1.2 Tb/s")
    HERTZ = ("_hz", "850 MHz")
    SECONDS = ("_s", "1.5 us")
    WATTS = ("_w", "23 kW")
    JOULES = ("_j", "7.5 pJ")

    @property
    def suffix(self) -> str:
        """The ending of a field name that holds this dimension."""
        return self.value[0]

    @property
    def example(self) -> str:
        """A well-formed quantity, for error messages."""
        return self.value[1]

    @property
    def unit(self) -> str:
        """The unit that numbers of this dimension have inside."""
        return next(unit for unit, scale in _UNITS[self].items() if scale == 1)


_SI = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18, "Z": 10**21,
       "Y": 10**24}  # fmt: skip
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50}
_SMALL = {"": Fraction(1), "m": Fraction(1, 10**3), "u": Fraction(1, 10**6), "µ": Fraction(1, 10**6)}
_SMALL["\u03bc"] = _SMALL["µ"]  # the Greek letter, which some keyboards and normal forms have instead of the sign
_SMALL |= {"n": Fraction(1, 10**9), "p": Fraction(1, 10**12)}


_SHAPE = re.compile(r"[1-9][0-9]{0,8}(x[1-9][0-9]{0,8})*", re.ASCII)


class Sizes(list[int]):
    """Sizes of a shape, printed as they are written: `64x32`."""

    def __str__(self) -> str:
        """Return them with x between them."""
        return "x".join(map(repr, self))


def shape_of(text: str) -> list[int]:
    """Return the sizes of a shape: `64x32`, or `64` of a single one.

    Raises:
        ValueError: it is spelled otherwise; says how it would be right.
    """
    if _SHAPE.fullmatch(text):
        return [int(size) for size in text.split("x")]
    meant = "x".join(re.findall(r"[0-9]+", text)) if re.fullmatch(r"[\s\[\]()0-9,;*×xX]+", text) else ""
    meant = f": {meant}" if _SHAPE.fullmatch(meant) else ""
    raise ValueError(f"whole numbers from 1 on, of at most 9 digits, with x between them{meant}; got {text!r}")


def _units() -> dict[Dimension, dict[str, Fraction]]:
    data = {f"{prefix}B": Fraction(scale) for prefix, scale in (_SI | _BINARY).items()}
    rates = {f"{unit}/s": scale for unit, scale in data.items()}
    rates |= {f"{prefix}b/s": Fraction(scale, 8) for prefix, scale in (_SI | _BINARY).items()}
    rates |= {f"{prefix}Bps": Fraction(scale) for prefix, scale in (_SI | _BINARY).items()}
    rates |= {f"{prefix}bps": Fraction(scale, 8) for prefix, scale in (_SI | _BINARY).items() if prefix != "k"}
    return {
        Dimension.BYTES: data,
        Dimension.BYTES_PER_SECOND: rates,
        Dimension.HERTZ: {f"{prefix}Hz": Fraction(scale) for prefix, scale in _SI.items() if prefix != "K"},
        Dimension.SECONDS: {f"{prefix}s": scale for prefix, scale in _SMALL.items()}
        | {"min": Fraction(60), "h": Fraction(3600), "d": Fraction(86400)},
        Dimension.WATTS: {f"{prefix}W": Fraction(scale) for prefix, scale in _SI.items() if prefix != "K"}
        | {f"{prefix}W": scale for prefix, scale in _SMALL.items()}
        | {"fW": Fraction(1, 10**15)},
        Dimension.JOULES: {f"{prefix}J": Fraction(scale) for prefix, scale in _SI.items() if prefix != "K"}
        | {f"{prefix}J": scale for prefix, scale in _SMALL.items()}
        | {"fJ": Fraction(1, 10**15)},
    }


_UNITS = _units()
_WORDS = {"m": "min", "hr": "h", "min": "min", "minute": "min", "hour": "h", "day": "d"}
"""What others call a unit, without the s of several; what is spelled `m` has many a meaning of its own."""
_PREFIXES = {
    "kilo": "k", "mega": "M", "giga": "G", "tera": "T", "peta": "P", "exa": "E", "kibi": "Ki", "mebi": "Mi",
    "gibi": "Gi", "tebi": "Ti", "pebi": "Pi", "milli": "m", "micro": "u", "nano": "n", "pico": "p", "femto": "f",
}  # fmt: skip
_BASES = {"bit": "b", "byte": "B", "hertz": "Hz", "watt": "W", "joule": "J", "second": "s", "sec": "s"}
_BASES |= {"hz": "Hz", "w": "W", "j": "J", "s": "s"}
_SPELLED = re.compile(
    rf"({'|'.join(_PREFIXES)}|[kmgtpe]i?|[u\u00b5\u03bcnf]|)({'|'.join(_BASES)}|b)s?(ps|\s*(?:/|per)\s*s(?:ec(?:ond)?)?|)",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([^\s\d].*?)?\s*")
_MICRO = re.compile("[µ\u03bc]")
_LONGEST = 64
_LARGEST, _SMALLEST = 10**30, Fraction(1, 10**30)


def parse(text: object, dimension: Dimension) -> float:
    """Return *text* ("48 KiB", "1.2 Tb/s") in the unit of *dimension*; a whole number comes back as int.

    Raises:
        ValueError: saying what is wrong and what would be right.
    """
    if isinstance(text, bool) or not isinstance(text, str):
        raise ValueError(f"needs a unit, for example {dimension.example!r}; got {text!r}")
    return _parsed(text, dimension)


@lru_cache(maxsize=512)
def _parsed(text: str, dimension: Dimension) -> float:
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError(f"is not a number with a unit, for example {dimension.example!r}; got {text[:_LONGEST]!r}")
    number, unit = match[1], match[2]
    if unit is None:
        raise ValueError(f"needs a unit, for example {dimension.example!r}; got {text!r}")
    value = Fraction(number) * _scale(unit, dimension)
    if abs(value) > _LARGEST:
        raise ValueError(f"is too large; got {text!r}")
    if 0 < abs(value) < _SMALLEST:
        raise ValueError(f"is too small; got {text!r}")
    return int(value) if value.denominator == 1 else float(value)


def _scale(unit: str, dimension: Dimension) -> Fraction:
    known = _UNITS[dimension]
    if unit in known:
        return known[unit]
    meant = _WORDS.get(unit.lower().removesuffix("s")) or _spelled(unit, known)
    if dimension is Dimension.BYTES and (wanted := _spelled(unit, known, {"b": "B"})):
        raise ValueError(f"is in bits ({unit!r}) but a size is in bytes: write {wanted!r} if bytes were meant")
    for other, units in _UNITS.items():
        if unit in units and other is not dimension:
            name, hint = dimension.name.lower().replace("_", " "), f"for example {dimension.example!r}"
            hint = f", did you mean {meant!r}?" if meant in known else f"; {hint}"
            raise ValueError(f"has the unit {unit!r}, which does not measure {name}{hint}")
    alike = [each for each in known if _begin(each) == _begin(unit)]
    hint = f", did you mean {meant!r}?" if meant in known else nearest(unit, alike)
    raise ValueError(f"has the unknown unit {unit!r}{hint or f', for example {dimension.example!r}'}")


def _spelled(unit: str, known: Collection[str], bases: Mapping[str, str] | None = None) -> str | None:
    """Return which of the *known* units *unit* is in another spelling: `GB/s` of `gigabytes per second`, `GHz` of `g`.

    It is worth the same. *bases* are what to write for a base, and none else counts.
    """
    match = _SPELLED.fullmatch(unit)
    prefix = match[1] if match else unit
    base = _BASES.get(match[2].lower(), match[2]) if match else ""
    if bases is not None:
        if base not in bases or (match and match[3]):
            return None
        base = bases[base]
    prefixes = (_PREFIXES.get(prefix.lower(), prefix), prefix, prefix.capitalize(), prefix.lower())
    wanted = (base,) if base else ("B", "Hz", "W", "J")
    tails = ("/s",) if match and match[3] else ("", "/s")
    tried = (f"{begin}{middle}{tail}" for middle in wanted for begin in prefixes for tail in tails)
    return next((each for each in tried if each in known), None)


def _begin(unit: str) -> tuple[str, bool, bool]:
    """Return what a unit begins with, and whether it is of bits: others that are as spelled are worth the same."""
    return unit[:1].lower(), unit[1:2] == "i", "b" in unit


def unit_scales() -> dict[str, Fraction]:
    """Return every unit with what one of it is in the unit we count in; none of them measures two things."""
    return {unit: scale for units in _UNITS.values() for unit, scale in units.items()}


def dimension_of(field_name: str) -> Dimension | None:
    """Return the dimension a field name ends in (`sram_bytes` → BYTES), or None for a plain number."""
    for dimension in sorted(Dimension, key=lambda d: -len(d.suffix)):
        if field_name.endswith(dimension.suffix):
            return dimension
    return None


_SUMMED = 1e-9  # parts of a whole may miss it by so much when they are added
_ROUNDS_UP = 0.9995  # three digits of this print as 1: 999.7 k is shown as 1 M


def show(value: float, dimension: Dimension) -> str:
    """Print *value* the way `parse` reads it, with the largest prefix that keeps it at one or more."""
    if dimension is Dimension.BYTES:
        return show_bytes(value)
    if dimension is Dimension.BYTES_PER_SECOND:
        return f"{_si(value)}B/s"
    if dimension is Dimension.HERTZ:
        return f"{_si(value)}Hz"
    if dimension is Dimension.WATTS:
        return _small(value, "W")
    if dimension is Dimension.JOULES:
        return show_joules(value)
    return show_seconds(value)


def spelled(text: str) -> str:
    """Return a quantity as all are printed, `1.5 us` of `1.5µs`; what is none stays as it is.

    One spelling, and that of every keyboard: what is printed can be pasted into a file.
    """
    match = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None or match[2] is None or not any(match[2] in units for units in _UNITS.values()):
        return text
    return f"{match[1]} {_MICRO.sub('u', match[2])}"


def show_share(share: float, *, digits: int = 1) -> str:
    """Print a share in hundredths: `13.4 %`; one of some and not all is never printed as none, nor as all."""
    least = 10.0**-digits
    if 0 < 100 * share < least / 2:
        return f"<{least:g} %"
    text = f"{100 * share:.{digits}f}"
    almost = share < 1 - _SUMMED and text.startswith("100")
    return f">{100 - least:.{digits}f} %" if almost else f"{text} %"


def show_change(share: float, *, digits: int = 1) -> str:
    """Print a change as a share, in hundredths, with its sign: `-13.4 %`."""
    return f"{100 * share:+.{digits}f} %"


def show_joules(value: float) -> str:
    """Print an energy with a fitting prefix: `7.5 pJ`, `16.9 mJ`, `3.95 kJ`."""
    return _small(value, "J")


def _small(value: float, unit: str) -> str:
    """Print what may be far below one of *unit* as well as far above."""
    for prefix, scale in (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12), ("f", 1e-15)):
        if abs(value) >= _ROUNDS_UP * scale:
            return f"{_si(value)}{unit}" if not prefix else f"{_digits(value / scale)} {prefix}{unit}"
    return f"{_digits(value)} {unit}"


def show_bytes(value: float) -> str:
    """Print bytes with binary prefixes: `48 KiB`, `1.37 GiB`."""
    for prefix, scale in reversed(_BINARY.items()):
        if abs(value) >= scale:
            return f"{_digits(value / scale)} {prefix}B"
    return f"{_digits(value)} B"


def show_seconds(value: float, *, digits: int = 3) -> str:
    """Print seconds to so many digits, with a fitting prefix; minutes and above stay whole: `1.5 us`, `3.2 d`."""
    for unit, scale in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(value) >= 2 * scale:
            return f"{_digits(value / scale, digits)} {unit}"
    for prefix, scale in (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12)):
        if abs(value) >= _ROUNDS_UP * scale:
            return f"{_digits(value / scale, digits)} {prefix}s"
    return f"{_digits(value, digits)} s"


def show_count(value: float) -> str:
    """Print a plain number as the field does, with B for 10^9: `111M`, `1.3B`, `2T`."""
    return _si(value).replace(" ", "").replace("G", "B")


def plural(count: int, noun: str) -> str:
    """Print `1 pass`, `2 passes`, `3 steps`, `4 copies`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        return f"{count:,} {noun[:-1]}ies"
    return f"{count:,} {noun}{'es' if noun.endswith('s') else 's'}"


def show_flops(value: float, unit: str = "FLOP/s") -> str:
    """Print arithmetic with an SI prefix: `2.53 PFLOP/s`."""
    return f"{_si(value)}{unit}"


def _si(value: float) -> str:
    for prefix in "YZEPTGMk":
        scale = _SI[prefix]
        if abs(value) >= _ROUNDS_UP * scale:
            return f"{_digits(value / scale)} {prefix}"
    return f"{_digits(value)} "


def _digits(value: float, digits: int = 3) -> str:
    if abs(value) < 10**6 and value == int(value):
        return str(int(value))
    return f"{value:.{digits}g}" if abs(value) < 999.5 else f"{value:.0f}"
