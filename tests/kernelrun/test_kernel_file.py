"""A file that names a kernel: read, refused, answered, written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsesim.cli import cli
from wsesim.errors import InputError
from wsesim.kernelrun.load import load_kernel
from wsesim.kernelrun.peek import is_kernel_file
from wsesim.kernelrun.question import ask, write_answer

SHIPPED = sorted((Path(__file__).parents[2] / "workloads" / "kernels").glob("*.yaml"))
CHAIN = """\
kernel: reduce-chain
grid: [4, 2]
shape: [8]
cluster: cs-2
"""


def written(folder: Path, text: str = CHAIN) -> Path:
    file = folder / "chain.yaml"
    file.write_text(text, "utf-8")
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["run", *map(str, arguments)], prog_name="wsesim")


def problems(folder: Path, text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(InputError) as caught:
        load_kernel(written(folder, text))
    return [(problem.line, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_files_that_ship_are_right_and_say_why(file: Path) -> None:
    assert is_kernel_file(file)
    assert load_kernel(file).name == file.stem
    head = file.read_text("utf-8").split("\n\n")[0].splitlines()
    assert head[0].endswith("?")
    assert any(line.startswith("# Why: ") for line in head)
    assert any(line.startswith("# From: ") for line in head)


def test_run_answers_a_kernel_and_writes_its_pictures(tmp_path: Path) -> None:
    out = tmp_path / "chain"
    found = run(written(tmp_path), "--out", out)
    assert found.exit_code == 0, found.output
    assert "reduce-chain of 8 on 4 x 2 cores of CS-2\ncycles       36, 32.7 ns at 1.1 GHz" in found.stdout
    assert sorted(path.name for path in out.iterdir()) == ["activity.gif", "kernel.html", "kernel.json", "trace.json"]
    page = (out / "kernel.html").read_text("utf-8")
    assert page.count("<svg") == 4
    assert "<script" not in page
    assert run(written(tmp_path), "--out", out).exit_code == 2
    assert run(written(tmp_path), "--out", out, "--force").exit_code == 0


def test_the_same_question_gives_the_same_bytes(tmp_path: Path) -> None:
    question = load_kernel(written(tmp_path))
    for name in ("one", "two"):
        write_answer(ask(question), tmp_path / name)
    for file in ("kernel.html", "trace.json", "activity.gif"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_json_and_settings(tmp_path: Path) -> None:
    found = run(written(tmp_path), "--json", "--set", "shape=[16]", "--set", "hardware.core.clock=0.85 GHz",
                "--set", "options.type=i32", "--out", tmp_path / "out")  # fmt: skip
    document = json.loads(found.stdout)
    assert document["status"] == "ok"
    assert document["shape"] == [16]
    assert document["max_error"] == 0
    assert document["seconds"] == pytest.approx(document["cycles"] / 0.85e9)


def test_a_closed_form_has_no_pictures(tmp_path: Path) -> None:
    out = tmp_path / "closed"
    assert run(written(tmp_path, CHAIN + "level: closed\n"), "--out", out).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == ["kernel.html", "kernel.json"]


def test_every_mistake_is_reported_at_its_line(tmp_path: Path) -> None:
    text = "kernel: reduce-chai\ngrid: [4, 4000]\nshap: [8]\ncluster: cs2\nwatch: [[1]]\n"
    found = problems(tmp_path, text)
    assert [line for line, _ in found] == [1, 1, 3, 4, 5]
    said = " ".join(message for _, message in found)
    for part in ("did you mean 'reduce-chain'?", "'shape' is missing", "did you mean 'shape'?", "did you mean 'cs-2'?",
                 "must have at least 2 entries; got 1"):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("options: {grup: 2}", "did you mean"),
        ("options: {nothing-like-it: 2}", "is not an option of reduce-chain"),
        ("watch: [[4, 0]]", "is not on the grid of 4 x 2"),
        ("hardware: {core.clok: 1 GHz}", "did you mean 'core.clock'?"),
        ("seed: -1", "at least 0"),
    ],
)
def test_a_mistake_says_what_would_be_right(line: str, said: str, tmp_path: Path) -> None:
    text = CHAIN.replace("reduce-chain", "reduce-two-phase") if "grup" in line else CHAIN
    assert any(said in message for _, message in problems(tmp_path, text + line + "\n"))


def test_what_a_kernel_refuses_is_a_message_too(tmp_path: Path) -> None:
    found = run(written(tmp_path, CHAIN.replace("[8]", "[8, 8]")), "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "Traceback" not in found.output
