import ast
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

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


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    def run(workload: wsesim.Workload, *, verify: bool) -> Any:
        return workload.name, verify

    def verify_numbers(workload: wsesim.Workload) -> Any:
        return workload.name

    module = SimpleNamespace(run=run, verify_numbers=verify_numbers)
    monkeypatch.setitem(sys.modules, "wsesim.pipeline", module)
    monkeypatch.setattr(wsesim, "pipeline", module, raising=False)
    return module


def test_run_and_verify_take_a_path_or_a_workload(pipeline: SimpleNamespace, tmp_path: Path) -> None:
    file = tmp_path / "question.yaml"
    file.write_text("model: gpt2\nbatch: {sequences: 4}\ncluster: cs-2\n")
    workload = wsesim.load_workload(file)
    results: list[Any] = [wsesim.run(file), wsesim.run(str(file)), wsesim.run(workload, verify=False)]
    assert results == [("question", True), ("question", True), ("question", False)]
    verified: Any = wsesim.verify(workload)
    assert verified == "question"


def test_a_mistake_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(wsesim.InputError, match="no such file"):
        wsesim.load_workload(tmp_path / "no.yaml")
