import json
from pathlib import Path
from typing import Any

import pytest

from wsesim.errors import SpecError
from wsesim.model import ModelSpec, load_preset
from wsesim.workload.problems import Problems
from wsesim.workload.schema import ModelSection
from wsesim.workload.shape import model_of, resolve_model

TINY: dict[str, Any] = {"layers": 2, "width": 64, "heads": 4}


def resolved(
    section: dict[str, Any], length: int | None = 128, folder: Path = Path()
) -> tuple[ModelSpec, dict[str, str]]:
    model, defaults = resolve_model(ModelSection(**section), name="mine", length=length, folder=folder)
    return model, {default.name: default.text for default in defaults}


def test_a_preset_is_taken_as_it_is() -> None:
    assert resolved({"preset": "gpt2"}) == (load_preset("gpt2"), {})


def test_saying_what_the_preset_says_changes_nothing() -> None:
    assert resolved({"preset": "gpt2", "layers": 12})[0] == load_preset("gpt2")


def test_a_changed_preset_has_its_own_name_source_and_budget() -> None:
    model, _ = resolved({"preset": "cerebras-gpt-111m", "layers": 20})
    assert model.name == "cerebras-gpt-111m-changed"
    assert model.source.endswith("; changed here: layers")
    assert model.token_budget is None
    assert (model.layers, model.width) == (20, 768)


def test_a_name_alone_is_no_change() -> None:
    model, _ = resolved({"preset": "cerebras-gpt-111m", "name": "mine", "token_budget": 7})
    assert (model.name, model.token_budget) == ("mine", 7)
    assert model.source == load_preset("cerebras-gpt-111m").source


def test_weights_of_fewer_bits_make_no_other_model() -> None:
    model, _ = resolved({"preset": "cerebras-gpt-111m", "weight_format": "int8/allx1", "weight_packed": "ffn"})
    assert (model.name, model.weight_format) == ("cerebras-gpt-111m", "int8/allx1")


def test_sizes_that_followed_from_a_changed_one_follow_again() -> None:
    model, defaults = resolved({"preset": "gpt2", "width": 1536, "heads": 24})
    assert (model.head_width, model.kv_heads, model.ffn_width) == (64, 24, 6144)
    assert defaults == {"model.head_width": "64", "model.kv_heads": "24", "model.ffn_width": "6144"}


def test_what_ops_offer_may_be_asked_for() -> None:
    model, _ = resolved({**TINY, "activation": "relu", "head_norm": True})
    assert (model.activation, model.gated, model.head_norm) == ("relu", False, True)
    assert resolved({"preset": "gpt2", "activation": "relu"})[0].name == "gpt2-changed"


def test_sizes_that_did_not_follow_stay() -> None:
    model, _ = resolved({"preset": "llama-3-8b", "width": 2048})
    assert (model.kv_heads, model.ffn_width, model.head_width) == (8, 14336, 64)


def test_a_whole_shape_is_gpt2_like_unless_it_says_otherwise() -> None:
    model, defaults = resolved(TINY)
    assert (model.name, model.head_width, model.kv_heads, model.ffn_width) == ("mine", 16, 4, 256)
    assert (model.vocab, model.max_length, model.activation) == (50257, 128, "gelu")
    assert defaults["model.norm"] == "layer_norm"
    assert defaults["model.causal"] == "true"
    assert not {f"model.{name}" for name in TINY} & defaults.keys()


def test_attention_has_a_bias_where_the_rest_has() -> None:
    assert not resolved({**TINY, "bias": False})[0].attention_bias
    assert resolved({**TINY, "bias": False, "attention_bias": True})[0].attention_bias


def test_a_given_head_width_need_not_divide_the_width() -> None:
    assert resolved({**TINY, "heads": 3, "head_width": 16})[0].attention_width == 48


def test_a_config_is_that_of_a_folder_and_weights_beside_it_are_named(tmp_path: Path) -> None:
    config = {"model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "n_positions": 32, "vocab_size": 100}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text(json.dumps(config))
    section, problems = ModelSection(config="mine", task="tag", classes=1), Problems(file="w.yaml")
    model, _ = model_of(section, problems, name="w", length=8, folder=tmp_path)
    assert model is not None
    assert (model.task, model.classes) == ("tag", 1)
    assert [note.partition(":")[0] for note in problems.notes] == ["model.classes"]
    (tmp_path / "mine" / "model.safetensors").write_bytes(b"")
    model_of(section, problems, name="w", length=8, folder=tmp_path)
    assert problems.notes[-1].endswith("verification.weights: mine/model.safetensors takes its own.")


def test_a_config_is_read_from_beside_the_workload(tmp_path: Path) -> None:
    config = {"model_type": "gpt2", "n_layer": 2, "n_embd": 64, "n_head": 4, "n_positions": 32, "vocab_size": 100}
    (tmp_path / "config.json").write_text(json.dumps(config))
    model, _ = resolved({"config": "config.json", "layers": 3}, folder=tmp_path)
    assert (model.layers, model.width, model.vocab, model.max_length) == (3, 64, 100, 32)
    assert model.source == "config.json; changed here: layers"


@pytest.mark.parametrize(
    ("section", "name", "message"),
    [
        ({"preset": "gpt2", "config": "x"}, "config", "keep one"),
        ({}, "layers", "and so is width and heads"),
        ({"layers": 2, "width": 64}, "heads", "is missing"),
        (
            {**TINY, "heads": 12, "width": 4100},
            "heads",
            "does not divide model.width = 4100; make the width 4092 or 4104",
        ),
        ({**TINY, "heads": 65}, "heads", "make the width 65"),
        ({**TINY, "kv_heads": 3}, "kv_heads", "does not divide"),
        ({**TINY, "activation": "swiglu"}, "ffn_width", "is missing"),
        ({**TINY, "rotary_width": 3}, "rotary_width", "even"),
        ({"preset": "gpt2", "heads": 7}, "heads", "does not divide"),
    ],
)
def test_a_shape_that_cannot_be_names_its_field(section: dict[str, Any], name: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        resolved(section)
    assert caught.value.name == name


def test_positions_come_from_somewhere() -> None:
    with pytest.raises(SpecError, match="max_length"):
        resolved(TINY, length=None)
