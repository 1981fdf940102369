"""Overrides: each changes its figure and nothing else, and each mistake is named with what would be right."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.answer import UsedFigure
from wsesim.errors import SpecError
from wsesim.hardware import MACHINES, HardwareChoice, load_cluster, machine_names, override_names
from wsesim.units import Dimension, dimension_of

NAMES = override_names()
UNITS = {
    Dimension.BYTES: "KiB",
    Dimension.BYTES_PER_SECOND: "GB/s",
    Dimension.HERTZ: "MHz",
    Dimension.SECONDS: "us",
    Dimension.WATTS: "kW",
    Dimension.JOULES: "pJ",
}
SCALES = {
    Dimension.BYTES: 1024.0,
    Dimension.BYTES_PER_SECOND: 1e9,
    Dimension.HERTZ: 1e6,
    Dimension.SECONDS: 1e-6,
    Dimension.WATTS: 1e3,
    Dimension.JOULES: 1e-12,
}


def numbers_of(choice: HardwareChoice) -> dict[str, float]:
    """Every number of the cluster by figure name, read off the dataclasses themselves."""
    cluster: dict[str, Any] = asdict(choice.cluster)
    wafer = cluster.pop("wafer")
    wafer.pop("lost_columns")  # which follows from defects
    parts = ("core", "fabric", "silicon", "code", "energy", "die")
    groups = {**{part: wafer.pop(part) for part in parts}, "wafer": wafer}
    groups |= {name: cluster.pop(name) for name in ("memoryx", "swarmx", "host", "price")}
    cluster.pop("name")
    groups["cluster"] = cluster
    numbers = {}
    for group, members in groups.items():
        for field, value in members.items():
            dimension = dimension_of(field)
            numbers[f"{group}.{field.removesuffix(dimension.suffix) if dimension else field}"] = value
    return numbers


def figures_of(choice: HardwareChoice) -> dict[str, UsedFigure]:
    return {figure.name: figure for figure in choice.figures}


@st.composite
def overrides(draw: st.DrawFn) -> tuple[str, object, float]:
    """A name, a valid value for it, and the number that must stand in the field."""
    numbers = [name for name in NAMES if MACHINES.slots[name].kind in ("int", "float")]
    bounded = {"core.bank_period", "core.word_period", "fabric.wavelet", "core.reserved", "price.used_share"}
    bounded |= {"core.sram", *(name for name in numbers if name.startswith("die."))}  # defects take columns away
    name = draw(st.sampled_from([name for name in numbers if name not in bounded]))
    count = draw(st.integers(3, 10**5))
    dimension = NAMES[name]
    if dimension is None:
        return name, count, count
    return name, f"{count} {UNITS[dimension]}", count * SCALES[dimension]


@settings(deadline=None)
@given(st.sampled_from(machine_names()), overrides())
def test_an_override_changes_exactly_its_figure(machine: str, override: tuple[str, object, float]) -> None:
    name, raw, expected = override
    if name == "cluster.max_systems":
        expected = raw = max(int(expected), 64)
    before, after = load_cluster(machine), load_cluster(machine, overrides={name: raw})
    assert numbers_of(after) == numbers_of(before) | {name: pytest.approx(expected)}
    changed = [old.name for old, new in zip(before.figures, after.figures, strict=True) if old != new]
    assert changed == [name]
    figure = figures_of(after)[name]
    assert (figure.overridden, figure.source, figure.text) == (True, "override", str(raw))


@settings(deadline=None)
@given(st.lists(overrides(), max_size=5))
def test_overrides_do_not_depend_on_their_order(chosen: list[tuple[str, object, float]]) -> None:
    given_in_order = {name: raw for name, raw, _ in chosen}
    reversed_order = dict(reversed(given_in_order.items()))
    assert _loaded(given_in_order) == _loaded(reversed_order)


def _loaded(overrides: dict[str, object]) -> HardwareChoice | None:
    """Return the machine; None where figures that may each be so may not be together."""
    try:
        return load_cluster("cs-2", overrides=overrides)
    except SpecError:
        return None


@pytest.mark.parametrize("machine", machine_names())
def test_without_overrides_a_preset_is_as_written(machine: str) -> None:
    assert load_cluster(machine, overrides={}) == load_cluster(machine)


@pytest.mark.parametrize("machine", machine_names())
def test_overriding_a_number_with_itself_changes_no_number(machine: str) -> None:
    before = load_cluster(machine)
    for name, figure in figures_of(before).items():
        if name in NAMES:
            raw = figure.text if NAMES[name] else json.loads(figure.text)
            assert load_cluster(machine, overrides={name: raw}).cluster == before.cluster


def test_an_overridden_figure_remembers_the_preset() -> None:
    figure = figures_of(load_cluster("cs-2", overrides={"core.clock": " 1.1 GHz "}))["core.clock"]
    note = "the preset has 1.1 GHz (HC34)"
    assert figure == UsedFigure(
        name="core.clock", text="1.1 GHz", source="override", confidence="", note=note, overridden=True
    )


def test_every_number_of_the_specs_can_be_overridden_but_the_count_of_systems() -> None:
    assert set(numbers_of(load_cluster("cs-2"))) == set(NAMES) | {"cluster.systems"}


def test_override_names_give_the_dimension() -> None:
    assert NAMES["core.sram"] is Dimension.BYTES
    assert NAMES["wafer.io"] is Dimension.BYTES_PER_SECOND
    assert NAMES["core.clock"] is Dimension.HERTZ
    assert NAMES["host.programming"] is Dimension.SECONDS
    assert NAMES["energy.fixed"] is Dimension.WATTS
    assert NAMES["energy.sram"] is Dimension.JOULES
    assert NAMES["core.fmac_mixed_per_cycle"] is None
    assert NAMES["fabric.hop_cycles"] is None
    assert NAMES["wafer.rows"] is None


def test_counts_are_int_and_rates_are_float() -> None:
    core = load_cluster("cs-2", overrides={"core.sram": "64 KiB", "core.fmac_mixed_per_cycle": 3}).cluster.wafer.core
    assert (core.sram_bytes, type(core.sram_bytes)) == (65536, int)
    assert (core.fmac_mixed_per_cycle, type(core.fmac_mixed_per_cycle)) == (3.0, float)
    assert type(core.clock_hz) is float


@pytest.mark.parametrize(("machine", "systems"), [("cs-2", 16), ("cs-3", 2048), ("andromeda", 4), ("cs-1", 1)])
def test_systems_are_chosen_up_to_what_the_machine_has(machine: str, systems: int) -> None:
    choice = load_cluster(machine, systems=systems)
    assert choice.cluster.systems == systems
    figure = figures_of(choice)["cluster.systems"]
    assert (figure.text, figure.overridden) == (str(systems), True)


@pytest.mark.parametrize(
    ("systems", "message"),
    [
        (0, "must be positive, got 0"),
        (-3, "must be positive, got -3"),
        (17, "must be at most 16 on Andromeda, got 17"),
        (True, "must be a whole number, got True"),
        (1.5, "must be a whole number, got 1.5"),
        ("4", "must be a whole number, got '4'"),
    ],
)
def test_systems_that_cannot_be(systems: Any, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_cluster("andromeda", systems=systems)
    assert (caught.value.name, caught.value.message) == ("systems", message)


def test_more_systems_can_be_allowed() -> None:
    assert load_cluster("cs-2", systems=300, overrides={"cluster.max_systems": 300}).cluster.systems == 300


@pytest.mark.parametrize(("machine", "hint"), [("cs2", "cs-2"), ("CS-3", "cs-3"), ("andromed", "andromeda")])
def test_an_unknown_machine_names_the_nearest(machine: str, hint: str) -> None:
    with pytest.raises(SpecError, match=f"must be one of .*, did you mean '{hint}'") as caught:
        load_cluster(machine)
    assert caught.value.name == "machine"


@pytest.mark.parametrize("machine", ["_common", "", "../sources", "gpu"])
def test_only_listed_presets_are_machines(machine: str) -> None:
    with pytest.raises(SpecError, match="must be one of andromeda, cg-1, cs-1, cs-2, cs-3, cs-4"):
        load_cluster(machine)


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("core.clok", "1 GHz", "is not a figure of the hardware, did you mean 'core.clock'?"),
        ("core.clock_hz", 1e9, "is not a figure of the hardware, did you mean 'core.clock'?"),
        ("sram", "48 KiB", "is not a figure of the hardware"),
        ("zzz", 1, "is not a figure of the hardware; an example is 'core.clock'"),
        ("cluster.systems", 4, "is not set here; give the number of systems as `systems`"),
        ("core.clock", 850, "needs a unit, for example '850 MHz'; got 850"),
        ("core.clock", "850", "needs a unit, for example '850 MHz'; got '850'"),
        ("core.clock", "850 MB", "has the unit 'MB', which does not measure hertz; for example '850 MHz'"),
        ("core.clock", True, "needs a unit, for example '850 MHz'; got True"),
        ("core.clock", None, "needs a unit, for example '850 MHz'; got None"),
        ("core.clock", {"value": 1}, "needs a unit, for example '850 MHz'; got {'value': 1}"),
        ("core.clock", "-1 GHz", "must be positive, got -1000000000.0"),
        ("core.clock", "1e999 Hz", "is too large; got '1e999 Hz'"),
        ("core.sram", "48 Kib", "is in bits ('Kib') but a size is in bytes: write 'KiB' if bytes were meant"),
        ("core.sram", "0.3 B", "must be a whole number of bytes, got '0.3 B'"),
        ("core.sram", "0 B", "must be positive, got 0"),
        ("core.reserved", "48 KiB", "is 49152 of 49152 bytes; nothing is left"),
        ("wafer.rows", 0, "must be positive, got 0"),
        ("wafer.rows", -5, "must be positive, got -5"),
        ("wafer.rows", 1.5, "must be a whole number, got 1.5"),
        ("wafer.rows", True, "must be a plain number without a unit, got True"),
        ("wafer.rows", "994", "must be a plain number without a unit, got '994'"),
        ("wafer.rows", 10**400, "must be at most 1,000,000,000"),
        ("core.fmac_fp16_per_cycle", float("nan"), "must be a finite number, got nan"),
        ("core.fmac_fp16_per_cycle", float("inf"), "must be a finite number, got inf"),
        ("core.fmac_fp16_per_cycle", 1e-300, "is too small; got 1e-300"),
        ("core.fmac_fp16_per_cycle", 1e300, "must be at most 1,000,000,000"),
        ("core.clock", "1e-200 Hz", "is too small; got '1e-200 Hz'"),
        ("core.sram", "1e20 B", "is too large; got '1e20 B'"),
        ("core.moves_pass", 1, "must be true or false, got 1"),
        ("fabric.in_queue_words", 8, "must be a list of whole numbers, for example [8, 8, 4]; got 8"),
        ("fabric.in_queue_words", [8, 0.5], "must be a whole number, got 0.5"),
        ("fabric.in_queue_words", [], "must be a list of whole numbers"),
        ("fabric.in_queue_words", [8, 0], "must be a depth of 1 or more for each queue, got [8, 0]"),
        ("core.bank_period", "12 B", "must be a power of two, got 12"),
        ("host.latency", "-1 us", "must be zero or above, got -1e-06"),
        ("swarmx.fan_in", 1, "must be at least 2, or the tree never narrows"),
        ("cluster.max_systems", 0, "must be positive, got 0"),
    ],
)
def test_an_override_that_cannot_be(name: str, raw: object, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_cluster("cs-2", overrides={name: raw})
    assert caught.value.name == name
    assert caught.value.message.startswith(message)


@settings(deadline=None)
@given(st.text(max_size=12), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8))
def test_any_nonsense_is_a_spec_error_of_that_name(name: str, raw: object) -> None:
    with pytest.raises(SpecError) as caught:
        load_cluster("cs-2", overrides={name: raw})
    assert caught.value.name == name


@settings(deadline=None)
@given(st.sampled_from(sorted(NAMES)), st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8))
def test_any_value_is_taken_or_is_a_spec_error(name: str, raw: object) -> None:
    try:
        cluster = load_cluster("cs-2", overrides={name: raw}).cluster
    except SpecError as error:
        named = error.name
    else:
        assert cluster.wafer.peak_flops("fp16") > 0
        return
    assert named.split(".")[0] in (name.split(".")[0], "systems")
