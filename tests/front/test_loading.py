"""A question in any form a program has it in: the same question, and the same words for what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.front.conftest import TINY

import wsesim
from wsesim.questions.base import Question

ENDLESS: dict[str, Any] = {}
ENDLESS["length"] = ENDLESS


def refused(*given: Any, **settings: Any) -> str:
    with pytest.raises(wsesim.InputError) as caught:
        wsesim.load(*given, **settings)
    return str(caught.value)


def test_every_form_asks_the_same(file: Path, tiny: Question) -> None:
    model = wsesim.Model(layers=np.int64(1), width=16, heads=2, vocab=64)
    forms = [
        wsesim.load(file), wsesim.load(str(file)), wsesim.load(TINY), wsesim.load(**TINY), wsesim.load(tiny),
        wsesim.load(model=model, machine="cs-2", batch={"sequences": np.int32(1), "length": 8}),
        wsesim.load(TINY, machine=wsesim.Machine("cs-2"), set={"batch.length": 8}),
        wsesim.load(file, phase="training", software=wsesim.Software("release-2")),
    ]  # fmt: skip
    names = {"tiny", "question"}
    assert [{**form.asked.resolved, "name": "", "model": ""} for form in forms] == [
        {**tiny.asked.resolved, "name": "", "model": ""} for _ in forms
    ]
    assert {form.asked.name for form in forms} == names
    assert len({form.asked.shape.width for form in forms}) == 1


def test_a_question_is_printed_short(tiny: Question) -> None:
    assert repr(tiny) == "<TrainingStep question, asked in question>"
    kernel = wsesim.load(kernel="gemv", machine="cs-2", grid=(4, 4), shape=(8, 8))
    assert repr(kernel) == "<KernelQuestion question, asked in question>"


def test_settings_replace_what_is_there(file: Path, tiny: Question) -> None:
    wide: dict[str, Any] = {"hardware.core.sram": "96 KiB", "batch.sequences": 4}
    found = [wsesim.load(file, set=wide), wsesim.load(tiny, set=wide), wsesim.load(TINY, **wide)]
    machine = wsesim.Machine("cs-2", **{"core.sram": "96 KiB"})
    found.append(wsesim.load(file, machine=machine, set={"batch.sequences": 4}))
    for question in found:
        assert question.asked.hardware.cluster.wafer.core.sram_bytes == 96 * 1024
        assert question.asked.resolved["batch"]["sequences"] == 4
    assert tiny.asked.resolved["batch"]["sequences"] == 1
    whole = wsesim.load(found[0], machine=wsesim.Machine("cs-3", systems=2))
    assert (whole.asked.hardware.cluster.systems, whole.asked.resolved["hardware"]) == (2, {})


def test_paths_start_where_the_program_runs(
    tmp_path: Path, file: Path, tiny: Question, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.yaml").write_text("extends: cs-2\ncore:\n  sram: 64 KiB\n")
    monkeypatch.chdir(elsewhere)
    for machine in ("mine.yaml", wsesim.Machine("mine.yaml"), wsesim.Machine(Path("mine.yaml"))):
        for base in (file, tiny):
            assert wsesim.load(base, machine=machine).asked.hardware.cluster.wafer.core.sram_bytes == 64 * 1024
    assert wsesim.load(file, machine="mine.yaml").asked.resolved["cluster"]["machine"] == "elsewhere/mine.yaml"


@pytest.mark.parametrize(("settings", "said"), [
    ({"batch": {"sequences": 0, "length": 8}}, "question: error: batch.sequences must be at least 1; got 0"),
    ({"batch.sequences": 0}, "error: batch.sequences=0: batch.sequences must be at least 1; got 0"),
    ({"modle": "gpt2-small"}, "question: error: unknown key 'modle', did you mean 'model'?"),
    ({"batch.sequence": 2}, "error: batch.sequence=2: batch.sequence is not a setting of such a file"),
    ({"phase": "trianing"}, "question: error: phase must be one of"),
    ({"machine": "cs-20"}, "error: cluster.machine='cs-20': cluster.machine must be a machine that wsesim knows"),
    ({"inference": {"prompt": 4}}, "inference is not read by phase training"),
    ({"machine": wsesim.Model("gpt2")}, "machine takes a Machine, a name or a path; got Model('gpt2')"),
    ({"batch": ENDLESS}, "mappings and lists are nested deeper than 16 in one another"),
    ({"batch": {"sequences": object(), "length": 8}}, "batch.sequences must be a whole number; got <object"),
    ({"batch": {"sequences": np.nan, "length": 8}}, "batch.sequences must be a whole number; got nan"),
    ({"name": "\x1b[2J"}, "name must start with a letter or digit"),
    ({"batch": wsesim.Model("gpt2")}, "batch takes plain data; got Model('gpt2')"),
])  # fmt: skip
def test_a_mistake_is_named_by_its_dotted_name(settings: dict[str, Any], said: str) -> None:
    assert said in refused(TINY, **settings)


def test_a_mistake_in_a_file_stands_at_its_line(file: Path) -> None:
    file.write_text(file.read_text().replace("length: 8", "length: 0"))
    assert f"{file}:2:31: error: batch.length must be at least 1; got 0" in refused(file)
    assert "a key must be text; got 3" in refused({3: 4})
    assert refused(3) == "error: a question is a path, a mapping or from wsesim.load; got int"
    with pytest.raises(wsesim.InputError, match="level must be one of closed, system, cores; got 'sytem', did you"):
        wsesim.run(TINY, level="sytem")


@pytest.mark.parametrize(("make", "said"), [
    (lambda: wsesim.Model("gpt3-13b", hidden_size=4), "unknown key 'hidden_size'; here it is model.width"),
    (lambda: wsesim.Model("gpt3-13"), "Model: error: preset must be a model that wsesim knows"),
    (lambda: wsesim.Machine("cs-3", systems=0), "Machine: error: cluster.systems must be at least 1; got 0"),
    (lambda: wsesim.Machine("cs-3", core={"sram": "9 K"}), "hardware.core.sram has the unknown unit 'K'"),
    (lambda: wsesim.Machine("none.yaml"), "cluster.machine = 'none.yaml' is not there: no file none.yaml"),
    (lambda: wsesim.Software("idel"), "did you mean 'ideal'?"),
    (lambda: wsesim.machines("cs-9"), "did you mean"),
])  # fmt: skip
def test_parts_refuse_nonsense_as_they_are_made(make: Any, said: str) -> None:
    with pytest.raises(wsesim.InputError) as caught:
        make()
    assert said in str(caught.value)
    assert str(caught.value).count("error:") == 1


@pytest.mark.parametrize("part", [
    wsesim.Model("gpt3-13b", layers=12), wsesim.Model(layers=1, width=16, heads=2),
    wsesim.Machine("cs-3", systems=4, **{"core.sram": "96 KiB"}), wsesim.Machine("cs-2", core={"sram": "96 KiB"}),
    wsesim.Software("ideal"), wsesim.Software(**{"training.kernel_launch": "2 us"}),
])  # fmt: skip
def test_parts_print_as_they_are_made(part: object) -> None:
    names = {"Model": wsesim.Model, "Machine": wsesim.Machine, "Software": wsesim.Software}
    assert eval(repr(part), names) == part


def test_what_there_is_can_be_chosen() -> None:
    for listing in (wsesim.models(), wsesim.machines(), wsesim.stacks(), wsesim.machines("cs-3")):
        assert list(listing.frame().index) == list(listing)
        assert repr(listing).startswith("<")
        assert "<table" in listing._repr_html_()
    assert wsesim.models()["gpt3-13b"]["parameters"] > 12e9
    assert wsesim.stacks("ideal")["training.kernel_launch"]["source"]
