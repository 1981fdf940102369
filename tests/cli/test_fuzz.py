"""Whatever a user writes ends in an answer or in a message: files that are right but for a few changes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from wsesim import answers, questions
from wsesim.errors import InputError
from wsesim.figures import Presets
from wsesim.hardware import MACHINES, override_names
from wsesim.software import STACKS, software_override_names
from wsesim.workload import setting_names

Call = Callable[..., Result]
TINY = {"layers": 2, "width": 64, "heads": 4, "vocab": 300, "max_length": 128}
MODELS: list[Any] = ["gpt2", TINY, {"preset": "llama-2-7b", "layers": 2}]
SECTIONS: dict[str, dict[str, Any]] = {
    "training": {"batch": {"sequences": 8, "length": 64}},
    "evaluation": {"batch": {"sequences": 8, "length": 64, "micro_batch": 2}},
    "prefill": {"inference": {"prompt": 64}},
    "decode": {"inference": {"prompt": 64, "decode_grid": 60, "draft_tokens": 2}},
    "generate": {"inference": {"prompt": 64, "generate": 4, "reused": 1}},
    "serving": {"serving": {"rate": 2, "requests": 20, "prompt": 30, "output": 9, "longest": 100, "search": False}},
    "kernel": {"kernel": "reduce-chain", "grid": [4, 2], "shape": [8], "options": {"type": "f32"}},
}
"""The least that a file of each kind needs; nothing that takes long."""
SETTINGS = sorted({name for kind in questions.kinds().values() for name in setting_names(kind.file)})
FIGURES = sorted({*override_names(), *software_override_names()})
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 300), st.sampled_from([10**9, 10**18, 10**30, -(10**30)]), st.floats(),
    st.sampled_from([
        "", "auto", "cs-2", "cs-1", "gpt2", "ideal", "1 GHz", "2 s", "40 KiB", "1e3", "\0", "\x1b[31m", "sample:sotu",
        ".", "nowhere.yaml", "/dev/null", "training", "decode", "kernel", "true", "rotary", "blocks", "rectangles",
    ]),
    st.lists(st.integers(-1, 9), max_size=3),
    st.dictionaries(st.sampled_from(["preset", "machine", "stack", "core", "value"]), st.integers(0, 3), max_size=2),
)  # fmt: skip
KEYS = st.one_of(
    st.sampled_from([name.split(".")[-1] for name in SETTINGS]), st.sampled_from(FIGURES), st.text(max_size=4)
)


def test_every_kind_is_here() -> None:
    assert questions.kinds().keys() == SECTIONS.keys()


def _right(kind: str, model: Any) -> dict[str, Any]:
    head: dict[str, Any] = {"name": "x", "cluster": {"machine": "cs-2"}}
    if kind != "kernel":
        head |= {"phase": kind, "model": model, "verification": {"enabled": False}}
    return copy.deepcopy({**head, **SECTIONS[kind]})


def _places(data: dict[str, Any], place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in data.items():
        yield (*place, key)
        if isinstance(value, dict):
            yield from _places(value, (*place, key))


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    """Return the data of a right file with one to three things removed, replaced or added."""
    data = _right(draw(st.sampled_from(sorted(SECTIONS))), draw(st.sampled_from(MODELS)))
    for _ in range(draw(st.integers(1, 3))):
        *path, key = draw(st.sampled_from(list(_places(data)) or [("name",)]))
        inside = data
        for part in path:
            inside = inside[part]
        match draw(st.sampled_from(["remove", "replace", "add", "figure"])):
            case "remove":
                inside.pop(key, None)
            case "replace":
                inside[key] = draw(ODD)
            case "add":
                inside[draw(KEYS)] = draw(ODD)
            case _:
                section = data.setdefault(draw(st.sampled_from(["hardware", "software"])), {})
                if isinstance(section, dict):
                    section[draw(st.sampled_from(FIGURES))] = draw(ODD)
    return data


def _ended_well(found: Result) -> None:
    assert found.exit_code in (0, 2), found.output
    assert "Traceback" not in found.output
    if found.exit_code == 2:
        assert "error: " in found.stderr
        assert all(sign.isprintable() or sign in "\n\t\N{NO-BREAK SPACE}" for sign in found.stderr)


@settings(
    max_examples=max(100, settings.default.max_examples if settings.default else 0),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=nearly_right())
def test_a_file_is_right_or_a_message(call: Call, tmp_path: Path, data: dict[str, Any]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(json.dumps(data), "utf-8")
    _ended_well(call("check", file))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(SECTIONS)), name=st.one_of(st.sampled_from(SETTINGS), KEYS), value=ODD)
def test_a_setting_is_right_or_a_message(call: Call, tmp_path: Path, kind: str, name: str, value: Any) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(json.dumps(_right(kind, "gpt2")), "utf-8")
    _ended_well(call("check", file, "--set", f"{name}={json.dumps(value)}"))


@settings(max_examples=max(30, settings.default.max_examples // 10 if settings.default else 0))
@given(data=nearly_right())
def test_a_question_that_is_right_has_an_answer_or_a_reason(data: dict[str, Any]) -> None:
    try:
        question = questions.ask(data, file="x.yaml", folder=Path())
    except InputError:
        return
    result = questions.run(question, level="closed", verify=False)
    assert result.answer is not None or result.why


NUMBERS = ("1e-300", "5e-324", "1e-18", "1e-9", "0", "-0.0", "-1", "1", "1e9", "1e18", "1e300", "nan", "inf", "-inf")
QUESTIONED = [(kind, figure) for kind in SECTIONS for figure in FIGURES if kind != "kernel" or "core." in figure]


def _absurd(figure: str, number: str) -> tuple[str, Any]:
    """Return the section of a figure, and a number as a file would have it there."""
    section, presets = _presets_of(figure)
    slot = presets.slots[figure]
    if slot.dimension is not None:
        return section, f"{number} {slot.dimension.unit}"
    value = float(number)
    value = int(value) if slot.kind != "float" and isfinite(value) else value
    return section, [value] if slot.kind.startswith("tuple") else value


def _presets_of(figure: str) -> tuple[str, Presets]:
    return ("hardware", MACHINES) if figure in MACHINES.slots else ("software", STACKS)


def _finite(value: Any) -> bool:
    """Return whether every number in an outcome is one."""
    if isinstance(value, float):
        return isfinite(value)
    if is_dataclass(value) and not isinstance(value, type):
        return all(_finite(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    return not isinstance(value, tuple | list) or all(map(_finite, value))


@settings(max_examples=max(20, settings.default.max_examples // 4 if settings.default else 0))
@given(asked=st.sampled_from(QUESTIONED), number=st.sampled_from(NUMBERS), level=st.sampled_from(["closed", "system"]))
def test_any_number_of_any_figure_is_answered_or_refused(asked: tuple[str, str], number: str, level: str) -> None:
    kind, figure = asked
    section, value = _absurd(figure, number)
    data = {**_right(kind, TINY), section: {figure: value}}
    try:
        question = questions.ask(data, file="x.yaml", folder=Path())
        result = questions.run(question, level=questions.require_level(level), verify=False)
    except InputError:
        return
    assert _finite(result.outcome)
    answers.print_result(result, Console(file=StringIO()))


@pytest.mark.parametrize("kind", sorted(SECTIONS))
@pytest.mark.parametrize("model", MODELS, ids=["preset", "shape", "changed"])
def test_what_is_changed_is_right_to_begin_with(kind: str, model: Any) -> None:
    question = questions.ask(_right(kind, model), file="x.yaml", folder=Path())
    assert question.kind == kind
