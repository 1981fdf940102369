"""Fields of files: every one described, checked by itself, and each mistake one error at its place."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from wsesim.model import ModelSpec
from wsesim.model.spec import choices
from wsesim.numerics.text import SAMPLES
from wsesim.numerics.tokenizer import Tokenizer
from wsesim.questions import kinds
from wsesim.workload import SHORT, Default, Section, inputs, read_fields
from wsesim.workload.fields import LARGEST
from wsesim.workload.schema import ModelSection

MINIMAL: dict[str, Any] = {"model": "gpt2", "batch": {"sequences": 4}, "cluster": "cs-2"}
FILE = kinds()["training"].file


def errors_of(changes: dict[Any, Any]) -> list[tuple[str, tuple[object, ...]]]:
    return [(error["type"], error["loc"]) for error in read_fields(FILE, {**MINIMAL, **changes})[1]]


def sections_of(section: type[Section]) -> Iterator[type[Section]]:
    yield section
    for inner in filter(None, map(section.inner, section.keys())):
        yield from sections_of(inner)


def test_three_keys_are_enough() -> None:
    values, errors = read_fields(FILE, MINIMAL)
    assert not errors
    assert values.keys() == FILE.model_fields.keys()
    assert values["model"].preset == "gpt2"
    assert values["cluster"].machine == "cs-2"


def test_the_model_section_has_every_field_of_a_model() -> None:
    stated = {field.name for field in fields(ModelSpec)} - {"notes", "differs"}
    assert ModelSection.model_fields.keys() == {"preset", "config", "zoo"} | stated


@pytest.mark.parametrize("name", choices())
def test_the_model_section_has_every_choice(name: str) -> None:
    schema = ModelSection.model_json_schema()["properties"][name]
    assert tuple(schema["anyOf"][0]["enum"]) == choices()[name]


@pytest.mark.parametrize("value", ["gelu_new", 3, [], {}, True])
def test_a_choice_that_ops_state_is_checked_as_a_literal(value: object) -> None:
    assert errors_of({"model": {"activation": value}}) == [("literal_error", ("model", "activation"))]


SECTIONS: set[type[Section]] = {section for kind in kinds().values() for section in sections_of(kind.file)}


@pytest.mark.parametrize("section", sorted(SECTIONS, key=str))
def test_every_field_says_what_it_is_and_where_its_default_is_from(section: type[Section]) -> None:
    docs = section.docs()
    for name, field in section.model_fields.items():
        said = docs[field.alias or name]
        assert said.endswith("."), name
        optional = not field.is_required() and section.inner(name) is None and section is not ModelSection
        if optional and name not in ("hardware", "software"):
            assert any(isinstance(each, Default) for each in field.metadata) or "Default: " in said, name


def test_short_forms_are_fields() -> None:
    for name, key in SHORT.items():
        inner = FILE.inner(name)
        assert key in inner.model_fields if inner else name == "software"


def test_constants_agree_with_the_tokenizer_and_the_samples() -> None:
    assert Tokenizer.gpt2().vocab_size == inputs.GPT2_VOCAB
    assert tuple(SAMPLES) == inputs.SAMPLES


@pytest.mark.parametrize(
    ("changes", "kind", "loc"),
    [
        ({"batch": {"sequences": True}}, "int_type", ("batch", "sequences")),
        ({"batch": {"sequences": "12"}}, "int_type", ("batch", "sequences")),
        ({"batch": {"sequences": 12.0}}, "int_type", ("batch", "sequences")),
        ({"batch": {"sequences": 0}}, "greater_than_equal", ("batch", "sequences")),
        ({"batch": {"sequences": LARGEST + 1}}, "less_than_equal", ("batch", "sequences")),
        ({"batch": {}}, "missing", ("batch", "sequences")),
        ({"batch": {"sequences": 1, "micro_batch": "all"}}, "auto_or_size", ("batch", "micro_batch")),
        ({"batch": {"sequences": 1, "micro_batch": True}}, "auto_or_size", ("batch", "micro_batch")),
        ({"batch": {"sequences": 1, "micro_batch": 0}}, "auto_or_size", ("batch", "micro_batch")),
        ({"cluster": 3}, "model_type", ("cluster",)),
        ({"cluster": "cs-9"}, "unknown_name", ("cluster", "machine")),
        ({"model": ["gpt2"]}, "model_type", ("model",)),
        ({"model": "gpt9"}, "unknown_name", ("model", "preset")),
        ({"model": {"preset": "gpt2", "causal": 1}}, "bool_type", ("model", "causal")),
        ({"model": {"preset": "gpt2", "norm_epsilon": float("nan")}}, "finite_number", ("model", "norm_epsilon")),
        ({"model": {"preset": "gpt2", "norm_epsilon": float("inf")}}, "finite_number", ("model", "norm_epsilon")),
        ({"phase": "inference"}, "literal_error", ("phase",)),
        ({"name": "../out"}, "string_pattern_mismatch", ("name",)),
        ({"name": ".."}, "string_pattern_mismatch", ("name",)),
        ({"name": "a\n"}, "string_pattern_mismatch", ("name",)),
        ({"name": 111}, "string_type", ("name",)),
        ({"hardware": {"core.clock": 10**5000}}, "huge", ("hardware", "core.clock")),
        ({"verification": {"seed": -1}}, "greater_than_equal", ("verification", "seed")),
        ({"outputs": {"timeline": "yes"}}, "bool_type", ("outputs", "timeline")),
        ({"text": ""}, "string_too_short", ("text",)),
        ({"colour": 1}, "extra_forbidden", ("colour",)),
        ({3: 1}, "extra_forbidden", (3,)),
    ],
)
def test_a_mistake_is_one_error_at_its_place(changes: dict[Any, Any], kind: str, loc: tuple[object, ...]) -> None:
    assert errors_of(changes) == [(kind, loc)]


def test_a_mistake_in_one_field_hides_none_in_another_and_no_value() -> None:
    values, errors = read_fields(FILE, {"model": "gpt2", "batch": {"sequences": -1}, "precision": "fp8"})
    assert {error["loc"] for error in errors} == {("cluster",), ("batch", "sequences"), ("precision",)}
    assert "model" in values
    assert not {"batch", "precision", "cluster"} & values.keys()
