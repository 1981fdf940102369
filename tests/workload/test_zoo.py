"""Jobs of the Model Zoo as workloads: both forms, what is read of them, and what is refused."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.errors import InputError, Problem
from wsesim.model import parameters
from wsesim.questions.base import Question
from wsesim.workload.zoo import is_job, job_of
from wsesim.yamlfile import parse_yaml

SHAPE = "hidden_size: 64, num_hidden_layers: 2, num_heads: 4, filter_size: 256, vocab_size: 500"
TRAINER = f"""\
trainer:
  init: &init
    backend: {{backend_type: CSX, cluster_config: {{num_csx: 2}}}}
    model: &model
      name: llama
      {SHAPE.replace(", ", chr(10) + "      ")}
      max_position_embeddings: 128
      position_embedding_type: rotary
      rotary_dim: 16
      norm_type: rmsnorm
      nonlinearity: swiglu
      attention_module: multiquery_attention
      extra_attention_params: {{num_kv_groups: 2}}
      share_embedding_weights: false
      use_projection_bias_in_attention: false
      use_ffn_bias_in_attention: false
      use_ffn_bias: false
      attention_sliding_window_length: 40
      dropout_rate: 0.1
      hiden_size: 3
    optimizer: {{SGD: {{momentum: 0.9}}}}
    precision: {{enabled: true, fp16_type: cbfloat16, precision_opt_level: 2, loss_scaling_factor: dynamic}}
    loop: {{max_steps: 100, eval_frequency: 10}}
    checkpoint: {{steps: 50}}
    sparsity: {{sparsity: 0.5, algorithm: set}}
    callbacks:
    - ComputeNorm: {{}}
    - ScopedTrainFlags: {{csx.performance.micro_batch_size: 4}}
  fit:
    train_dataloader: &loader {{data_processor: X, batch_size: 16, max_sequence_length: 100}}
    val_dataloader: {{<<: *loader, batch_size: 8}}
  validate: {{val_dataloader: *loader}}
"""
FLAT = f"""\
train_input: {{batch_size: 32, micro_batch_size: auto, max_sequence_length: 64, max_predictions_per_seq: 9}}
model: {{{SHAPE}, encoder_nonlinearity: gelu, disable_nsp: true, max_position_embeddings: 64, mixed_precision: true,
  use_bfloat16: true}}
optimizer: {{optimizer_type: AdamW, learning_rate: 1}}
runconfig: {{max_steps: 10, num_csx: 1, precision_opt_level: 0, checkpoint_steps: 5}}
"""


def asked(text: str, folder: Path, *settings: str) -> Question:
    (folder / "params.yaml").write_text(text)
    return questions.load(folder / "params.yaml", settings=("cluster.machine=cs-3", *settings))


def refused(text: str, folder: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        asked(text, folder)
    return caught.value.problems[0]


def test_the_trainer_form(tmp_path: Path) -> None:
    question = asked(TRAINER, tmp_path)
    resolved, model = question.asked.resolved, question.asked.shape
    assert (model.layers, model.width, model.heads, model.kv_heads, model.ffn_width) == (2, 64, 4, 2, 256)
    assert (model.norm, model.activation, model.position, model.rotary_width) == ("rms_norm", "swiglu", "rotary", 16)
    assert (model.tied, model.bias, model.attention_bias, model.sparsity) == (False, False, False, 0.5)
    assert (model.window, model.project_bias) == (40, False)
    assert resolved["batch"] == {"sequences": 16, "length": 100, "micro_batch": 4, "sub_batch": "auto", "parts": "auto"}
    assert (resolved["precision"], resolved["precision_opt_level"]) == ("cb16", 2)
    assert resolved["cluster"]["systems"] == 2
    assert resolved["token_budget"] == 100 * 16 * 100
    assert resolved["software"]["training.state_bytes_per_parameter"] == 12, "one moment of momentum"
    read, apart, free, unknown = question.asked.notes[:4]
    assert "model.hidden_size" in read
    assert "extra_attention_params.num_kv_groups" in read
    assert "changes of the mask" in apart
    assert resolved["job"] == {"checkpoint_every": 50, "evaluate_every": 10, "evaluate_steps": 1}
    assert "model.dropout_rate" in free
    assert "ComputeNorm" in free
    assert "model.hiden_size, did you mean 'hidden_size'" in unknown


def test_the_flat_form(tmp_path: Path) -> None:
    question = asked(FLAT, tmp_path)
    resolved, model = question.asked.resolved, question.asked.shape
    assert (model.task, model.masked, model.sentence_head, model.token_types) == ("mlm", 9, False, 0)
    assert (model.causal, model.norm_order, model.activation) == (False, "post", "gelu")
    assert (resolved["precision"], resolved["precision_opt_level"]) == ("bf16", 0)
    free = dict.fromkeys(("micro_batch", "sub_batch", "parts"), "auto")
    assert resolved["batch"] == {"sequences": 32, "length": 64, **free}
    assert (
        "Not in that file, and so as in the Model Zoo: position_embedding_type = 'learned'" in question.asked.notes[1]
    )
    assert "training.state_bytes_per_parameter" not in resolved["software"], "AdamW is what stacks have"


def test_a_slip_is_no_key_without_effect(tmp_path: Path) -> None:
    slips = {
        "    optimizer: {": "    optimzer: {", "{max_steps: 100,": "{max_step: 100,", "{steps: 50}": "{step: 50}",
        "loss_scaling_factor: dynamic": "loss_scaling_factr: dynamic", "{num_csx: 2}": "{num_csxs: 2}",
        "- ComputeNorm: {}": "- ComputeNrm: {}\n    - Mine: {}\n    - FreezeParameters: {}",
        "batch_size: 8}": "batch_size: 8}\n  fitt: {}", "max_sequence_length: 100": "max_sequence_len: 100, mine: 1",
    }  # fmt: skip
    text = TRAINER
    for right, wrong in slips.items():
        assert right in text
        text = text.replace(right, wrong)
    _, apart, free, unknown = asked(text, tmp_path).asked.notes[:4]
    for name, meant in {
        "optimzer": "optimizer", "loop.max_step": "max_steps", "checkpoint.step": "steps", "trainer.fitt": "fit",
        "precision.loss_scaling_factr": "loss_scaling_factor", "cluster_config.num_csxs": "num_csx",
        "ComputeNrm": "ComputeNorm", "train_dataloader.max_sequence_len": "max_sequence_length",
    }.items():  # fmt: skip
        assert f"{name}, did you mean '{meant}'" in unknown
    assert "Mine" in unknown
    assert "which weights are not learned (FreezeParameters)" in apart
    assert "train_dataloader.mine, " in free


@pytest.mark.parametrize("begin", ["trainer:\n- trainer:\n", "trainer:\n-\n"])
def test_a_list_of_one_trainer_is_that_one(begin: str, tmp_path: Path) -> None:
    inside = TRAINER.removeprefix("trainer:\n").rstrip("\n").replace("\n", "\n  ")
    listed, plain = asked(f"{begin}  {inside}\n", tmp_path), asked(TRAINER, tmp_path)
    assert listed.asked.resolved == plain.asked.resolved
    assert listed.asked.notes == plain.asked.notes


def test_epochs_whose_steps_nobody_says_are_told(tmp_path: Path) -> None:
    question = asked(TRAINER.replace("{max_steps: 100, eval_frequency: 10}", "{num_epochs: 3}"), tmp_path)
    (note,) = (note for note in question.asked.notes if "loop.num_epochs" in note)
    assert note.startswith("In that file, and not in any time here: ")
    assert "how many steps loop.num_epochs are, as no steps_per_epoch says it" in note


def test_steps_between_of_which_no_whole_number_is_are_told(tmp_path: Path) -> None:
    question = asked(TRAINER.replace("eval_frequency: 10", "eval_frequency: 0.5"), tmp_path)
    assert any("loop.eval_frequency = 0.5 (no whole number" in note for note in question.asked.notes)


def test_a_setting_of_the_line_is_called_what_it_is_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model.heads = 5 does not divide model.width = 64"):
        asked(TRAINER, tmp_path, "model.heads=5")


def test_of_names_that_its_file_does_not_have_none_is_said_to_be_given(tmp_path: Path) -> None:
    epsilon = TRAINER.replace("dropout_rate: 0.1", "layer_norm_epsilon: 1.0e-5")
    assert asked(epsilon, tmp_path).asked.given == {"cluster.machine"}
    again = asked(epsilon, tmp_path, "model.norm_epsilon=1e-6", "hardware={core.clock: 1 GHz}")
    assert again.reads.unread(again.asked.given) == ("model.norm_epsilon",)
    assert "hardware.core.clock" in again.asked.given


def test_how_often_a_loss_is_logged_is_not_said_to_be_without_effect(tmp_path: Path) -> None:
    logged = TRAINER.replace("    loop: {", "    logging: {log_steps: 1, log_level: INFO}\n    loop: {")
    for text, often, named in ((logged, "each step", "logging.log_steps"),
                               (FLAT.replace("num_csx: 1", "num_csx: 1, log_steps: 10"), "every 10 steps",
                                "runconfig.log_steps")):  # fmt: skip
        notes = asked(text, tmp_path).asked.notes
        (apart,) = (note for note in notes if "not in any time here" in note)
        assert f"a loss logged {often} ({named}; software.training.log_every=" in apart
        assert not any(named in note for note in notes if note != apart)
    assert any("logging.log_level" in note for note in asked(logged, tmp_path).asked.notes)


def test_sparsity_that_old_files_call_sideband_does_not_change(tmp_path: Path) -> None:
    for kind, changes in (("sideband", False), ("gmp", True)):
        sparse = FLAT + f"sparsity: {{type: {kind}, sparsity: 0.5}}\n"
        notes = asked(sparse, tmp_path).asked.notes
        assert any("changes of the mask" in note for note in notes) == changes


def test_a_slip_in_a_model_without_a_name_is_named(tmp_path: Path) -> None:
    found = refused("model: {hiden_size: 64, num_heads: 2}\nrunconfig: {}\n", tmp_path)
    assert found.message == "the model has no name, and no key by which to know it; there is 'hiden_size'"


@pytest.mark.parametrize(("loop", "steps"), [
    ("{num_steps: 30}", 30), ("{num_steps: 3.0e+1}", 30),
    ("{max_steps: 100, num_steps: 30}", 30), ("{num_epochs: 3, steps_per_epoch: 10}", 30),
    ("{max_steps: 30, num_epochs: 3, steps_per_epoch: 100}", 30),
    ("{max_steps: 100, num_epochs: 3, steps_per_epoch: 10}", 30),
    ("{num_steps: 30, num_epochs: 1, steps_per_epoch: 1}", 30),
])  # fmt: skip
def test_steps_by_any_key(loop: str, steps: int, tmp_path: Path) -> None:
    question = asked(TRAINER.replace("{max_steps: 100, eval_frequency: 10}", loop), tmp_path)
    assert question.asked.resolved["token_budget"] == steps * 16 * 100


def test_adapters_of_a_callback_are_those_of_a_model(tmp_path: Path) -> None:
    low = "{lora_params: {r: 4, alpha: 8, target_modules: [nn.Linear]}}"
    called = asked(TRAINER.replace("- ComputeNorm: {}", f"- Lora: {low}"), tmp_path).asked
    stated = asked(TRAINER.replace("      hiden_size: 3\n", f"      {low[1:-1]}\n"), tmp_path).asked
    assert called.shape == stated.shape
    assert (called.shape.adapter_rank, called.shape.adapter_scale) == (4, 2)
    slip = asked(TRAINER.replace("- ComputeNorm: {}", f"- Lora: {low.replace('r:', 'rr:')}"), tmp_path).asked
    assert "Lora.lora_params.rr, did you mean 'r'" in " ".join(slip.notes)


def test_the_old_form_multiplies_as_its_machine_is_told(tmp_path: Path) -> None:
    told = asked(
        FLAT.replace("use_bfloat16: true", "use_bfloat16: false") + "csconfig: {use_cbfloat16: true}\n", tmp_path
    )
    assert told.asked.resolved["precision"] == "cb16"


def test_it_is_shown_as_a_workload_that_asks_the_same(tmp_path: Path) -> None:
    question = asked(TRAINER, tmp_path)
    (tmp_path / "again.yaml").write_text(questions.show(question))
    again = questions.load(tmp_path / "again.yaml")
    assert again.asked.resolved == {**question.asked.resolved, "name": "params"}
    assert parameters(again.asked.shape) == parameters(question.asked.shape)


def test_a_job_without_a_loader_to_train_from_evaluates(tmp_path: Path) -> None:
    text = TRAINER.replace("train_dataloader: &loader", "other: &loader")
    assert asked(text, tmp_path).kind == "evaluation"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        (
            "name: llama",
            "name: t5",
            5,
            "model.name says that this model needs a decoder that attends to an encoder; that is not modelled",
        ),
        ("name: llama", "name: lama", 5, "model.name = 'lama' is no family that is known here, did you mean 'llama'?"),
        ("name: llama", "name: [1]", 5, "model.name = a list is no family"),
        ("hidden_size: 64", "hidden_size: many", 6, "model.hidden_size must be a whole number; got 'many'"),
        ("hidden_size: 64", "other_size: 64", 4, "model.hidden_size is missing"),
        ("hidden_size: 64", "hidden_size: 66", 8, "model.num_heads = 4 does not divide model.hidden_size = 66; make"),
        ("batch_size: 16", "batch_size: 0", 34, "train_dataloader.batch_size must be at least 1; got 0"),
        ("num_csx: 2", "num_csx: two", 3, "cluster_config.num_csx must be a whole number; got 'two'"),
        ("max_steps: 100", "max_steps: abc", 27, "loop.max_steps must be a whole number; got 'abc'"),
        ("num_heads: 4", "num_heads: 0", 8, "model.num_heads must be a whole number above 0; got 0"),
        ("type: rotary", "type: relative", 12, "positions by learned buckets of distances (T5) are not modelled"),
        ("type: rotary", "type: rotery", 12, "is not modelled, did you mean 'rotary'?"),
        ("dropout_rate: 0.1", "attention_chunk_size: 4", 23, "= 4: attention in chunks, which is not modelled"),
        ("dropout_rate: 0.1", "moe: {num_experts: 4, top_k: 9}", 23, "model.experts_per_token must be from 1 to"),
        ("batch_size: 16, ", "", 34, "train_dataloader.batch_size is missing"),
        ("batch_size: 16, ", "batchsize: 16, ", 34, "how many sequences a step has; there is 'batchsize'"),
        ("  init: &init", "  init: 3\n  x: &init", 2, "init must be a mapping"),
        ("trainer:\n", "trainer: [1, 2]\nx:\n", 1, "trainer: a list of 2 jobs, each a question of its own"),
        ("trainer:\n", "trainer: []\nx:\n", 1, "trainer: an empty list, without a job; its one entry is `- trainer:`"),
        ("trainer:\n", "trainer: [5]\nx:\n", 1, "trainer.0 must be a mapping (lines of `key: value`); got 5"),
        ("fp16_type: cbfloat16", "fp16_type: cbfloat", 26, "did you mean 'cbfloat16'?"),
    ],
)
def test_refused(old: str, new: str, line: int, said: str, tmp_path: Path) -> None:
    problem = refused(TRAINER.replace(old, new, 1), tmp_path)
    assert said in problem.message
    assert problem.line == line


def test_a_file_that_names_no_machine_says_how_to(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(FLAT)
    with pytest.raises(InputError, match="--machine cs-3"):
        questions.load(tmp_path / "p.yaml")


def test_what_a_file_says_beside_sizes(tmp_path: Path) -> None:
    lora = "name: llama\n      lora_params: {r: 8, alpha: 16, target_modules: [self_attn, Linear]}"
    model = asked(TRAINER.replace("name: llama", lora), tmp_path).asked.shape
    assert (model.adapter_rank, model.adapter_scale, model.adapted) == (8, 2.0, "attention")
    for told in ("use_position_embedding: false", "position_embedding_type: null"):
        text = FLAT.replace("optimizer:", "lora: 3\noptimizer:").replace(
            "use_bfloat16: true", f"use_bfloat16: true, {told}"
        )
        question = asked(text, tmp_path)
        assert question.asked.shape.position == "none"
        assert any("not known here: lora." in note for note in question.asked.notes)
    slip = refused(TRAINER.replace("hidden_size: 64", "hiddensize: 64"), tmp_path)
    assert "model.hidden_size is missing; there is 'hi" in slip.message


@pytest.mark.parametrize("text", ["model: gpt2\ncluster: cs-3\n", "- 1\n", "3\n", "runconfig: {}\n"])
def test_other_files_are_no_jobs(text: str) -> None:
    assert not is_job(parse_yaml(text).data)


def test_control_characters_of_names_do_not_reach_a_terminal(tmp_path: Path) -> None:
    problem = refused(TRAINER.replace("name: llama", 'name: "a\\u001b[31mb"'), tmp_path)
    assert "\x1b" not in str(problem)
    (tmp_path / "p.yaml").write_text(TRAINER.replace("hiden_size", '"hi\\u001b[31mden"'))
    job = job_of(parse_yaml((tmp_path / "p.yaml").read_text()))
    assert all(note.isprintable() for note in job.notes)


WEIRD: tuple[Any, ...] = (
    None,
    [],
    {},
    -1,
    0,
    3,
    1.5,
    10**30,
    "x",
    True,
    [1, 2],
    {"a": 1},
    "\x1b[31m",
    [{}],
    [None],
    {"": ""},
)
"""What may stand where something else is meant."""


def _places(held: Any, loc: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if loc:
        yield loc
    for key, value in held.items() if isinstance(held, dict) else enumerate(held) if isinstance(held, list) else ():
        yield from _places(value, (*loc, key))


def _mistaken() -> Iterator[str]:
    """Yield jobs with something else at each place."""
    for text in (TRAINER, FLAT):
        whole = json.dumps(parse_yaml(text).data)
        for loc, value in itertools.product(_places(json.loads(whole)), WEIRD):
            data = inside = json.loads(whole)
            for key in loc[:-1]:
                inside = inside[key]
            inside[loc[-1]] = value
            yield json.dumps(data)


def _holds(texts: Iterable[str], folder: Path) -> None:
    for text in texts:
        with contextlib.suppress(InputError):
            asked(text, folder)


def test_anything_anywhere_is_read_or_refused(tmp_path: Path) -> None:
    _holds(itertools.islice(_mistaken(), 0, None, 61), tmp_path)


@pytest.mark.nightly
def test_anything_anywhere_is_read_or_refused_everywhere(tmp_path: Path) -> None:
    _holds(_mistaken(), tmp_path)


def test_the_model_of_a_job_may_be_asked_anything(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(TRAINER)
    data: dict[str, Any] = {"model": {"zoo": "p.yaml", "layers": 3}, "phase": "decode", "cluster": "cs-3",
                            "inference": {"prompt": 50}}  # fmt: skip
    question = questions.ask(data, file="w.yaml", folder=tmp_path)
    assert (question.asked.shape.layers, question.asked.shape.window) == (3, 40)
    assert any(note.startswith("Read from a file of the Cerebras Model Zoo") for note in question.asked.notes)
    (tmp_path / "p.yaml").write_text("a: 1\n")
    with pytest.raises(InputError, match="is no job of the Model Zoo"):
        questions.ask(data, file="w.yaml", folder=tmp_path)
    with pytest.raises(InputError, match="cannot both be given"):
        questions.ask({**data, "model": {"zoo": "p.yaml", "preset": "gpt2"}}, file="w.yaml", folder=tmp_path)
