"""A kind of question takes one file: it then loads, runs, checks, shows, sweeps, levels and reports."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest
from click.testing import CliRunner

import wsesim
from wsesim import questions
from wsesim.cli import cli

TEXT = (
    "model: {layers: 2, width: 64, heads: 4, vocab: 300, max_length: 16}\nphase: allreduce\n"
    "cluster: {machine: andromeda, systems: 4}\n"
)


@pytest.fixture(autouse=True)
def toy(tmp_path: Path) -> Iterator[None]:
    """Put the file of the kind on the path of the package, which is all that it takes."""
    folder = tmp_path / "kinds"
    folder.mkdir()
    copy(Path(__file__).with_name("toy_allreduce.py"), folder / "toy_allreduce.py")
    questions.__path__.append(str(folder))
    yield
    questions.__path__.remove(str(folder))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    found = tmp_path / "toy.yaml"
    found.write_text(TEXT)
    return found


def ran(*words: str) -> str:
    found = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def test_it_runs_and_reports(file: Path) -> None:
    assert "one all-reduce" in ran("run", str(file), "--no-verify")
    found = json.loads((file.parent / "runs" / "toy" / "result.json").read_text())
    assert found["figures"]["allreduce_s"] > 0
    assert "one all-reduce" in (file.parent / "runs" / "toy" / "report.html").read_text()


def test_its_numbers_are_verified(file: Path) -> None:
    assert wsesim.verify(file).ok


def test_settings_machines_and_keys_of_its_own_are_checked(file: Path) -> None:
    assert "ok: One all-reduce" in ran("check", str(file), "--set", "ring.pieces=3")
    found = CliRunner().invoke(cli, ["check", str(file), "--set", "ring.pices=3"])
    assert found.exit_code == 2
    assert "ring.pieces" in found.output
    found = CliRunner().invoke(cli, ["check", str(file), "--set", "batch={sequences: 1}"])
    assert found.exit_code == 2


def test_it_is_shown_and_asked_again(file: Path) -> None:
    again = file.with_name("again.yaml")
    again.write_text(ran("show", str(file)))
    assert wsesim.run(again, verify=False).figures == wsesim.run(file, verify=False).figures


def test_it_levels(file: Path) -> None:
    found = wsesim.levels(file)
    assert list(found.outcomes) == ["closed", "system", "cores"]
    assert found.differences[0].causes[0][0] == "latency of hops"
    assert "no core takes part" in ran("levels", str(file))


def test_what_it_does_not_read_is_said(file: Path) -> None:
    result = wsesim.run(file, hardware={"core.sram": "64 KiB", "swarmx.hop": "1 us"})
    hardware = [name for name in result.provenance.unread if name.startswith("hardware.")]
    assert hardware == ["hardware.core.sram"]


def test_it_sweeps(file: Path) -> None:
    study = file.with_name("study.yaml")
    study.write_text("workload: toy.yaml\nvary: {cluster.systems: [2, 4], ring.pieces: [1, 2]}\n")
    assert "one all-reduce" in ran("sweep", str(study))
    table = wsesim.sweep(study)
    assert len({row.figures["allreduce_s"] for row in table.rows}) == 4
