"""The fewest systems that reach a goal, what no other beats, and what a file asserts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim import questions
from wsesim.answer import Answer, Number
from wsesim.cli import cli
from wsesim.errors import InputError
from wsesim.study import size
from wsesim.study.pareto import front, knee
from wsesim.workload import Formula

SENSES = {"cost": "less", "speed": "more"}
FOUND = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.yaml"
    text = "model: gpt2\nbatch: {sequences: 64, length: 1024}\ncluster: {machine: cs-2, systems: 5}\n"
    file.write_text(text, "utf-8")
    return file


def goal(text: str) -> tuple[Formula, ...]:
    return (Formula.read(text),)


def speed(file: Path, systems: int) -> float:
    found = questions.sketch(questions.changed(questions.load(file), {"cluster.systems": systems}), level="closed")
    assert isinstance(found, Answer)
    return found.figures["tokens_per_s"] or 0


def test_the_fewest_systems_that_reach_a_goal(tiny: Path) -> None:
    wanted = speed(tiny, 3)
    found = size(questions.load(tiny), goal(f"tokens_per_s >= {wanted}"), machines=["cs-3"], level="closed")
    fewest = found.fewest("cs-2")
    assert fewest is not None
    assert (fewest.systems, found.machine) == (3, "cs-2")
    assert found.words == f"3 systems of cs-2: tokens_per_s >= {wanted}."
    assert speed(tiny, 2) < wanted == fewest.figures["tokens_per_s"]
    assert {each.machine for each in found.shown} == {"cs-2", "cs-3"}
    assert any(each.best for each in found.tried if each.machine == "cs-3")


def test_a_goal_that_is_out_of_reach_or_about_nothing(tiny: Path) -> None:
    question = questions.load(tiny)
    found = size(question, goal("tokens_per_s >= 1e15"), level="closed")
    assert found.fewest("cs-2") is None
    assert found.words.startswith("No number of systems of cs-2 up to 192 reaches tokens_per_s >= 1e15")
    assert [each.systems for each in found.shown] == [64], "a system without a sequence brings no goal nearer"
    with pytest.raises(InputError, match=r"token_per_s is no figure of training, did you mean 'tokens_per_s'\?"):
        size(question, goal("token_per_s > 1"))


def test_size_in_a_line(tiny: Path) -> None:
    def called(*arguments: object) -> tuple[int, str]:
        found = CliRunner().invoke(cli, ["size", str(tiny), *map(str, arguments)], prog_name="wsesim")
        return found.exit_code, found.output

    code, said = called("--days", 3000, "--level", "closed")
    assert (code, "1 system of cs-2: budget_s <= 3000.0 d." in said) == (0, True)
    assert '"systems": 1' in called("--days", 3000, "--level", "closed", "--json")[1]
    assert "say what is to be reached" in called()[1]
    assert "ttft_s is no figure of training" in called("--ttft", "300ms")[1]
    assert "--goal mfu >>: formula cannot be read" in called("--goal", "mfu >>")[1]


@settings(max_examples=30)
@given(found=FOUND)
def test_the_front_is_what_no_other_beats(found: list[tuple[int, int]]) -> None:
    rows = [{"cost": cost, "speed": speed} for cost, speed in found]
    places = front(rows, SENSES)
    for place, (cost, speed) in enumerate(found):
        beaten = any(c <= cost and s >= speed and (c, s) != (cost, speed) for c, s in found)
        first = found.index((cost, speed)) == place
        assert (place in places) == (first and not beaten)
    assert (knee(rows, SENSES) in places) == bool(found)


def test_a_row_that_lacks_a_figure_is_not_on_the_front() -> None:
    found = [(None, 9), (1, 1), (2, 8), (9, 9)]
    rows: list[dict[str, Number | None]] = [{"cost": cost, "speed": speed} for cost, speed in found]
    assert front(rows, SENSES) == (1, 2, 3)
    assert knee(rows, SENSES) == 2
    assert knee(rows[:1], SENSES) is None


@pytest.mark.parametrize(("text", "code", "said"), [
    ("tokens_per_s > 1", 0, ""), ("spent.fmac > 0 and spent.none == 0", 0, ""),
    ("tokens_per_s > 1e12", 1, "Asserted, and not so: tokens_per_s > 1e12 (tokens_per_s = "),
    ("token_per_s > 1", 2, "assert: token_per_s is no figure of training, did you mean 'tokens_per_s'?"),
    ("mfu >", 2, "assert: formula cannot be read: 'mfu >'; an assertion is such as '"),
])  # fmt: skip
def test_what_a_file_asserts(tiny: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: int, said: str) -> None:
    monkeypatch.chdir(tiny.parent)
    assert "assert" not in questions.show(questions.load(tiny))
    tiny.write_text(f'{tiny.read_text("utf-8")}assert: ["{text}"]\n', "utf-8")
    line = ["run", str(tiny), "--no-verify", "--level", "closed", "--out", "found"]
    found = CliRunner(env={"COLUMNS": "300"}).invoke(cli, line, prog_name="wsesim")
    assert found.exit_code == code
    assert said in found.output
    again = CliRunner().invoke(cli, [*line, "--quiet", "--force"], prog_name="wsesim")
    assert said in again.stderr
    assert bool(again.stderr) == bool(code)
    if code < 2:
        assert f'assert: ["{text}"]' in questions.show(questions.load(tiny))


def test_without_an_answer_nothing_asserted_is_so(tiny: Path) -> None:
    text = tiny.read_text("utf-8") + 'hardware: {core.sram: 2049 B}\nassert: ["mfu > 0"]\n'
    tiny.write_text(text, "utf-8")
    found = questions.run(questions.load(tiny), verify=False)
    assert found.broken == ("Asserted, and there is no answer: mfu > 0.",)
