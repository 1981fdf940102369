from collections.abc import Callable
from pathlib import Path

import pytest

from wsesim import questions
from wsesim.errors import InputError
from wsesim.study import Study, load_study
from wsesim.study.spec import is_variable, variable_names

GRID = "vary: {batch.sequences: [8, 16]}\n"


def message(file: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_study(file)
    return str(caught.value).replace(str(file), "grid.yaml").replace(str(file.parent.parent), "..")


def test_what_is_left_out_is_filled_in(study: Callable[[str], Study]) -> None:
    found = study(GRID)
    assert (found.name, found.question, found.workload_file) == ("grid", "", "../tiny.yaml")
    assert found.figures == ("step_s", "tokens_per_s", "mfu", "bound_s", "micro_batch", "passes")
    assert found.fixed == {}
    assert found.base.asked.name == "tiny"
    assert found.base.asked.data["batch"] == {"sequences": 16, "length": 32}
    assert [kind.kind for kind in found.kinds] == ["training"]
    assert found.level is None


def test_everything_given(study: Callable[[str], Study]) -> None:
    found = study(
        "name: mine\nquestion: How fast?\nfigures: [mfu, spent.fmac]\nset: {precision: fp16}\n"
        "vary:\n  cluster.systems: {from: 1, to: 4, steps: 3, scale: log}\n  batch.sequences: [16, 32, 64]\n"
        "  hardware.core.sram: {from: 32 KiB, to: 48 KiB, by: 16 KiB}\ntogether: [batch.sequences, cluster.systems]\n"
    )
    assert (found.name, found.question, found.figures) == ("mine", "How fast?", ("mfu", "spent.fmac"))
    assert found.fixed == {"precision": "fp16"}
    assert found.together == ("batch.sequences", "cluster.systems")
    assert found.shape == (3, 2)
    assert len(found) == 6
    assert found.points()[:3] == (
        {"batch.sequences": 16, "cluster.systems": 1, "hardware.core.sram": "32 KiB"},
        {"batch.sequences": 16, "cluster.systems": 1, "hardware.core.sram": "48 KiB"},
        {"batch.sequences": 32, "cluster.systems": 2, "hardware.core.sram": "32 KiB"},
    )
    systems = next(parameter for parameter in found.parameters if parameter.name == "cluster.systems")
    assert systems.log


def test_the_hash_follows_the_inputs(study: Callable[[str], Study]) -> None:
    same = {study(GRID).inputs_sha256, study(f"{GRID}question: why?\n").inputs_sha256}
    other = {study(text).inputs_sha256 for text in (f"{GRID}set: {{precision: fp16}}\n", f"{GRID}figures: [mfu]\n")}
    assert len(same) == 1
    assert len(same | other) == 3


def test_everything_wrong_is_said_at_its_place(study_file: Callable[..., Path]) -> None:
    file = study_file(
        "sets: {}\n"
        "set: {hardware.core.sram: 3 KB/s, precision: fp17}\n"
        "vary:\n"
        "  hardware.wafer.io: [0.3 Tb/s, 0.6 TB, 3]\n"
        "  batch.seqences: [1]\n"
        "  batch.sequences: {from: 0, to: 10, by: 5}\n"
        "  batch.length: {from: 8, to: 32, step: 2}\n"
        "together: [hardware.wafer.io, batch.length, batch.x]\n"
        "figures: [mfu, step, mfu]\n"
    )
    said = [line for line in message(file).splitlines() if line.startswith("grid.yaml")]
    assert said == [
        "grid.yaml:2:1: error: unknown key 'sets', did you mean 'set'?",
        "grid.yaml:3:27: error: hardware.core.sram has the unit 'KB/s', which does not measure bytes; for example"
        " '48 KiB'",
        "grid.yaml:3:46: error: precision must be one of mixed, fp16, fp32, bf16, cb16; got 'fp17', "
        "did you mean 'fp16'?",
        "grid.yaml:5:33: error: hardware.wafer.io has the unit 'TB', which does not measure bytes per second, did you"
        " mean 'TB/s'?",
        "grid.yaml:5:41: error: hardware.wafer.io needs a unit, for example '1.2 Tb/s'; got 3",
        "grid.yaml:6:3: error: vary: batch.seqences is not a setting that a study can change, did you mean"
        " 'batch.sequences'?",
        "grid.yaml:7:27: error: batch.sequences must be at least 1; got 0",
        "grid.yaml:8:35: error: unknown key 'step' in vary.batch.length, did you mean 'steps'?",
        "grid.yaml:9:45: error: together: 'batch.x' does not stand under vary, did you mean 'batch.length'?",
        "grid.yaml:10:16: error: figures: 'step' is not a figure of a run, did you mean 'step_s'?",
        "grid.yaml:10:22: error: figures: mfu is there twice",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "vary is empty; name one to three settings"),
        ("vary:\n", "vary is empty"),
        ("vary: {}\n", "vary is empty; name one to three settings"),
        ("vary: [batch.sequences]\n", "vary must be a mapping"),
        ("vary: {batch.sequences: 8}\n", "vary.batch.sequences must be a list, [1, 2], or a range"),
        ("vary: {batch.sequences: []}\n", "vary.batch.sequences has no values"),
        ("vary: {batch.sequences: [8, 8]}\n", "vary.batch.sequences: 8 is there twice"),
        (
            "vary: {hardware.core.sram: [48KiB, 49152 B]}\n",
            "vary.hardware.core.sram: 49152 B, which is 48 KiB, is there twice",
        ),
        (f"{GRID}pareto: [mfuu]\n", "pareto: 'mfuu' is not a figure of a run, did you mean 'mfu'?"),
        (f"{GRID}optimize: {{figures: [mfuu]}}\n", "optimize: 'mfuu' is not a figure of a run, did you mean 'mfu'?"),
        (
            "vary: {cluster: [cs-2, cs-3], cluster.machine: [cs-2]}\n",
            "vary: cluster is short for cluster.machine; keep",
        ),
        ("vary: {model.preset: [gpt2]}\nset: {model: gpt2}\n", "set: model is short for model.preset; keep one"),
        ("vary: {batch.sequences: [8, null]}\n", "batch.sequences is empty"),
        ("vary: {batch.sequences: [8, [9]]}\n", "batch.sequences must be one value, got a list"),
        ("vary: {batch.sequences: [8, {from: 1}]}\n", "batch.sequences must be one value, got a mapping"),
        ("vary: {batch.sequences: [8, many]}\n", "batch.sequences must be a whole number; got 'many'"),
        ("vary: {batch.sequences: [1.5]}\n", "batch.sequences must be a whole number; got 1.5"),
        ("vary: {batch.sequences: {from: 8}}\n", "the required key 'to' is missing in vary.batch.sequences"),
        ("vary: {batch.sequences: {from: 8, to: 9, steps: 1}}\n", "vary.batch.sequences.steps must be at least 2"),
        ("vary: {batch.sequences: {from: 8, to: 9, steps: 2, scale: lg}}\n", "did you mean 'log'?"),
        ("vary: {batch.length: {from: 1.5, to: 3.5, steps: 2}}\n", "batch.length must be a whole number; got 1.5"),
        ("vary: {hardware.fabric.colors: {from: 1, to: 2.0, steps: 3}}\n", "must be a whole number"),
        ("vary: {hardware.core.sram: [1 KiB]}\n", "core.reserved is 2048 of 1024 bytes; nothing is left"),
        ("vary: {batch: [{sequences: 8}]}\n", "batch is not a setting that a study can change"),
        ("vary: {clock: [1GHz]}\n", "change, did you mean 'hardware.core.clock'?"),
        ("vary: {hidden_size: [64]}\n", "change, did you mean 'model.width'?"),
        ("vary: {machine: [cs-2]}\n", "did you mean 'cluster.machine'?"),
        ("vary: {3: [1]}\n", "the key 3 is not text"),
        ("vary: {model: [gpt2, gpt3]}\n", "model.preset must be a model that wsesim knows; got 'gpt3', did you mean"),
        (
            "vary: {cluster: [cs-2, cs-9]}\n",
            "cluster.machine must be a machine that wsesim knows",
        ),
        (f"{GRID}set: {{batch.sequences: 3}}\n", "set: batch.sequences stands under vary too"),
        (f"{GRID}set: {{text: x}}\n", "set: text is not a setting that a study can change"),
        (f"{GRID}together: [batch.sequences]\n", "together needs two names or more"),
        (f"{GRID}together: [batch.sequences, batch.sequences]\n", "batch.sequences is there twice"),
        (f"{GRID}together: batch.sequences\n", "together must be a list, ['batch.sequences']; got 'batch.sequences'"),
        (f"{GRID}figures: mfu\n", "figures must be a list, ['mfu']; got 'mfu'"),
        (f"{GRID}figures: []\n", "figures is empty"),
        (f"{GRID}figures: [mfu_peak]\n", "'mfu_peak' is not a figure of a run"),
        (f"{GRID}figures: [[mfu]]\n", "a list is not a figure of a run"),
        ("vary: {phase: [training, eval]}\n", "phase must be one of"),
        (
            "vary: {software: [release-2, idel]}\n",
            "software.stack must be a stack that wsesim knows",
        ),
        ("vary: {software.stack: [idel]}\n", "got 'idel', did you mean 'ideal'?"),
        ("vary: {software.training.step: [3]}\n", "software.training.step needs a unit"),
        ("vary: {cluster.machine: [cs-2, mine.yaml]}\n", "cluster.machine = 'mine.yaml' is not there: no file"),
        (f"{GRID}level: cor\n", "level must be one of closed, system, cores; got 'cor', did you mean 'cores'?"),
        (f"{GRID}figures: [spent.fmca]\n", "'spent.fmca' is not a figure of a run, did you mean 'spent.fmac'?"),
        (f"{GRID}figures: [spent.]\n", "'spent.' is not a figure of a run"),
        (f"{GRID}figures: [ttft_s]\n", "'ttft_s' is not a figure of a run"),
        (f"{GRID}figures: [scaling_efficiency]\n", "scaling_efficiency needs cluster.systems under vary"),
        (f"{GRID}name: ../x\n", "name must start with a letter or digit"),
        (f"{GRID}question: 3\n", "question must be text; got 3; quote it"),
        (
            "vary: {batch.sequences: [8, 16], batch.length: [8, 16, 32]}\ntogether: [batch.length, batch.sequences]\n",
            "together needs as many values of each: batch.length has 3, batch.sequences has 2",
        ),
        (
            "vary: {batch.sequences: [8], batch.length: [8], precision: [fp16], recompute: [auto]}\n",
            "vary has 4 parameters that vary independently, at most 3",
        ),
        (
            "vary:\n  batch.sequences: {from: 1, to: 9999, by: 1}\n  batch.length: {from: 1, to: 9999, by: 1}\n",
            "vary makes 99,980,001 points, at most 10,000,000 have room",
        ),
    ],
)
def test_a_mistake_says_what_is_wrong(study_file: Callable[..., Path], text: str, said: str) -> None:
    found = message(study_file(text))
    assert said in found
    assert found.startswith("grid.yaml:")


def test_a_study_is_a_mapping(tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text("- 3\n")
    assert "a study is a mapping" in message(file)


@pytest.mark.parametrize(
    ("workload", "said"), [("no.yaml", "no such file"), ("studies", "is a folder"), ("\\0", "null")]
)
def test_a_workload_that_cannot_be_read_is_a_mistake_of_the_study(
    study_file: Callable[..., Path], workload: str, said: str
) -> None:
    file = study_file(GRID)
    file.write_text(f'workload: "../{workload}"\n{GRID}', "utf-8")
    found = message(file)
    assert found.startswith("grid.yaml:1:11: error: workload = ")
    assert said in found


def test_a_mistake_in_the_workload_is_said_there(study_file: Callable[..., Path]) -> None:
    file = study_file(f"{GRID}figures: [step]\n", workload="bad.yaml")
    (file.parent.parent / "bad.yaml").write_text("model: gpt3\nbatch: {sequences: 4}\ncluster: cs-2\n")
    found = message(file)
    assert "/bad.yaml:1:8: error: model.preset" in found
    assert "grid.yaml:3:11: error: figures: 'step'" in found


def test_a_change_that_makes_a_value_right_counts(study: Callable[[str], Study]) -> None:
    found = study("set: {hardware.core.reserved: 0 B}\nvary: {hardware.core.sram: [1 KiB]}\n")
    assert found.parameters[0].values == ("1 KiB",)
    both = study("set: {hardware.core.sram: 1 KiB, hardware.core.reserved: 0 B}\nvary: {batch.sequences: [1]}\n")
    assert list(both.fixed) == ["hardware.core.sram", "hardware.core.reserved"]


def test_only_what_changes_the_answer_can_vary() -> None:
    names = set(variable_names(questions.kinds()["training"].file))
    assert {"model", "model.layers", "batch.sequences", "cluster.machine", "hardware.core.sram", "precision"} <= names
    assert {"phase", "software", "software.stack", "software.training.step"} <= names
    assert not names & {"name", "text", "batch", "hardware", "outputs", "verification.seed", "model.name"}
    assert not is_variable(questions.kinds()["training"].file, "serving.rate")


def test_every_kind_has_settings_that_vary() -> None:
    for kind in questions.kinds().values():
        names = variable_names(kind.file)
        assert "cluster.machine" in names, kind.kind
        assert {"hardware.wafer.io", "cluster.systems"} <= set(names), kind.kind


def test_a_workload_is_no_study(study_file: Callable[..., Path]) -> None:
    file = study_file(GRID)
    file.write_text("cluster: cs-2\nmodel: gpt2\nbatch: {sequences: 4}\n", "utf-8")
    assert message(file).startswith(
        "grid.yaml:1:1: error: is a workload (it has cluster), which `wsesim run grid.yaml` answers; a study names one"
        " under workload, and what varies in it under vary"
    )


def test_a_study_is_not_varied(study_file: Callable[..., Path]) -> None:
    file = study_file(GRID, workload="studies/grid.yaml")
    assert "is a study; `wsesim sweep" in message(file)


def test_settings_hold_at_every_point(study_file: Callable[..., Path]) -> None:
    file = study_file(f"{GRID}set: {{precision: fp16, batch.length: 8}}\n")
    found = load_study(file, settings=["precision=fp32", "hardware.core.sram=32 KiB", "phase=evaluation"])
    assert found.fixed == {
        "precision": "fp32", "batch.length": 8, "hardware.core.sram": "32 KiB", "phase": "evaluation",
    }  # fmt: skip
    assert [kind.kind for kind in found.kinds] == ["evaluation"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("precision", "--set precision: write KEY=VALUE"),
        (
            "precision=fp17",
            "--set precision=fp17: precision must be one of mixed, fp16, fp32, bf16, cb16; got 'fp17'",
        ),
        ("precison=fp16", "--set precison=fp16: set: precison is not a setting that a study can change, did you mean"),
        ("batch.sequences=3", "--set batch.sequences=3: set: batch.sequences stands under vary too"),
        ("hardware.core.sram=3", "--set hardware.core.sram=3: hardware.core.sram needs a unit"),
        ("phase=train", "--set phase=train: phase must be one of"),
        ("cluster.machine=cs-9", "--set cluster.machine=cs-9: cluster.machine must be a machine that wsesim knows"),
    ],
)
def test_a_setting_that_is_wrong_is_said_as_it_was_given(
    study_file: Callable[..., Path], setting: str, said: str
) -> None:
    file = study_file(GRID)
    with pytest.raises(InputError) as caught:
        load_study(file, settings=[setting])
    assert said in str(caught.value)


def test_the_phase_can_vary(study: Callable[[str], Study]) -> None:
    found = study("vary: {phase: [training, evaluation]}\nfigures: [step_s, checkpoint_s]\n")
    assert [kind.kind for kind in found.kinds] == ["training", "evaluation"]


def test_a_value_may_be_a_list_where_the_setting_is_one(toy_study: Callable[[str], Study]) -> None:
    found = toy_study("vary: {grid: [[4, 4], [8, 8]], options.order: [row, column]}\n")
    assert found.parameters[0].values == ((4, 4), (8, 8))
    assert found.kinds[0].kind == "toy"
    assert found.figures == ("cycles", "cycles_per_s")


def test_a_list_of_the_wrong_form_is_said(toy_study: Callable[[str], Study]) -> None:
    with pytest.raises(InputError, match="grid must have at least 2 entries"):
        toy_study("vary: {grid: [[4, 4], [8]]}\n")
    with pytest.raises(InputError, match=r"grid.* must be a whole number; got 'x'"):
        toy_study("vary: {grid: [[4, x]]}\n")
    with pytest.raises(InputError, match="must be a list"):
        toy_study("vary: {grid: [4]}\n")
    with pytest.raises(InputError, match=r"toy must be one value, got a list"):
        toy_study("vary: {toy: [[4]]}\n")
    with pytest.raises(InputError, match="4 x 4 is there twice"):
        toy_study("vary: {grid: [[4, 4], [4, 4]]}\n")
    with pytest.raises(InputError, match="options is not a setting that a study can change"):
        toy_study("vary: {options: [{order: row}]}\n")
