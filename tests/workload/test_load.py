import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsesim.errors import InputError, Problem
from wsesim.model import load_preset, parameters
from wsesim.workload import Workload, build_workload, load_workload
from wsesim.workload.problems import MOST_REPORTED
from wsesim.workload.schema import SECTIONS, WorkloadFile

MINIMAL = "model: cerebras-gpt-111m\nbatch: {sequences: 120}\ncluster: cs-2\n"
DATA: dict[str, Any] = {"model": "cerebras-gpt-111m", "batch": {"sequences": 120}, "cluster": "cs-2"}
FOUR = {"machine": "cs-2", "systems": 4}
WORKLOADS = Path(__file__).parents[2] / "workloads"


def load(tmp_path: Path, text: str, *, set_: tuple[str, ...] = ()) -> Workload:
    file = tmp_path / "question.yaml"
    file.write_text(text, "utf-8")
    return load_workload(file, settings=set_)


def problems(tmp_path: Path, text: str, *, set_: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text, set_=set_)
    return caught.value.problems


def build(**changes: Any) -> Workload:
    return build_workload({**DATA, **changes}, file="study.yaml", folder=Path())


def test_everything_left_out_is_filled_in(tmp_path: Path) -> None:
    workload = load(tmp_path, MINIMAL)
    model = load_preset("cerebras-gpt-111m")
    assert workload.name == "question"
    assert workload.model == model
    assert (workload.sequences, workload.length, workload.micro_batch) == (120, 2048, None)
    assert (workload.phase, workload.precision, workload.recompute) == ("training", "mixed", "auto")
    assert workload.hardware.cluster.systems == 1
    assert workload.text == "sample:sotu"
    assert workload.verification.enabled
    assert (workload.verification.length, workload.verification.layers, workload.verification.weights) == (
        64,
        None,
        None,
    )
    assert workload.outputs.timeline
    assert workload.token_budget == model.token_budget
    assert workload.title == (
        "One training step of cerebras-gpt-111m (111M parameters) on CS-2:"
        " 120 sequences of 2,048 tokens, mixed precision."
    )


def test_every_default_is_named_with_its_source(tmp_path: Path) -> None:
    defaults = {default.name: default for default in load(tmp_path, MINIMAL).defaults}
    given = {"model", "batch.sequences", "cluster.machine", "hardware", "software"}
    expected = {"software.stack", *WorkloadFile.model_fields} - SECTIONS.keys()
    expected |= {
        f"{name}.{key}"
        for name, section in SECTIONS.items()
        if name not in ("model", "inference", "serving")
        for key in section.model_fields
    }
    assert defaults.keys() == expected - given
    assert all(default.source for default in defaults.values())
    assert defaults["batch.length"].text == "2048"


def test_what_is_given_is_no_default(tmp_path: Path) -> None:
    text = "precision: mixed\ntoken_budget: 7\nverification: {seed: 0}\nbatch: {sequences: 4, micro_batch: auto}\n"
    workload = load(tmp_path, f"model: gpt2\ncluster: cs-2\n{text}")
    names = {default.name for default in workload.defaults}
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
    workload = load(tmp_path, f"{text}\nbatch: {{sequences: 1, length: 8}}\ncluster: cs-2\n")
    assert workload.token_budget == (tokens or 20 * parameters(workload.model))
    assert any(d.name == "token_budget" and d.source.startswith(source) for d in workload.defaults)


def test_a_machine_has_its_own_number_of_systems(tmp_path: Path) -> None:
    workload = load(tmp_path, "model: gpt2\nbatch: {sequences: 32}\ncluster: andromeda\n")
    assert workload.hardware.cluster.systems == 16
    assert workload.resolved["cluster"] == {"machine": "andromeda", "systems": 16}
    assert workload.sequences_per_system == 2


def test_hardware_is_changed_by_name(tmp_path: Path) -> None:
    workload = load(tmp_path, MINIMAL + "hardware: {core.sram: 96 KiB, wafer.io_channels: 30}\n")
    assert workload.hardware.cluster.wafer.core.sram_bytes == 96 * 1024
    assert workload.hardware.cluster.wafer.io_channels == 30
    assert workload.resolved["hardware"] == {"core.sram": "96 KiB", "wafer.io_channels": 30}


def test_hardware_figures_are_checked_together(tmp_path: Path) -> None:
    load(tmp_path, MINIMAL + "hardware: {core.sram: 96 KiB, core.reserved: 64 KiB}\n")
    (problem,) = problems(tmp_path, MINIMAL + "hardware: {core.clock: 1 GHz, core.reserved: 64 KiB}\n")
    assert problem.message.startswith("hardware.core.reserved")
    assert (problem.line, problem.column) == (4, 46)


def test_paths_start_at_the_workload(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("It was")
    (tmp_path / "w.safetensors").write_bytes(b"x")
    workload = load(tmp_path, MINIMAL + "text: book.txt\nverification: {weights: w.safetensors}\n")
    assert workload.text == str(tmp_path / "book.txt")
    assert workload.verification.weights == str(tmp_path / "w.safetensors")
    assert workload.resolved["text"] == "book.txt"
    assert workload.resolved["verification"]["weights"] == "w.safetensors"  # type: ignore[index]


def test_the_resolved_workload_is_plain_and_resolves_to_itself() -> None:
    workload = build(
        hardware={"core.clock": "1 GHz"}, model={"layers": 2, "width": 64, "heads": 4, "max_length": 9}, name="a"
    )
    data = json.loads(json.dumps(workload.resolved, allow_nan=False))
    again = build_workload(data, file="other.yaml", folder=Path())
    assert again.resolved == workload.resolved
    assert (again.model, again.hardware.cluster) == (workload.model, workload.hardware.cluster)
    unread = ("inference", "serving")
    assert list(workload.resolved) == [name for name in WorkloadFile.model_fields if name not in unread]


def test_the_name_of_a_file_becomes_a_name_for_a_folder(tmp_path: Path) -> None:
    for stem, name in (("my model (2)", "my-model-2-"), ("..x", "x"), ("äö", "workload"), ("gpt-1.3b", "gpt-1.3b")):
        file = tmp_path / f"{stem}.yaml"
        file.write_text(MINIMAL)
        assert load_workload(file).name == name


@pytest.mark.parametrize("file", sorted(WORKLOADS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_workloads_that_ship_are_right_and_say_why(file: Path) -> None:
    workload = load_workload(file)
    assert workload.name == file.stem
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
        (7, 7, "text = 'nowhere.txt' is not there; paths start at the folder of the workload file"),
        (8, 25, "verification.weights = '.' is a folder; name a file"),
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
        (MINIMAL + "1: 2\n", 4, 1, "unknown key 1; there are: name, model"),
        (MINIMAL + "verification: {1: 2}\n", 4, 16, "the key 1 in verification is not text"),
        (MINIMAL + "name: 111\n", 4, 7, "name must be text; got 111; quote it"),
        (MINIMAL + "verification: {enabled: 1}\n", 4, 25, "verification.enabled must be true or false; got 1"),
        (MINIMAL + "phase: inference\n", 4, 8, "phase must be one of training, evaluation, prefill"),
        (MINIMAL + "hardware: {core.sram: 48000}\n", 4, 23, "hardware.core.sram needs a unit, for example '48 KiB'"),
        (MINIMAL + "hardware: {core.sram: -1 KiB}\n", 4, 23, "hardware.core.sram must be positive"),
        (MINIMAL + "hardware: {core: {clok: 1 GHz}}\n", 4, 19, "hardware.core.clok is not a figure of the hardware"),
        (MINIMAL + "hardware: {core: {}}\n", 4, 12, "hardware.core is not a figure of the hardware"),
        (MINIMAL + "hardware: {core: {clock: 1 GHz}, core.clock: 1 GHz}\n", 4, 46, "core.clock is given twice"),
        (MINIMAL + "hardware: {runtime.kernel_launch: 1 us}\n", 4, 12, "it is software.training.kernel_launch"),
        (MINIMAL + "software: waferlm\n", 4, 11, "software.stack must be one of ideal, release-2"),
        (MINIMAL + "software: waferllm\n", 4, 11, "software = 'waferllm' has no figures of training; ideal, release-2"),
        (MINIMAL + "software: {stack: 3}\n", 4, 19, "software.stack must be the name of a stack, or a path in .yaml"),
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
        (MINIMAL + "token_budget: 0\n", 4, 15, "token_budget must be at least 1; got 0"),
        (MINIMAL + "token_budget: 9999999999999999999\n", 4, 15, "token_budget must be at most"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_message_at_its_place(
    tmp_path: Path, text: str, line: int, column: int, message: str
) -> None:
    (problem,) = problems(tmp_path, text)
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert problem.file == str(tmp_path / "question.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"width": 4100, "heads": 12, "layers": 2}}, "model.heads = 12 does not divide model.width = 4100"),
        ({"model": {"config": "no.json"}}, "model.config = 'no.json' is not there"),
        ({"model": {"preset": "gpt2", "vocab": 100}, "text": __file__}, "GPT-2's 50,257 tokens"),
        ({"batch": {"sequences": 130}, "cluster": FOUR}, "by 4 systems; the nearest that can: 128 or 132"),
        ({"batch": {"sequences": 2}, "cluster": FOUR}, "by 4 systems; the nearest that can: 4"),
        ({"batch": {"sequences": 120, "micro_batch": 7}}, "the 120 sequences of a system; the nearest that do: 6 or 8"),
        ({"batch": {"sequences": 120, "micro_batch": 121}}, "the nearest that do: 120"),
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
    assert build(model="bert-large").model.vocab < 50257
    with pytest.raises(InputError, match="leave it out"):
        build(model="bert-large", text=__file__)


def test_rotary_positions_have_no_end() -> None:
    assert build(model="llama-2-7b", batch={"sequences": 1, "length": 10_000}).length == 10_000


def test_settings_replace_what_the_file_says(tmp_path: Path) -> None:
    set_ = ("batch.sequences=240", "cluster.systems=4", "model.layers=2", "hardware.core.clock=1 GHz", "name=other")
    workload = load(tmp_path, MINIMAL, set_=set_)
    assert (workload.name, workload.sequences, workload.hardware.cluster.systems) == ("other", 240, 4)
    assert workload.model.layers == 2
    assert workload.hardware.cluster.wafer.core.clock_hz == 1e9


def test_a_mistake_in_a_setting_names_the_setting(tmp_path: Path) -> None:
    set_ = ("batch.sequences=0", "hardware.core.clock=1 Gz", "cluster={machine: cs-2, systms: 2}")
    found = problems(tmp_path, MINIMAL + "precision: mixd\n", set_=set_)
    assert [(p.line, p.message) for p in found] == [
        (None, "--set batch.sequences=0: batch.sequences must be at least 1; got 0"),
        (None, "--set cluster={machine: cs-2, systms: 2}: unknown key 'systms' in cluster, did you mean 'systems'?"),
        (None, "--set hardware.core.clock=1 Gz: hardware.core.clock has the unknown unit 'Gz', did you mean 'GHz'?"),
        (4, "precision must be one of mixed, fp16, fp32; got 'mixd', did you mean 'mixed'?"),
    ]  # fmt: skip


def test_a_file_full_of_mistakes_is_cut_short(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL + "".join(f"k{number}: 1\n" for number in range(1000)))
    assert len(found) == MOST_REPORTED + 1
    assert found[-1].message == f"and {1000 - MOST_REPORTED} more"


def test_a_message_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, MINIMAL + 'hardware: {"core.\\e[31m": 1}\n')
    assert problem.message.isprintable()


@pytest.mark.parametrize("text", ["- a\n", "3\n", "model\n"])
def test_a_workload_is_a_mapping(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert "a workload is a mapping" in problem.message
    assert problem.line == 1


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 200),
    st.just(10**5000),
    st.floats(),
    st.sampled_from(["auto", "cs-2", "gpt2", "1 GHz", "", "\0", "sample:sotu", "."]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.one_of(st.text(max_size=3), st.integers(), st.none()), st.integers(), max_size=2),
)
ANY_KEY = st.sampled_from([*(key for section in SECTIONS.values() for key in section.model_fields), "core.clock"])
ANY_DATA = st.dictionaries(
    st.one_of(st.sampled_from(list(WorkloadFile.model_fields)), st.text(max_size=3), st.integers()),
    st.one_of(ODD, st.dictionaries(ANY_KEY, ODD, max_size=4)),
    max_size=6,
)


@settings(max_examples=300, deadline=None)
@given(ANY_DATA)
def test_any_data_is_a_workload_or_a_mistake_of_the_user(data: dict[Any, Any]) -> None:
    try:
        workload = build_workload({**DATA, **data}, file="x.yaml", folder=Path())
    except InputError:
        return
    assert build_workload(workload.resolved, file="x.yaml", folder=Path()).resolved == workload.resolved
