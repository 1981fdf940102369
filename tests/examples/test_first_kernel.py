"""The first kernel of one's own runs as those that are built in do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsesim.cli import cli

EXAMPLE = Path(__file__).parents[2] / "examples" / "first_kernel.py"
ASKED = ("--grid", "8x1", "--shape", "100")


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words, catch_exceptions=False)


def test_it_has_all_that_built_in_ones_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = ("--heatmap", "busy.svg", "--trace", "trace.json", "--movie", "activity.gif")
    found = run("kernel", str(EXAMPLE), *ASKED, *written)
    assert found.exit_code == 0
    assert "All 800 values equal NumPy's" in found.output
    assert {path.name for path in tmp_path.iterdir()} == {"busy.svg", "trace.json", "activity.gif"}
    cores, closed = (
        json.loads(run("kernel", str(EXAMPLE), *ASKED, "--level", level, "--json").output)["figures"]["cycles"]
        for level in ("cores", "closed")
    )
    assert closed == pytest.approx(cores, rel=0.03)


def test_a_file_and_a_study_ask_for_it_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    (tmp_path / "mine.yaml").write_text("kernel: mine.py\ngrid: [8, 1]\nshape: [100]\ncluster: cs-2\n", "utf-8")
    (tmp_path / "study.yaml").write_text("workload: mine.yaml\nvary: {shape: [[50], [100]]}\n", "utf-8")
    assert run("run", "mine.yaml").exit_code == 0
    assert run("sweep", "study.yaml").exit_code == 0


def test_it_stays_short() -> None:
    assert len(EXAMPLE.read_text("utf-8").splitlines()) < 50


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("role.fadds(y, y, east)", "role.fadds(y, y, nobody)", "NameError: name 'nobody' is not defined"),
        ("return padded", "return padded +", "is not Python: invalid syntax"),
        ("KERNEL =", "KERNELS =", "needs a variable KERNEL"),
        ("y, west, east = (", "y, west, east, more = (", "ValueError: not enough values to unpack"),
    ],
)
def test_what_is_wrong_in_it_is_told_by_line(
    before: str, after: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = EXAMPLE.read_text("utf-8")
    assert before in text
    (tmp_path / "mine.py").write_text(text.replace(before, after), "utf-8")
    found = run("kernel", "mine.py", *ASKED)
    assert found.exit_code == 2
    line = 1 + text[: text.index(before)].count("\n")
    place = "mine.py" if before.startswith("KERNEL") else f"mine.py:{line}"
    assert found.stderr.startswith(f"{place}: error: {said}")


def test_a_result_that_the_body_does_not_keep_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = EXAMPLE.read_text("utf-8").replace("KERNEL = kit.kernel(", 'KERNEL = kit.kernel(result="total", ')
    assert 'result="total"' in text
    (tmp_path / "mine.py").write_text(text, "utf-8")
    found = run("kernel", "mine.py", *ASKED)
    assert found.exit_code == 2
    assert "the variable 'total' of every core, which body does not keep on all of them; it keeps: " in found.stderr


def test_values_that_are_not_those_of_numpy_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = EXAMPLE.read_text("utf-8").replace("+ x +", "- x +")
    (tmp_path / "mine.py").write_text(text, "utf-8")
    found = run("kernel", "mine.py", *ASKED)
    assert found.exit_code == 1
    assert "Values are NOT NumPy's" in found.output


def test_a_file_that_is_missing_is_told() -> None:
    found = run("kernel", "nowhere.py", *ASKED)
    assert found.exit_code == 2
    assert "cannot read the kernel nowhere.py: No such file" in found.stderr


def test_a_meaning_of_another_shape_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = EXAMPLE.read_text("utf-8").replace("padded[:, 2:]", "padded[:, 2:] * np.ones((3, 1, 1))")
    (tmp_path / "mine.py").write_text(text, "utf-8")
    found = CliRunner().invoke(cli, ["kernel", "mine.py", *ASKED])
    assert found.exit_code == 2
    assert "the cores' result is 1x8x100, and by NumPy it is 3x8x100" in found.stderr
