"""What is validated is what can be asked: every row is a file that answers with its figure to the last digit."""

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.rows import TOGETHER

import wsesim.validation
from wsesim import questions
from wsesim.errors import InputError
from wsesim.validation import row_question, show_row
from wsesim.validation.asking import Conversion, NotAsked, RowQuestion, answer_to, figures_of, named
from wsesim.validation.kernels import read_kernel_table
from wsesim.validation.score import ModelValidation

pytestmark = TOGETHER

WriteTable = Callable[..., Path]
ABOVE = ("kernels", "mapping", "system", "trials", "cores", "numerics")
"""Packages that answer questions: rows only ask."""


@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.nightly)])
def test_every_row_as_a_file_gives_its_figure(measured: ModelValidation, tmp_path: Path, every: int) -> None:
    """Files are loaded and answered as `wsesim run` does, at the level that they name; by day, every twentieth row."""
    file, asked_before = tmp_path / "row.yaml", 0
    for score in measured.scores[::every]:
        if score.simulated is None:
            continue
        file.write_text(show_row(score.id), "utf-8")
        asked, question = row_question(score.id), questions.load(file)
        assert question.asked.resolved == questions.ask(asked.data, file="row", folder=Path()).asked.resolved
        figure = questions.run(question, level=asked.level, verify=False).figures[asked.figure]
        assert figure is not None
        assert asked.to_unit(figure) == score.simulated, score.id
        asked_before += 1
    assert asked_before > 80 // every


def test_a_file_says_how_it_is_compared() -> None:
    lines = show_row("WLLM-prefill-LLaMA3-8B-480").splitlines()
    assert lines[0].startswith("# Row WLLM-prefill-LLaMA3-8B-480: measured 221725736 cycles (prefill throughput")
    assert "WaferLLM" in lines[0]
    assert "1100000000 x prompt_read_s at level system, in cycles; `wsesim run FILE` gives prompt_read_s" in lines[1]
    assert "name: WLLM-prefill-LLaMA3-8B-480" in lines


def test_a_level_that_is_not_the_usual_one_is_named() -> None:
    assert "`wsesim run FILE --level closed`" in show_row("WLLM-gemv-16384")


def test_rows_of_kernels_are_shown_too(tmp_path: Path) -> None:
    row = next(row for row in read_kernel_table() if row.kernel.startswith("GEMM (MeshGEMM)"))
    (tmp_path / "row.yaml").write_text(show_row(row.id), "utf-8")
    assert questions.load(tmp_path / "row.yaml").kind == "kernel"
    assert row_question(row.id).data["kernel"] == "mesh-gemm"


def test_rows_of_a_table_of_ones_own(write_table: WriteTable) -> None:
    table = write_table({"id": "mine: a#b"}, {"id": "broken", "layers": ""})
    text = show_row("mine: a#b", table)
    assert "name: mine-a-b" in text
    assert row_question("mine: a#b", table).figure == "samples_per_s"
    for ask in (show_row, row_question):
        with pytest.raises(InputError, match="'broken' cannot be asked: the row gives no layers"):
            ask("broken", table)
        with pytest.raises(InputError, match="no row is called 'brokn', did you mean 'broken'"):
            ask("brokn", table)


def test_a_table_of_neither_kind(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(InputError, match="column 'id' is missing"):
        show_row("a", tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("conversion", "value", "words"),
    [
        (Conversion(unit="s"), 4.0, "figure"), (Conversion(unit="ms", factor=1e3), 4000.0, "1000 x figure"),
        (Conversion(unit="tokens/s", factor=6, over=True), 1.5, "6 / figure"),
        (Conversion(unit="us/token", factor=0.5), 2.0, "0.5 x figure"),
    ],
)  # fmt: skip
def test_units(conversion: Conversion, value: float, words: str) -> None:
    assert conversion(4.0) == value
    assert conversion.words("figure") == words


@pytest.mark.parametrize("text", ["", "_x", "...", "größe / 1", "a" * 300, "ok-1"])
def test_any_text_becomes_a_name(text: str) -> None:
    data = {**row_question("WLLM-gemv-16384").data, "name": named(text)}
    assert questions.ask(data, file="row", folder=Path()).asked.name == named(text)


def test_what_has_no_answer_says_why() -> None:
    good = row_question("USC-GPT3-256M-B128")

    def asked(**changes: object) -> RowQuestion:
        return RowQuestion(data={**good.data, **changes}, figure="samples_per_s", to_unit=good.to_unit)

    with pytest.raises(NotAsked, match="must be at most 192"):
        answer_to(asked(cluster={"machine": "cs-2", "systems": 193}))
    with pytest.raises(NotAsked, match="does not fit: "):
        answer_to(asked(batch={"sequences": 128, "length": 2048, "micro_batch": 128}, hardware={"core.sram": "3 KiB"}))
    with pytest.raises(NotAsked, match="has no furlongs"):
        replace(good, figure="furlongs").value(figures_of(good))


def test_rows_that_ask_the_same_are_answered_once() -> None:
    one, other = (row_question(f"ALCF-LLAMA2-7B-CS3-B1024-{day}") for day in (1013, 1125))
    assert one.data["name"] != other.data["name"]
    assert answer_to(one) is answer_to(other)


def test_nothing_in_validation_imports_what_answers() -> None:
    for file in Path(wsesim.validation.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not any(name.startswith(f"wsesim.{package}") for package in ABOVE), (file, name)
