"""From the columns of a row of whole steps to a question."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.model import ModelSpec
from wsesim.validation.asking import NotAsked
from wsesim.validation.rows import Measurement
from wsesim.validation.shapes import adapters_of, family_of, model_of, precision_of
from wsesim.validation.steps import ask_flops, ask_job, ask_step, step_file

ReadRow = Callable[..., Measurement]


def _asked(row: Measurement) -> Mapping[str, Any]:
    return questions.ask(step_file(row), file=row.id, folder=Path()).asked.resolved


def _model(row: Measurement) -> ModelSpec:
    return questions.ask(step_file(row), file=row.id, folder=Path()).asked.shape


def test_a_gpt_by_its_sizes(row_of: ReadRow) -> None:
    row = row_of(system="CS-3", n_systems="2", batch_global="48")
    asked, model = _asked(row), _model(row)
    assert (model.layers, model.width, model.heads, model.kv_heads, model.head_width) == (12, 768, 12, 12, 64)
    assert (model.ffn_width, model.vocab, model.max_length, model.task) == (3072, 50257, 512, "lm")
    assert (model.position, model.norm, model.activation, model.tied) == ("learned", "layer_norm", "gelu", True)
    assert (asked["batch"]["sequences"], asked["batch"]["length"], asked["precision"]) == (48, 512, "mixed")
    assert (asked["cluster"]["machine"], asked["cluster"]["systems"]) == ("cs-3", 2)
    assert asked["software"] == {"stack": "release-2"}
    assert not asked["verification"]["enabled"]


FAMILIES: dict[str, tuple[str, dict[str, object]]] = {
    "BERT-large": ("BERT", {"causal": False, "norm_order": "post", "token_types": 2, "task": "mlm"}),
    "ESM-2 35M": ("ESM", {"causal": False, "position": "rotary", "task": "mlm"}),
    "GPT-J-6B": ("GPT-J", {"block": "parallel", "rotary_width": 64, "tied": False}),
    "Llama-2-7B": ("Llama", {"position": "rotary", "norm": "rms_norm", "bias": False, "tied": False}),
    "Mistral 7B": ("Llama", {"position": "rotary"}),
    "Pythia-6.9B": ("Pythia", {"block": "parallel", "position": "rotary", "tied": False}),
    "Falcon-7B": ("Falcon", {"block": "parallel", "position": "rotary", "bias": False, "tied": True}),
    "BLOOM-7B1": ("BLOOM", {"position": "alibi", "embed_norm": True, "tied": True}),
    "Cerebras-GPT-13B": ("GPT", {"position": "learned", "task": "lm"}),
    "GPT3-20B (USC)": ("GPT", {"position": "learned"}),
    "my own": ("GPT", {"position": "learned"}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_name_gives_the_family(row_of: ReadRow, name: str) -> None:
    family, shape = FAMILIES[name]
    row = row_of(model=name, d_head="64", n_params_b="")
    assert family_of(row).name == family
    model = _model(row)
    assert {field: getattr(model, field) for field in shape} == shape
    assert family_of(row_of(model=name.upper())).name == family


def test_gates_make_an_unknown_model_a_llama(row_of: ReadRow) -> None:
    for gated in ("swiglu", "geglu"):
        row = row_of(model="my own", ffn_type=gated, n_kv_heads="4")
        assert family_of(row).name == "Llama"
        assert (_model(row).activation, _model(row).kv_heads) == (gated, 4)


def test_fine_tuning_an_encoder_is_classifying(row_of: ReadRow) -> None:
    assert _model(row_of(model="BERT-base", notes="Fine-tuning on MNLI")).task == "classify"
    assert _model(row_of(model="Llama-2-7B", notes="Fine-tuning", ffn_type="swiglu")).task == "lm"


@pytest.mark.parametrize(
    ("text", "precision"),
    [("", "mixed"), ("16-bit mixed (cbfloat16)", "mixed"), ("fp32", "fp32"), ("FP16", "mixed"), ("bf16", "mixed")],
)
def test_precision(row_of: ReadRow, text: str, precision: str) -> None:
    assert _asked(row_of(precision=text))["precision"] == precision


@pytest.mark.parametrize("text", ["int16", "tf32", "uint32", "fp8", "fp164"])
def test_a_precision_is_a_word_of_its_own(text: str) -> None:
    with pytest.raises(NotAsked, match=r"precision .* is not modelled"):
        precision_of(text)


@pytest.mark.parametrize("name", ["", "_x", "-", "...", "größe / 1", "a" * 300, "ok-1"])
def test_any_id_names_a_run(row_of: ReadRow, name: str) -> None:
    assert _asked(row_of(id=name))["batch"]["sequences"] == 24


def test_neither_id_nor_value_nor_notes_say_how_to_run(row_of: ReadRow) -> None:
    def asked(**cells: str) -> dict[str, Any]:
        return {key: value for key, value in step_file(row_of(**cells)).items() if key != "name"}

    assert asked() == asked(id="USC-GPT3-20B-B128", value="1", metric="any", notes="something else")


@pytest.mark.parametrize(
    ("unit", "key"),
    [
        ("samples/s", "samples_per_s"), ("samples/sec", "samples_per_s"), ("seqs/s", "samples_per_s"),
        ("tokens/s", "tokens_per_s"), ("tokens/second", "tokens_per_s"), ("s", "step_s"), ("s/step", "step_s"),
    ],
)  # fmt: skip
def test_the_unit_says_what_was_measured(row_of: ReadRow, unit: str, key: str) -> None:
    asked = ask_step(row_of(unit=unit, n_systems="2"))
    assert (asked.figure, asked.to_unit(3), asked.to_unit.unit) == (key, 3, unit)


def test_other_units_of_a_step_and_rates_of_one_system_are_turned_into(row_of: ReadRow) -> None:
    def turned(seconds_or_rate: float, **cells: str) -> float:
        return ask_step(row_of(n_systems="4", **cells)).to_unit(seconds_or_rate)

    assert turned(0.25, unit="ms/step") == turned(0.25, unit="ms") == 250
    assert turned(0.25, unit="steps/s") == 4
    assert turned(100, metric="throughput per system") == turned(100, unit="samples/s/CS-2") == 25
    assert turned(0.25, unit="s", metric="step time per system") == 0.25


def test_what_is_more_than_a_step_of_one_model_is_not_run(row_of: ReadRow) -> None:
    with pytest.raises(NotAsked, match="DPO is not modelled"):
        ask_step(row_of(phase="training (DPO)"))


def test_other_units_are_not_run(row_of: ReadRow) -> None:
    with pytest.raises(NotAsked, match="training throughput in 'furlongs' is not a figure of a step"):
        ask_step(row_of(unit="furlongs"))


def test_evaluation_is_forward_only(row_of: ReadRow) -> None:
    asked = _asked(row_of(phase="evaluation (forward only)"))
    assert asked["phase"] == "evaluation"
    assert not {"recompute", "token_budget"} & asked.keys()


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("device programming time", "programming_s"), ("weight upload at start", "weight_upload_s"),
        ("Checkpoint save", "checkpoint_s"),
    ],
)  # fmt: skip
def test_a_job_is_asked_for_what_it_costs(row_of: ReadRow, metric: str, figure: str) -> None:
    asked = ask_job(row_of(phase="job overhead", metric=metric, unit="s", seq_len="", batch_global="", n_systems="2"))
    assert asked.figure == figure
    assert asked.data["batch"] == {"sequences": 2, "length": 2048}
    with pytest.raises(NotAsked, match="is not modelled"):
        ask_job(row_of(phase="job overhead", metric=metric, unit="minutes"))


def test_flops_are_over_the_tokens_that_the_row_names(row_of: ReadRow) -> None:
    asked = ask_flops(row_of(phase="training (accounting)", unit="FLOP", notes="9037 steps, 2.2B tokens"))
    assert (asked.figure, asked.data["token_budget"]) == ("flops_to_budget", 2_200_000_000)


def test_other_figures_are_settings_of_the_question(row_of: ReadRow) -> None:
    data = step_file(row_of(), {"training.kernel_launch": "150 us", "core.clock": "1 GHz"})
    assert data["software"] == {"stack": "release-2", "training.kernel_launch": "150 us"}
    assert data["hardware"] == {"core.clock": "1 GHz"}


def test_queries_and_keys_of_some_models_are_normed(row_of: ReadRow) -> None:
    assert model_of(row_of(model="Qwen3-1.7B"), length=512)["head_norm"] is True
    assert "head_norm" not in model_of(row_of(model="Qwen2-72B"), length=512)


@pytest.mark.parametrize(
    ("cells", "rank", "adapted"),
    [
        ({"notes": "LoRA r = 16 not merged (adapters on all linear layers)"}, 16, "all"),
        ({"notes": "LoRA not merged; slope only"}, 16, "all"),
        ({"phase": "training (LoRA)", "notes": "LoRA rank 8 (q and v)"}, 8, "attention"),
        ({"model": "Llama-2-7B, LoRA", "notes": "adapters in attention"}, 16, "attention"),
        ({"notes": "LoRA r = 16, merged before"}, 0, "attention"),
        ({"notes": "packed"}, 0, "attention"),
    ],
)  # fmt: skip
def test_adapters_are_read_from_what_a_row_says_of_them(
    row_of: ReadRow, cells: dict[str, str], rank: int, adapted: str
) -> None:
    row = row_of(**cells)
    model = _model(row)
    assert (model.adapter_rank, model.adapted) == (rank, adapted)
    assert ("adapters of rank" in ask_step(row).note) == (rank > 0) == bool(adapters_of(row))


@pytest.mark.parametrize(
    ("cells", "tied"),
    [
        ({}, True),
        ({"n_params_b": "0.163"}, False),
        ({"n_params_b": "0.14"}, True),  # between the two: as the family has it
        ({"n_params_b": ""}, True),
        ({"n_params_b": "0.124", "model": "Llama, small", "ffn_type": "gelu"}, True),
        ({"n_params_b": "0.163", "notes": "tied head"}, True),
        ({"notes": "untied head"}, False),
    ],
)  # fmt: skip
def test_a_row_says_by_its_notes_or_its_count_whether_the_head_is_tied(
    row_of: ReadRow, cells: dict[str, str], tied: bool
) -> None:
    assert _model(row_of(**cells)).tied == tied


@pytest.mark.parametrize("count", ["46.7", "0.05"])
def test_sizes_that_make_another_model_are_not_run(row_of: ReadRow, count: str) -> None:
    """As those of one expert of several, or of one half of an encoder and a decoder."""
    with pytest.raises(NotAsked, match=rf"^its sizes make 0.124 billion parameters, the row says {count}$"):
        step_file(row_of(n_params_b=count))


@pytest.mark.parametrize(
    "column", ["layers", "d_model", "n_heads", "d_head", "d_ffn", "vocab", "seq_len", "batch_global"]
)
@pytest.mark.parametrize("cell", ["", "unknown", "1.5"])
def test_a_missing_size_is_named(row_of: ReadRow, column: str, cell: str) -> None:
    with pytest.raises(NotAsked, match=f"^the row gives no {column}$"):
        step_file(row_of(**{column: cell}))


def test_all_missing_sizes_are_named(row_of: ReadRow) -> None:
    with pytest.raises(NotAsked, match=r"^the row gives no seq_len, batch_global$"):
        step_file(row_of(layers="", vocab="", seq_len="", batch_global=""))
    with pytest.raises(NotAsked, match=r"^the row gives no layers, vocab$"):
        step_file(row_of(layers="", vocab=""))


def test_a_share_of_zeros_is_read_from_the_words_that_rows_use(row_of: ReadRow) -> None:
    texts = {"": 0.0, "dense": 0.0, "dense (not stated)": 0.0, "none": 0.0, "75 % static": 0.75, "0.5": 0.5,
             "80% unstructured": 0.8}  # fmt: skip
    for text, share in texts.items():
        assert _model(row_of(sparsity=text)).sparsity == share
    for text in ("2:4", "mostly zeros", "150 %"):
        with pytest.raises(NotAsked, match="is not modelled"):
            step_file(row_of(sparsity=text))
