"""Running a table of kernels and comparing: rows of a test's own, then what is said about the package's."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from tests.answers.keeping import keeps_to

from wsesim.answers.plain import plain_data
from wsesim.cli import cli
from wsesim.validation import schemas
from wsesim.validation.kernels import KernelScore, KernelValidation, constants, validate_kernels
from wsesim.validation.kernels.constants import GROUPS
from wsesim.validation.kernels.registry import NO_FAMILY
from wsesim.validation.kernels.render import KernelReport

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
    KernelReport(validation=found).print(Console(file=printed, width=140))
    golden("validation/kernels.txt", "\n".join(line.rstrip() for line in printed.getvalue().splitlines()) + "\n")
    assert KernelReport(validation=found).left == {
        "sum-nothing": "params give no P",
        "unknown": "no machine like 'WSE-9 silicon'",
        "host": "the time is the host's, not the wafer's",
        "poem": NO_FAMILY,
    }


def test_the_same_table_gives_the_same_words(write_kernels: WriteKernels) -> None:
    made = [KernelReport(validation=validate_kernels(write_kernels(*SMALL))) for _ in range(2)]
    texts = [report.files()["validation-kernels.md"].decode() for report in made]
    assert texts[0] == texts[1]
    assert keeps_to(plain_data(made[0].to_dict()), schemas()["validate_kernels"])
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
    assert document.keys() == {"rows", "families", "constants"}
    assert [row["id"] for row in document["rows"]] == [row.get("id", "sum") for row in SMALL]
    assert (tmp_path / "found" / "validation-kernels.md").is_file()


def test_the_command_refuses_a_bad_table(tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text("id,machine\na,b\n")
    ran = CliRunner().invoke(cli, ["validate", "--kernels", "--table", str(table), "--out", str(tmp_path / "out")])
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


UNSEEN: dict[str, tuple[dict[str, str], float]] = {
    "relay": ({"kernel": "relay chain (store-and-forward via PE)", "params": "N=16 relays;B=256 words"}, 4375),
    "latency": ({"kernel": "DSD f16 op completion", "precision": "f16", "params": "128 elements"}, 2 + 2 * 128 / 8),
    "addition": ({"kernel": "512-element 16-bit add", "params": "512 elements"}, 2 + 2 * 512 / 8),
    "message": (
        {"kernel": "point-to-point message latency", "machine": "WSE-3 silicon (CS-3)", "params": "24 hops"}, 88,
    ),
    "map": (
        {"kernel": "2048-element f16 FMA", "algorithm": "@map over 32-element DSDs", "params": "2048 elements"},
        24 + 64 * (7 + 8),
    ),
    "copy": ({"kernel": "DSD copy", "machine": "WSE-2 fabric simulator", "precision": "f16", "unit": "elem/cycle"}, 4),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSEEN)
def test_rows_nobody_has_seen(write_kernels: WriteKernels, name: str) -> None:
    cells, expected = UNSEEN[name]
    row = {"machine": "WSE-3 fabric simulator", **cells, "value": str(expected)}
    (score,) = validate_kernels(write_kernels(row)).scores
    assert score.error == pytest.approx(0, abs=0.03), score.reason


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"kernel": "isolated fmacs DSD", "algorithm": "class 'mid'", "params": "n=90000"}, "which has 46 KiB"),
        ({"params": "B=0;P=8;S=4"}, "at least 1"),
        ({"params": "B=4;P=800;S=4"}, "does not fit the wafer"),
    ],
)
def test_what_cannot_be_answered_says_why(write_kernels: WriteKernels, cells: dict[str, str], reason: str) -> None:
    (score,) = validate_kernels(write_kernels(cells)).scores
    assert score.simulated is None
    assert reason in score.reason


def test_every_figure_has_a_source() -> None:
    lines = [line for group in GROUPS for line in constants.figures_of(group)]
    assert len({name for name, *_ in lines}) == len(lines) > 60
    assert all(len(source) > 3 for *_, source in lines)
