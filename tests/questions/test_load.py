"""From a file to a question: what is filled in, what is refused, and where it says so."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.answer import UsedFigure
from wsesim.errors import InputError, Problem
from wsesim.model import load_preset, parameters
from wsesim.questions.base import Question
from wsesim.workload import name_of
from wsesim.workload.problems import MOST_REPORTED

MINIMAL = "model: cerebras-gpt-111m\nbatch: {sequences: 120}\ncluster: cs-2\n"
DATA: dict[str, Any] = {"model": "cerebras-gpt-111m", "batch": {"sequences": 120}, "cluster": "cs-2"}
FOUR = {"machine": "cs-2", "systems": 4}
WORKLOADS = Path(__file__).parents[2] / "workloads"


def load(tmp_path: Path, text: str, *, set_: tuple[str, ...] = ()) -> Question:
    file = tmp_path / "question.yaml"
    file.write_text(text, "utf-8")
    return questions.load(file, settings=set_)


def problems(tmp_path: Path, text: str, *, set_: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text, set_=set_)
    return caught.value.problems


def build(**changes: Any) -> Question:
    return questions.ask({**DATA, **changes}, file="study.yaml", folder=Path())


def defaults_of(question: Question) -> dict[str, UsedFigure]:
    return {default.name: default for default in question.asked.defaults}


def test_everything_left_out_is_filled_in(tmp_path: Path) -> None:
    question = load(tmp_path, MINIMAL)
    asked, resolved = question.asked, question.asked.resolved
    assert asked.name == "question"
    assert asked.model == load_preset("cerebras-gpt-111m")
    free = dict.fromkeys(("micro_batch", "sub_batch", "parts"), "auto")
    assert resolved["batch"] == {"sequences": 120, "length": 2048, **free}
    assert (question.kind, resolved["precision"], resolved["recompute"]) == ("training", "mixed", "auto")
    assert asked.hardware.cluster.systems == 1
    assert resolved["text"] == "sample:sotu"
    assert resolved["verification"] == {
        "enabled": True, "sequences": 1, "length": 64, "layers": "auto", "seed": 0, "weights": None,
        "whole": False,
    }  # fmt: skip
    assert resolved["outputs"] == {"timeline": True}
    assert resolved["token_budget"] == asked.shape.token_budget
    assert question.title == (
        "One training step of cerebras-gpt-111m (111M parameters) on CS-2:"
        " 120 sequences of 2,048 tokens, mixed precision."
    )


ASKED: dict[str, dict[str, Any]] = {
    "training": {"batch": {"sequences": 8}},
    "evaluation": {"batch": {"sequences": 8}},
    "prefill": {"inference": {"prompt": 64}},
    "decode": {"inference": {"prompt": 64}},
    "generate": {"inference": {"prompt": 64}},
    "serving": {"serving": {"rate": 1}},
}
"""The least that a file of each kind has beside its model and machine."""


@pytest.mark.parametrize("kind", ASKED)
def test_every_default_is_named_with_its_source(kind: str) -> None:
    data = {"model": "gpt2", "cluster": "cs-2", "phase": kind, **ASKED[kind]}
    question = questions.ask(data, file="x.yaml", folder=Path())
    filled = set()
    for key, value in question.asked.resolved.items():
        inside = value if isinstance(value, dict) and key not in ("model", "hardware", "software") else {key: value}
        filled |= {key if key == name else f"{key}.{name}" for name in inside}
    filled = (filled | {"software.stack"}) - {"model", "hardware", "software", "cluster.machine", "phase"}
    given = {f"{key}.{name}" for key, inside in ASKED[kind].items() for name in inside}
    defaults = defaults_of(question)
    assert defaults.keys() == filled - given
    assert all(default.source and default.source != "not given" for default in defaults.values())


def test_a_kind_that_is_not_said_is_a_default() -> None:
    assert defaults_of(build())["phase"].text == "training"
    assert defaults_of(build())["batch.length"].text == "2048"


def test_what_is_given_is_no_default(tmp_path: Path) -> None:
    text = "precision: mixed\ntoken_budget: 7\nverification: {seed: 0}\nbatch: {sequences: 4, micro_batch: auto}\n"
    names = defaults_of(load(tmp_path, f"model: gpt2\ncluster: cs-2\n{text}")).keys()
    assert not {"precision", "token_budget", "verification.seed", "batch.micro_batch"} & names
    assert "verification.length" in names


@pytest.mark.parametrize(
    ("text", "tokens", "source"),
    [
        ("model: cerebras-gpt-111m", 2220933120, "the model's own"),
        ("model: {preset: cerebras-gpt-111m, layers: 11}", None, "20 tokens per parameter (Hoffmann et al. 2022)"),
        ("model: gpt2", None, "20 tokens per parameter (Hoffmann et al. 2022)"),
        ("model: {preset: gpt2, token_budget: 9}", 9, "the model's own"),
    ],
)
def test_the_token_budget(tmp_path: Path, text: str, tokens: int | None, source: str) -> None:
    question = load(tmp_path, f"{text}\nbatch: {{sequences: 1, length: 8}}\ncluster: cs-2\n")
    assert question.asked.resolved["token_budget"] == (tokens or 20 * parameters(question.asked.shape))
    assert defaults_of(question)["token_budget"].source.startswith(source)


def test_a_machine_has_its_own_number_of_systems(tmp_path: Path) -> None:
    asked = load(tmp_path, "model: gpt2\nbatch: {sequences: 32}\ncluster: andromeda\n").asked
    assert asked.hardware.cluster.systems == 16
    assert asked.resolved["cluster"] == {"machine": "andromeda", "systems": 16}


def test_hardware_is_changed_by_name(tmp_path: Path) -> None:
    asked = load(tmp_path, MINIMAL + "hardware: {core.sram: 96 KiB, wafer.io_channels: 30}\n").asked
    assert asked.hardware.cluster.wafer.core.sram_bytes == 96 * 1024
    assert asked.hardware.cluster.wafer.io_channels == 30
    assert asked.resolved["hardware"] == {"core.sram": "96 KiB", "wafer.io_channels": 30}


def test_hardware_figures_are_checked_together(tmp_path: Path) -> None:
    load(tmp_path, MINIMAL + "hardware: {core.sram: 96 KiB, core.reserved: 64 KiB}\n")
    (problem,) = problems(tmp_path, MINIMAL + "hardware: {core.clock: 1 GHz, core.reserved: 64 KiB}\n")
    assert problem.message.startswith("hardware.core.reserved")
    assert (problem.line, problem.column) == (4, 46)


def test_paths_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("It was")
    (tmp_path / "w.safetensors").write_bytes(b"x")
    question = load(tmp_path, MINIMAL + "text: book.txt\nverification: {weights: w.safetensors}\n")
    assert question.inputs == (tmp_path / "book.txt", tmp_path / "w.safetensors")
    assert question.asked.resolved["text"] == "book.txt"
    assert question.asked.resolved["verification"]["weights"] == "w.safetensors"


def test_the_resolved_file_is_plain_and_resolves_to_itself() -> None:
    question = build(
        hardware={"core.clock": "1 GHz"}, model={"layers": 2, "width": 64, "heads": 4, "max_length": 9}, name="a"
    )
    data = json.loads(json.dumps(question.asked.resolved, allow_nan=False))
    again = questions.ask(data, file="other.yaml", folder=Path()).asked
    assert again.resolved == question.asked.resolved
    assert (again.model, again.hardware.cluster) == (question.asked.model, question.asked.hardware.cluster)


def test_the_name_of_a_file_becomes_a_name_for_a_folder(tmp_path: Path) -> None:
    for stem, name in (("my model (2)", "my-model-2-607f9dbd"), ("gpt-1.3b", "gpt-1.3b")):
        file = tmp_path / f"{stem}.yaml"
        file.write_text(MINIMAL)
        assert questions.load(file).asked.name == name


def test_names_in_other_scripts_do_not_share_a_folder(tmp_path: Path) -> None:
    raw = (os.fsdecode(b"caf\xe9"), os.fsdecode(b"caf\xe8"))
    stems = ("模型", "模式", "a-模型", "a-模式", "é" * 100, "é" * 101, "a" * 99 + "é", "a" * 99 + "è", *raw)
    names = {name_of(tmp_path / f"{stem}.yaml", "workload") for stem in stems}
    assert len(names) == len(stems)
    assert all(questions.ask({**DATA, "name": name}, file="", folder=tmp_path).asked.name == name for name in names)


@pytest.mark.parametrize("file", sorted(WORKLOADS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_workloads_that_ship_are_right_and_say_why(file: Path) -> None:
    assert questions.load(file).asked.name == file.stem
    head = file.read_text("utf-8").split("\n\n")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert head.splitlines()[0].endswith("?")
    assert "# Why: " in head
    assert "# From: " in head


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(tmp_path, """\
name: ../x
modell: 3
model: {preset: gpt-2, width: -4}
batch: {sequences: 1e3, length: "12"}
cluster: {machine: cs2, systems: yes}
hardware: {core.clock: 1.1 GHzz, core.sram: 48 Kib, core.clok: 1 GHz}
text: nowhere.txt
verification: {weights: .}
precision:
""")  # fmt: skip
    assert [(p.line, p.column, p.message) for p in found] == [
        (1, 7, "name must start with a letter or digit and go on with at most 99 of those or . _ -; got '../x'"),
        (2, 1, "unknown key 'modell', did you mean 'model'?"),
        (3, 17, "model.preset must be a model that wsesim knows; got 'gpt-2', did you mean 'gpt2'?"),
        (3, 31, "model.width must be at least 1; got -4"),
        (4, 20, "batch.sequences must be a whole number; got 1000.0; write 1000"),
        (4, 33, "batch.length must be a whole number; got '12'; remove the quotes"),
        (5, 20, "cluster.machine must be a machine that wsesim knows, or a path in .yaml; got 'cs2', did you mean "
                "'cs-2'?"),
        (5, 34, "cluster.systems must be a whole number; got 'yes'"),
        (6, 24, "hardware.core.clock has the unknown unit 'GHzz', did you mean 'GHz'?"),
        (6, 45, "hardware.core.sram is in bits ('Kib') but a size is in bytes: write 'KiB' if bytes were meant"),
        (6, 53, "hardware.core.clok is not a figure of the hardware, did you mean 'core.clock'?"),
        (7, 7, f"text = 'nowhere.txt' is not there: no file {tmp_path / 'nowhere.txt'}"),
        (8, 25, f"verification.weights = '.' is not there: no file {tmp_path / 'model.safetensors'}"),
        (9, 1, "precision is empty; give a value, or leave the key out"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("batch: {sequences: 4}\ncluster: cs-2\n", 1, 1, "the required key 'model' is missing"),
        ("model: gpt2\nbatch: {length: 4}\ncluster: cs-2\n", 2, 8, "the required key 'sequences' is missing in batch"),
        ("model: gpt9\nbatch: {sequences: 4}\ncluster: cs-2\n", 1, 8, "must be a model that wsesim knows; got 'gpt9'"),
        ("model: gpt2\nbatch: {sequences: 4}\ncluster:\n  - cs-2\n", 4, 3, "cluster must be a name or a mapping"),
        ("model: gpt2\nbatch: 4\ncluster: cs-2\n", 2, 8, "batch must be a mapping (lines of `key: value`); got 4"),
        ("model: gpt2\nbatch:\ncluster: cs-2\n", 2, 1, "batch is empty"),
        ("model: gpt2\ncluster: cs-2\n", 1, 1, "the required key 'batch' is missing: phase training needs it"),
        ("true: 1\n" + MINIMAL, 1, 1, "the key true is not text; quote it if it is meant"),
        ("null: 1\n" + MINIMAL, 1, 1, "the key null is not text; quote it"),
        ("? [a, b]\n: 1\n" + MINIMAL, 1, 3, "a key must be text; this is a list or a mapping"),
        (MINIMAL + "1: 2\n", 4, 1, "the key 1 is not text"),
        (MINIMAL + "1.50: 2\n", 4, 1, "the key 1.50 is not text"),
        (MINIMAL + "verification: {1: 2}\n", 4, 16, "the key 1 is not text"),
        (MINIMAL + "verification: {true: 2}\n", 4, 16, "the key true is not text"),
        (MINIMAL + "hardware: {1: 2}\n", 4, 12, "the key 1 is not text"),
        (MINIMAL + "name: 111\n", 4, 7, "name must be text; got 111; quote it"),
        (MINIMAL + "verification: {enabled: 1}\n", 4, 25, "verification.enabled must be true or false; got 1"),
        (MINIMAL + "phase: cooking\n", 4, 8, "phase must be one of decode, evaluation, generate, prefill, serving, "
         "training"),
        (MINIMAL + "phase: trainig\n", 4, 8, "got 'trainig', did you mean 'training'?"),
        (MINIMAL + "phase: [training]\n", 4, 8, "phase must be one of decode, evaluation"),
        (MINIMAL + "phase:\n", 4, 1, "phase is empty"),
        (MINIMAL + "hardware: {core.sram: 48000}\n", 4, 23, "hardware.core.sram needs a unit, for example '48 KiB'"),
        (MINIMAL + "hardware: {core.sram: .nan}\n", 4, 23, "hardware.core.sram needs a unit"),
        (MINIMAL + "hardware: {fabric.hop_cycles: .nan}\n", 4, 31, "fabric.hop_cycles must be a finite number"),
        (MINIMAL + "hardware: {core.sram: -1 KiB}\n", 4, 23, "hardware.core.sram must be positive"),
        (MINIMAL + "hardware: {core: {clok: 1 GHz}}\n", 4, 19, "hardware.core.clok is not a figure of the hardware"),
        (MINIMAL + "hardware: {core: {}}\n", 4, 12, "hardware.core is not a figure of the hardware"),
        (MINIMAL + "hardware: {core: {clock: 1 GHz}, core.clock: 1 GHz}\n", 4, 46, "core.clock is given twice"),
        (MINIMAL + "hardware: {runtime.kernel_launch: 1 us}\n", 4, 12, "it is software.training.kernel_launch"),
        (MINIMAL + "hardware: 3\n", 4, 11, "hardware must be a mapping"),
        (MINIMAL + "software: waferlm\n", 4, 11, "software.stack must be a stack that wsesim knows, or a path in "
         ".yaml; got 'waferlm', did you mean 'waferllm'?"),
        (MINIMAL + "software: waferllm\n", 4, 11, "software = 'waferllm' has no figures of training; ideal, release-2"),
        (MINIMAL + "software: {stack: 3}\n", 4, 19, "software.stack must be the name of a stack, or a path in .yaml"),
        (MINIMAL + "software: {stack: waferllm}\n", 4, 19, "software = 'waferllm' has no figures of training"),
        (MINIMAL + "software: {training.step: 3}\n", 4, 27, "training.step needs a unit"),
        (MINIMAL + "software: {training: {stp: 3 s}}\n", 4, 23, "training.stp is not a figure of the software"),
        (MINIMAL + "software: {core.clock: 1 GHz}\n", 4, 12, "it is hardware.core.clock"),
        (MINIMAL + "software: {inference.token_turn: 1 s}\n", 4, 34, "release 2 has no figures of inference"),
        (MINIMAL + "hardware: {wafer.columns: 0x" + "f" * 9999 + "}\n", 4, 27, "must be smaller; got a huge number"),
        (MINIMAL + "text: sample:soto\n", 4, 7, "'sample:soto' is not a sample that ships with wsesim, did you"),
        (MINIMAL + 'text: "a\\0b"\n', 4, 7, "cannot be read: embedded null byte"),
        (MINIMAL + f"text: {'x' * 4000}\n", 4, 7, "cannot be read: File name too long"),
        (MINIMAL + "text: /dev/null\n", 4, 7, "is not a regular file"),
        (MINIMAL + "text: question.yaml/x\n", 4, 7, "cannot be read: Not a directory"),
        (MINIMAL + "verification: {layers: 11}\n", 4, 24, "verification.layers = 11 is over the model's 10"),
        (MINIMAL + "verification: {length: 2049}\n", 4, 24, "verification.length = 2049 is over the 2048 positions"),
        (MINIMAL + "verification:\n", 4, 1, "verification is empty"),
        (MINIMAL + "token_budget: 0\n", 4, 15, "token_budget must be at least 1; got 0"),
        (MINIMAL + "token_budget: 9999999999999999999\n", 4, 15, "token_budget must be at most"),
        (MINIMAL + "token_budget: 1.5T\n", 4, 15, "must be a whole number; got '1.5T'; write 1500000000000"),
        (MINIMAL + "token_budget: .nan\n", 4, 15, "token_budget must be a whole number; got nan"),
        (MINIMAL + "inference: {prompt: 9}\n", 4, 1, "inference is not read by phase training; leave it out, or change "
         "the phase"),
        ("model: {preset: gpt2, norm_epsilon: .nan}\nbatch: {sequences: 4}\ncluster: cs-2\n", 1, 37,
         "model.norm_epsilon must be a finite number"),
        ("model: {preset: gpt2, config: x.json}\nbatch: {sequences: 4}\ncluster: cs-2\n", 1, 31,
         "model.config and preset cannot both be given; keep one"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_message_at_its_place(
    tmp_path: Path, text: str, line: int, column: int, message: str
) -> None:
    (tmp_path / "x.json").write_text("{}")
    (problem,) = problems(tmp_path, text)
    assert message in problem.message
    assert (problem.line, problem.column) == (line, column)
    assert problem.file == str(tmp_path / "question.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"width": 4100, "heads": 12, "layers": 2}}, "model.heads = 12 does not divide model.width = 4100"),
        ({"model": {"config": "no.json"}}, "model.config = 'no.json' is not there"),
        ({"model": {"preset": "gpt2", "vocab": 100}, "text": __file__}, "GPT-2's 50,257 tokens"),
        ({"batch": {"sequences": 120, "length": 4096}}, "batch.length = 4096 is over the 2048 positions the model has"),
        ({"cluster": {"machine": "cs-2", "systems": 193}}, "cluster.systems must be at most 192 on CS-2"),
    ],
)  # fmt: skip
def test_parts_that_do_not_go_together(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        build(**changes)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert (problem.file, problem.line) == ("study.yaml", None)


def test_a_small_vocabulary_may_read_the_sample_but_no_text_of_the_users() -> None:
    assert build(model="bert-large").asked.shape.vocab < 50257
    with pytest.raises(InputError, match="leave it out"):
        build(model="bert-large", text=__file__)


def test_rotary_positions_have_no_end() -> None:
    question = build(model="llama-2-7b", batch={"sequences": 1, "length": 10_000})
    assert question.asked.resolved["batch"]["length"] == 10_000


def test_settings_replace_what_the_file_says(tmp_path: Path) -> None:
    set_ = ("batch.sequences=240", "cluster.systems=4", "model.layers=2", "hardware.core.clock=1 GHz", "name=other")
    asked = load(tmp_path, MINIMAL, set_=set_).asked
    assert (asked.name, asked.resolved["batch"]["sequences"], asked.hardware.cluster.systems) == ("other", 240, 4)
    assert asked.shape.layers == 2
    assert asked.hardware.cluster.wafer.core.clock_hz == 1e9


def test_a_setting_may_ask_for_another_kind(tmp_path: Path) -> None:
    assert load(tmp_path, MINIMAL, set_=("phase=evaluation",)).kind == "evaluation"
    (problem,) = problems(tmp_path, MINIMAL, set_=("phase=evaluaton",))
    assert problem.message.startswith("--set phase=evaluaton: phase must be one of ")
    assert problem.message.endswith("did you mean 'evaluation'?")
    found = problems(tmp_path, MINIMAL, set_=("phase=prefill",))
    assert [(p.line, p.message) for p in found] == [
        (1, "the required key 'inference' is missing: phase prefill needs it"),
        (2, "batch is not read by phase prefill; leave it out, or change the phase"),
    ]


def test_a_mistake_in_a_setting_names_the_setting(tmp_path: Path) -> None:
    set_ = ("batch.sequences=0", "hardware.core.clock=1 Gz", "cluster={machine: cs-2, systms: 2}")
    found = problems(tmp_path, MINIMAL + "precision: mixd\n", set_=set_)
    assert [(p.line, p.message) for p in found] == [
        (None, "--set batch.sequences=0: batch.sequences must be at least 1; got 0"),
        (None, "--set cluster={machine: cs-2, systms: 2}: unknown key 'systms' in cluster, did you mean 'systems'?"),
        (None, "--set hardware.core.clock=1 Gz: hardware.core.clock has the unknown unit 'Gz', did you mean 'GHz'?"),
        (4, "precision must be one of mixed, fp16, fp32, bf16, cb16; got 'mixd', did you mean 'mixed'?"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("hardware={core: {clok: 1 GHz}}", "hardware.core.clok is not a figure of the hardware, did you mean"),
        ("hardware={core: {clock: 1 s}}", "hardware.core.clock has the unit 's', which does not measure hertz"),
        ("software={training: {step: 3}}", "software.training.step needs a unit"),
        ("software=waferllm", "software = 'waferllm' has no figures of training"),
        ("software.stack=waferlm", "did you mean 'waferllm'?"),
        ("model=gpt9", "model.preset must be a model that wsesim knows; got 'gpt9'"),
        ("cluster=cs2", "did you mean 'cs-2'?"),
        ("inference.prompt=9", "inference is not read by phase training; leave it out, or change the phase"),
        ("batch.seqences=9", "batch.seqences is not a setting of such a file, did you mean 'batch.sequences'?"),
        ("verification.layers=11", "verification.layers = 11 is over the model's 10"),
    ],
)
def test_a_mistake_inside_a_setting_is_said_of_the_setting(tmp_path: Path, setting: str, message: str) -> None:
    (problem,) = problems(tmp_path, MINIMAL, set_=(setting,))
    assert problem.message.startswith(f"--set {setting}: ")
    assert message in problem.message


def test_a_file_full_of_mistakes_is_cut_short(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL + "".join(f"k{number}: 1\n" for number in range(1000)))
    assert len(found) == MOST_REPORTED + 1
    assert found[-1].message == f"and {1000 - MOST_REPORTED} more"


@pytest.mark.parametrize("text", ['hardware: {"core.\\e[31m": 1}\n', '"\\e[31m": 1\n', 'phase: "\\e[31m"\n'])
def test_a_message_cannot_speak_to_the_terminal(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, MINIMAL + text)
    assert problem.message.isprintable()


@pytest.mark.parametrize("text", ["- a\n", "3\n", "model\n"])
def test_a_file_is_a_mapping(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert "a workload is a mapping" in problem.message
    assert problem.line == 1


@pytest.mark.parametrize("text", ["vary: {a: [1]}\n", "workload: x.yaml\n"])
def test_a_study_is_no_question(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert f"is a study; `wsesim sweep {tmp_path / 'question.yaml'}` runs it" in problem.message
