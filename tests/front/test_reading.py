"""Results taken home: short in a terminal, a card in a notebook, plain data, frames, pictures, files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.answers.keeping import keeps_to
from tests.front.conftest import TINY

import wsesim
from wsesim.answer import Readable
from wsesim.cli.schemas import results_schema
from wsesim.questions.base import Question

NAME = "<script>alert(1)</script>\x1b[2J $x"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


@pytest.fixture(scope="module")
def found(tiny: Question) -> dict[str, Readable]:
    """Return a result of each class, of small questions."""
    kernel = wsesim.kernel("allreduce-2d", grid=(4, 4), shape=8, pictures=0)
    vary = {"batch.sequences": [1, 4], "cluster.systems": [1, 2]}
    return {
        "result": wsesim.run(tiny, verify=False),
        "unfit": wsesim.kernel("allreduce-2d", grid=(4, 4), shape=1_000_000),
        "kernel": kernel,
        "levels": wsesim.levels(kernel="allreduce-2d", machine="cs-2", grid=(4, 4), shape=[8]),
        "sweep": wsesim.sweep(tiny, vary, level="closed", keep=False),
        "sensitivity": wsesim.sensitivity(kernel="gemv", machine="cs-2", grid=(4, 4), shape=[64, 64], level="closed"),
        "size": wsesim.size(tiny, goal="tokens_per_s >= 1000", level="closed", machines=["cs-3"], keep=False),
        "sides": wsesim.compare(tiny, wsesim.load(tiny, machine="cs-3"), level="closed", keep=False),
    }


COMMANDS = {"result": "run", "unfit": "run", "kernel": "run", "levels": "levels", "sweep": "sweep",
            "sensitivity": "sensitivity", "size": "size", "sides": "compare"}  # fmt: skip
"""By each, what the command is called that writes it in JSON."""
CASES = tuple(COMMANDS)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.every(2)
def test_each_is_short_and_a_card_and_plain(case: str, found: dict[str, Readable]) -> None:
    one = found[case]
    assert repr(one).startswith(f"<{type(one).__name__} ")
    assert len(repr(one)) < 200
    assert "\n" not in repr(one)
    card = one._repr_html_()
    assert card.startswith("<div")
    assert "<script" not in card
    assert json.loads(json.dumps(one.to_dict(), allow_nan=False)) == one.to_dict()
    assert not one.frame().empty or case == "unfit"
    with pytest.raises(wsesim.InputError, match="there is no table 'fgures'"):
        one.frame("fgures")


@pytest.mark.parametrize("case", CASES)
def test_each_keeps_to_the_schema_of_its_command(case: str, found: dict[str, Readable]) -> None:
    form = found[case].to_dict()
    assert [name for name, schema in results_schema()["$defs"].items() if keeps_to(form, schema)] == [COMMANDS[case]]


@pytest.mark.parametrize("case", CASES)
def test_each_is_drawn_where_it_is_wanted(case: str, found: dict[str, Readable]) -> None:
    own = found[case].plot()
    assert own.patches or own.lines or own.images
    import matplotlib.pyplot as plt

    given = plt.subplots()[1]
    assert found[case].plot(ax=given) is given
    with pytest.raises(wsesim.InputError, match="there is no"):
        found[case].plot("fgure")


@pytest.mark.parametrize("case", [case for case in CASES if case != "kernel"])
def test_each_is_saved_as_the_command_does(case: str, found: dict[str, Readable], tmp_path: Path) -> None:
    one = found[case]
    paths = one.save(tmp_path / case)
    assert paths == tuple(path for path in paths if path.is_file())
    data = next(path for path in paths if path.suffix == ".json")
    assert json.loads(data.read_text()) == one.to_dict()
    with pytest.raises(wsesim.InputError):
        one.save(tmp_path / case)
    assert one.save(tmp_path / case, force=True) == paths


def test_tables_of_a_result(found: dict[str, Readable]) -> None:
    result = found["result"]
    assert isinstance(result, wsesim.Result)
    frame = result.frame()
    assert frame.loc["step_s", "value"] == result.figures["step_s"]
    assert frame.loc["step_s", "better"] == "less"
    assert result.answer is not None
    assert len(result.frame("ops")) == len(result.answer.ops)
    assert result.frame("memory")["bytes_per_core"].sum() <= result.answer.memory_limit_bytes
    assert set(result.frame("timeline").columns) == {"track", "name", "start_s", "end_s", "cause"}
    assert repr(result.answer).startswith("<Answer at level system: step_s ")
    assert "does not fit" in repr(found["unfit"])
    assert not found["unfit"].frame("memory").empty


def test_the_others_know_what_they_found(found: dict[str, Readable]) -> None:
    assert list(found["levels"].frame().columns) == ["closed", "cores"]
    sweep = found["sweep"].frame()
    assert sweep["batch.sequences"].tolist() == [1, 1, 4, 4]
    assert list(found["sweep"].to_dict()["rows"][0])[:2] == ["batch.sequences", "cluster.systems"]
    size = found["size"]
    assert isinstance(size, wsesim.Sizing)
    assert set(size.frame()["machine"]) == {"cs-2", "cs-3"}
    sides = found["sides"].frame()
    assert list(sides.loc["cluster.machine"])[1:] == ["cs-2", "cs-3"]
    assert found["sides"].frame("causes")["cause"].is_unique
    figures = found["sensitivity"].frame()
    assert figures["better_change"].astype(float).abs().max() > 0.01


def test_names_of_anyone_are_escaped(found: dict[str, Readable]) -> None:
    study = {"workload": TINY, "question": NAME, "vary": {"batch.sequences": [1]}, "level": "closed"}
    table = wsesim.sweep(study, keep=False)
    card = table._repr_html_()
    assert "<script" not in card
    assert "\x1b" not in card + repr(table)
    result, levels = found["result"], found["levels"]
    assert isinstance(result, wsesim.Result)
    assert isinstance(levels, wsesim.Comparison)
    for one in (replace(result, name=NAME, title=NAME), replace(levels, name=NAME, title=NAME, notes=(NAME,))):
        assert "<script" not in one._repr_html_()
        assert "\x1b" not in one._repr_html_() + repr(one)
        one.plot().figure.canvas.draw()


def test_a_study_is_a_mapping_or_a_file(tmp_path: Path, file: Path) -> None:
    given: dict[str, Any] = {"vary": {"batch.sequences": [1, 2]}, "figures": ["step_s"], "level": "closed"}
    (tmp_path / "study.yaml").write_text(
        "workload: tiny.yaml\nvary: {batch.sequences: [1, 2]}\nfigures: [step_s]\nlevel: closed\n"
    )
    tables = [
        wsesim.sweep(tmp_path / "study.yaml", keep=False), wsesim.sweep({"workload": file, **given}, keep=False),
        wsesim.sweep(file, keep=False, **given), wsesim.sweep(TINY, keep=False, **given),
        wsesim.sweep(keep=False, **given, **TINY),
        wsesim.sweep(file, {"batch.sequences": np.arange(1, 3)}, keep=False, level="closed", figures=("step_s",)),
    ]  # fmt: skip
    assert len({tuple(table.frame()["step_s"]) for table in tables}) == 1
    with pytest.raises(wsesim.InputError, match="is a study; what it varies and sets stands there"):
        wsesim.sweep(tmp_path / "study.yaml", software="ideal")
    with pytest.raises(wsesim.InputError, match="say what is to be reached"):
        wsesim.size(file)


def test_sides_of_all_kinds(found: dict[str, Readable], tmp_path: Path) -> None:
    result = found["result"]
    assert isinstance(result, wsesim.Result)
    result.save(tmp_path / "kept")
    same = wsesim.compare(result, tmp_path / "kept", TINY, set={"name": "tiny"}, keep=False)
    assert not same.figures
    assert same.sides[0].name == "question"
    stacks = wsesim.compare("release-2", wsesim.Software("release-2", **{"training.kernel_launch": "2 us"}))
    assert list(stacks.asked) == ["training.kernel_launch"]
    with pytest.raises(wsesim.InputError, match="cannot be compared with a question"):
        wsesim.compare("cs-2", TINY, keep=False)


def test_all_figures_at_once_and_a_search(tmp_path: Path) -> None:
    pytest.importorskip("SALib")
    asked: dict[str, Any] = {
        "kernel": "gemv",
        "machine": "cs-2",
        "grid": (4, 4),
        "shape": [64, 64],
        "level": "closed",
        "keep": False,
    }
    vary = {"hardware.core.task_launch_cycles": "4..20", "hardware.fabric.ramp_cycles": "1..8"}
    found = wsesim.indices(vary=vary, samples=4, **asked)
    assert repr(found).startswith("<Indices question by morris: hardware.")
    assert found.frame()["effect"].is_monotonic_decreasing
    assert set(found.frame().index) == set(vary)
    assert found.plot().patches
    assert found._repr_html_().startswith("<div")
    assert found.save(tmp_path / "indices")[0].name == "sensitivity.html"
    assert found.to_dict()["method"] == "morris"
    schemas = results_schema()["$defs"]
    assert keeps_to(found.to_dict(), schemas["sensitivity_over_ranges"])
    best = wsesim.sweep(vary=vary, optimize={"figures": ["cycles"], "budget": 6}, **asked)
    assert best.plot("cycles").lines
    assert len(best.frame()) == 6
    assert keeps_to(best.to_dict(), schemas["sweep"])
    with pytest.raises(wsesim.InputError, match="method must be one of morris, sobol"):
        wsesim.indices(vary=vary, method="mories", **asked)


def test_gpus_stand_beside_an_answer(tiny: Question) -> None:
    beside = wsesim.run(tiny, gpus=["h100x8"], level="closed", verify=False)
    assert beside.answer is not None
    assert not beside.frame(beside.answer.tables[-1].name).empty
