import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.published import PUBLISHED

from wsesim.errors import InputError
from wsesim.model import ModelSpec, load_preset, parameters, read_hf_config
from wsesim.model.hf import BY_HAND
from wsesim.model.hf_file import LARGEST_SIZE

GPT2: dict[str, Any] = {
    "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_inner": None, "n_layer": 12, "n_positions": 1024,
    "scale_attn_by_inverse_layer_idx": False, "scale_attn_weights": True, "tie_word_embeddings": True,
    "vocab_size": 50257,
}  # fmt: skip
GPTJ: dict[str, Any] = {
    "activation_function": "gelu_new", "architectures": ["GPTJForCausalLM"], "layer_norm_epsilon": 1e-05,
    "model_type": "gptj", "n_embd": 4096, "n_head": 16, "n_inner": None, "n_layer": 28, "n_positions": 2048,
    "rotary_dim": 64, "tie_word_embeddings": False, "vocab_size": 50400,
}  # fmt: skip
LLAMA2: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 11008,
    "max_position_embeddings": 4096, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 32,
    "num_key_value_heads": 32, "rms_norm_eps": 1e-05, "rope_scaling": None, "tie_word_embeddings": False,
    "vocab_size": 32000,
}  # fmt: skip
LLAMA3: dict[str, Any] = LLAMA2 | {
    "intermediate_size": 14336, "max_position_embeddings": 8192, "num_key_value_heads": 8, "rope_theta": 500000.0,
    "vocab_size": 128256, "attention_bias": False,
}  # fmt: skip
BERT: dict[str, Any] = {
    "architectures": ["BertForPreTraining"], "hidden_act": "gelu", "hidden_size": 768, "intermediate_size": 3072,
    "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": 12,
    "num_hidden_layers": 12, "position_embedding_type": "absolute", "type_vocab_size": 2, "vocab_size": 30522,
}  # fmt: skip
CONFIGS = {"gpt2": GPT2, "gpt-j-6b": GPTJ, "llama-2-7b": LLAMA2, "llama-3-8b": LLAMA3, "bert-base": BERT}


def write(folder: Path, config: object) -> Path:
    file = folder / "config.json"
    file.write_text(config if isinstance(config, str) else json.dumps(config, indent=2), "utf-8")
    return file


def read(folder: Path, config: object) -> ModelSpec:
    return read_hf_config(write(folder, config))


def message_of(folder: Path, config: object) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, config)
    (problem,) = caught.value.problems
    assert problem.file == str(folder / "config.json")
    return str(caught.value).removeprefix(str(folder / "config.json"))


@pytest.mark.parametrize("name", CONFIGS)
def test_the_config_of_a_preset_is_the_preset(name: str, tmp_path: Path) -> None:
    found, wanted = asdict(read(tmp_path, CONFIGS[name])), asdict(load_preset(name))
    for field in ("name", "source", "token_budget"):
        del found[field], wanted[field]
    if name != "bert-base":
        del found["sentence_head"], wanted["sentence_head"]  # says nothing of a model that is not for mlm
    assert found == wanted


def test_a_model_is_named_after_its_folder_or_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(tmp_path, GPT2).name == tmp_path.name
    other = tmp_path / "tiny.json"
    other.write_text(json.dumps(GPT2))
    assert read_hf_config(str(other)).name == "tiny"
    monkeypatch.chdir(tmp_path)
    assert read_hf_config("config.json").name == "gpt2"
    assert read_hf_config("config.json").source == "config.json of a gpt2 model"


def test_defaults_are_those_of_transformers(tmp_path: Path) -> None:
    short = {key: GPT2[key] for key in ("model_type", "n_embd", "n_head", "n_layer", "n_positions", "vocab_size")}
    assert read(tmp_path, short) == read(tmp_path, GPT2)
    keys = ("model_type", "hidden_size", "intermediate_size", "max_position_embeddings", "num_attention_heads",
            "num_hidden_layers", "vocab_size")  # fmt: skip
    llama = read(tmp_path, {key: LLAMA2[key] for key in keys})
    assert (llama.kv_heads, llama.rotary_base, llama.norm_epsilon, llama.tied) == (32, 10_000.0, 1e-6, False)
    bert = read(tmp_path, {key: BERT[key] for key in (*keys, "type_vocab_size")})
    assert (bert.task, bert.norm_epsilon, bert.tied, bert.sentence_head) == ("mlm", 1e-12, True, True)


@pytest.mark.parametrize(
    ("config", "changes", "fields"),
    [
        (GPT2, {"n_inner": 100}, {"ffn_width": 100}),
        (GPT2, {"activation_function": "gelu"}, {"activation": "gelu"}),
        (GPT2, {"activation_function": "relu"}, {"activation": "relu"}),
        (BERT, {"hidden_act": "relu"}, {"activation": "relu"}),
        (GPT2, {"activation_function": "gelu_fast"}, {"activation": "gelu_tanh"}),
        (GPT2, {"activation_function": "gelu_pytorch_tanh"}, {"activation": "gelu_tanh"}),
        (GPT2, {"tie_word_embeddings": False}, {"tied": False}),
        (GPT2, {"architectures": ["GPT2ForSequenceClassification"]}, {"task": "classify", "classes": 2}),
        (GPTJ, {"architectures": ["GPTJForSequenceClassification"], "num_labels": 4}, {"classes": 4}),
        (LLAMA2, {"architectures": ["LlamaForSequenceClassification"], "id2label": {"0": "a", "1": "b", "2": "c"}},
         {"task": "classify", "classes": 3}),
        (BERT, {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "a", "1": "b", "2": "c"},
                "num_labels": 3}, {"task": "classify", "classes": 3}),
        (BERT, {"architectures": ["BertForMaskedLM"]}, {"task": "mlm", "sentence_head": False}),
        (LLAMA2, {"num_key_value_heads": None}, {"kv_heads": 32}),
        (LLAMA2, {"head_dim": 64}, {"head_width": 64}),
        (LLAMA2, {"head_dim": None}, {"head_width": 128}),
        (LLAMA2, {"attention_bias": True, "mlp_bias": True}, {"attention_bias": True, "bias": True}),
        (LLAMA2, {"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}}, {"rotary_base": 5e5}),
        (LLAMA2, {"rope_scaling": {"type": "default"}, "rope_theta": 20000}, {"rotary_base": 2e4}),
        (LLAMA2, {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                   "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}},
         {"rotary_scaling": "llama3", "rotary_factor": 8.0, "rotary_trained": 8192, "rotary_fast": 4.0, "notes": ()}),
        (LLAMA2, {"rope_scaling": {"type": "linear", "factor": 4.0}},
         {"rotary_scaling": "linear", "rotary_factor": 4.0, "rotary_scale": 1.0, "notes": ()}),
        (LLAMA2, {"rope_scaling": {"type": "yarn", "factor": 4.0, "truncate": False, "attention_factor": 1.5}},
         {"rotary_scaling": "yarn_smooth", "rotary_trained": 4096, "rotary_scale": 1.5}),
        (LLAMA2, {"model_type": "phi3", "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 64, "factor": 32.0,
                                                         "original_max_position_embeddings": 4096}},
         {"rotary_factor": 0.0, "rotary_scale": pytest.approx((1 + 5 / 12) ** 0.5)}),
        (LLAMA2, {"model_type": "gemma3_text", "head_dim": 128, "sliding_window": 512, "rope_local_base_freq": 9000.0},
         {"rotary_base": 1e6, "rotary_window_base": 9000.0}),
        (LLAMA2, {"model_type": "gemma3_text", "head_dim": 128, "sliding_window": 512, "rope_parameters": {
            "full_attention": {"rope_type": "linear", "rope_theta": 5e5, "factor": 8.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 7e3}}},
         {"rotary_base": 5e5, "rotary_window_base": 7e3, "rotary_scaling": "linear", "rotary_factor": 8.0}),
        (LLAMA2, {"model_type": "olmo3", "sliding_window": 512, "rope_theta": 5e5, "rope_scaling": {
            "rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 1024}},
         {"rotary_window_base": 5e5, "rotary_trained": 1024}),
        (GPT2, {"scale_attn_weights": False}, {"attention_scale": 1.0}),
        (GPT2, {"scale_attn_by_inverse_layer_idx": True}, {"scale_by_layer": True, "notes": ()}),
        (GPT2, {"architectures": ["GPT2Model"]}, {"task": "embed", "sentence_head": False}),
        (BERT, {"architectures": ["BertModel"]}, {"task": "embed", "sentence_head": True}),
        (BERT, {"architectures": ["BertForTokenClassification"], "num_labels": 9}, {"task": "tag", "classes": 9}),
        (BERT, {"architectures": ["BertForQuestionAnswering"]}, {"task": "tag", "classes": 2}),
        (BERT, {"architectures": ["BertForSequenceClassification"], "num_labels": 1}, {"classes": 1}),
        (GPT2, {"architectures": None}, {"task": "lm"}),
        (GPT2, {"architectures": []}, {"task": "lm"}),
        (LLAMA2, {"num_local_experts": None, "time_step_limit": [0.0, float("inf")]}, {"experts": 0}),
        (LLAMA2, {"hidden_act": "gelu"}, {"activation": "geglu"}),
        (LLAMA2, {"partial_rotary_factor": 0.5}, {"rotary_width": 64}),
        (LLAMA2, {"rope_parameters": {"full_attention": {"rope_theta": 7e5}, "sliding_attention": {}}},
         {"rotary_base": 7e5}),
        (LLAMA2, {"model_type": "mistral", "sliding_window": 4096}, {"window": 0, "kv_heads": 32}),
        (LLAMA2, {"model_type": "mistral", "sliding_window": 1024}, {"window": 1024, "full_every": 0}),
        (LLAMA2, {"model_type": "gemma2", "sliding_window": 1024, "head_dim": 128, "final_logit_softcapping": None},
         {"window": 1024, "full_every": 2, "logits_cap": 0.0, "attention_cap": 50.0, "tied": False}),
        (LLAMA2, {"model_type": "mistral", "sliding_window": 64, "layer_types": ["sliding_attention"] * 3
                  + ["full_attention"] + ["sliding_attention"] * 3 + ["full_attention"], "num_hidden_layers": 8},
         {"window": 64, "full_every": 4}),
        (GPT2, {"model_type": "btlm", "activation_function": "swiglu", "position_embedding_type": "alibi",
                "mup_embeddings_scale": 14.6, "mup_output_alpha": 2.0, "mup_width_scale": 0.1,
                "mup_scale_qk_dot_by_d": True, "architectures": ["BTLMLMHeadModel"]},
         {"activation": "swiglu", "position": "alibi", "embed_scale": 14.6, "logits_scale": 0.2,
          "attention_scale": 1 / 64}),
        (LLAMA2, {"hidden_act": "swish", "tie_word_embeddings": True}, {"activation": "swiglu", "tied": True}),
    ],
)  # fmt: skip
def test_what_a_key_means(
    config: dict[str, Any], changes: dict[str, Any], fields: dict[str, Any], tmp_path: Path
) -> None:
    model = asdict(read(tmp_path, config | changes))
    assert {name: model[name] for name in fields} == fields


@pytest.mark.parametrize(
    ("config", "changes", "message"),
    [
        (GPT2, {"model_type": "gpt-2"}, 'model_type = "gpt-2" is no model type that is known, did you mean \'gpt2\'?'),
        (GPT2, {"model_type": 3}, "model_type = 3 is not supported; supported: gpt2, gptj, llama, mixtral, bert"),
        (GPT2, {"model_type": "t5"}, 'model_type = "t5": an encoder beside a decoder'),
        (GPT2, {"model_type": "git", "architectures": ["Grok1ForCausalLM"]}, 'model_type = "git": layers of Grok'),
        (GPT2, {"model_type": "Dream"}, 'model_type = "Dream": texts that are filled in by steps'),
        (GPT2, {"model_type": "minimax_text_01"}, 'model_type = "minimax_text_01": layers of state spaces'),
        (BERT, {"position_embedding_type": "alibi"}, 'position_embedding_type = "alibi": distances in scores'),
        (LLAMA2, {"model_type": "gemma3_text", "use_bidirectional_attention": True},
         "use_bidirectional_attention = true: windows that look both ways"),
        (LLAMA2, {"kv_lora_rank": 512}, "kv_lora_rank = 512: keys and values from a latent vector have"),
        (LLAMA2, {"is_encoder_decoder": True}, "is_encoder_decoder = true: an encoder beside a decoder"),
        (LLAMA2, {"layer_types": ["full_attention", "mamba"] * 16, "model_type": "mistral"},
         'layer_types has "mamba": layers that are no attention'),
        (LLAMA2, {"layer_types": ["full_attention"], "model_type": "mistral"}, "layer_types names 1 layers, the model"),
        (LLAMA2, {"rope_scaling": {"rope_type": "longrope", "short_factor": [1.0], "factor": 2.0,
                                   "original_max_position_embeddings": 1}},
         "original_max_position_embeddings = 1: a model was trained on more than one position"),
        (LLAMA2, {"rope_scaling": {"rope_type": "llama3", "factor": 2.0, "low_freq_factor": 4.0}},
         "high_freq_factor = 4 must be above low_freq_factor = 4"),
        (LLAMA2, {"model_type": "qwen3_moe", "use_qk_norm": False}, "use_qk_norm = false is not supported, only true"),
        (LLAMA2, {"n_layer": 31}, "n_layer = 31 but num_hidden_layers = 32, which means the same"),
        (GPT2, {"activation_function": "relu6"}, 'activation_function = "relu6" is not supported, did you mean'),
        (LLAMA2, {"hidden_act": "gello"}, 'hidden_act = "gello" is not supported, did you mean'),
        (GPTJ, {"tie_word_embeddings": True}, "tie_word_embeddings = true is not supported, only false is"),
        (BERT, {"is_decoder": True}, "is_decoder = true is not supported, only false is"),
        (BERT, {"position_embedding_type": "relative_key"}, 'position_embedding_type = "relative_key" is not'),
        (GPT2, {"n_layer": "12"}, 'n_layer must be a whole number from 1 to 1,000,000,000, got "12"'),
        (GPT2, {"n_layer": 12.0}, "n_layer must be a whole number from 1 to 1,000,000,000, got 12.0"),
        (GPT2, {"n_layer": True}, "n_layer must be a whole number from 1 to 1,000,000,000, got true"),
        (GPT2, {"n_layer": 0}, "n_layer must be a whole number from 1 to 1,000,000,000, got 0"),
        (GPT2, {"n_layer": 10**12}, "n_layer must be a whole number from 1 to 1,000,000,000, got 1000000000000"),
        (GPT2, {"n_layer": [12]}, "n_layer must be a whole number from 1 to 1,000,000,000, got a list"),
        (GPT2, {"n_inner": {}}, "n_inner must be a whole number from 1 to 1,000,000,000, got an object"),
        (GPT2, {"layer_norm_epsilon": 0}, "layer_norm_epsilon must be a number above zero"),
        (GPT2, {"layer_norm_epsilon": "1e-5"}, "layer_norm_epsilon must be a number above zero"),
        (GPT2, {"tie_word_embeddings": "yes"}, 'tie_word_embeddings must be true or false, got "yes"'),
        (GPT2, {"n_head": 7}, "n_head = 7 does not divide n_embd = 768"),
        (BERT, {"num_attention_heads": 7}, "num_attention_heads = 7 does not divide hidden_size = 768"),
        (LLAMA2, {"num_key_value_heads": 5}, "num_key_value_heads = 5 does not divide heads = 32"),
        (LLAMA2, {"head_dim": 33}, "head_dim must be even for rotary positions, got 33"),
        (GPTJ, {"rotary_dim": 512}, "rotary_dim must be even and at most head_width = 256"),
        (GPT2, {"architectures": ["BertForMaskedLM"]}, 'architectures = ["BertForMaskedLM"] is not supported; '
                                                       "supported: one of GPT2ForCausalLM, GPT2LMHeadModel"),
        (GPT2, {"architectures": [["a"]]}, "architectures = a list is not supported"),
        (GPT2, {"architectures": ["GPT2DoubleHeadsModel"]}, 'architectures = ["GPT2DoubleHeadsModel"] is not'),
        (BERT, {"architectures": ["BertForSequenceClassification"], "num_labels": 3, "id2label": {"0": "a"}},
         "num_labels = 3 but id2label has 1 labels"),
        (BERT, {"architectures": ["BertForSequenceClassification"], "id2label": ["a"]}, "id2label must be an object"),
        (LLAMA2, {"quantization_config": {"quant_method": "aqlm", "bits": 4}},
         'quantization_config asks for weights of another format ("aqlm"): vectors are looked up in code books'),
        (LLAMA2, {"torch_dtype": "float8_e4m3fn"}, 'torch_dtype = "float8_e4m3fn" has no mechanism without'),
        ({"peft_type": "LORA", "r": 16}, {}, "peft_type tells the file of an adapter, not a config.json of Hugging"),
        (LLAMA2, {"model_type": "mllama_text_model"}, 'model_type = "mllama_text_model": layers that look at an image'),
        (LLAMA2, {"rope_scaling": "linear"}, 'rope_scaling must be an object, got "linear"'),
        (LLAMA2, {"rope_parameters": {"rope_theta": -1}}, "rope_theta must be a number above zero"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named(config: dict[str, Any], changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    assert f": error: {message}" in message_of(tmp_path, config | changes)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_missing_key_is_named(name: str, tmp_path: Path) -> None:
    sizes = [key for key, value in CONFIGS[name].items() if type(value) is int
             and key not in ("num_key_value_heads", "rotary_dim")]  # fmt: skip
    kind = CONFIGS[name]["model_type"]
    for key in sizes:
        shorter = {other: value for other, value in CONFIGS[name].items() if other != key}
        assert f": error: {key} is missing; a {kind} config.json has it" in message_of(tmp_path, shorter)
    nameless = {key: value for key, value in CONFIGS[name].items() if key != "model_type"}
    assert f'model_type is missing: add "model_type": "{kind}"' in message_of(tmp_path, nameless)
    assert "model_type is missing; a Hugging Face config.json has it" in message_of(tmp_path, {"hidden_size": 4})


@pytest.mark.parametrize("size", [1, LARGEST_SIZE])
def test_sizes_go_from_one_to_the_largest(size: int, tmp_path: Path) -> None:
    assert read(tmp_path, {**GPT2, "vocab_size": size}).vocab == size
    for beyond in (0, LARGEST_SIZE + 1):
        assert "must be a whole number from 1 to" in message_of(tmp_path, {**GPT2, "vocab_size": beyond})


def test_the_place_of_a_key_is_shown(tmp_path: Path) -> None:
    message = message_of(tmp_path, GPT2 | {"n_layer": "12"})
    assert message.startswith(":11:3: error: n_layer must be")
    assert message.endswith('\n      "n_layer": "12",\n      ^')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "a": 1,\n  b\n}', ":3:3: error: not valid JSON: Expecting property name"),
        ("", ":1:1: error: not valid JSON: Expecting value"),
        ("not json", ":1:1: error: not valid JSON: Expecting value"),
        ('{"a": NaN}', ": error: model_type is missing"),
        ('{"a": ' + "9" * 5000 + "}", ":1:7: error: not valid JSON: a number has too many digits"),
        ("[1, 2]", ": error: not a config.json: the outermost value must be an object, {...}"),
        ("null", ": error: not a config.json: the outermost value"),
        ("[" * 100_000, ": error: not a config.json: nested too deep"),
        ("{" + " " * (1 << 20) + "}", ": error: is too large; a config.json has at most 1,048,576 bytes"),
        ("{}", ": error: model_type is missing"),
    ],
)
def test_a_file_that_is_no_config(text: str, message: str, tmp_path: Path) -> None:
    assert message_of(tmp_path, text).startswith(message)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing.json: error: no such file"):
        read_hf_config(tmp_path / "missing.json")
    with pytest.raises(InputError, match=r"is a folder, not a config\.json"):
        read_hf_config(tmp_path)
    (tmp_path / "latin.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(InputError, match="byte 0xe9 is not UTF-8"):
        read_hf_config(tmp_path / "latin.json")


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + json.dumps(GPT2)).layers == 12


def read_text_of(text: str) -> ModelSpec:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        return read_hf_config(file)


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_JSON = st.recursive(_VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner))


@settings(max_examples=40)
@given(st.sampled_from(sorted({**CONFIGS, **PUBLISHED})), st.data())
def test_whatever_stands_at_a_key_it_is_a_model_or_a_message(name: str, data: st.DataObject) -> None:
    config = dict(CONFIGS[name] if name in CONFIGS else PUBLISHED[name][1])
    optional = [
        "layer_types",
        "sliding_window",
        "text_config",
        "architectures",
        "id2label",
        "num_labels",
        "rope_parameters",
        "rope_scaling",
        "head_dim",
        "mlp_bias",
        "n_inner",
    ]
    for key in data.draw(st.lists(st.sampled_from(sorted({*config, *optional})), max_size=3)):
        config[key] = data.draw(_JSON)
    try:
        model = read_text_of(json.dumps(config))
    except InputError as error:
        str(error).encode()
    else:
        assert parameters(model) > 0


def _with_a_list(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield *config* with a list at each of its keys, and at those of its objects."""
    for key, value in config.items():
        yield config | {key: []}
        if isinstance(value, dict):
            yield from (config | {key: inner} for inner in _with_a_list(value))


def test_no_word_is_looked_up_before_it_is_known_to_be_one(tmp_path: Path) -> None:
    of_a_kind = {config["model_type"]: config for _, config in PUBLISHED.values()}
    for config in of_a_kind.values():
        for changed in _with_a_list(config):
            with suppress(InputError):
                read(tmp_path, changed)


@pytest.mark.parametrize(
    ("name", "inside", "key"),
    [
        ("deepseek-v2", None, "topk_method"),
        ("deepseek-v3", None, "topk_method"),
        ("mpt-7b", "attn_config", "attn_type"),
    ],
)
@pytest.mark.parametrize(("value", "said"), [([], "[]"), ({}, "an object"), (3, "3"), ("best", '"best"')])
def test_a_method_that_is_not_one_is_named(
    tmp_path: Path, name: str, inside: str | None, key: str, value: object, said: str
) -> None:
    config = dict(PUBLISHED[name][1])
    changed = {key: value} if inside is None else {inside: {**config.get(inside, {}), key: value}}
    assert f"{key} = {said} is not supported" in message_of(tmp_path, config | changed)


@given(st.text())
def test_any_text_is_a_message(text: str) -> None:
    with pytest.raises(InputError):
        read_text_of(text)


@pytest.mark.parametrize(
    ("config", "changes", "said"),
    [
        (LLAMA2, {"rope_scaling": {"rope_type": "su", "factor": 8.0}}, 'rope_scaling asks for "su" scaling'),
        (LLAMA2, {"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "changes angles beyond 4,096 positions alone"),
        (LLAMA2, {"rope_parameters": {"rope_type": "longrope"}}, 'rope_parameters asks for "longrope" scaling'),
        (LLAMA2, {"rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.1]}}, 'asks for "longrope" scaling'),
        (BERT, {"architectures": ["BertModel"]}, "architectures names a body without a head (BertModel)"),
        (GPT2, {"architectures": None}, "architectures names no class"),
        (LLAMA2, {"sliding_window": 64, "layer_types": None}, '"sliding_window" is not read'),
        (LLAMA2, {"mystery_\x1b[31m": 3, "torch_dtype": "float16"}, '"mystery_\\u001b[31m" is not read'),
    ],
)  # fmt: skip
def test_what_is_not_followed_is_said(
    config: dict[str, Any], changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    (note,) = read(tmp_path, config | changes).notes
    assert said in note
    assert note.isprintable()


@pytest.mark.parametrize(
    ("config", "changes", "what"),
    [
        (LLAMA2, {"rope_scaling": {"type": "su", "factor": 8.0}}, 'rope_scaling asks for "su" scaling'),
        (LLAMA2, {"model_type": "phimoe"}, "model_type is phimoe"),
        (LLAMA2, {"model_type": "olmo", "clip_qkv": 8.0}, "clip_qkv is not followed"),
        (
            GPT2,
            {"model_type": "gpt_neo", "architectures": None, "attention_types": [[["global", "local"], 6]]},
            "attention_types is said",
        ),
    ],
)
def test_what_changes_numbers_and_is_not_followed_is_kept_apart(
    config: dict[str, Any], changes: dict[str, Any], what: str, tmp_path: Path
) -> None:
    model = read(tmp_path, config | changes)
    (differs,) = model.differs
    assert differs.startswith(what)
    assert any(differs in note and "weights of a file are not computed with" in note for note in model.notes)


def test_of_a_type_that_is_not_known_it_is_said_how_to_describe_it_by_hand(tmp_path: Path) -> None:
    told = message_of(tmp_path, LLAMA2 | {"model_type": "phi4mm", "num_experts": 8})
    assert 'model_type = "phi4mm" is no model type that is known' in told
    given = told.partition("`model: ")[2].partition("`")[0]
    shape = dict(re.findall(r"(\w+): (\d+)", given))
    assert (shape["layers"], shape["experts"]) == ("32", "8")
    known = {each.name for each in fields(ModelSpec)}
    assert {*shape, *re.findall(r"[a-z]+_[a-z_]+", BY_HAND)} <= known


def test_a_task_that_is_asked_for_goes_before_the_files(tmp_path: Path) -> None:
    file = write(tmp_path, BERT | {"architectures": ["BertModel"], "num_labels": 4})
    model = read_hf_config(file, task="tag")
    assert (model.task, model.classes, model.notes) == ("tag", 4, ())


def test_the_text_part_of_a_model_of_images_is_read_and_its_keys_are_placed(tmp_path: Path) -> None:
    inner = {**LLAMA2, "num_attention_heads": 31}
    config = {"model_type": "llava", "vision_config": {"hidden_size": 3}, "text_config": inner,
              "architectures": ["LlavaForConditionalGeneration"]}  # fmt: skip
    message = message_of(tmp_path, config)
    assert message.startswith(":15:5: error: num_attention_heads = 31 does not divide hidden_size = 4096")
    inner["num_attention_heads"] = 32
    (note,) = read(tmp_path, config).notes
    assert note == "config.json: text_config is what is read: the parts for images or sound are left out"


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "architecture", "changes"),
    [
        ("gpt2", "GPT2LMHeadModel", {}),
        ("gpt2", "GPT2LMHeadModel", {"n_inner": 96, "tie_word_embeddings": False}),
        ("gpt2", "GPT2ForSequenceClassification", {"id2label": {"0": "a", "1": "b", "2": "c"}}),
        ("gpt-j-6b", "GPTJForCausalLM", {}),
        ("gpt-j-6b", "GPTJForSequenceClassification", {}),
        ("llama-2-7b", "LlamaForCausalLM", {}),
        ("llama-2-7b", "LlamaForCausalLM", {"attention_bias": True, "mlp_bias": True, "head_dim": 64}),
        ("llama-3-8b", "LlamaForCausalLM", {"tie_word_embeddings": True}),
        ("llama-3-8b", "LlamaForSequenceClassification", {}),
        ("bert-base", "BertForPreTraining", {}),
        ("bert-base", "BertForMaskedLM", {}),
        ("bert-base", "BertForSequenceClassification", {}),
    ],
)  # fmt: skip
def test_transformers_counts_the_same_parameters(
    name: str, architecture: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    file = write(tmp_path, CONFIGS[name] | changes | {"architectures": [architecture]})
    config = transformers.AutoConfig.from_pretrained(tmp_path)
    with torch.device("meta"):
        network = getattr(transformers, architecture)(config)
    assert parameters(read_hf_config(file)) == sum(weight.numel() for weight in network.parameters())
