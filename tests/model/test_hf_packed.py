"""What a quantization_config says: the format, which matrices have it, or which mechanism is missing."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wsesim.errors import InputError
from wsesim.model import ModelSpec, read_hf_config
from wsesim.model.hf_left_out import ModuleName, as_transformers, fits
from wsesim.model.hf_patterns import Budget, PatternError

LLAMA = {
    "model_type": "llama", "num_hidden_layers": 4, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 99,
    "intermediate_size": 128, "max_position_embeddings": 64,
}  # fmt: skip


def read(tmp_path: Path, asked: Any, key: str = "quantization_config") -> ModelSpec:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**LLAMA, key: asked}))
    return read_hf_config(file)


def _group(**weights: Any) -> dict[str, Any]:
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": weights}}}


def _for(targets: Any) -> dict[str, Any]:
    group = {"weights": {"num_bits": 8, "type": "float"}, "targets": targets}
    return {"quant_method": "compressed-tensors", "config_groups": {"group_0": group}}


READ: list[tuple[dict[str, Any], str]] = [
    ({"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 64]}, "e4m3/64x128"),
    ({"quant_method": "fp8", "activation_scheme": "static", "weight_block_size": None}, "e4m3"),
    ({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0}, "e4m3/allx1"),
    (_group(num_bits=8, type="float", strategy="channel"), "e4m3/allx1"),
    (_group(num_bits=8, type="float", strategy="tensor"), "e4m3"),
    (_group(num_bits=4, type="float", strategy="tensor_group", group_size=16), "nvfp4/16x1"),
    (_group(num_bits=4, type="float", strategy="group", group_size=32), "e2m1/32x1"),
    (_group(num_bits=4, type="int", strategy="group", group_size=128, symmetric=False), "int4/128x1+zeros"),
    (_group(num_bits=8, type="float", strategy="block", block_structure=[128, 128]), "e4m3/128x128"),
    ({"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True}, "int4/128x1"),
    ({"quant_method": "gptq", "bits": 8, "group_size": -1, "sym": False}, "int8/allx1+zeros"),
    ({"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True}, "int4/64x1+zeros"),
    ({"quant_method": "bitsandbytes", "load_in_8bit": True, "load_in_4bit": False}, "int8/allx1"),
    ({"quant_method": "quanto", "weights": "float8"}, "e4m3/allx1"),
    ({"quant_method": "eetq", "weights": "int8"}, "int8/allx1"),
    ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4, "group_size": 64}}},
     "int4/64x1+zeros"),
    ({"quant_method": "torchao", "quant_type": {"default": {"_type": "Int4WeightOnlyConfig",
                                                            "_data": {"group_size": 32}}}}, "int4/32x1+zeros"),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4/16x1"),
    ({"quant_method": "torchao", "quant_type": "int8_dynamic_activation_int4_weight"}, "int4/32x1"),
    ({"quant_method": "torchao", "quant_type": {"default": {
        "_type": "Int8DynamicActivationInt4WeightConfig",
        "_data": {"group_size": 64, "mapping_type": {"_type": "MappingType", "_data": "ASYMMETRIC"}}}}},
     "int4/64x1+zeros"),
    ({"quant_method": "torchao", "quant_type": "int8_dynamic_activation_int8_weight"}, "int8/allx1"),
    ({"quant_method": "torchao", "quant_type": "float8_weight_only"}, "e4m3/allx1"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "wanted"), READ)
def test_a_format_is_read(asked: dict[str, Any], wanted: str, tmp_path: Path) -> None:
    model = read(tmp_path, asked)
    assert (model.weight_format, model.weight_packed) == (wanted, "all")
    assert any(f"kept as {wanted}" in note for note in model.notes)


@pytest.mark.parametrize(
    ("left", "wanted"),
    [
        (["lm_head", "model.embed_tokens", "model.layers.*.mlp.gate", "model.vision_tower"], "all"),
        (["model.layers.*.self_attn", "model.layers.*.mlp.router"], "ffn"),
        ([f"model.layers.{layer}.mlp.{name}_proj" for layer in range(4) for name in ("gate_up", "down")], "attention"),
        (["re:.*self_attn\\.(q|k|v|o)_proj$"], "ffn"),
        (["model.layers.0.self_attn.o_proj"], "all"),
        ("lm_head", "all"),
    ],
)
def test_what_is_left_out_is_left_out(left: Any, wanted: str, tmp_path: Path) -> None:
    model = read(tmp_path, {"quant_method": "fp8", "modules_to_not_convert": left})
    assert model.weight_packed == wanted
    assert any("of 1 of 4 layers" in note for note in model.notes) == ("o_proj" in str(left))


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (["re:.*layers\\.0\\.mlp.*"], "ffn of 1 of 4"),
        (["re:.*layers\\.(0|3)\\.self_attn.*", "model.layers.4.self_attn"], "attention of 2 of 4"),
        (["re:.*kv_b_proj.*"], "attention of 4 of 4"),
        (["model.layers.1.mlp.down_proj", "mlp.down_proj"], "ffn of 1 of 4"),
    ],
)
def test_where_some_is_left_out_it_is_said(left: list[str], said: str, tmp_path: Path) -> None:
    model = read(tmp_path, {"quant_method": "compressed-tensors", **_group(num_bits=8, type="float"), "ignore": left})
    assert model.weight_packed == "all"
    assert any(f"leaves some matrices of {said} layers as they are multiplied" in note for note in model.notes)


@pytest.mark.parametrize(
    ("left", "wanted"),
    [
        (["lm_head", "re:.*self_attn.*", "re:.*shared_experts.*", "re:.*mlp\\.(gate|up|gate_up|down)_proj.*"], "ffn"),
        (["re:.*shared_expert\\..*", "model.layers.*.mlp.gate"], "all"),
        (["re:model.layers.*.mlp.experts"], "attention"),
        (["re:.*mlp.*"], "attention"),
        (["gate_proj", "up_proj", "down_proj", "model.layers.0.mlp.experts.7.up_proj"], "all"),
    ],
)
def test_of_experts_those_count_that_tokens_are_sent_to(left: list[str], wanted: str, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    asked = {**_group(num_bits=4, group_size=32), "ignore": left}
    mixtral = {"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2, "num_key_value_heads": 4}
    file.write_text(json.dumps({**LLAMA, **mixtral, "quantization_config": asked}))
    model = read_hf_config(file)
    assert (model.weight_format, model.weight_packed) == ("int4/32x1", wanted)
    assert any("leaves some matrices of ffn" in note for note in model.notes) == ("shared" in str(left))


LETTER, HQQ = _group(num_bits=8, type="float"), {"quant_method": "hqq", "quant_config": {"nbits": 4, "group_size": 64}}
FP8, AWQ, MODELOPT = {"quant_method": "fp8"}, {"quant_method": "awq"}, {"quant_method": "modelopt"}
EACH = [f"model.layers.{layer}.self_attn.{name}_proj" for layer in range(4) for name in "qkvo"]


@pytest.mark.parametrize(
    ("asked", "left", "wanted"),
    [
        (LETTER, EACH, "ffn"),
        (LETTER, [f"language_model.{name}" for name in EACH], "ffn"),
        (LETTER, ["self_attn", "model.layers.0.mlp", "down_proj"], "all"),
        (FP8, [f"{name}.weight" for name in EACH], "ffn"),
        (FP8, ["q_proj", "k_proj", "v_proj", "o_proj"], "ffn"),
        (FP8, ["model.layers.[0-3].self_attn"], "ffn"),
        (FP8, ["model.layers.*.self_attn"], "ffn"),
        (FP8, ["self_attn"], "ffn"),
        (FP8, ["self_att", "up", ""], "all"),
        ({"quant_method": "gptq", "bits": 4}, ["fc1", "fc2"], "attention"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, ["query_key_value", "attention.dense"], "ffn"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, ["c_fc", "mlp.c_proj"], "attention"),
        (AWQ, ["attn"], "ffn"),
        (AWQ, ["model.layers.[0-3].self_attn"], "all"),
        (HQQ, ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"], "attention"),
        (HQQ, ["mlp", "up_proj", "down_proj"], "all"),
        (MODELOPT, ["*self_attn*", "lm_head"], "ffn"),
        (MODELOPT, ["model.layers.?.self_attn*", "self_attn*"], "all"),
        (MODELOPT, ["self_attn"], "ffn"),
    ],
)
@pytest.mark.parametrize("key", ["modules_to_not_convert", "ignored_layers", "exclude_modules"])
def test_a_name_means_what_those_who_read_the_format_take_it_for(
    asked: dict[str, Any], left: list[str], wanted: str, key: str, tmp_path: Path
) -> None:
    assert read(tmp_path, {**asked, key: left}).weight_packed == wanted


def test_a_number_begins_others_where_names_are_read_from_their_begin(tmp_path: Path) -> None:
    file, twelve = tmp_path / "config.json", {**LLAMA, "num_hidden_layers": 12}
    for asked, layers in ((FP8, 3), (LETTER, 0)):
        file.write_text(json.dumps({**twelve, "quantization_config": {**asked, "ignore": ["model.layers.1"]}}))
        notes = read_hf_config(file).notes
        assert any(f"matrices of attention of {layers} of 12 layers" in note for note in notes) == (layers > 0)
        assert any("names are those of matrices to the letter" in note for note in notes) == (layers == 0)


@pytest.mark.parametrize(
    ("targets", "wanted", "said"),
    [
        (["Linear"], "all", ""),
        (["re:.*self_attn.*"], "attention", ""),
        (["re:.*(self_attn|mlp).*"], "all", ""),
        (["re:^(?!.*self_attn).*proj$"], "ffn", ""),
        ([r"re:model\.layers\.\d+\.mlp\.(?:gate|up|down)_proj"], "ffn", ""),
        ([r"re:model\.layers\.[0-2]\..*"], "all", "some matrices of ffn of 1 of 4"),
        (["re:.*mlp\\.(gate|up|down)_proj$"], "ffn", ""),
        (["re:.*self_attn.*", "re:.*gate_proj", "re:.*up_proj"], "all", "some matrices of ffn of 4 of 4"),
        (["re:.*layers\\.(0|1|2)\\..*"], "all", "some matrices of ffn of 1 of 4"),
        (["lm_head"], "", "leaves all matrices"),
    ],
)
def test_what_is_no_target_is_left_out(targets: list[str], wanted: str, said: str, tmp_path: Path) -> None:
    model = read(tmp_path, _for(targets))
    assert (model.weight_packed if model.weight_format else "") == wanted
    assert any(said in note for note in model.notes)
    assert any("leaves" in note for note in model.notes) == bool(said)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (["nonsense", "lm_head"], 'leaves out "nonsense": no matrices of such names'),
        (["model.layers.9.mlp"], 'leaves out "model.layers.9.mlp": no matrices'),
        (["model.layers.0"], "some matrices of attention of 1 of 4"),
        ([f"model.layers.{layer}.mlp" for layer in range(3)], "leaves ffn of 3 of 4 .* counts as left so in all"),
    ],
)
def test_names_that_are_not_followed_to_the_letter_are_said(left: list[str], said: str, tmp_path: Path) -> None:
    notes = read(tmp_path, {"quant_method": "fp8", "ignore": left}).notes
    assert re.search(said, "\n".join(notes))
    assert not any("lm_head" in note for note in notes)


def test_what_nothing_reads_is_said(tmp_path: Path) -> None:
    asked = {"quant_method": "gptq", "bits": 4, "damp_percent": 0.1, "lm_head": False, "tokenizer": None}
    quiet = read(tmp_path, asked).notes
    more = {"kv_cache_scheme": {"num_bits": 8}, "dynamic": {"-:.*mlp.*": {}}, "unheard_of": 1}
    new = [note for note in read(tmp_path, {**asked, **more}).notes if note not in quiet]
    assert new == [
        "config.json: kv_cache_scheme is not followed: caches are kept in 16 bits",
        'config.json: "quantization_config.dynamic", "quantization_config.unheard_of" are not read: figures are those '
        "without",
    ]
    assert not any("read" in note for note in quiet)


def test_an_empty_object_asks_for_nothing(tmp_path: Path) -> None:
    model = read(tmp_path, {})
    assert not model.weight_format
    assert any("is empty" in note for note in model.notes)


@pytest.mark.parametrize("left", [["self_attn", "mlp"], [f"model.layers.{layer}*" for layer in (1, 2, 3, 4)]])
def test_where_all_is_left_out_nothing_is_packed(left: list[str], tmp_path: Path) -> None:
    model = read(tmp_path, {"quant_method": "fp8", "ignore": left})
    assert not model.weight_format


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}, "table of values"),
        ({"quant_method": "aqlm"}, "code books"),
        ({"quant_method": "gptq", "bits": 3}, "3 bits have no mechanism"),
        ({"quant_method": "fp8", "fmt": "e5m2"}, "only e4m3"),
        ({"quant_method": "fp8", "weight_block_size": [128]}, "two whole numbers"),
        ({"quant_method": "brand_new"}, "known are fp8"),
        ({"quant_method": ["fp8"]}, "known are fp8"),
        (_group(num_bits=2, type="float"), "2 bits with an exponent"),
        (_group(num_bits=[8], type="float"), "bits with an exponent"),
        ({"quant_method": "compressed-tensors", "config_groups": {}}, "no group in its config_groups says"),
        ({"quant_method": "compressed-tensors"}, "no group in its config_groups says"),
        ({"quant_method": "torchao", "quant_type": "fpx_weight_only"}, "fpxweightonly.* has no mechanism"),
        ({"quant_method": "awq", "group_size": 10**9}, "1 to 1,000,000"),
        ({"bits": 4}, '"no quant_method"'),
        ({"quant_method": "gptq", "bit": 4}, 'quantization_config.bits is missing; "bit" .* did you mean "bits"'),
        ({"quant_method": "gptq", "bits": "4"}, 'bits = "4" is text, no whole number'),
        ({"quant_method": "gptq", "bits": 4, "group_size": 0}, "a group of 0 is no"),
        (_group(num_bits=8, type="float", strategy="group", group_size=0), "a group of 0 is no"),
        (_for(["Embedding"]), '"Embedding" means is not known'),
        (_for(["Linear", "re:.*(conv|pool).*"]), "conv|pool.* means is not known"),
        (_for(["re:.*(self_attn"]), r"a pattern is not followed at character 13"),
        (_for(["re:" + "(|)" * 300 + "x{9999}{9999}"]), "too many steps"),
        (_for(["re:" + "((((\\w*)*)*)*)*" * 60 + "z"]), "means is not known"),
        (_for(["re:" + "(" * 900]), "a pattern is"),
        (_for(["re:" + "a" * 2000]), "2,000 characters is too long"),
        (_for("Linear"), "no list of names"),
    ],
)
def test_what_has_no_mechanism_is_refused_at_its_line(asked: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=why) as caught:
        read(tmp_path, asked)
    assert "config.json:1:" in str(caught.value)


def test_names_are_tried_in_bounded_time() -> None:
    with pytest.raises(PatternError, match="too many steps"):
        fits(ModuleName.of("1.x", as_transformers, Budget(10_000)), 10**9)


def test_nested_configs_are_looked_at_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="vectors are looked up"):
        read(tmp_path, {"quant_method": "aqlm"}, key="compression_config")
