import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsesim.cli import cli

KERNEL = "kernel: allreduce-2d\ngrid: [4, 3]\nshape: [8]\ncluster: cs-2\n"
STEP = "model: gpt2\nbatch: {sequences: 4, length: 64}\ncluster: cs-2\n"


def call(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(cli, [str(argument) for argument in arguments], prog_name="wsesim")


@pytest.fixture(autouse=True)
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("kernel.yaml").write_text(KERNEL)
    Path("step.yaml").write_text(STEP)
    return tmp_path


def test_a_kernel_has_two_levels_and_a_reason() -> None:
    found = call("levels", "kernel.yaml", "--json")
    assert found.exit_code == 0, found.output
    closed, system, cores = json.loads(found.stdout)["levels"]
    assert closed["figures"]["cycles"] == pytest.approx(cores["figures"]["cycles"], rel=0.05)
    assert "no store" in system["why_not"]
    assert not system["figures"]


def test_a_step_writes_page_and_json() -> None:
    found = call("levels", "step.yaml")
    assert found.exit_code == 0, found.output
    for words in ("closed", "system", "cores", "leaves out", "from system to cores", "stream-gemm"):
        assert words in found.stdout
    folder = Path("runs/step-levels")
    assert sorted(file.name for file in folder.iterdir()) == ["levels.html", "levels.json"]
    page = (folder / "levels.html").read_text()
    assert "stream-gemm" in page
    assert "<script" not in page
    assert json.loads((folder / "levels.json").read_text())["kind"] == "step"


def test_what_is_there_stays_without_force() -> None:
    assert call("levels", "kernel.yaml").exit_code == 0
    found = call("levels", "kernel.yaml")
    assert found.exit_code == 2
    assert "--force" in found.stderr
    assert call("levels", "kernel.yaml", "--force").exit_code == 0


def test_names_are_escaped_on_the_page() -> None:
    Path("step.yaml").write_text(f"{STEP}name: a-b\n".replace("model: gpt2", "model: {preset: gpt2, name: '<b>x</b>'}"))
    found = call("levels", "step.yaml", "--quiet")
    assert found.exit_code in (0, 2), found.output
    if found.exit_code == 0:
        assert "<b>x</b>" not in next(Path("runs").iterdir()).joinpath("levels.html").read_text()


@pytest.mark.parametrize("level", ["closed", "cores"])
def test_run_at_a_level_answers_that_alone(level: str) -> None:
    found = call("run", "step.yaml", "--level", level, "--json")
    assert found.exit_code == 0, found.output
    assert [answer["level"] for answer in json.loads(found.stdout)["levels"]] == [level]
    assert Path(f"runs/step-{level}/levels.html").exists()


def test_run_at_the_system_level_is_a_run() -> None:
    found = call("run", "step.yaml", "--level", "system", "--no-verify", "--quiet")
    assert found.exit_code == 0, found.output
    assert Path("runs/step/report.html").exists()


def test_run_of_a_kernel_at_a_level() -> None:
    found = call("run", "kernel.yaml", "--level", "closed", "--json")
    assert json.loads(found.stdout)["level"] == "closed"
    refused = call("run", "kernel.yaml", "--level", "system", "--force")
    assert refused.exit_code == 2
    assert "choose closed or cores" in refused.stderr


def test_a_bad_level_names_the_nearest() -> None:
    found = call("run", "step.yaml", "--level", "core")
    assert found.exit_code == 2
    assert "did you mean 'cores'?" in found.stderr
    assert "Traceback" not in found.output


def test_a_kernel_too_long_for_this_installation_is_a_row_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsesim.cores.jit.COMPILED", False)
    monkeypatch.setattr("wsesim.cores.programs.run.MOST_CORE_CYCLES_UNCOMPILED", 10)
    found = call("levels", "kernel.yaml", "--json")
    assert found.exit_code == 0, found.output
    assert "pip install" in json.loads(found.stdout)["levels"][2]["why_not"]
