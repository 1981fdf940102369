import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from wsesim.errors import InputError
from wsesim.model import ModelSpec, build_graph, read_hf_config
from wsesim.numerics.arrays import Array
from wsesim.numerics.checkpoint import SafetensorsWeights

MODELS = Path(__file__).parents[1] / "golden" / "models"
GPT2 = ModelSpec(
    name="gpt2", layers=2, width=24, heads=4, kv_heads=4, head_width=6, ffn_width=40, vocab=61, max_length=16
)  # fmt: skip
LLAMA = replace(
    GPT2, name="llama", kv_heads=2, norm="rms_norm", position="rotary", activation="swiglu", bias=False,
    attention_bias=False, tied=False,
)  # fmt: skip
Tensors = dict[str, Array]


def opened(path: Path, model: ModelSpec = GPT2) -> SafetensorsWeights:
    return SafetensorsWeights(path, build_graph(model, sequences=1, length=4))


def messages(path: Path, model: ModelSpec = GPT2) -> list[str]:
    with pytest.raises(InputError) as caught:
        opened(path, model)
    assert {problem.file for problem in caught.value.problems} == {str(path)}
    return [problem.message for problem in caught.value.problems]


@pytest.fixture
def tensors() -> Tensors:
    return dict(load_file(MODELS / "gpt2_gelu.safetensors"))


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[Tensors], Path]:
    def save(tensors: Tensors) -> Path:
        save_file(tensors, tmp_path / "model.safetensors")
        return tmp_path / "model.safetensors"

    return save


def test_gpt2_is_read_as_it_stands(tensors: Tensors) -> None:
    weights = opened(MODELS / "gpt2_gelu.safetensors")
    layer = weights.load("layer", 1)
    np.testing.assert_array_equal(layer["attention.qkv.weight"], tensors["transformer.h.1.attn.c_attn.weight"])
    np.testing.assert_array_equal(layer["ffn.norm.scale"], tensors["transformer.h.1.ln_2.weight"])
    np.testing.assert_array_equal(weights.load("head", 0)["logits.weight"], tensors["transformer.wte.weight"])


def test_the_prefix_may_be_missing(tensors: Tensors, saved: Callable[[Tensors], Path]) -> None:
    path = saved({name.removeprefix("transformer."): array for name, array in tensors.items()})
    found = opened(path).load("layer", 0)
    np.testing.assert_array_equal(found["ffn.up.bias"], tensors["transformer.h.0.mlp.c_fc.bias"])


FAMILIES = MODELS.parent / "families"


@pytest.mark.parametrize(
    ("ending", "base", "head", "wanted"),
    [
        ("ForMaskedLM", "esm.", {}, "ESM"),
        ("ForSequenceClassification", "esm.", {"dense": (16, 16), "out_proj": (2, 16)}, "ESM that tells classes"),
        ("ForTokenClassification", "esm.", {"": (2, 16)}, "ESM without a head"),
        ("Model", "", {}, "ESM without a head"),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_an_esm_is_read_whatever_its_end_is(
    ending: str, base: str, head: dict[str, tuple[int, int]], wanted: str, old: bool, saved: Callable[[Tensors], Path]
) -> None:
    tensors = dict(load_file(FAMILIES / "esm.safetensors"))
    norm = np.linspace(0, 1, 16, dtype=np.float32)
    tensors |= {f"esm.embeddings.layer_norm.{part}": norm for part in ("weight", "bias")}
    if wanted != "ESM":
        tensors = {name: each for name, each in tensors.items() if not name.startswith("lm_head")}
    for name, (out, into) in head.items():
        at = f"classifier.{name}".rstrip(".")
        tensors |= {f"{at}.weight": np.ones((out, into)), f"{at}.bias": np.ones(out)}
    if ending == "Model":
        tensors |= {"esm.pooler.dense.weight": np.ones((16, 16)), "esm.pooler.dense.bias": norm}
    if old:  # as transformers 5 writes them
        for now, once in (("weight", "gamma"), ("bias", "beta")):
            tensors = {name.replace(f"LayerNorm.{now}", f"LayerNorm.{once}"): each for name, each in tensors.items()}
    path = saved({name.replace("esm.", base, 1): each for name, each in tensors.items()})
    config = json.loads((FAMILIES / "esm.json").read_text()) | {"emb_layer_norm_before": True}
    (path.parent / "config.json").write_text(json.dumps({**config, "architectures": [f"Esm{ending}"]}))
    model = read_hf_config(path.parent / "config.json")
    graph = build_graph(model, sequences=1, length=4)
    weights = SafetensorsWeights(path, graph)
    assert weights.family == wanted
    found = {name: each for block in graph.blocks for name, each in weights.load(block.name, 0).items()}
    np.testing.assert_array_equal(found["embed.norm.scale"], norm)
    last = "final.norm.bias" if wanted == "ESM" else "head.norm.bias"
    np.testing.assert_array_equal(found[last], tensors["esm.encoder.emb_layer_norm_after.bias"])


def test_what_the_graph_has_no_use_for_is_left_alone(tensors: Tensors, saved: Callable[[Tensors], Path]) -> None:
    masks = {f"transformer.h.{n}.attn.bias": np.ones((1, 1, 16, 16), dtype=np.uint8) for n in range(2)}
    opened(saved(tensors | masks | {"lm_head.weight": tensors["transformer.wte.weight"]})).load("head", 0)


def test_queries_keys_and_values_are_turned_and_joined() -> None:
    stored = load_file(MODELS / "llama.safetensors")
    layer = opened(MODELS / "llama.safetensors", LLAMA).load("layer", 1)
    parts = [stored[f"model.layers.1.self_attn.{part}_proj.weight"].T for part in "qkv"]
    np.testing.assert_array_equal(layer["attention.qkv.weight"], np.hstack(parts))
    np.testing.assert_array_equal(layer["ffn.up.weight"], stored["model.layers.1.mlp.up_proj.weight"].T)


@pytest.mark.parametrize(
    ("body", "outer"), [("language_model.model.", "language_model."), ("model.language_model.", "")]
)
def test_the_text_part_of_a_model_with_images_is_read(
    body: str, outer: str, saved: Callable[[Tensors], Path]
) -> None:  # fmt: skip
    alone = load_file(MODELS / "llama.safetensors")
    named = {f"{body}{name.removeprefix('model.')}" if name.startswith("model.") else f"{outer}{name}": array
             for name, array in alone.items()}  # fmt: skip
    path = saved(named | {"vision_tower.patches.weight": np.ones(3, dtype=np.float32)})
    for block in ("embed", "layer", "head"):
        wanted = opened(MODELS / "llama.safetensors", LLAMA).load(block, 0)
        found = opened(path, LLAMA).load(block, 0)
        assert all(np.array_equal(found[name], array) for name, array in wanted.items())


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions_become_fp32(tensors: Tensors, saved: Callable[[Tensors], Path], dtype: type) -> None:
    path = saved({name: array.astype(dtype) for name, array in tensors.items()})
    found = opened(path).load("layer", 0)["ffn.up.weight"]
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, tensors["transformer.h.0.mlp.c_fc.weight"], rtol=1e-3)


def test_a_wrong_shape_says_found_and_wanted(tensors: Tensors, saved: Callable[[Tensors], Path]) -> None:
    name = "transformer.h.1.mlp.c_fc.weight"
    path = saved(tensors | {name: np.zeros((40, 24), dtype=np.float32)})
    assert messages(path) == [f"tensor '{name}': found [40, 24], wanted [24, 40]"]


def test_a_missing_tensor_is_named_with_what_is_like_it(tensors: Tensors, saved: Callable[[Tensors], Path]) -> None:
    tensors["transformer.ln_final.weight"] = tensors.pop("transformer.ln_f.weight")
    assert messages(saved(tensors)) == [
        "tensor 'transformer.ln_f.weight' is missing, wanted [24], did you mean 'transformer.ln_final.weight'?"
    ]


def test_another_vocabulary_is_told() -> None:
    assert messages(MODELS / "gpt2_gelu.safetensors", replace(GPT2, vocab=50257))[0] == (
        "tensor 'transformer.wte.weight': found [61, 24], wanted [50257, 24]: "
        "the vocabulary has 61 tokens, the model's 50257"
    )


@pytest.mark.parametrize("layers", [1, 3])
def test_another_depth_is_told_once(layers: int) -> None:
    assert messages(MODELS / "gpt2_gelu.safetensors", replace(GPT2, layers=layers)) == [
        f"found 2 layers, wanted {layers}: the model's depth is another"
    ]


def test_many_mistakes_are_counted() -> None:
    found = messages(MODELS / "gpt2_gelu.safetensors", replace(GPT2, width=48))
    assert len(found) == 9
    assert found[0] == "tensor 'transformer.wte.weight': found [61, 24], wanted [61, 48]"
    assert found[-1] == "... and 16 more tensors do not match"


def test_another_kind_of_model_is_told() -> None:
    (message,) = messages(MODELS / "gpt2_gelu.safetensors", LLAMA)
    assert message.startswith("the model has ffn.gate.weight, which GPT-BigCode naming does not know")


def test_numbers_of_another_type_are_refused(tensors: Tensors, saved: Callable[[Tensors], Path]) -> None:
    name = "transformer.wpe.weight"
    path = saved(tensors | {name: tensors[name].astype(np.int8)})
    assert messages(path) == [
        f"tensor '{name}': found numbers of type I8, wanted F16, BF16, F32, F64; convert the file"
    ]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(tensors: Tensors, saved: Callable[[Tensors], Path], bad: float) -> None:
    tensors["transformer.h.1.ln_1.bias"][3] = bad
    weights = opened(saved(tensors))
    weights.load("layer", 0)
    with pytest.raises(InputError, match=r"tensor 'transformer.h.1.ln_1.bias' holds NaN or infinity"):
        weights.load("layer", 1)


def test_unknown_names_are_told(saved: Callable[[Tensors], Path]) -> None:
    (message,) = messages(saved({"blk.0.attn_q.weight": np.zeros(3)}))
    assert message == (
        "the tensors follow no known naming (GPT-2, GPT, GPT-J, GPT-Neo, Falcon, BLOOM, MPT, GPT-NeoX, OPT, DeepSeek, "
        "MiniCPM 3, ERNIE 4.5 mixture, Granite 4, dense layers before a mixture, Granite mixture, GLM 4, "
        "Phi 3, Phi, gpt-oss, Qwen mixture, Gemma 2, OLMo 2, Mixtral, StableLM 2, Llama, ESM that tells classes, ESM, "
        "ESM without a head, RoBERTa, "
        "RoBERTa that tells classes, "
        "Nomic BERT, DistilBERT that finds answers, DistilBERT, BERT for pre-training, BERT that finds answers, BERT); "
        "the first is 'blk.0.attn_q.weight'"
    )
    assert messages(saved({}))[0].endswith("; there are none")


@pytest.mark.parametrize("content", [b"", b"short", b"\x02\0\0\0\0\0\0\0{]", b"x" * 50])
def test_a_file_of_another_kind_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    (message,) = messages(path)
    assert message.startswith("found no safetensors file, wanted one: ")


@pytest.mark.parametrize("content", [b"PK\x03\x04" + bytes(100), pickle.dumps({"a": 1}), b"\x80\x04"])
def test_a_pickled_file_is_refused_with_the_reason(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    (message,) = messages(path)
    assert message.startswith("is a pickled checkpoint, which may run any code when it is read; save it as safetensors")


def test_a_cut_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes((MODELS / "gpt2_gelu.safetensors").read_bytes()[:-100])
    assert messages(path)[0].startswith("found no safetensors file, wanted one: ")


def test_no_file_and_a_directory_are_told(tmp_path: Path) -> None:
    assert messages(tmp_path / "none.safetensors") == ["no such weights file"]
    assert messages(tmp_path) == ["this is a directory; name a .safetensors file in it, or its .index.json"]
