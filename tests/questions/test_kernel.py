"""A kernel as a question: its file read and refused, its answers at each level, what they depend on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from wsesim import answers, questions
from wsesim.answer import Answer, CoreFrames, CoreMap, DoesNotFit, Level, NotAnswered, Outcome
from wsesim.cores.errors import ProgramError
from wsesim.cores.measures import MEASURES, RATES
from wsesim.cores.programs import PROGRAMS, KernelCase
from wsesim.cores.state import CAUSES
from wsesim.errors import InputError
from wsesim.hardware import override_names
from wsesim.questions.kernel import READ, KernelQuestion

SHIPPED = sorted((Path(__file__).parents[2] / "workloads" / "kernels").glob("*.yaml"))
CHAIN = """\
kernel: reduce-chain
grid: [4, 2]
shape: [8]
cluster: cs-2
"""


def written(folder: Path, text: str = CHAIN) -> Path:
    file = folder / "chain.yaml"
    file.write_text(text, "utf-8")
    return file


def loaded(folder: Path) -> KernelQuestion:
    question = questions.load(written(folder))
    assert isinstance(question, KernelQuestion)
    return question


def problems(folder: Path, text: str) -> list[tuple[int | None, str]]:
    with pytest.raises(InputError) as caught:
        questions.load(written(folder, text))
    return [(problem.line, problem.message) for problem in caught.value.problems]


def asked(kernel: str, grid: tuple[int, int], shape: tuple[int, ...], **more: Any) -> KernelQuestion:
    data = {"kernel": kernel, "grid": [*grid], "shape": [*shape], "cluster": "cs-2", "pictures": 0, **more}
    question = questions.ask(data, file="test", folder=Path())
    assert isinstance(question, KernelQuestion)
    return question


def solved(question: KernelQuestion, level: Level = "cores") -> Outcome:
    return question.solve(level, lambda _: None)


def answered(question: KernelQuestion, level: Level = "cores") -> Answer:
    found = solved(question, level)
    assert isinstance(found, Answer), found
    return found


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_files_that_ship_are_right_and_say_why(file: Path) -> None:
    question = questions.load(file)
    assert (question.kind, question.asked.name) == ("kernel", file.stem)
    head = file.read_text("utf-8").split("\n\n")[0].splitlines()
    assert head[0].endswith("?")
    assert any(line.startswith("# Why: ") for line in head)
    assert any(line.startswith("# From: ") for line in head)


def test_a_file_resolves_to_itself(tmp_path: Path) -> None:
    question = questions.load(written(tmp_path))
    again = questions.ask(question.asked.resolved, file="again", folder=tmp_path)
    assert again.asked.resolved == question.asked.resolved
    assert question.title == again.title == "reduce-chain of 8 on 4 x 2 cores of CS-2"


@pytest.mark.parametrize("fold", [False, True])
def test_the_critical_path_and_the_terms_of_the_closed_form_tie(fold: bool) -> None:
    found = answered(asked("allreduce-2d", (4, 5), (6,), fold=fold))
    causes, path = found.tables
    rows = [dict(zip(path.columns, row, strict=True)) for row in path.rows]
    assert sum(row["cycles"] for row in rows) == found.figures["cycles"]  # type: ignore[misc]
    assert [row["start"] for row in rows[1:]] == [row["start"] + row["cycles"] for row in rows[:-1]]  # type: ignore[operator]
    *parts, total = ([cell or 0 for cell in row[1:4]] for row in causes.rows)
    assert total == [found.figures["closed_cycles"], found.figures["cycles"], found.figures["cycles"]]
    assert [sum(column) for column in zip(*parts, strict=True)] == pytest.approx(total)
    assert any("critical path goes over" in sentence for sentence in found.sentences)


def test_terms_of_a_closed_form_sum_to_it() -> None:
    found = answered(asked("allreduce-2d", (4, 5), (6,)), level="closed")
    (terms,) = found.tables
    assert sum(row[1] for row in terms.rows) == pytest.approx(found.figures["closed_cycles"])  # type: ignore[misc]


def test_a_run_that_is_too_large_says_that_it_has_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsesim.cores.machine.MOST_CORES", 1)
    found = answered(loaded(tmp_path))
    assert [table.name for table in found.tables] == ["causes"]
    assert any("No critical path" in note for note in found.notes)


def test_cores_answer_with_figures_values_drawings_and_files(tmp_path: Path) -> None:
    found = answered(loaded(tmp_path))
    assert found.figures["cycles"] == found.figures["closed_cycles"] == 36
    assert found.figures["time_s"] == pytest.approx(36 / 1.1e9)
    assert found.figures["wavelet_hops"] == 48
    assert found.right is True
    assert found.spent is not None
    assert found.spent.by_cause.keys() == {*CAUSES}
    cycles, maps = ["cores", "causes", "critical_path", "program"], ["busy", "stalled", "links", "critical-path"]
    assert [drawing.name for drawing in found.drawings] == [*cycles, *maps, "activity"]
    assert all(isinstance(each, CoreMap) and each.values.shape == (2, 4) for each in found.drawings[4:-1])
    assert isinstance(found.drawings[-1], CoreFrames)
    assert found.files["trace.json"]().startswith(b"{")
    assert found.files["activity.gif"]().startswith(b"GIF89a")
    assert found.facts["work"] == {"adds": 48, "hops": 48}


def test_the_same_question_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        answers.write_result(questions.run(questions.load(written(tmp_path))), tmp_path / name)
    assert {"report.html", "result.json", "trace.json", "activity.gif"} <= {
        path.name for path in (tmp_path / "one").iterdir()
    }
    for file in ("trace.json", "activity.gif"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_closed_form_is_the_time_alone(tmp_path: Path) -> None:
    found = answered(loaded(tmp_path), "closed")
    assert found.figures["cycles"] == 36
    assert not found.drawings
    assert not found.files
    assert found.right is None
    assert found.spent is None


def test_a_closed_form_says_what_limits_it_where_that_is_known() -> None:
    found = answered(asked("reduce-two-phase", (9, 1), (64,), silicon=True), "closed")
    assert found.spent is not None
    causes = {"limited by link", "other instructions and waiting", "silicon slower than designed"}
    assert found.spent.by_cause.keys() == causes


def test_there_is_no_system_around_a_kernel(tmp_path: Path) -> None:
    found = questions.compare(questions.load(written(tmp_path)))
    assert isinstance(found.outcomes["system"], NotAnswered)
    assert [level for level, each in found.outcomes.items() if isinstance(each, Answer)] == ["closed", "cores"]


def test_levels_differ_by_waiting() -> None:
    question = asked("summa", (3, 3), (12, 12, 12))
    closed, cores = answered(question, "closed"), answered(question)
    (reason,) = cores.reasons
    times = [found.figures["time_s"] for found in (closed, cores)]
    assert None not in times
    assert reason.seconds == pytest.approx(times[1] - times[0])  # type: ignore[operator]


def test_what_has_no_room_is_an_answer_with_both_sizes() -> None:
    for shape in ((20_000,), (11_776,)):  # the vector alone, and with the program
        found = solved(asked("reduce-chain", (2, 1), shape))
        assert isinstance(found, DoesNotFit)
        assert found.memory[0].bytes_per_core > found.memory_limit_bytes == 46 * 1024
    large = ("summa", (2, 2), (20_000, 20_000, 20_000))
    assert isinstance(solved(asked(*large), "closed"), DoesNotFit)
    assert isinstance(solved(asked("summa", (4, 4), (400, 400, 400), must_fit=False), "closed"), Answer)
    assert isinstance(solved(asked("summa", (4, 4), (400, 400, 400), must_fit=False)), DoesNotFit)


def test_what_nobody_wrote_is_said() -> None:
    for question in (
        asked("stencil-columns", (4, 4), (100, 2)),
        asked("stencil-tasks", (4, 4), (4, 4, 1, 1), options={"neighbours": "box"}),
        asked("softmax", (4, 4), (8, 16), silicon=True),
        asked("vector-loop", (1, 1), (64, 16), measure="counter_cycles", silicon=True),
    ):
        found = solved(question)
        assert isinstance(found, NotAnswered)
        assert len(found.why) > 40
    assert isinstance(solved(asked("vector", (1, 1), (64,), measure="dispatch_cycles"), "closed"), NotAnswered)


@pytest.mark.parametrize("few", [{"fabric.colors": 1}, {"fabric.in_queue_words": [1, 1]}])
def test_a_machine_with_too_few_colors_or_queues_is_an_answer(few: dict[str, object]) -> None:
    found = solved(asked("gemv", (8, 8), (64, 64), hardware=few))
    assert isinstance(found, NotAnswered)
    assert "color" in found.why


def test_systems_are_not_read_by_a_kernel() -> None:
    question = asked("gemv", (8, 8), (64, 64), cluster={"machine": "cs-2", "systems": 4})
    assert question.reads.unread(question.asked.given) == ("cluster.systems",)


def test_rates_of_links_that_routers_do_not_have_are_refused() -> None:
    found = solved(asked("broadcast", (4, 1), (8,), hardware={"fabric.link_wavelets_per_cycle": 0.5}))
    assert isinstance(found, NotAnswered)
    assert "fabric.link_wavelets_per_cycle is 0.5" in found.why


def test_hops_that_take_no_time_are_answered_in_closed_form_alone() -> None:
    none, one = (asked("broadcast", (4, 1), (8,), hardware={"fabric.hop_cycles": hop}) for hop in (0, 1))
    played = solved(none)
    assert isinstance(played, NotAnswered)
    assert "fabric.hop_cycles is 0" in played.why
    assert answered(none, "closed").figures["cycles"] == (answered(one, "closed").figures["cycles"] or 0) - 3


def test_silicon_takes_longer_by_what_limits_a_kernel() -> None:
    designed, silicon = (answered(asked("reduce-two-phase", (9, 1), (64,), silicon=on)) for on in (False, True))
    cycles = designed.figures["cycles"]
    assert cycles is not None
    assert silicon.figures["cycles"] == pytest.approx(cycles + 64 * 0.125)
    assert silicon.spent is not None
    assert "silicon slower than designed" in silicon.spent.by_cause


def test_every_share_of_a_limit_is_of_a_resource_and_at_most_all() -> None:
    for kernel, grid, shape in (
        ("reduce-two-phase", (9, 1), (64,)), ("gemv", (6, 6), (60, 60)), ("summa", (3, 3), (12, 12, 12)),
        ("spmm-coo", (1, 1), (16, 8, 36, 60)), ("fft-3d", (8, 8), (8,)), ("stencil-columns", (3, 3), (100, 2)),
        ("vector", (1, 1), (64,)), ("message", (5, 1), (8,)), ("scalar", (1, 1), (8,)),
    ):  # fmt: skip
        case = asked(kernel, grid, shape, silicon=True).case
        assert _are_shares(case), kernel


def _are_shares(case: KernelCase) -> bool:
    shares = case.shares(case.closed())
    known = shares.keys() <= case.wafer.silicon.by_resource.keys()
    return known and min(shares.values()) >= 0 and sum(shares.values()) <= 1 + 1e-12


def test_shares_are_none_below_zero_where_memory_is_slower_than_a_collision() -> None:
    slow = {"core.sram_read_bytes_per_cycle": 1.6, "core.bank_apart": "1 B"}
    assert _are_shares(asked("summa", (2, 1), (12, 12, 12), silicon=True, hardware=slow).case)


def test_shares_are_no_more_than_all_where_resources_work_side_by_side() -> None:
    question = asked("gemv", (6, 6), (128, 2048), hardware={"core.bank_apart": "3 B"})
    assert _are_shares(question.case)
    assert answered(question, "closed").spent is not None


def test_measures_have_a_meaning_each_and_every_meaning_a_measure() -> None:
    used = {name for program in PROGRAMS.values() for name in program.measures}
    assert used == {spec.name for spec in MEASURES}
    assert used > RATES
    assert len({spec.name for spec in KernelQuestion.figures}) == len(KernelQuestion.figures)


def test_a_measure_is_the_one_figure_of_its_answer() -> None:
    found = answered(asked("stencil-star", (4, 4), (4, 4, 1, 4), measure="iteration_cycles"))
    assert found.figures.keys() == found.headline.keys() == {"iteration_cycles"}
    assert found.right is None
    assert any("not compared" in note for note in found.notes)


def test_every_mistake_is_reported_at_its_line(tmp_path: Path) -> None:
    text = "kernel: reduce-chai\ngrid: [4, 4000]\nshap: [8]\ncluster: cs2\nwatch: [[1]]\n"
    found = problems(tmp_path, text)
    assert sorted(line or 0 for line, _ in found)[:2] == [1, 1]
    said = " ".join(message for _, message in found)
    for part in ("did you mean 'reduce-chain'?", "'shape' is missing", "did you mean 'shape'?", "did you mean 'cs-2'?",
                 "must have at least 2 entries; got 1"):  # fmt: skip
        assert part in said


def test_a_shape_is_spelled_as_on_the_command_line(tmp_path: Path) -> None:
    spelled = CHAIN.replace("[4, 2]", "4x2").replace("[8]", "8")
    (tmp_path / "listed.yaml").write_text(CHAIN, "utf-8")
    (tmp_path / "spelled.yaml").write_text(spelled, "utf-8")
    listed, found = (questions.load(tmp_path / f"{name}.yaml") for name in ("listed", "spelled"))
    assert {**found.asked.resolved, "name": "listed"} == listed.asked.resolved
    wrong = spelled.replace("4x2", "4*2")
    assert "with x between them: 4x2; got '4*2'" in " ".join(message for _, message in problems(tmp_path, wrong))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("options: {grup: 2}", "did you mean"),
        ("options: {nothing-like-it: 2}", "is not an option of reduce-two-phase"),
        ("options: {group: 0}", "option group must be a whole number from 1 on"),
        ("measure: cycle", "is not a measure of reduce-two-phase; there are: none"),
        ("watch: [[4, 0]]", "is not on the grid of 4 x 2"),
        ("hardware: {core.clok: 1 GHz}", "did you mean 'core.clock'?"),
        ("seed: -1", "at least 0"),
        ("level: cores", "level"),
    ],
)
def test_a_mistake_says_what_would_be_right(line: str, said: str, tmp_path: Path) -> None:
    text = CHAIN.replace("reduce-chain", "reduce-two-phase") + line + "\n"
    assert any(said in message and place == 5 for place, message in problems(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kernel: mesh-gemm\ngrid: [2, 2]\nshape: [4, 4, 4]\ncluster: cs-2\noptions: {repeats: 2}\n",
         "it is one of measure: product_cycles"),
        ("kernel: summa\ngrid: [2, 2]\nshape: [4, 4, 4]\ncluster: cs-2\nfold: true\n", "no part of summa stands for"),
        (CHAIN.replace("[8]", "[8, 8]"), "takes one length of 1 or more"),
        (CHAIN.replace("[4, 2]", "[751, 2]"), "does not fit the wafer, which has 750 columns"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_said_at_its_line(text: str, said: str, tmp_path: Path) -> None:
    ((line, message),) = problems(tmp_path, text)
    assert line is not None
    assert said in message


Case = tuple[str, tuple[int, int], tuple[int, ...], dict[str, Any], Level]
Changes = Mapping[str, Any]
HOLES = {"die.defects_per_cm2": 30, "die.detour_cycles": 1, "die.spare_share": 0.1, "die.seed": 1}
WHERE: tuple[tuple[Case, Changes], ...] = (
    (("vector", (1, 1), (5887,), {}, "cores"), {"core.sram": "64 KiB", "core.reserved": "1 KiB"}),
    (("vector", (1, 1), (5880,), {}, "cores"), {"core.instruction": "24 B"}),
    (("vector", (1, 1), (96,), {"options": {"setup": "yes"}, "measure": "counter_cycles"}, "cores"),
     {"code.vector_setup_cycles": 9, "core.stamp_cycles": 9, "core.vector_launch_cycles": 3}),
    (("vector", (1, 1), (96,), {"options": {"banks": "same"}}, "cores"),
     {"core.clock": "1 GHz", "core.task_launch_cycles": 3, "core.colliding_cycles": 3, "core.fmac_fp32_per_cycle": 2,
      "wafer.columns": 0.5, "wafer.rows": 0.5, "energy.mac_fp32": "9 pJ", "energy.sram": "9 pJ", "energy.issue": "9 pJ",
      "energy.voltage": 0.8}),
    (("vector", (1, 1), (96,), {"options": {"op": "mov", "type": "f16"}, "measure": "elements_per_cycle",
                                "silicon": True}, "cores"),
     {"core.simd_fp16_per_cycle": 2, "core.sram_write_bytes_per_cycle": 2, "silicon.memory_slowdown": 2}),
    (("vector", (1, 1), (96,), {"options": {"op": "add"}, "measure": "elements_per_cycle"}, "cores"),
     {"core.sram_read_bytes_per_cycle": 4}),
    (("vector-loop", (1, 1), (512, 16), {"options": {"form": "for-map"}}, "cores"),
     {"core.map_cycles": 9, "core.fmac_fp16_per_cycle": 1}),
    (("vector", (1, 1), (96,), {"options": {"type": "f16"}, "cluster": "cs-3"}, "cores"),
     {"core.line": "16 B"}),
    (("scalar", (1, 1), (8,), {"options": {"code": "taken"}}, "cores"), {"core.branch_taken_cycles": 9}),
    (("scalar", (1, 1), (8,), {"options": {"code": "not-taken"}}, "cores"), {"core.branch_not_taken_cycles": 9}),
    (("scalar", (1, 1), (8,), {"silicon": True}, "cores"),
     {"core.dependent_cycles": 9, "silicon.arithmetic_slowdown": 2}),
    (("message", (5, 1), (40,), {"options": {"relays": 4, "handled": "yes"}}, "cores"),
     {"code.call_cycles": 9, "code.pass_on_cycles": 9, "core.microthread_launch_cycles": 9,
      "core.activation_cycles": 9, "fabric.hop_cycles": 2, "fabric.ramp_cycles": 9,
      "fabric.link_wavelets_per_cycle": 0.5}),
    (("reduce-two-phase", (9, 1), (64,), {"silicon": True}, "cores"),
     {"silicon.link_slowdown": 2, "fabric.link_words": 1, "fabric.out_queue_words": [1] * 6}),
    (("allreduce-ring", (9, 1), (90,), {}, "closed"), {"code.ring_scalar_cycles": 9}),
    (("allreduce-ring", (64, 1), (4096,), {}, "closed"),
     {"code.ring_crossing_cycles": 9, "code.ring_calm_cores": 99, "code.ring_calm_words": 999}),
    (("allreduce-ring", (64, 1), (640,), {}, "closed"), {"code.ring_clash_cycles": 99}),
    (("vector", (1, 1), (96,), {"options": {"op": "mov"}, "measure": "elements_per_cycle"}, "cores"),
     {"core.simd_fp32_per_cycle": 1}),
    (("gelu", (4, 4), (8, 16), {}, "cores"), {"core.max_per_cycle": 2}),
    (("gemv", (6, 6), (60, 60), {"silicon": True}, "cores"),
     {"core.bank_period": "4 B", "core.bank_apart": "6 B", "silicon.full_rate_slowdown": 2}),
    (("gemv", (6, 6), (60, 60), {"options": {"precision": "mixed"}}, "cores"),
     {"core.fmac_mixed_per_cycle": 1, "core.saved_map_cycles": 9, "fabric.colors": 4, "energy.mac_mixed": "9 pJ",
      "fabric.in_queue_words": [7, 7, 5, 5, 3, 3, 3, 3], "fabric.waiting_words": 7}),
    (("mesh-gemm", (3, 3), (24, 24, 24), {"options": {"compute": "never"}, "cluster": "cs-3"}, "cores"),
     {"code.mesh_setup_cycles": 9, "core.moves_pass": False}),
    (("mesh-gemm", (3, 3), (24, 24, 24), {}, "cores"),
     {"code.map_start_cycles": 9, "energy.mac_fp16": "9 pJ", "energy.hop": "9 pJ"}),
    (("summa", (3, 3), (12, 12, 12), {"options": {"transfers": "library"}, "silicon": True}, "cores"),
     {"code.routes_cycles": 9, "core.word_period": "32 B", "code.descriptor_cycles": 9}),
    (("allreduce-2d", (12, 12), (8,), {"hardware": HOLES}, "cores"),
     {"die.detour_cycles": 3, "die.defects_per_cm2": 70, "die.seed": 2, "die.clustering": 0.3, "die.spare_share": 0.7,
      "die.core_mm2": 0.09, "die.kib_mm2": 0.002}),
    (("local-gemm", (1, 1), (8, 8, 8), {"measure": "counter_cycles", "silicon": True}, "cores"),
     {"code.window_cycles": 9, "code.settle_cycles": 9, "code.base_cycles": 9}),
    (("spmm-ellpack", (1, 1), (16, 8, 36, 128), {}, "closed"), {"code.unrolled_turns": 5}),
    (("fft-3d", (8, 8), (8,), {}, "cores"), {"code.nest_cycles": 9}),
    (("stencil-one-cell", (4, 4), (4,), {}, "cores"), {"core.fabric_inputs": 1}),
    (("stencil-star", (4, 4), (4, 4, 1, 4), {}, "cores"),
     {"code.stencil_count_cycles": 9, "code.stencil_enough_cycles": 9, "code.stencil_turn_cycles": 19,
      "code.stencil_reload_cycles": 9, "code.stencil_transfers_yield": False}),
    (("stencil-star", (4, 4), (4, 4, 2, 4), {}, "cores"),
     {"code.stencil_descriptor_cycles": 19, "code.stencil_offset_cycles": 19}),
    (("stencil-tasks", (4, 4), (4, 4, 1, 2), {}, "cores"), {"code.stencil_store_cycles": 9}),
    (("decode-product", (4, 4), (8, 16), {"silicon": True}, "closed"), {"silicon.scalar_slowdown": 2}),
    (("layer-norm", (4, 4), (8, 16), {}, "cores"), {"code.divide_cycles": 999, "code.sqrt_cycles": 999}),
    (("softmax", (4, 4), (8, 16), {}, "cores"), {"code.exp_cycles": 999}),
    (("layer-norm", (4, 4), (8, 16), {"options": {"precision": "mixed"}}, "cores"), {"core.convert_per_cycle": 2}),
    (("stream-gemm", (2, 1), (96, 8, 4), {"options": {"precision": "mixed"}, "cluster": "cs-3"}, "cores"),
     {"core.accumulator": "64 B"}),
)  # fmt: skip
"""Small kernels, and a value of each figure that changes what they answer."""


def outcome(case: Case, changes: Changes) -> object:
    kernel, grid, shape, more, level = case
    try:
        found = solved(
            asked(kernel, grid, shape, **more | {"hardware": {**more.get("hardware", {}), **changes}}), level
        )
    except (InputError, ProgramError) as error:
        return str(error)
    return found.figures if isinstance(found, Answer) else found.why


@pytest.mark.parametrize(("case", "changes"), WHERE, ids=lambda value: value[0] if isinstance(value, tuple) else "")
@pytest.mark.every(3)
def test_every_figure_that_is_read_changes_an_answer(case: Case, changes: Changes) -> None:
    before = outcome(case, {})
    unmoved = [name for name, value in changes.items() if outcome(case, {name: value}) == before]
    assert not unmoved


def test_the_figures_that_are_read_are_those() -> None:
    tried = {name for _, changes in WHERE for name in changes}
    assert tried == READ
    assert KernelQuestion.reads.hardware == READ


@cache
def unread() -> dict[str, str]:
    """Return a change of every figure that a machine has and no kernel reads."""
    from wsesim.hardware import load_cluster

    found = {}
    for figure in load_cluster("cs-2").figures:
        number, _, unit = figure.text.partition(" ")
        if figure.name not in READ and figure.name in override_names():
            switched = {"true": "false", "false": "true"}.get(figure.text)
            times = 0.5 if figure.name.endswith("_share") else 2
            found[figure.name] = switched or f"{times * float(number):.10g} {unit}".strip()
    return found


@pytest.mark.parametrize("number", [2, 12, 16, 20, 24])
@pytest.mark.every(5)
def test_what_is_not_read_changes_nothing(number: int) -> None:
    case = WHERE[number][0]
    assert len(unread()) > 15
    before = outcome(case, {})
    for name, text in unread().items():
        value: Any = int(text) if text.isdigit() else float(text) if text.replace(".", "").isdigit() else text
        value = text == "true" if text in ("true", "false") else value
        assert outcome(case, {name: value}) == before, name


def test_links_past_defects_are_said_and_no_part_stands_for_all() -> None:
    found = answered(asked("allreduce-2d", (12, 12), (8,), hardware=HOLES))
    assert found.right
    assert any("links reach past cores that do not work" in note for note in found.notes)
    closed = answered(asked("allreduce-2d", (12, 12), (8,), hardware=HOLES), "closed")
    assert any("The closed form has them as long as others" in note for note in closed.notes)
    folded = solved(asked("reduce-chain", (12, 12), (8,), hardware=HOLES, fold=True))
    assert isinstance(folded, NotAnswered)
    assert "die.detour_cycles" in folded.why


def test_asking_for_a_kernel_imports_no_other_kind() -> None:
    script = (
        "import sys; from pathlib import Path; from wsesim import questions\n"
        "data = {'kernel': 'reduce-chain', 'grid': [4, 2], 'shape': [8], 'cluster': 'cs-2'}\n"
        "questions.ask(data, file='x.yaml', folder=Path())\n"
        "print([name for name in ('training', 'serving', 'kernel') if f'wsesim.questions.{name}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['kernel']"
