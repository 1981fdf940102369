"""What an answer hangs on over ranges: found where it is known, the same for the same seed, told with its interval."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from wsesim import questions
from wsesim.cli import cli
from wsesim.errors import InputError
from wsesim.study import Indices, indices, study_of, usual_ranges
from wsesim.study.indices_output import bars_svg

TEXT = "kernel: allreduce-2d\ncluster: cs-2\ngrid: [8, 8]\nshape: [64]\n"
VARY = {
    "hardware.core.clock": {"from": "0.55 GHz", "to": "2.2 GHz", "scale": "log"},
    "hardware.fabric.ramp_cycles": {"from": 2, "to": 4}, "hardware.core.sram": ["40 KiB", "48 KiB"],
}  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("indices") / "small.yaml"
    path.write_text(TEXT, "utf-8")
    return path


def found_by(file: Path, method: str, samples: int, vary: dict[str, Any] = VARY, **more: Any) -> Indices:
    pytest.importorskip("SALib")
    data = {"vary": vary, "figures": ["time_s"], "level": "closed", "sample": {"points": 1}, **more}
    return indices(study_of(file, data), method, samples=samples, seed=1)


def test_morris_tells_what_matters_and_which_way(file: Path, tmp_path: Path) -> None:
    found = found_by(file, "morris", 5)
    assert found == found_by(file, "morris", 5)
    assert [row.settings for row in found.rows] == list(VARY)
    clock, ramp, sram = (row.values for row in found.rows)
    assert clock["direction"] == pytest.approx(-clock["effect"])
    assert ramp["direction"] == pytest.approx(ramp["effect"])
    assert (sram["effect"], sram["spread"]) == (0, 0)
    assert found.rows[0].words == "550 MHz to 2.2 GHz, log"
    page, table, data = found.save(tmp_path / "out")
    assert [row["setting"] for row in csv.DictReader(table.read_text("utf-8").splitlines())] == list(VARY)
    assert json.loads(data.read_text("utf-8"))["settings"][0]["effect"] == clock["effect"]
    assert "hardware.core.clock matters most; 2 of 3 settings matter a hundredth as much" in page.read_text("utf-8")
    assert "5 trajectories of Morris, seed 1" in page.read_text("utf-8")
    assert len(ElementTree.fromstring(bars_svg(found)).findall("rect")) == 2


@pytest.mark.nightly
def test_sobol_splits_the_variance(file: Path) -> None:
    found = found_by(file, "sobol", 256)
    clock, ramp, sram = (row.values for row in found.rows)
    assert sum(row["first"] for row in (clock, ramp, sram)) == pytest.approx(1, abs=0.1)
    assert clock["first"] <= clock["total"] + clock["total_off"]
    assert clock["total"] > 0.9
    assert 0 < ramp["total"] < 0.1
    assert sram["total"] == 0


def test_samples_without_an_answer_are_left_out_and_told(file: Path) -> None:
    some = {**VARY, "grid": [[4, 4], [8, 8], [8, 9], [800, 8]]}
    found = found_by(file, "morris", 12, some)
    assert 4 <= found.used < 12
    form = found.to_dict()
    assert (form["used"], form["samples"]) == (found.used, 12)
    assert "800" in found.why
    with pytest.raises(InputError, match=r"only \d of 4 trajectories of Morris have all answers"):
        found_by(file, "morris", 4, {**VARY, "grid": [[8, 8], [800, 8]]})


def test_usual_ranges_go_from_half_to_twice(file: Path) -> None:
    ranges, left_out = usual_ranges(questions.load(file), 2.0)
    assert ranges["hardware.fabric.ramp_cycles"] == {"from": 1, "to": 4, "scale": "log"}
    assert ranges["hardware.core.bank_period"] == ["4 B", "8 B", "16 B"], "powers of two"
    assert ranges["hardware.silicon.link_slowdown"]["from"] == 1.125, "it cannot be below 1"
    assert "is 0" in left_out.values()
    assert not set(ranges) & set(left_out)


def test_the_command(file: Path) -> None:
    pytest.importorskip("SALib")

    def called(*words: str) -> str:
        done = CliRunner(env={"COLUMNS": "160"}).invoke(cli, ["sensitivity", str(file), "--level", "closed", *words])
        return f"{done.exit_code} {' '.join(done.output.split())}"

    one = "hardware.core.clock=0.5 GHz..1.5 GHz"
    told = called("--method", "sobol", "--vary", one, "--samples", "4", "--figure", "time_s")
    assert told.startswith("0 allreduce-2d")
    assert "Sobol over 1 settings, 12 points, 4 base points of Sobol's indices, seed 0. ±: 95 % confidence." in told
    for words, says in {
        ("--vary", one): "--vary is of methods that move all figures at once: --method morris or sobol",
        ("--method", "morris", "--vary", "hardware.core.clok=1 GHz..2 GHz"): "did you mean 'hardware.core.clock'?",
        ("--method", "morris", "--vary", one, "--times", "3"): "--times is of ranges that are not given",
        ("--method", "morris", "--vary", one, "--samples", "99999"): "--yes answers them, --samples draws fewer",
        ("--method", "moris"): "'moris' is not one of 'each', 'morris', 'sobol'",
    }.items():
        assert says in called(*words)
        assert called(*words).startswith("2 ")


def test_without_salib_it_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SALib.sample.morris", "SALib.sample.sobol"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    study = study_of(file, {"vary": VARY, "figures": ["time_s"], "level": "closed", "sample": {"points": 1}})
    for method in ("morris", "sobol"):
        with pytest.raises(InputError, match=r"needs SALib: install wsesim\[studies\]"):
            indices(study, method, samples=4)
