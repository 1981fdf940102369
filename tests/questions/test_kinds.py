"""What every kind states about itself holds together, whichever kinds there are."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from wsesim import questions
from wsesim.answer import LEVELS
from wsesim.hardware import override_names
from wsesim.model import ModelSpec
from wsesim.questions.base import Question
from wsesim.software import software_names, software_override_names
from wsesim.workload import setting_names

KINDS = questions.kinds()
MEMBERS = {*Question.__annotations__, *(name for name in vars(Question) if not name.startswith("_"))}
FILES = sorted((Path(__file__).parents[2] / "workloads").rglob("*.yaml"))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_all_that_is_read_of_kinds(name: str) -> None:
    assert not {member for member in MEMBERS if not hasattr(KINDS[name], member)}
    assert KINDS[name].kind == name
    assert not KINDS[name].mark or KINDS[name].mark in KINDS[name].file.model_fields


@pytest.mark.parametrize("name", KINDS)
def test_figures_are_told_apart_and_described(name: str) -> None:
    kind = KINDS[name]
    names = [spec.name for spec in kind.figures]
    assert len(set(names)) == len(names)
    assert set(kind.usual) <= set(names)
    assert all(spec.label and spec.meaning for spec in kind.figures)


def test_the_same_name_means_the_same_in_every_kind() -> None:
    labels: dict[str, set[str]] = {}
    for kind in KINDS.values():
        for spec in kind.figures:
            labels.setdefault(spec.name, set()).add(spec.better)
    assert {name: found for name, found in labels.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_read_and_run_is_known(name: str) -> None:
    kind = KINDS[name]
    assert kind.reads.model <= {field.name for field in fields(ModelSpec)}
    assert kind.reads.hardware - {"cluster.systems"} <= override_names().keys()
    assert kind.reads.software <= software_override_names().keys()
    assert kind.level in LEVELS
    assert kind.stack in ("", *software_names())
    assert bool(kind.stack) == ("software" in setting_names(kind.file))
    assert kind.supported.endswith(".")


def test_questions_that_ship_have_title_inputs_and_graph() -> None:
    asked = [questions.load(file) for file in FILES if not questions.is_study(file)]
    for question in {each.kind: each for each in asked}.values():
        assert question.title.endswith((".", question.asked.hardware.cluster.name)), question.kind
        assert all(path.exists() for path in question.inputs), question.kind
        assert (question.graph() is None) == (question.asked.model is None), question.kind
        assert question.asked.figures, question.kind
