"""A machine or a stack of the user's own: nested or dotted, extended, and every mistake at its place."""

from pathlib import Path

import pytest

from wsesim.errors import InputError, SpecError
from wsesim.figures import flatten, walk
from wsesim.hardware import HardwareChoice, load_cluster
from wsesim.software import load_software


def load(folder: Path, text: str, *, name: str = "mine.yaml") -> HardwareChoice:
    (folder / name).write_text(text, "utf-8")
    return load_cluster(name, folder=folder)


def mistakes(folder: Path, text: str) -> list[tuple[int | None, int | None, str]]:
    with pytest.raises(InputError) as caught:
        load(folder, text)
    assert all(str(problem.file).endswith(".yaml") for problem in caught.value.problems)
    return [(problem.line, problem.column, problem.message) for problem in caught.value.problems]


NESTED = """\
name: Mine
extends: cs-2
core:
  clock: 1.2 GHz
  moves_pass: true
fabric:
  in_queue_words: [8, 8]
wafer: {rows: {value: 500, source: HC34, confidence: M, note: half}}
"""
DOTTED = """\
name: Mine
extends: cs-2
core.clock: 1.2 GHz
core.moves_pass: true
fabric.in_queue_words: [8, 8]
wafer.rows: {value: 500, source: HC34, confidence: M, note: half}
"""


@pytest.mark.parametrize("text", [NESTED, DOTTED])
def test_nested_and_dotted_are_the_same_machine(tmp_path: Path, text: str) -> None:
    choice = load(tmp_path, text)
    core, fabric = choice.cluster.wafer.core, choice.cluster.wafer.fabric
    assert (choice.cluster.name, core.clock_hz, core.moves_pass, fabric.in_queue_words) == ("Mine", 1.2e9, True, (8, 8))
    assert choice.cluster.wafer.rows == 500
    assert core.sram_bytes == load_cluster("cs-2").cluster.wafer.core.sram_bytes
    figures = {figure.name: figure for figure in choice.figures}
    assert (figures["core.clock"].source, figures["core.clock"].text) == ("mine.yaml", "1.2 GHz")
    assert figures["core.clock"].note == "in place of 1.1 GHz (HC34)"
    assert (figures["wafer.rows"].source, figures["wafer.rows"].confidence) == ("HC34", "M")


def test_a_file_extends_a_file_and_both_can_be_overridden(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.yaml").write_text("extends: cs-3\ncore.clock: 1 GHz\ncore.sram: 96 KiB\n")
    (tmp_path / "mine.yaml").write_text("extends: parts/base.yaml\ncore.clock: 2 GHz\n")
    core = load_cluster("mine.yaml", overrides={"core": {"sram": "64 KiB"}}, folder=tmp_path).cluster.wafer.core
    assert (core.clock_hz, core.sram_bytes) == (2e9, 64 * 1024)


def test_a_file_that_changes_nothing_is_the_machine_it_extends(tmp_path: Path) -> None:
    assert load(tmp_path, "extends: cs-3\n").cluster.wafer == load_cluster("cs-3").cluster.wafer


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            "extends: cs2\n",
            (1, 10),
            "extends = 'cs2' must be one of andromeda, cg-1, cs-1, cs-2, cs-3, cs-4, or a path in",
        ),
        ("extends: _common\n", (1, 10), "extends = '_common' must be one of andromeda"),
        ("extends: 3\n", (1, 10), "extends must be the name of a machine or a path that ends in .yaml; got 3"),
        ("extends: no.yaml\n", (1, 10), "extends = 'no.yaml' is not there; paths start at the folder of this file"),
        ("extends: mine.yaml\n", (1, 10), "extends = 'mine.yaml' comes back to a file that extends it"),
        ("- cs-2\n", (1, 1), "a machine is a mapping"),
        ("core.clock: 1 GHz\n", (1, 1), "gives no core.sram, core.reserved, core.fmac_fp16_per_cycle and"),
        ("extends: cs-2\ncore: {clok: 1 GHz}\n", (2, 8), "core.clok is not a figure of the hardware, did you mean"),
        ("extends: cs-2\ncore: {clock: 1}\n", (2, 15), "core.clock needs a unit, for example '850 MHz'; got 1"),
        ("extends: cs-2\ncore.clock: 1 GHz\ncore: {clock: 1 GHz}\n", (3, 15), "core.clock is given twice"),
        ("extends: cs-2\ncore: {clock: {valu: 1 GHz}}\n", (2, 15), "core.clock has the unknown key 'valu', did you"),
        ("extends: cs-2\ncore: {clock: {source: HC34}}\n", (2, 15), "core.clock has no value"),
        ("extends: cs-2\ncore: {clock: {value: 1 GHz, confidence: Z}}\n", (2, 15), "core.clock has the confidence"),
        ("extends: cs-2\ncore.reserved: 48 KiB\n", (2, 16), "core.reserved is 49152 of 49152 bytes; nothing is left"),
        ("extends: cs-2\nname: [1]\n", (2, 7), "name must be text"),
        ("extends: cs-2\nwafer.rows: 0x" + "f" * 9999 + "\n", (2, 13), "wafer.rows must be at most 1,000,000,000"),
        ("extends: cs-2\ncore.moves_pass: 0x" + "f" * 9999 + "\n", (2, 18), "core.moves_pass must be true or false"),
        ("extends: cs-2\ncore.max_per_cycle: .inf\n", (2, 21), "core.max_per_cycle must be a finite number, got inf"),
    ],
)
def test_a_mistake_is_at_its_place(tmp_path: Path, text: str, place: tuple[int, int], message: str) -> None:
    ((line, column, found),) = mistakes(tmp_path, text)
    assert (line, column) == place
    assert found.startswith(message)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "extends: cs-2\ncore: {clok: 1 GHz, sram: 3}\nwafer.row: 4\n"
    assert [line for line, _, _ in mistakes(tmp_path, text)] == [2, 2, 3]


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("extends: mine.yaml\n")
    ((line, column, message),) = mistakes(tmp_path, "extends: other.yaml\n")
    assert (line, column) == (1, 10)
    assert message == "extends = 'mine.yaml' comes back to a file that extends it"


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_cluster("none.yaml", folder=tmp_path)


def test_overrides_that_stand_twice_are_refused() -> None:
    with pytest.raises(SpecError, match="is given twice, nested and dotted; keep one of them"):
        load_cluster("cs-2", overrides={"core": {"clock": "1 GHz"}, "core.clock": "1 GHz"})


def test_walking_keeps_places_and_stops_at_figures() -> None:
    data = {"core": {"clock": {"value": 1}, "x": {"y": 2}}, "a.b": 3, "c": {}}
    assert list(walk(data, {"core.clock"})) == [
        ("core.clock", ("core", "clock"), {"value": 1}),
        ("core.x.y", ("core", "x", "y"), 2),
        ("a.b", ("a.b",), 3),
        ("c", ("c",), {}),
    ]
    assert flatten(data, {"core.clock"})["core.x.y"] == 2


def test_a_stack_of_the_users_own_may_lack_a_group_but_not_a_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "fast.yaml").write_text("extends: waferllm\ninference: {token_turn: 10 us}\n")
    choice = load_software("fast.yaml", folder=tmp_path)
    assert choice.software.training is None
    assert choice.for_inference().token_turn_s == pytest.approx(10e-6)
    (tmp_path / "half.yaml").write_text("extends: waferllm\ntraining.step: 1 s\n")
    with pytest.raises(InputError, match=r"gives no training.kernel_launch, .* \(extends: ideal or release-2\)"):
        load_software("half.yaml", folder=tmp_path)
    (tmp_path / "none.yaml").write_text("name: nothing\n")
    with pytest.raises(InputError, match="gives no figures; extend a stack"):
        load_software("none.yaml", folder=tmp_path)
