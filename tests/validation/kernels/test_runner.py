"""Running a table of kernels and comparing: rows of a test's own, then what is said about the package's."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from wsesim.cli import cli
from wsesim.hardware import MACHINES, SLOWDOWNS
from wsesim.validation import kernels
from wsesim.validation.kernels import KernelScore, KernelValidation, constants, validate_kernels
from wsesim.validation.kernels.family import KernelRow, NotPredicted, Prediction
from wsesim.validation.kernels.machines import on_target, slower, wafer_of
from wsesim.validation.kernels.registry import MODULES, NO_FAMILY, families, family_of, why_outside
from wsesim.validation.kernels.table import read_kernel_table

WriteKernels = Callable[..., Path]
SILICON = {"machine": "WSE-2 silicon (CS-2)"}
SMALL: tuple[dict[str, str], ...] = (
    {},
    {"id": "sum-silicon", **SILICON},
    {"id": "sum-nothing", "params": "B=64"},
    {"id": "fmacs", "kernel": "isolated fmacs DSD", "algorithm": "one fmacs; alignment class 'mid'", "params": "n=64",
     "value": "70"},
    {"id": "unknown", "machine": "WSE-9 silicon"},
    {"id": "host", "kernel": "host RPC launch", "unit": "us"},
    {"id": "poem", "kernel": "poem"},
)  # fmt: skip


def test_a_small_table(write_kernels: WriteKernels, golden: Callable[[str, str], None]) -> None:
    found = validate_kernels(write_kernels(*SMALL))
    printed = StringIO()
    found.print(Console(file=printed, width=140))
    golden("validation/kernels.txt", "\n".join(line.rstrip() for line in printed.getvalue().splitlines()) + "\n")
    reasons = {score.id: score.reason for score in found.scores if score.simulated is None}
    assert reasons == {
        "sum-nothing": "params give no P",
        "unknown": "no machine like 'WSE-9 silicon'",
        "host": "the time is the host's, not the wafer's",
        "poem": NO_FAMILY,
    }


def test_the_same_table_gives_the_same_words(write_kernels: WriteKernels, tmp_path: Path) -> None:
    texts = []
    for name in ("first.md", "second.md"):
        validate_kernels(write_kernels(*SMALL)).write(tmp_path / name)
        texts.append((tmp_path / name).read_text("utf-8"))
    assert texts[0] == texts[1]
    for heading in ("## Families", "## Constants", "## Rows", "## Assumed", "## Not run"):
        assert heading in texts[0]
    assert "| fabric.hop_cycles | 1 | 2 | WSE-2: SDK-WP" in texts[0]


def test_progress_is_told_before_each_row(write_kernels: WriteKernels) -> None:
    told: list[tuple[int, int, str]] = []
    validate_kernels(write_kernels(SMALL[0], SMALL[1]), progress=lambda *now: told.append(now))
    assert told == [(0, 2, "sum"), (1, 2, "sum-silicon")]


def test_the_command(write_kernels: WriteKernels, tmp_path: Path) -> None:
    table, out = str(write_kernels(*SMALL)), str(tmp_path / "found")
    ran = CliRunner().invoke(cli, ["validate", "--kernels", "--table", table, "--out", out, "--json"])
    assert ran.exit_code == 0
    document = json.loads(ran.stdout)
    assert document.keys() == {"rows", "families", "constants", "code", "silicon"}
    assert [row["id"] for row in document["rows"]] == [row.get("id", "sum") for row in SMALL]
    assert (tmp_path / "found" / "validation-kernels.md").is_file()


def test_the_command_refuses_a_bad_table(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("id,machine\na,b\n")
    ran = CliRunner().invoke(cli, ["validate", "--kernels", "--table", str(table), "--out", str(tmp_path)])
    assert ran.exit_code == 2
    assert "rows.csv:1: error: the column 'clock_mhz' is missing" in ran.stderr
    assert "Traceback" not in ran.output


def test_a_summary_by_hand() -> None:
    scores = [
        KernelScore(
            id=name, family="red1d", target="simulator", metric="m", unit="cycles", measured=100.0, simulated=simulated
        )
        for name, simulated in (("a", 99.0), ("b", 101.5), ("c", None))
    ]
    (summary,) = KernelValidation(scores=tuple(scores)).summary()
    assert (summary.rows, summary.run, summary.worst_id, summary.met) == (3, 2, "b", False)
    assert (summary.median, summary.worst) == pytest.approx((0.0125, 0.015))
    (empty,) = KernelValidation(scores=(scores[2],)).summary()
    assert (empty.run, empty.median, empty.met) == (0, None, None)


def test_silicon_is_slower_by_the_shares(write_kernels: WriteKernels) -> None:
    simulated, silicon, rate = read_kernel_table(write_kernels({}, SILICON, {**SILICON, "unit": "elem/cycle"}))
    shares = {"memory": 0.5, "link": 0.2, "arithmetic": 0.1, "arithmetic every cycle": 0.1}
    wafer = wafer_of("cs-2")
    factors = wafer.silicon.by_resource
    factor = 1 + sum(shares[name] * (factors[name] - 1) for name in ("memory", "link", "arithmetic every cycle"))
    assert factors["arithmetic"] == 1
    assert slower(wafer, shares) == pytest.approx(factor)
    predicted = Prediction(value=100.0, shares=shares)
    assert on_target(simulated, predicted) == 100.0
    assert on_target(silicon, predicted) == pytest.approx(100 * factor)
    assert on_target(rate, predicted) == pytest.approx(100 / factor)


def test_every_constant_has_a_meaning() -> None:
    lines = constants.timings()
    known = [slot.name for slot in MACHINES.slots.values()]
    assert [name for name, *_ in lines] == [name for name in known if name.startswith(("core.", "fabric."))]
    assert [name for name, *_ in constants.code()] == [name for name in known if name.startswith("code.")]
    assert [name for name, *_ in constants.silicon()] == list(SLOWDOWNS)
    assert all(source for *_, source in (*lines, *constants.code(), *constants.silicon()))


def test_every_share_is_of_a_resource(measured: tuple[KernelRow, ...]) -> None:
    for row in measured:
        family = family_of(row) if row.silicon else None
        if family is None or family.name == "wl":
            continue
        try:
            shares = family.predict(row, wafer_of(row.machine_name)).shares
        except NotPredicted:
            continue
        assert shares.keys() <= SLOWDOWNS.keys(), row.id
        assert 0 <= sum(shares.values()) <= 1 + 1e-12, row.id


def test_every_module_with_families_is_registered() -> None:
    folder = Path(kernels.__file__).parent
    with_families = {file.stem for file in folder.glob("*.py") if "\nFAMILIES = (" in file.read_text("utf-8")}
    assert with_families <= set(MODULES)


def test_no_row_is_of_two_families(measured: tuple[KernelRow, ...]) -> None:
    names = [family.name for family in families()]
    assert len(names) == len(set(names))
    for row in measured:
        assert sum(family.matches(row) for family in families()) <= 1, row.id


def test_rows_of_no_family_have_a_reason(measured: tuple[KernelRow, ...]) -> None:
    left = [row for row in measured if family_of(row) is None]
    assert all(why_outside(row) for row in left)
    assert wafer_of("cs-3").core.sram_write_bytes_per_cycle == 16
