from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.workload import Workload, build_workload, load_workload, show, starter
from wsesim.yamlfile import parse_yaml

DATA: dict[str, Any] = {"model": "cerebras-gpt-111m", "batch": {"sequences": 120, "length": 2048}, "cluster": "cs-2"}


def build(**changes: Any) -> Workload:
    return build_workload({**DATA, **changes}, file="question.yaml", folder=Path())


def read_back(workload: Workload) -> Workload:
    return build_workload(parse_yaml(show(workload)).data, file="question.yaml", folder=Path())


def test_show(golden: Callable[[str, str], None]) -> None:
    workload, hardware = show(build(hardware={"core.sram": "96 KiB"})).split("# The hardware")
    golden("workload/show.yaml", workload)
    assert hardware.startswith(", CS-2: value, confidence (H, M, L), source\n")


def test_every_figure_of_the_hardware_is_shown_with_its_source() -> None:
    workload = build(hardware={"core.sram": "96 KiB"})
    shown = show(workload).splitlines()
    for figure in workload.hardware.figures:
        (line,) = (line for line in shown if line.startswith(f"#   {figure.name} "))
        assert figure.text in line
        assert figure.source in line


@pytest.mark.parametrize("file", sorted((Path(__file__).parents[2] / "workloads").glob("*.yaml")), ids=lambda f: f.stem)
def test_what_is_shown_resolves_to_the_same(file: Path) -> None:
    workload = load_workload(file)
    assert read_back(workload).resolved == workload.resolved


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), st.floats(1e-300, 1e300), st.integers(1, 10**18))
def test_any_text_and_number_survives(source: str, epsilon: float, budget: int) -> None:
    shape = {"layers": 2, "width": 64, "heads": 4, "source": source, "norm_epsilon": epsilon}
    workload = build(model=shape, token_budget=budget)
    assert read_back(workload).resolved == workload.resolved


@pytest.mark.parametrize("name", ["true", "NULL", "1.3", "1e3", "0x10", "no", "2024-01-01", "12_000", "a"])
def test_names_that_look_like_something_else_survive(name: str) -> None:
    assert read_back(build(name=name)).name == name


def test_what_a_user_wrote_cannot_end_a_comment() -> None:
    model = {"preset": "cerebras-gpt-111m", "source": "a\nphase: b", "token_budget": 5}
    assert read_back(build(model=model, hardware={"core.sram": "96\n KiB"})).phase == "training"


def test_the_starter_is_right_and_says_what_it_would_be_without() -> None:
    data = parse_yaml(starter()).data
    workload = build_workload(data, file="workload.yaml", folder=Path())
    assert workload.resolved == build(name="workload").resolved


def test_what_the_starter_comments_out_is_right_too() -> None:
    lines = starter().splitlines()
    models = [line.removeprefix("# ") for line in lines if line.startswith("# model: {")]
    assert len(models) == 3
    for line in models[:2]:
        build(**parse_yaml(line).data)
    start = lines.index("# hardware:")
    build(**parse_yaml("\n".join(line.removeprefix("# ") for line in lines[start : start + 3])).data)
