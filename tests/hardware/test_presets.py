"""The presets: every number sourced, and the sums the vendor publishes."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from wsesim.figures import sources
from wsesim.gpus import GPUS
from wsesim.hardware import MACHINES as PRESETS
from wsesim.hardware import WAFER_MM2, load_cluster, machine_names, override_names
from wsesim.packaged import yaml_data
from wsesim.software import STACKS
from wsesim.units import parse

FOLDER = files("wsesim.hardware") / "presets"
STACK_FOLDER = files("wsesim.software") / "presets"
FILES = sorted(file.name for file in FOLDER.iterdir() if file.name.endswith(".yaml"))
GPU_FOLDER = files("wsesim.gpus") / "presets"
STACK_FILES = sorted(file.name for file in STACK_FOLDER.iterdir() if file.name.endswith(".yaml"))
GPU_FILES = sorted(file.name for file in GPU_FOLDER.iterdir() if file.name.endswith(".yaml"))
MACHINES = machine_names()


def data_of(file: str) -> dict[str, Any]:
    folder = FOLDER if file in FILES else GPU_FOLDER if file in GPU_FILES else STACK_FOLDER
    data = yaml_data(Path(str(folder / file)))
    assert isinstance(data, dict)
    return data


def numbers_of(file: str) -> list[tuple[str, dict[str, Any]]]:
    groups = {group: members for group, members in data_of(file).items() if group not in ("name", "about", "extends")}
    return [(f"{group}.{name}", number) for group, members in groups.items() for name, number in members.items()]


NUMBERS = [(file, name, number) for file in (*FILES, *STACK_FILES, *GPU_FILES) for name, number in numbers_of(file)]
IDS = [f"{file}:{name}" for file, name, _ in NUMBERS]


def test_machine_names() -> None:
    assert MACHINES == ("andromeda", "cg-1", "cs-1", "cs-2", "cs-3", "cs-4")


@pytest.mark.parametrize(("file", "name", "number"), NUMBERS, ids=IDS)
def test_every_number_says_where_it_is_from(file: str, name: str, number: dict[str, Any]) -> None:
    assert set(number) <= {"value", "source", "confidence", "note"}
    assert number["source"] in sources()
    assert number["confidence"] in ("H", "M", "L")
    if number["source"] == "assumed":
        assert number["note"]
        assert number["confidence"] == "L"


@pytest.mark.parametrize(("file", "name", "number"), NUMBERS, ids=IDS)
def test_every_number_has_the_unit_of_its_field(file: str, name: str, number: dict[str, Any]) -> None:
    slot = (PRESETS.slots if file in FILES else GPUS.slots if file in GPU_FILES else STACKS.slots)[name]
    slot.value(number["value"])
    if slot.dimension is None:
        assert type(number["value"]) in (int, float, bool, list)
    else:
        assert parse(number["value"], slot.dimension) >= 0


@pytest.mark.parametrize("file", FILES)
def test_a_preset_begins_by_saying_what_it_is(file: str) -> None:
    assert (FOLDER / file).read_text("utf-8").startswith("# ")


def test_sources_are_documents_and_all_are_used() -> None:
    for tag, source in sources().items():
        assert source.tag == tag
        assert source.title
        assert source.url == "" or source.url.startswith("https://")
    assert {number["source"] for _, _, number in NUMBERS} == set(sources()) - {"override"}


@pytest.mark.parametrize("machine", MACHINES)
def test_figures_list_every_number_once_in_one_order(machine: str) -> None:
    figures = load_cluster(machine).figures
    names = [figure.name for figure in figures]
    assert names == [*list(override_names())[:-1], "cluster.systems", "cluster.max_systems"]
    assert not any(figure.overridden for figure in figures)


@pytest.mark.parametrize(
    ("machine", "cores", "tolerance"), [("cs-1", 400e3, 0.11), ("cs-2", 850e3, 0.13), ("cs-3", 900e3, 0.02)]
)
def test_usable_cores_are_somewhat_fewer_than_the_marketed_ones(machine: str, cores: float, tolerance: float) -> None:
    assert (1 - tolerance) * cores <= load_cluster(machine).cluster.wafer.cores <= cores


@pytest.mark.parametrize(("machine", "gigabytes"), [("cs-1", 18), ("cs-2", 40), ("cs-3", 44)])
def test_memory_of_the_wafer_is_what_the_vendor_states(machine: str, gigabytes: float) -> None:
    wafer = load_cluster(machine).cluster.wafer
    assert wafer.cores * wafer.core.sram_bytes == pytest.approx(gigabytes * 1e9, rel=0.10)


@pytest.mark.parametrize(("machine", "clock", "petabytes"), [("cs-2", "1.1 GHz", 20), ("cs-3", "0.875 GHz", 25)])
def test_memory_bandwidth_is_what_the_vendor_states_and_what_programs_of_the_cs_3_count_on(
    machine: str, clock: str, petabytes: float
) -> None:
    wafer = load_cluster(machine, overrides={"core.clock": clock}).cluster.wafer
    bytes_per_cycle = wafer.core.sram_read_bytes_per_cycle + wafer.core.sram_write_bytes_per_cycle
    assert wafer.cores * bytes_per_cycle * wafer.core.clock_hz == pytest.approx(petabytes * 1e15, rel=0.02)


def test_memory_bandwidth_of_the_first_wafer() -> None:
    wafer = load_cluster("cs-1", overrides={"wafer.columns": 640, "wafer.rows": 625}).cluster.wafer
    bytes_per_cycle = wafer.core.sram_read_bytes_per_cycle + wafer.core.sram_write_bytes_per_cycle
    assert wafer.cores == 400_000
    assert wafer.cores * bytes_per_cycle * wafer.core.clock_hz == pytest.approx(9e15, rel=0.10)


def test_ramp_bandwidth_at_the_design_clock_is_what_the_vendor_states() -> None:
    wafer = load_cluster("cs-2", overrides={"core.clock": "1.1 GHz"}).cluster.wafer
    per_cycle = wafer.fabric.wavelet_bytes * wafer.fabric.link_wavelets_per_cycle
    assert wafer.cores * per_cycle * wafer.core.clock_hz == pytest.approx(3.3e15, rel=0.01)


def test_peak_of_the_marketed_cores_at_the_design_clock_is_what_the_vendor_states() -> None:
    marketed = {"core.clock": "1.1 GHz", "wafer.columns": 850, "wafer.rows": 1000}
    assert load_cluster("cs-2", overrides=marketed).cluster.wafer.peak_flops("fp16") == pytest.approx(7.5e15, rel=0.01)


@pytest.mark.parametrize(
    ("machine", "precision", "petaflops", "tolerance"),
    [("cs-1", "fp16", 2.6, 0.10), ("cs-3", "fp16", 12.6, 0.03), ("cs-3", "fp32", 1.563, 0.02)],
)
def test_peak_of_the_usable_cores_at_the_measured_clock(
    machine: str, precision: str, petaflops: float, tolerance: float
) -> None:
    overrides = {"core.clock": "875 MHz"} if machine == "cs-3" else {}
    peak = load_cluster(machine, overrides=overrides).cluster.wafer.peak_flops(precision)
    assert peak == pytest.approx(petaflops * 1e15, rel=tolerance)


@pytest.mark.parametrize("machine", ["cs-1", "cs-2", "cs-3"])
def test_io_is_twelve_ethernet_links(machine: str) -> None:
    assert load_cluster(machine).cluster.wafer.io_bytes_per_s == 12 * 100e9 / 8


@pytest.mark.parametrize(("machine", "watts"), [("cs-1", 15e3), ("cs-2", 16.1e3), ("cs-3", 16.1e3)])
def test_idle_power_is_what_was_measured_or_stated(machine: str, watts: float) -> None:
    wafer = load_cluster(machine).cluster.wafer
    assert sum(wafer.energy.idle_w(wafer.cores, wafer.core.clock_hz).values()) == pytest.approx(watts, rel=1e-3)


@pytest.mark.parametrize("machine", ["cs-1", "cs-2", "cs-3"])
def test_cores_take_the_wafer(machine: str) -> None:
    wafer = load_cluster(machine).cluster.wafer
    assert wafer.die.area_mm2(wafer.cores, wafer.core.sram_bytes) == pytest.approx(WAFER_MM2, rel=0.01)
    assert load_cluster(machine).cluster.wafer.lost_columns == 0, "spares take in the defects of published machines"


@pytest.mark.parametrize(("machine", "systems"), [("andromeda", 16), ("cg-1", 64)])
def test_a_cluster_preset_is_many_of_a_system(machine: str, systems: int) -> None:
    cluster, single = load_cluster(machine).cluster, load_cluster("cs-2").cluster
    assert (cluster.systems, cluster.max_systems) == (systems, systems)
    assert (cluster.wafer, cluster.memoryx, cluster.swarmx) == (single.wafer, single.memoryx, single.swarmx)


@pytest.mark.parametrize("machine", MACHINES)
def test_scalar_code_is_slower_by_the_ratio_of_two_measured_rows(machine: str) -> None:
    assert load_cluster(machine).cluster.wafer.silicon.scalar_slowdown == 4.0 / 2.92


def test_as_designed_nothing_is_slower() -> None:
    wafer = load_cluster("cs-3").cluster.wafer.as_designed()
    assert set(wafer.silicon.by_resource.values()) == {1.0}


def test_the_announced_machine_has_the_bandwidth_that_was_announced() -> None:
    wafer = load_cluster("cs-4").cluster.wafer
    core = wafer.core
    moved = wafer.cores * core.clock_hz * (core.sram_read_bytes_per_cycle + core.sram_write_bytes_per_cycle)
    assert moved == pytest.approx(43.2e15, rel=0.01)
    assert wafer.cores * core.sram_bytes == pytest.approx(44e9, rel=0.02)
    assert load_cluster("cs-4").cluster.systems == 3
