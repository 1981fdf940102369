import json
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.answer import Comparison, DoesNotFit, NotAnswered, Result, SimulatorCost, Verification
from wsesim.answers import comparison_json, json_text, result_json

KEYS = (
    "program", "status", "why", "name", "title", "kind", "level", "figures", "headline", "verdict", "bound", "spent",
    "sentences", "choices", "ops", "timeline", "memory", "memory_limit_bytes", "tables", "curves",
    "facts", "leaves_out", "notes", "reasons", "right", "limits", "verification", "nearest", "provenance", "cost",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def as_read(data: object) -> object:
    return json.loads(json.dumps(data))


def test_every_result_has_the_same_keys(any_result: Result) -> None:
    form = result_json(any_result)
    assert tuple(form) == KEYS
    assert form["program"] == "wsesim"
    assert form["status"] == any_result.status.value
    assert as_read(form) == form


def test_what_the_answer_says_is_there(result: Result) -> None:
    form, answer = result_json(result), result.answer
    assert answer is not None
    assert answer.spent is not None
    assert answer.bound is not None
    assert form["figures"] == answer.figures
    assert form["headline"] == answer.headline
    assert form["spent"] == {"total_s": answer.spent.total_s, "by_cause": answer.spent.by_cause, "what": "step"}
    assert form["bound"] == asdict(answer.bound)
    assert form["ops"] == [asdict(op) for op in answer.ops]
    assert form["memory"] == [asdict(use) for use in answer.memory]
    assert form["facts"] == answer.facts
    assert form["notes"] == [*answer.notes, *result.notes]
    assert form["provenance"] == as_read(asdict(result.provenance))
    job = answer.tables[0]
    assert form["tables"] == {"job": {"title": job.title, "columns": list(job.columns), "rows": as_read(job.rows)}}


def test_the_timeline_is_a_table_of_every_interval(result: Result) -> None:
    table = result_json(result)["timeline"]
    assert isinstance(table, dict)
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    assert result.answer is not None
    assert rows == [asdict(interval) for interval in result.answer.timeline]


def test_curves_keep_their_points_and_maps_are_for_the_page(cases: dict[str, Callable[[], Result]]) -> None:
    curves = result_json(cases["serving"]())["curves"]
    assert isinstance(curves, dict)
    assert curves["rates"] == {
        "title": "Good answers", "x_label": "requests a second", "y_label": "share",
        "line": "", "points": [[1.0, 1.0], [2.0, 0.98], [4.0, 0.6]], "others": [["bad", [[1.0, 0.0], [2.0, 0.02]]]],
        "limit": 0.9, "marks": [["asked", 2.0]],
    }  # fmt: skip
    assert result_json(cases["kernel"]())["curves"] == {}


@pytest.mark.parametrize("outcome", [DoesNotFit(why="too large"), NotAnswered(why="too new")])
def test_without_an_answer_there_is_no_figure(make: Callable[..., Result], outcome: DoesNotFit | NotAnswered) -> None:
    form = result_json(make(outcome=outcome))
    assert form["why"] == outcome.why
    assert form["figures"] == {}
    assert [form[key] for key in ("level", "bound", "spent", "right")] == [None] * 4


def test_cost_stands_last_and_alone_varies(make: Callable[..., Result]) -> None:
    form = result_json(make())
    other = result_json(make(cost=SimulatorCost(events=1, cpu_s=0.0, peak_memory_bytes=2)))
    assert list(form)[-1] == "cost"
    assert other["cost"] == {
        "events": 1,
        "cpu_s": 0.0,
        "peak_memory_bytes": 2,
        "verification_cpu_s": None,
        "events_per_s": 0.0,
    }
    assert form | {"cost": None} == other | {"cost": None}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_null(make: Callable[..., Result], value: float) -> None:
    check = Verification(ok=False, max_error=value, tolerance=1e-4, loss=value, tokens=1, layers=1, worst="logits")
    form = result_json(make(verification=check, figures={"step_s": value}, headline={}, facts={"a": {"b": [value]}}))
    verification = form["verification"]
    assert isinstance(verification, dict)
    assert verification["max_error"] is None
    assert form["figures"] == {"step_s": None}
    assert form["facts"] == {"a": {"b": [None]}}
    json.dumps(form, allow_nan=False)


def test_what_is_not_plain_data_is_refused(make: Callable[..., Result]) -> None:
    with pytest.raises(TypeError, match="object is not plain data"):
        result_json(make(facts={"model": {"name": object()}}))


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_the_text_reads_back_as_it_was(form: dict[str, object]) -> None:
    assert json.loads(json_text(form)) == form


def test_the_text_has_a_line_for_each_op(result: Result) -> None:
    lines = json_text(result_json(result)).splitlines()
    assert result.answer is not None
    for op in result.answer.ops:
        assert sum(f'"name": "{op.name}"' in line and f'"phase": "{op.phase}"' in line for line in lines) == 1


def test_a_comparison_has_a_row_for_each_level(comparison: Comparison) -> None:
    form = comparison_json(comparison)
    assert list(form) == ["program", "status", "name", "title", "kind", "levels", "tables", "differences", "notes",
                          "cost"]  # fmt: skip
    levels = form["levels"]
    assert isinstance(levels, list)
    assert [row["level"] for row in levels] == ["closed", "system", "cores"]
    system, cores = levels[1:]
    assert system["off"]["step_s"] == pytest.approx(system["figures"]["step_s"] / 0.18 - 1)
    assert set(cores["off"].values()) == {None}
    assert cores["events"] == 10**9
    assert form["differences"] == [
        {"from": "closed", "to": "system", "figure": "step_s", "causes": {"waiting": 0.004, "rest": -0.004}}
    ]
    tables = form["tables"]
    assert isinstance(tables, dict)
    assert list(tables) == ["job", "kernels"]
    assert form["cost"] == {level: {"cpu_s": cpu_s} for level, cpu_s in comparison.cpu_s.items()}


def test_a_comparison_says_why_a_level_has_no_answer(comparison: Comparison) -> None:
    refused = replace(
        comparison, outcomes={"closed": DoesNotFit(why="too large"), "cores": NotAnswered(why="no cores")}
    )
    form = comparison_json(refused)
    assert form["status"] == "not_modelled"
    levels = form["levels"]
    assert isinstance(levels, list)
    assert [(row["status"], row["why"]) for row in levels] == [
        ("does_not_fit", "too large"), ("not_modelled", "no cores")
    ]  # fmt: skip
