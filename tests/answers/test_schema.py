"""Results keep to their schema."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import NotRequired, TypedDict

import pytest
from tests.answers.keeping import keeps_to

from wsesim.answer import Answer, DoesNotFit, Result
from wsesim.answers import result_json, result_schema
from wsesim.answers.schema import schema_of


def test_results_keep_to_their_schema(result: Result) -> None:
    schema = result_schema()
    form = result_json(result)
    assert keeps_to(form, schema)
    answer = result.answer
    assert answer is not None
    odd = replace(answer, figures={**answer.figures, next(iter(answer.figures)): inf})
    assert keeps_to(result_json(replace(result, broken=("a law",))), schema)
    outcomes: tuple[Answer | DoesNotFit, ...] = (odd, DoesNotFit(why="too large"))
    assert all(keeps_to(result_json(replace(result, outcome=outcome)), schema) for outcome in outcomes)
    for key in form:
        assert not keeps_to({name: value for name, value in form.items() if name != key}, schema)
    assert not keeps_to({**form, "more": 1}, schema)
    assert not keeps_to({**form, "figures": {"step_s": "soon"}}, schema)


class Form(TypedDict):
    """What is written, in a sentence. And more."""

    count: int
    names: NotRequired[list[str]]


def test_a_typed_dictionary_is_an_object_with_its_keys() -> None:
    schema = schema_of(Form)
    assert schema["title"] == "What is written, in a sentence"
    assert keeps_to({"count": 1}, schema)
    assert keeps_to({"count": 1, "names": ["a"]}, schema)
    assert not any(keeps_to(odd, schema) for odd in ({}, {"count": "1"}, {"count": 1, "names": [1]}, {"more": 1}))


def test_what_is_no_data_has_no_schema() -> None:
    with pytest.raises(TypeError, match="no schema"):
        schema_of(type)
