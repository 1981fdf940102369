"""A question shown is a file of the same question, each default and each figure with its source."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim import questions
from wsesim.questions.base import Question
from wsesim.workload import starter
from wsesim.yamlfile import parse_yaml

ROOT = Path(__file__).parents[2]
DATA: dict[str, Any] = {"model": "cerebras-gpt-111m", "batch": {"sequences": 120, "length": 2048}, "cluster": "cs-2"}


def ask(data: dict[str, Any], *, folder: Path = Path()) -> Question:
    return questions.ask(data, file="question.yaml", folder=folder)


def build(**changes: Any) -> Question:
    return ask({**DATA, **changes})


def read_back(question: Question) -> Question:
    return ask(parse_yaml(questions.show(question)).data, folder=question.asked.folder)


def figures_of(question: Question) -> dict[str, tuple[str, str]]:
    """Return text and source of each figure; how many systems there are is said again in what is shown."""
    figures = {figure.name: (figure.text, figure.source) for figure in question.asked.figures}
    return figures | {"cluster.systems": (figures["cluster.systems"][0], "")}


def test_show(golden: Callable[[str, str], None]) -> None:
    shown, hardware = questions.show(build(hardware={"core.sram": "96 KiB"})).split("# The hardware")
    golden("questions/show.yaml", shown)
    assert hardware.startswith(", CS-2: value, confidence (H, M, L), source\n")
    assert "\n# The software, release-2: value, " in hardware


def test_every_figure_is_shown_with_its_source() -> None:
    question = build(hardware={"core.sram": "96 KiB"}, software={"training.step": "2 ms"})
    shown = questions.show(question).splitlines()
    for figure in question.asked.figures:
        (line,) = (line for line in shown if line.startswith(f"#   {figure.name} "))
        assert figure.text in line
        assert figure.source in line


@pytest.mark.parametrize("file", sorted((ROOT / "workloads").glob("*.yaml")), ids=lambda f: f.stem)
def test_what_is_shown_resolves_to_the_same(file: Path) -> None:
    question = questions.load(file)
    assert read_back(question).asked.resolved == question.asked.resolved
    assert ask(dict(question.asked.resolved), folder=file.parent).asked.resolved == question.asked.resolved


def test_a_machine_and_a_stack_of_the_users_own_are_shown_by_their_paths(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: Mine\nextends: cs-2\ncore: {clock: 1.3 GHz}\n")
    (tmp_path / "stack.yaml").write_text("extends: release-2\ntraining.step: 1 ms\n")
    question = ask({**DATA, "cluster": "mine.yaml", "software": {"stack": "stack.yaml"}}, folder=tmp_path)
    again = read_back(question)
    assert again.asked.resolved == question.asked.resolved
    assert figures_of(again) == figures_of(question)


@settings(max_examples=25)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), st.floats(1e-300, 1e300), st.integers(1, 10**18))
def test_any_text_and_number_survives(source: str, epsilon: float, budget: int) -> None:
    shape = {"layers": 2, "width": 64, "heads": 4, "source": source, "norm_epsilon": epsilon}
    question = build(model=shape, token_budget=budget)
    assert read_back(question).asked.resolved == question.asked.resolved


@pytest.mark.parametrize("name", ["true", "NULL", "1.3", "1e3", "0x10", "no", "2024-01-01", "12_000", "a"])
def test_names_that_look_like_something_else_survive(name: str) -> None:
    assert read_back(build(name=name)).asked.name == name


def test_what_a_user_wrote_cannot_end_a_comment() -> None:
    model = {"preset": "cerebras-gpt-111m", "source": "a\nphase: b", "token_budget": 5}
    assert read_back(build(model=model, hardware={"core.sram": "96\n KiB"})).kind == "training"


def test_the_starter_is_right_and_says_what_it_would_be_without() -> None:
    data = parse_yaml(starter()).data
    question = questions.ask(data, file="workload.yaml", folder=Path())
    assert question.asked.resolved == build(name="workload").asked.resolved


def test_what_the_starter_comments_out_is_right_too() -> None:
    lines = starter().splitlines()
    models = [line.removeprefix("# ") for line in lines if line.startswith("# model: {")]
    assert len(models) == 3
    for line in models[:2]:
        build(**parse_yaml(line).data)
    start = lines.index("# hardware:")
    build(**parse_yaml("\n".join(line.removeprefix("# ") for line in lines[start : start + 3])).data)


COUNTS = st.integers(1, 4000)
MAYBE_AUTO = st.one_of(st.just("auto"), st.integers(1, 8))
ENDS: dict[str, Any] = {"batch": st.integers(1, 8), "ends": st.booleans(), "must_fit": st.booleans()}
GUESSES: dict[str, Any] = {
    "draft_tokens": st.integers(0, 8),
    "acceptance": st.floats(0, 1),
    "draft_cost": st.floats(0, 1),
}
READS: dict[str, Any] = {"chunk": MAYBE_AUTO, "reused": st.just(0)}
KINDS: dict[str, Any] = {
    "training": {"batch": st.fixed_dictionaries({"sequences": COUNTS}, optional={"length": st.integers(1, 2048)})},
    "evaluation": {"batch": st.fixed_dictionaries({"sequences": COUNTS, "length": st.integers(1, 2048)})},
    "prefill": {"inference": st.fixed_dictionaries({"prompt": COUNTS}, optional={**ENDS, **READS})},
    "decode": {"inference": st.fixed_dictionaries(
        {"prompt": COUNTS}, optional={**ENDS, **GUESSES, "generate": st.integers(1, 99)})},
    "generate": {"inference": st.fixed_dictionaries({"prompt": COUNTS}, optional={**ENDS, **GUESSES, **READS})},
    "serving": {"serving": st.fixed_dictionaries(
        {"rate": st.floats(1e-3, 1e3)}, optional={"seed": st.integers(0, 99), "search": st.booleans(),
                                                  "slo_ttft": st.sampled_from(["1 s", "20 ms"])})},
}  # fmt: skip
"""The section that each kind needs, right by itself; kinds that are added are held by `test_the_kinds_are_all_here`."""
COMMON: dict[str, Any] = {
    "name": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z"),
    "hardware": st.sampled_from([{}, {"core.clock": "1 GHz"}, {"core": {"sram": "40 KiB"}, "host.latency": "1 us"}]),
    "verification": st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "seed": st.integers(0, 9)}),
    "outputs": st.fixed_dictionaries({"timeline": st.booleans()}),
}
TINY = {"layers": 2, "width": 64, "heads": 4, "position": "rotary", "max_length": 99}
MODELS = st.sampled_from(["llama-2-7b", {"preset": "llama-2-7b", "layers": 3}, TINY])


@st.composite
def valid(draw: st.DrawFn) -> dict[str, Any]:
    """Return the data of a right file of any kind."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    optional = draw(st.fixed_dictionaries({}, optional=COMMON))
    sections = {key: draw(section) for key, section in KINDS[kind].items()}
    machine = draw(st.sampled_from(["cs-2", {"machine": "cs-3", "systems": 1}]))
    return {"phase": kind, "model": draw(MODELS), "cluster": machine, **sections, **optional}


def test_the_kinds_are_all_here() -> None:
    assert {name for name, kind in questions.kinds().items() if not kind.mark} == KINDS.keys()


@settings(max_examples=40)
@given(valid())
def test_any_right_file_is_shown_as_one_that_asks_the_same(data: dict[str, Any]) -> None:
    question = ask(data)
    assert question.kind == data["phase"]
    again = ask(dict(question.asked.resolved))
    assert again.asked.resolved == read_back(question).asked.resolved == question.asked.resolved
    assert figures_of(again) == figures_of(question)
    assert again.title == question.title


def test_shapes_are_shown_as_files_write_them() -> None:
    kernel = ask({"kernel": "gemv", "grid": "4x2", "shape": [64, 32], "cluster": "cs-2"})
    shown = questions.show(kernel)
    assert "\ngrid: 4x2\nshape: 64x32\n" in shown
    assert read_back(kernel).asked.resolved == kernel.asked.resolved
    assert "\nshape: 64\n" in questions.show(
        ask({"kernel": "allreduce-2d", "grid": "2x2", "shape": 64, "cluster": "cs-2"})
    )
