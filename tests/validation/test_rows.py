"""From the columns of a row to a workload."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wsesim.validation.rows import NotRunnable, family_of, result_key, workload_of
from wsesim.validation.table import Measurement
from wsesim.workload import Workload, build_workload

ReadRow = Callable[..., Measurement]


def _built(row: Measurement) -> Workload:
    return build_workload(workload_of(row), file=row.id, folder=Path())


def test_a_gpt_by_its_sizes(row_of: ReadRow) -> None:
    workload = _built(row_of(system="CS-3", n_systems="2", batch_global="48"))
    model = workload.model
    assert (model.layers, model.width, model.heads, model.kv_heads, model.head_width) == (12, 768, 12, 12, 64)
    assert (model.ffn_width, model.vocab, model.max_length, model.task) == (3072, 50257, 512, "lm")
    assert (model.position, model.norm, model.activation, model.tied) == ("learned", "layer_norm", "gelu", True)
    assert (workload.sequences, workload.length, workload.precision) == (48, 512, "mixed")
    assert (workload.hardware.cluster.name, workload.hardware.cluster.systems) == ("CS-3", 2)
    assert not workload.verification.enabled


FAMILIES: dict[str, tuple[str, dict[str, object]]] = {
    "BERT-large": ("BERT", {"causal": False, "norm_order": "post", "token_types": 2, "task": "mlm"}),
    "ESM-2 35M": ("ESM", {"causal": False, "position": "rotary", "task": "mlm"}),
    "GPT-J-6B": ("GPT-J", {"block": "parallel", "rotary_width": 64, "tied": False}),
    "Llama-2-7B": ("Llama", {"position": "rotary", "norm": "rms_norm", "bias": False, "tied": False}),
    "Mistral 7B": ("Llama", {"position": "rotary"}),
    "Cerebras-GPT-13B": ("GPT", {"position": "learned", "task": "lm"}),
    "GPT3-20B (USC)": ("GPT", {"position": "learned"}),
    "my own": ("GPT", {"position": "learned"}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_name_gives_the_family(row_of: ReadRow, name: str) -> None:
    family, shape = FAMILIES[name]
    row = row_of(model=name, d_head="64")
    assert family_of(row).name == family
    model = _built(row).model
    assert {field: getattr(model, field) for field in shape} == shape
    assert family_of(row_of(model=name.upper())).name == family


def test_gates_make_an_unknown_model_a_llama(row_of: ReadRow) -> None:
    row = row_of(model="my own", ffn_type="swiglu", n_kv_heads="4")
    assert family_of(row).name == "Llama"
    assert (_built(row).model.activation, _built(row).model.kv_heads) == ("swiglu", 4)


def test_fine_tuning_an_encoder_is_classifying(row_of: ReadRow) -> None:
    assert _built(row_of(model="BERT-base", notes="Fine-tuning on MNLI")).model.task == "classify"
    assert _built(row_of(model="Llama-2-7B", notes="Fine-tuning", ffn_type="swiglu")).model.task == "lm"


@pytest.mark.parametrize(
    ("text", "precision"),
    [("", "mixed"), ("16-bit mixed (cbfloat16)", "mixed"), ("fp32", "fp32"), ("FP16", "fp16"), ("bf16", "fp16")],
)
def test_precision(row_of: ReadRow, text: str, precision: str) -> None:
    assert _built(row_of(precision=text)).precision == precision


@pytest.mark.parametrize("name", ["", "_x", "-", "...", "größe / 1", "a" * 300, "ok-1"])
def test_any_id_names_a_run(row_of: ReadRow, name: str) -> None:
    assert _built(row_of(id=name)).sequences == 24


def test_neither_id_nor_value_nor_notes_say_how_to_run(row_of: ReadRow) -> None:
    def asked(**cells: str) -> dict[str, Any]:
        return {key: value for key, value in workload_of(row_of(**cells)).items() if key != "name"}

    assert asked() == asked(id="USC-GPT3-20B-B128", value="1", metric="any", notes="something else")


@pytest.mark.parametrize(
    ("unit", "key"),
    [("samples/s", "samples_per_s"), ("tokens/s", "tokens_per_s"), ("s", "step_s"), ("s/step", "step_s")],
)
def test_the_unit_says_what_was_measured(row_of: ReadRow, unit: str, key: str) -> None:
    assert result_key(row_of(unit=unit)) == key


def test_other_units_are_not_run(row_of: ReadRow) -> None:
    with pytest.raises(NotRunnable, match="training throughput in 'furlongs' is not a figure of a step"):
        result_key(row_of(unit="furlongs"))


def test_evaluation_is_forward_only(row_of: ReadRow) -> None:
    workload = _built(row_of(phase="evaluation (forward only)"))
    assert (workload.phase, workload.recompute, workload.token_budget) == ("evaluation", "never", 0)


@pytest.mark.parametrize(
    "column", ["layers", "d_model", "n_heads", "d_head", "d_ffn", "vocab", "seq_len", "batch_global"]
)
@pytest.mark.parametrize("cell", ["", "unknown", "1.5"])
def test_a_missing_size_is_named(row_of: ReadRow, column: str, cell: str) -> None:
    with pytest.raises(NotRunnable, match=f"^the row gives no {column}$"):
        workload_of(row_of(**{column: cell}))


def test_all_missing_sizes_are_named(row_of: ReadRow) -> None:
    with pytest.raises(NotRunnable, match=r"^the row gives no seq_len, batch_global$"):
        workload_of(row_of(layers="", vocab="", seq_len="", batch_global=""))
    with pytest.raises(NotRunnable, match=r"^the row gives no layers, vocab$"):
        workload_of(row_of(layers="", vocab=""))


def test_a_share_of_zeros_is_read_from_the_words_that_rows_use(row_of: ReadRow) -> None:
    texts = {"": 0.0, "dense": 0.0, "dense (not stated)": 0.0, "none": 0.0, "75 % static": 0.75, "0.5": 0.5,
             "80% unstructured": 0.8}  # fmt: skip
    for text, share in texts.items():
        assert _built(row_of(sparsity=text)).model.sparsity == share
    for text in ("2:4", "mostly zeros", "150 %"):
        with pytest.raises(NotRunnable, match="is not modelled"):
            workload_of(row_of(sparsity=text))
