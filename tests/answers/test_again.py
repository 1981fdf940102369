"""A folder that holds an answer of the same question may have another, unasked."""

from pathlib import Path

from wsesim.answer import Result
from wsesim.answers import check_folder, holds_answer_of, write_result


def test_only_the_answer_changed(result: Result, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    asked: dict[str, object] = {
        "kind": result.kind, "level": "system", "provenance.workload": dict(result.provenance.workload)
    }  # fmt: skip
    assert not holds_answer_of(folder, "result.json", asked), "there is none"
    write_result(result, folder)
    assert result.answer is not None
    asked["level"] = result.answer.level
    assert holds_answer_of(folder, "result.json", asked)
    check_folder(folder, overwrite=True)
    for name, other in (("kind", "serving"), ("level", "cores"), ("provenance.workload", {"batch": 1})):
        assert not holds_answer_of(folder, "result.json", {**asked, name: other}), name
    (folder / "result.json").write_text("[" * 100_000)
    assert not holds_answer_of(folder, "result.json", asked)
    (folder / "result.json").write_text('{"provenance": 3}')
    assert not holds_answer_of(folder, "result.json", asked)
