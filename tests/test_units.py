"""Quantities: what is read, what is refused and why, and that what is shown can be read again."""

import math
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wsesim.units import (
    Dimension,
    dimension_of,
    parse,
    plural,
    shape_of,
    show,
    show_bytes,
    show_count,
    show_seconds,
    show_share,
    spelled,
)

dimensions = st.sampled_from(list(Dimension))


@settings(max_examples=20)
@given(st.lists(st.integers(1, 10**9 - 1), min_size=1, max_size=8))
def test_a_shape_is_read_as_it_is_spelled_and_else_said_how(sizes: list[int]) -> None:
    spelled = "x".join(map(str, sizes))
    assert shape_of(spelled) == sizes
    for other in (str([*sizes, 7])[1:-1], "*".join(map(str, [*sizes, 7])), f"({spelled}, 3)"):
        with pytest.raises(ValueError, match=f"with x between them: {spelled}"):
            shape_of(other)
    for other in ("wide", "4,0", "4x-1", ""):
        with pytest.raises(ValueError, match="with x between them; got"):
            shape_of(other)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("48 KiB", Dimension.BYTES, 49152),
        ("48KiB", Dimension.BYTES, 49152),
        ("  4 B ", Dimension.BYTES, 4),
        ("12 TB", Dimension.BYTES, 12 * 10**12),
        (".5 GiB", Dimension.BYTES, 2**29),
        ("1e3 kB", Dimension.BYTES, 10**6),
        ("1.2 Tb/s", Dimension.BYTES_PER_SECOND, 150 * 10**9),
        ("1.2 Tbps", Dimension.BYTES_PER_SECOND, 150 * 10**9),
        ("150 GB/s", Dimension.BYTES_PER_SECOND, 150 * 10**9),
        ("1 KiB/s", Dimension.BYTES_PER_SECOND, 1024),
        ("3 b/s", Dimension.BYTES_PER_SECOND, 0.375),
        ("850 MHz", Dimension.HERTZ, 850 * 10**6),
        ("1.1 GHz", Dimension.HERTZ, 1_100_000_000),
        ("1.5 us", Dimension.SECONDS, 1.5e-6),
        ("1.5 µs", Dimension.SECONDS, 1.5e-6),
        ("1.5 \u03bcs", Dimension.SECONDS, 1.5e-6),
        ("2 min", Dimension.SECONDS, 120),
        ("1.5 h", Dimension.SECONDS, 5400),
        ("1 d", Dimension.SECONDS, 86400),
        ("16.1 kW", Dimension.WATTS, 16100),
        ("30 mW", Dimension.WATTS, 0.03),
        ("-3 W", Dimension.WATTS, -3),
    ],
)
def test_parse_reads(text: str, dimension: Dimension, value: float) -> None:
    parsed = parse(text, dimension)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("48", Dimension.BYTES, "needs a unit, for example '48 KiB'; got '48'"),
        (48, Dimension.BYTES, "needs a unit, for example '48 KiB'; got 48"),
        (True, Dimension.BYTES, "needs a unit"),
        (None, Dimension.SECONDS, "needs a unit, for example '1.5 us'; got None"),
        ("", Dimension.BYTES, "is not a number with a unit"),
        ("KiB", Dimension.BYTES, "is not a number with a unit"),
        ("nan B", Dimension.BYTES, "is not a number with a unit"),
        ("1 B\n2 B", Dimension.BYTES, "is not a number with a unit"),
        ("9" * 65 + " B", Dimension.BYTES, "is not a number with a unit"),
        ("1e999 B", Dimension.BYTES, "is too large; got '1e999 B'"),
        ("1e9999 B", Dimension.BYTES, "is not a number with a unit|unknown unit"),
        ("48 Kib", Dimension.BYTES, "is in bits .'Kib'. but a size is in bytes: write 'KiB' if bytes were meant"),
        ("48 kbit", Dimension.BYTES, "write 'kB' if bytes were meant"),
        ("48 GB/s", Dimension.BYTES, "has the unit 'GB/s', which does not measure bytes; for example '48 KiB'"),
        ("1 s", Dimension.BYTES_PER_SECOND, "does not measure bytes per second; for example '1.2 Tb/s'"),
        ("48 kib", Dimension.HERTZ, "has the unknown unit 'kib', for example '850 MHz'"),
        ("850 mhz", Dimension.HERTZ, "has the unknown unit 'mhz', did you mean 'MHz'?"),
        ("1 GB/S", Dimension.BYTES_PER_SECOND, "did you mean 'GB/s'?"),
        ("1 sec", Dimension.SECONDS, "has the unknown unit 'sec'"),
        ("1.2.3 s", Dimension.SECONDS, "has the unknown unit"),
    ],
)
def test_parse_refuses_and_says_what_would_be_right(text: object, dimension: Dimension, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(text, dimension)


PREFIXES = {"kilo": ("k", 10**3), "mega": ("M", 10**6), "giga": ("G", 10**9), "tera": ("T", 10**12),
            "peta": ("P", 10**15), "kibi": ("Ki", 2**10), "gibi": ("Gi", 2**30), "pebi": ("Pi", 2**50),
            "": ("", 1)}  # fmt: skip


def worth(unit: str, dimension: Dimension) -> float:
    """Return what one of *unit* is, or of the unit that is hinted in its place."""
    try:
        return parse(f"1 {unit}", dimension)
    except ValueError as error:
        hinted = re.findall(r"(?:did you mean|write) '([^']+)'", str(error))
    return parse(f"1 {hinted[0]}", dimension)


@pytest.mark.parametrize("named", PREFIXES)
@pytest.mark.parametrize(
    ("base", "ends", "dimension", "share"),
    [
        ("B", ("", "ps", "PS", "/S", "/sec", " / s", " per second"), Dimension.BYTES_PER_SECOND, 1),
        ("b", ("", "ps", "/sec", "/second"), Dimension.BYTES_PER_SECOND, 8),
        ("bytes", ("", "ps", "/s", " per second"), Dimension.BYTES_PER_SECOND, 1),
        ("bits", ("", "ps", "/s", " per second"), Dimension.BYTES_PER_SECOND, 8),
        ("bytes", ("",), Dimension.BYTES, 1),
        ("bits", ("",), Dimension.BYTES, 1),  # written as if bytes were meant, and so it is said
        ("hertz", ("",), Dimension.HERTZ, 1),
        ("Watts", ("",), Dimension.WATTS, 1),
        ("JOULE", ("",), Dimension.JOULES, 1),
    ],
)
def test_the_unit_that_is_hinted_is_worth_what_was_written(
    named: str, base: str, ends: tuple[str, ...], dimension: Dimension, share: int
) -> None:
    prefix, scale = PREFIXES[named]
    data = dimension in (Dimension.BYTES, Dimension.BYTES_PER_SECOND)
    begins = {prefix, named, prefix.lower() if data else prefix} if data or not named.endswith("bi") else set()
    for unit in (f"{begin}{base}{end}" for begin in begins for end in ends):
        assert worth(unit, dimension) * share == scale, unit


def test_a_unit_that_is_like_none_gets_no_hint() -> None:
    with pytest.raises(ValueError, match="unknown unit 'Zib/s', for example"):
        parse("1 Zib/s", Dimension.BYTES_PER_SECOND)


@settings(deadline=None)
@given(st.text(max_size=80), dimensions)
def test_parse_of_any_text_is_a_finite_number_or_a_value_error(text: str, dimension: Dimension) -> None:
    try:
        value = parse(text, dimension)
    except ValueError:
        return
    assert math.isfinite(float(value))


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["", "k", "M", "G", "T"]), dimensions)
def test_a_bit_is_an_eighth_of_a_byte_and_prefixes_are_powers(number: int, prefix: str, dimension: Dimension) -> None:
    assume(dimension in (Dimension.BYTES, Dimension.BYTES_PER_SECOND))
    rate = parse(f"{number} {prefix}B/s", Dimension.BYTES_PER_SECOND)
    assert parse(f"{8 * number} {prefix}b/s", Dimension.BYTES_PER_SECOND) == rate
    assert parse(f"{number} {prefix}B", Dimension.BYTES) == rate


@settings(deadline=None)
@given(st.floats(1e-12, 1e24), dimensions)
def test_what_is_shown_can_be_read_again_to_three_digits(value: float, dimension: Dimension) -> None:
    assert parse(show(value, dimension), dimension) == pytest.approx(value, rel=0.00501)


@settings(deadline=None)
@given(st.integers(0, 1023), st.sampled_from(["", "Ki", "Mi", "Gi", "Ti", "Pi"]))
def test_whole_multiples_of_a_binary_prefix_survive_exactly(count: int, prefix: str) -> None:
    value = parse(f"{count} {prefix}B", Dimension.BYTES)
    assert parse(show_bytes(value), Dimension.BYTES) == value


@settings(deadline=None)
@given(st.floats(1e-12, 1e24), dimensions)
def test_a_negative_shows_as_its_positive_with_a_sign(value: float, dimension: Dimension) -> None:
    assume(value < 120 or dimension is not Dimension.SECONDS)
    assert show(-value, dimension) == f"-{show(value, dimension)}"


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [
        (0, Dimension.BYTES, "0 B"),
        (49152, Dimension.BYTES, "48 KiB"),
        (1000, Dimension.BYTES, "1000 B"),
        (1023.5 * 1024, Dimension.BYTES, "1024 KiB"),
        (999.5 * 1024, Dimension.BYTES, "1000 KiB"),
        (1.37 * 2**30, Dimension.BYTES, "1.37 GiB"),
        (150e9, Dimension.BYTES_PER_SECOND, "150 GB/s"),
        (3, Dimension.BYTES_PER_SECOND, "3 B/s"),
        (850e6, Dimension.HERTZ, "850 MHz"),
        (999.7e3, Dimension.HERTZ, "1 MHz"),
        (16100, Dimension.WATTS, "16.1 kW"),
        (0.03, Dimension.WATTS, "30 mW"),
        (7.5e-12, Dimension.JOULES, "7.5 pJ"),
        (3950.0, Dimension.JOULES, "3.95 kJ"),
        (0.9995, Dimension.JOULES, "1 J"),
    ],
)
def test_show(value: float, dimension: Dimension, text: str) -> None:
    assert show(value, dimension) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 s"),
        (1.5e-6, "1.5 us"),
        (0.343, "343 ms"),
        (0.9995, "1 s"),
        (0.9997, "1 s"),
        (90.0, "90 s"),
        (150.0, "2.5 min"),
        (7200.0, "2 h"),
        (3.2 * 86400, "3.2 d"),
        (2e-15, "2e-15 s"),
    ],
)
def test_show_seconds(value: float, text: str) -> None:
    assert show_seconds(value) == text
    assert show(value, Dimension.SECONDS) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1.5µs", "1.5 us"),
        ("1.5 \u03bcs", "1.5 us"),
        (" 48KiB ", "48 KiB"),
        ("0.3  Tb/s", "0.3 Tb/s"),
        ("cs-2", "cs-2"),
        ("64x32", "64x32"),
        ("7", "7"),
    ],
)
def test_a_quantity_has_one_spelling_and_what_is_none_keeps_its_own(text: str, wanted: str) -> None:
    assert spelled(text) == wanted


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.172, 1, "17.2 %"),
        (1.0, 3, "100.000 %"),
        (0.0004, 1, "<0.1 %"),
        (0.004, 0, "<1 %"),
        (0.0, 1, "0.0 %"),
        (0.9996, 1, ">99.9 %"),
        (0.9996, 2, "99.96 %"),
        (0.996, 0, ">99 %"),
        (0.99949, 1, "99.9 %"),
        (0.1 + 0.2 + 0.7 - 1e-16, 1, "100.0 %"),
        (1.5, 0, "150 %"),
    ],
)
def test_a_share_is_in_hundredths(share: float, digits: int, text: str) -> None:
    assert show_share(share, digits=digits) == text


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("dimension", list(Dimension))
def test_what_is_not_finite_is_shown_as_such(value: float, dimension: Dimension) -> None:
    assert str(value) in show(value, dimension)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (7, "7"), (111e6, "111M"), (2.53e15, "2.53P"), (999.9e9, "1T"), (999.5e6, "1B")]
)
def test_show_count(value: float, text: str) -> None:
    assert show_count(value) == text


@pytest.mark.parametrize(
    ("field", "dimension"),
    [
        ("sram_bytes", Dimension.BYTES),
        ("io_bytes_per_s", Dimension.BYTES_PER_SECOND),
        ("clock_hz", Dimension.HERTZ),
        ("kernel_launch_s", Dimension.SECONDS),
        ("fixed_w", Dimension.WATTS),
        ("sram_j", Dimension.JOULES),
        ("sram_read_bytes_per_cycle", None),
        ("hop_cycles", None),
        ("rows", None),
        ("", None),
    ],
)
def test_the_end_of_a_field_name_is_its_dimension(field: str, dimension: Dimension | None) -> None:
    assert dimension_of(field) is dimension


@pytest.mark.parametrize(("text", "said"), [("1e-31 s", "is too small"), ("1e31 s", "is too large")])
def test_what_no_machine_could_have_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text, Dimension.SECONDS)


@given(dimensions)
def test_the_example_of_a_dimension_can_be_parsed(dimension: Dimension) -> None:
    assert parse(dimension.example, dimension) > 0


def test_nouns_follow_their_number() -> None:
    said = [plural(1, "pass"), plural(2, "pass"), plural(1, "copy"), plural(0, "copy"), plural(1200, "step")]
    assert said == ["1 pass", "2 passes", "1 copy", "0 copies", "1,200 steps"]
