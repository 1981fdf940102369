import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.report import to_json
from wsesim.report.plain import json_text
from wsesim.result import Result, SimulatorCost, Status, Verification

ANSWERS = ("step_s", "tokens_per_s", "samples_per_s", "mfu", "bound_s")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_every_field_of_the_result_is_there(result: Result) -> None:
    form = to_json(result)
    assert {field.name for field in fields(Result)} < set(form)
    assert result.metrics is not None
    assert form["metrics"] == asdict(result.metrics)
    assert form["ops"] == [asdict(op) for op in result.ops]
    assert form["memory"] == [asdict(use) for use in result.memory]
    assert result.verification is not None
    assert form["verification"] == asdict(result.verification)
    assert form["provenance"] == json.loads(json.dumps(asdict(result.provenance)))


def test_the_answers_stand_at_the_top(result: Result) -> None:
    form = to_json(result)
    assert form["status"] == "ok"
    assert form["why"] == ""
    for name in ANSWERS:
        assert form[name] == getattr(result.metrics, name)


def test_the_timeline_is_a_table_of_every_interval(result: Result) -> None:
    table = to_json(result)["timeline"]
    assert isinstance(table, dict)
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    assert rows == [asdict(interval) for interval in result.timeline]


def test_what_does_not_fit_has_no_speed(result: Result, misfit: Result) -> None:
    for unfit in (misfit, replace(result, status=Status.DOES_NOT_FIT, why="too large")):
        form = to_json(unfit)
        assert form["status"] == "does_not_fit"
        assert form["why"]
        assert form["metrics"] is None
        assert [form[name] for name in ANSWERS] == [None] * len(ANSWERS)


def test_cost_stands_last_and_alone_varies(make: Callable[..., Result]) -> None:
    form = to_json(make())
    other = to_json(make(cost=SimulatorCost(events=1, cpu_s=0.0, peak_memory_bytes=2)))
    assert list(form)[-1] == "cost"
    assert other["cost"] == {"events": 1, "cpu_s": 0.0, "peak_memory_bytes": 2, "events_per_s": 0.0}
    assert form | {"cost": None} == other | {"cost": None}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_null(make: Callable[..., Result], value: float) -> None:
    check = Verification(ok=False, max_error=value, tolerance=1e-4, loss=value, tokens=1, layers=1, worst="logits")
    form = to_json(make(verification=check, model={"name": "x", "deep": [{"value": value}]}))
    verification = form["verification"]
    assert isinstance(verification, dict)
    assert verification["max_error"] is None
    assert form["model"] == {"name": "x", "deep": [{"value": None}]}
    json.dumps(form, allow_nan=False)


def test_what_is_not_plain_data_is_refused(make: Callable[..., Result]) -> None:
    with pytest.raises(TypeError, match="object is not plain data"):
        to_json(make(model={"name": object()}))


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_the_text_reads_back_as_it_was(form: dict[str, object]) -> None:
    assert json.loads(json_text(form)) == form


def test_the_text_has_a_line_for_each_op(result: Result) -> None:
    lines = json_text(to_json(result)).splitlines()
    for op in result.ops:
        assert sum(f'"name": "{op.name}"' in line and f'"phase": "{op.phase}"' in line for line in lines) == 1
