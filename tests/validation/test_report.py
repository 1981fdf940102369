"""A validation as JSON, in the terminal, as Markdown and as drawings."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console
from tests.answers.keeping import keeps_to
from tests.rows import TOGETHER

from wsesim.answer import Nearest
from wsesim.errors import InputError
from wsesim.validation import report, schemas, write_report
from wsesim.validation.document import ModelReport
from wsesim.validation.plots import errors_svg, scatter_svg
from wsesim.validation.score import ModelValidation, RowScore

pytestmark = TOGETHER

WriteTable = Callable[..., Path]
Golden = Callable[[str, str], None]


@pytest.fixture(scope="module")
def whole(measured: ModelValidation) -> ModelReport:
    return ModelReport(validation=measured)


NEAREST = Nearest(group="CS-2 ESM", row="x", rows=2, median=0.01, worst=0.02, left_out=0.045, unlike=())


def _score(name: str, group: str, measured: float, simulated: float | None, **more: str) -> RowScore:
    naive = None if simulated is None else 1.5 * measured
    nearest, unit = None if simulated is None else NEAREST, more.pop("unit", "samples/s")
    return RowScore(
        id=name, group=group, metric="m", unit=unit, measured=measured, simulated=simulated, naive=naive,
        nearest=nearest, **more,
    )  # fmt: skip


SMALL = ModelValidation(
    scores=(
        _score("a", "CS-2 GPT", 100.0, 101.0),
        _score("b", "CS-2 GPT", 200.0, 190.0, note="micro-batch 8 stated, 4 simulated"),
        _score("c|d", "CS-2 BERT", 300.0, 480.0),
        _score("e", "CS-3 prefill", 4e6, 3.9e6, unit="cycles"),
        _score("f", "CS-2 operator", 1000.0, 990.0, unit="cycles"),
        _score("g", "served (vendor claims)", 1800.0, 1400.0, unit="tokens/s/user"),
        _score("h", "CS-2 job overhead", 30.0, None, unit="s", reason="job overhead: not simulated"),
    )
)


def test_a_small_table_in_the_terminal(golden: Golden) -> None:
    console = Console(width=120, color_system=None)
    with console.capture() as captured:
        ModelReport(validation=SMALL).print(console)
    golden("validation/models.txt", captured.get())


def document(made: ModelReport) -> str:
    return made.files()["validation.md"].decode()


def test_a_small_table_as_a_document(golden: Golden) -> None:
    text = document(ModelReport(validation=SMALL))
    start, end = text.index("## Groups"), text.index("## Constants")
    golden("validation/models.md", text[start:end] + text[text.index("## Assumed") :])


def test_the_json_is_plain(whole: ModelReport) -> None:
    document = json.loads(json.dumps(whole.to_dict(), allow_nan=False))
    assert document.keys() == {"rows", "summary", "constants"}
    assert keeps_to(document, schemas()["validate"])
    assert len(document["rows"]) == 116
    shared = {"id", "group", "metric", "unit", "measured", "simulated", "naive", "error", "naive_error"}
    for row in document["rows"]:
        assert row.keys() - {"note", "nearest"} == (shared if row["simulated"] is not None else shared | {"reason"})
        assert (row["simulated"] is None) == (row["error"] is None)
    told = next(row["nearest"] for row in document["rows"] if row["group"] == "CS-2 GPT")
    assert told["within"] == max(told["worst"], told["left_out"] or 0)
    assert document["summary"]["CS-2 GPT"].keys() == {
        "rows", "run", "signed_median", "median", "worst", "worst_id", "naive_median", "naive_worst", "median_goal",
        "worst_goal", "met",
    }  # fmt: skip
    assert document["constants"]["calibrated"]


def test_the_report_shows_every_row_once(whole: ModelReport) -> None:
    text = document(whole)
    for score in whole.validation.scores:
        assert text.count(f"\n| {score.id} |") == 1 + bool(score.note)
    for name in ("Groups", "Rows", "Constants set with these rows in view", "Not run"):
        assert f"\n## {name}\n" in text
    for constant in ("training.kernel_launch", "inference.token_turn"):
        assert f"\n| {constant} | " in text


def test_the_same_rows_give_the_same_bytes(whole: ModelReport) -> None:
    files = whole.files()
    assert list(files) == ["validation.md", "validation-errors.svg", "validation-scatter.svg"]
    assert whole.files() == files


def test_a_report_is_written_like_a_run(tmp_path: Path) -> None:
    made = ModelReport(validation=SMALL)
    (tmp_path / "validation.md").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"holds validation.md, which no run wrote"):
            write_report(made, tmp_path, overwrite=overwrite)
    assert (tmp_path / "validation.md").read_text() == "mine"
    for _ in range(2):
        written = write_report(made, tmp_path / "out", overwrite=True)
        assert {path.name: path.read_bytes() for path in written} == made.files()


def test_drawings_stand_beside_the_report_that_shows_them() -> None:
    made = ModelReport(validation=SMALL)
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", document(made))
    assert sorted(shown) == sorted(made.files().keys() - {"validation.md"})


def test_a_drawing_is_a_file_of_its_own() -> None:
    for drawn in (scatter_svg(SMALL), errors_svg(SMALL)):
        ElementTree.fromstring(drawn)
        colors = set(re.findall(r"var\(--([a-z0-9]+)\)", drawn))
        assert colors
        for name in colors:
            assert drawn.count(f"--{name}: ") == 2, "light and dark"


def test_every_row_is_a_dot_and_every_group_is_named() -> None:
    drawn = scatter_svg(SMALL)
    for group in {score.group for score in SMALL.scores if score.simulated}:
        assert f">{group}</text>" in drawn
    for unit in ("samples/s", "cycles", "tokens/s/user"):
        assert f">{unit}</text>" in drawn


def test_claims_are_no_errors_and_large_errors_stand_at_the_border() -> None:
    drawn = errors_svg(SMALL)
    assert ">CS-2 operator</text>" in drawn
    assert "served" not in drawn
    assert ">+60 %</text>" in drawn


def test_nothing_was_run(write_table: WriteTable) -> None:
    empty = report(write_table({"layers": ""}))
    assert "## Not run" in document(empty)
    console = Console(width=100)
    with console.capture() as captured:
        empty.print(console)
    assert "0 of 1 rows were run" in captured.get()


def test_marks_in_a_table_of_ones_own_do_not_break_the_report(write_table: WriteTable) -> None:
    row = {"id": "a|b *c* [d](e) <f>\n_g_ h_i", "system": "CS-2"}
    text = document(report(write_table(row, {"id": "*", "system": "`x`", "phase": "rest"})))
    assert "\n| a\\|b \\*c\\* \\[d\\](e) &lt;f> \\_g\\_ h_i | 400 | " in text
    assert "\n| \\* | \\`x\\` rest | rest: not simulated |" in text
