import ast
from pathlib import Path

import pytest

import wsesim


@pytest.mark.parametrize("name", wsesim.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(wsesim, name) is not None
    assert name in dir(wsesim)


def test_nothing_public_is_there_but_not_named() -> None:
    tree = ast.parse(Path(wsesim.__file__).read_text("utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}
    assert defined | wsesim._HOME.keys() | {"__version__"} == set(wsesim.__all__)
    assert sorted(wsesim.__all__) == wsesim.__all__


def test_an_unknown_name_is_no_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulate'"):
        _ = wsesim.simulate  # type: ignore[attr-defined]


TINY = "model: {layers: 1, width: 16, heads: 2, vocab: 64}\nbatch: {sequences: 1, length: 8}\ncluster: cs-2\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "question.yaml"
    found.write_text(TINY)
    return found


def test_a_path_or_a_question_will_do(file: Path) -> None:
    question = wsesim.load(file)
    results = [wsesim.run(file), wsesim.run(str(file)), wsesim.run(question, verify=False)]
    assert results[0].figures == results[1].figures == results[2].figures
    assert [result.verification is not None for result in results] == [True, True, False]
    assert wsesim.verify(question) == wsesim.verify(file) == results[0].verification
    closed = wsesim.run(file, level="closed", verify=False).answer
    assert closed is not None
    assert closed.level == "closed"


def test_a_question_can_be_asked_of_data(file: Path) -> None:
    asked = wsesim.load(file).asked
    again = wsesim.ask(asked.resolved, file="here", folder=Path())
    assert wsesim.run(again, verify=False).figures == wsesim.run(file, verify=False).figures


def test_levels_are_compared(file: Path) -> None:
    assert list(wsesim.compare(file).outcomes) == ["closed", "system", "cores"]


def test_a_mistake_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(wsesim.InputError, match="no such file"):
        wsesim.load(tmp_path / "no.yaml")
