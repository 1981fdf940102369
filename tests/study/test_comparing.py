"""What differs between questions, results, machines and stacks, and what it comes to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import wsesim
from wsesim import answers, questions
from wsesim.cli import cli
from wsesim.errors import InputError
from wsesim.study import side_by_side

TEXT = "model: gpt2\nbatch: {sequences: 8, length: 128}\ncluster: cs-2\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    for name, more in {"one": "", "two": "hardware: {core.clock: 1 GHz}\nsoftware: ideal\n"}.items():
        (tmp_path / f"{name}.yaml").write_text(f"{TEXT}{more}", "utf-8")
    return str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml")


def test_what_differs_and_which_cause_explains_it(files: tuple[str, str]) -> None:
    found = side_by_side(files, level="closed")
    assert [side.name for side in found.sides] == ["one", "two"]
    assert found.asked["software.stack"] == ("release-2", "ideal")
    assert found.asked["core.clock"] == ("1.1 GHz", "1 GHz")
    assert not {"name", "batch.length", "core.sram"} & found.asked.keys()
    before, after = found.figures["step_s"]
    ((first, *others),) = found.causes
    assert before is not None
    assert after is not None
    assert sum(each.share or 0 for each in (first, *others)) == pytest.approx(1)
    assert sum(each.after_s - each.before_s for each in (first, *others)) == pytest.approx(after - before)
    assert abs(first.after_s - first.before_s) >= max(abs(each.after_s - each.before_s) for each in others)
    same = side_by_side((files[0], files[0]), level="closed")
    assert (same.asked, same.figures, same.causes) == ({}, {}, ((),))


def test_a_result_is_a_side(files: tuple[str, str], tmp_path: Path) -> None:
    result = questions.run(questions.load(files[0]), verify=False)
    answers.write_result(result, tmp_path / "ran")
    found = side_by_side((str(tmp_path / "ran"), files[0], files[1]))
    assert [side.name for side in found.sides] == ["ran", "one", "two"]
    assert all(row[0] == row[1] for row in (*found.asked.values(), *found.figures.values()))
    assert len(found.causes[0]) == 0 < len(found.causes[1])


def test_machines_and_stacks() -> None:
    found = side_by_side(("cs-2", "cs-3"))
    assert found.asked["core.accumulator"] == ("256 B", "512 B")
    assert (found.figures, found.causes) == ({}, ())
    assert "training.kernel_launch" in side_by_side(("release-2", "ideal")).asked


def test_files_of_machines_and_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"roomy": "extends: cs-2\ncore:\n  sram: 96 KiB\n", "fast": "extends: roomy.yaml\ncore.clock: 2 GHz\n",
             "stack": "extends: ideal\n", "round": "extends: round.yaml\n"}  # fmt: skip
    for name, text in files.items():
        Path(f"{name}.yaml").write_text(text, "utf-8")
    assert side_by_side(("cs-2", "fast.yaml")).asked == {
        "core.clock": ("1.1 GHz", "2 GHz"), "core.sram": ("48 KiB", "96 KiB")
    }  # fmt: skip
    assert side_by_side(("stack.yaml", "ideal")).asked == {}
    part = wsesim.compare("roomy.yaml", wsesim.Machine("fast.yaml"))
    assert [side.name for side in part.sides] == ["roomy", "Machine('fast.yaml')"]
    with pytest.raises(InputError, match="comes back to a file that extends it"):
        side_by_side(("round.yaml", "cs-2"))


@pytest.mark.parametrize(("given", "says"), [
    (("cs-2", "ideal"), "a machine cannot be compared with a stack"),
    (("cs-2",), "name two or more"),
    (("cs2", "cs-3"), "cs2 is no file, machine or software stack, did you mean 'cs-2'?"),
    (("cs-2", "one.yaml"), "a machine or a stack cannot be compared with a question"),
    (("bad.json", "one.yaml"), "bad.json: error: is not the result of a run"), ((".", "one.yaml"), "cannot be read"),
])  # fmt: skip
def test_what_is_no_side(
    files: tuple[str, str], monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(Path(files[0]).parent)
    Path("bad.json").write_text("[]", "utf-8")
    with pytest.raises(InputError) as caught:
        side_by_side(given, level="closed")
    assert says in str(caught.value)


def test_compare_in_a_line(files: tuple[str, str]) -> None:
    line = ["compare", *files, "--level", "closed"]
    found = CliRunner(env={"COLUMNS": "200"}).invoke(cli, line, prog_name="wsesim")
    assert found.exit_code == 0
    assert [text.split()[0] for text in found.output.split("\n\n")] == ["ASKED", "FOUND", "WHY"]
    data = json.loads(CliRunner().invoke(cli, [*line, "--json"], prog_name="wsesim").output)
    assert data["asked"]["core.clock"] == ["1.1 GHz", "1 GHz"]
    assert data["causes"][0][0]["share"] > 0


def test_the_command_writes_what_differs(tmp_path: Path) -> None:
    line = ["compare", "cs-2", "cs-3", "--out", str(tmp_path / "found"), "--quiet"]
    assert CliRunner().invoke(cli, line).exit_code == 0
    held = json.loads((tmp_path / "found" / "compare.json").read_text("utf-8"))
    assert held["sides"] == ["cs-2", "cs-3"]
    page = (tmp_path / "found" / "compare.html").read_text("utf-8")
    assert "<td>core.clock</td>" not in page  # both have the same
    assert "<th>cs-2</th><th>cs-3</th>" in page
    assert all(f"<td>{name}</td>" in page for name in held["asked"])
    assert (tmp_path / "found" / "compare.csv").read_text("utf-8").startswith("name,what,cs-2,cs-3")
    assert "pass --force" in CliRunner().invoke(cli, line).output
    assert CliRunner().invoke(cli, [*line, "--force"]).exit_code == 0


def test_an_estimate_of_gpus_beside_one_of_two_results_is_no_difference_in_what_is_asked() -> None:
    data = {"model": "gpt2", "batch": {"sequences": 8, "length": 128}, "cluster": "cs-2"}
    plain, beside = (wsesim.run(data, level="closed", verify=False, gpus=gpus) for gpus in ((), ("h100x8",)))
    assert side_by_side((plain, beside)).asked == {}
