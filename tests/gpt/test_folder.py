"""Folders: what is saved is what is read, in the layout of transformers, and what is broken is said."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.gpt.test_module import IDS, gpt

from wsesim.errors import InputError, SpecError
from wsesim.gpt import CerebrasGPT, Tokenizer

GOLDEN = Path(__file__).parents[1] / "golden" / "models"


def folder_of(name: str, folder: Path, **config: Any) -> Path:
    """Put a golden model into a folder as transformers would."""
    (folder / "model.safetensors").write_bytes((GOLDEN / f"{name}.safetensors").read_bytes())
    sizes = {"n_layer": 2, "n_head": 4, "n_embd": 24, "n_inner": 40, "vocab_size": 61, "n_positions": 16}
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2", **sizes, **config}))
    return folder


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_saved_is_what_is_read(num_classes: int, dtype: str, tmp_path: Path) -> None:
    model = gpt(num_classes, dtype, activation="gelu_tanh", filter_size=20, layer_norm_epsilon=1e-6)
    model.save_pretrained(tmp_path / "new" / "folder")
    found = CerebrasGPT.from_pretrained(tmp_path / "new" / "folder", dtype=dtype)
    np.testing.assert_array_equal(found(IDS).logits, model(IDS).logits)
    assert found.parameters().keys() == model.parameters().keys()
    assert (found.num_classes, found.filter_size, found.activation) == (num_classes, 20, "gelu_tanh")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("name", "config", "logits"),
    [
        ("gpt2_gelu", {"activation_function": "gelu"}, "logits"),
        ("gpt2_gelu_new", {}, "logits"),
        ("gpt2_classify", {"architectures": ["GPT2ForSequenceClassification"], "num_labels": 3}, "class_logits"),
    ],
)
def test_golden_models_of_transformers_go_there_and_back(
    name: str, config: dict[str, Any], logits: str, tmp_path: Path
) -> None:
    wanted = load_file(GOLDEN / f"{name}.expected.safetensors")
    model = CerebrasGPT.from_pretrained(folder_of(name, tmp_path, **config))
    np.testing.assert_allclose(model(wanted["ids"]).logits, wanted[logits], atol=1e-5)
    model.save_pretrained(tmp_path / "again")
    stored, again = (load_file(each / "model.safetensors") for each in (tmp_path, tmp_path / "again"))
    assert again.keys() == {each for each in stored if not each.startswith("lm_head")}
    for each, array in again.items():
        np.testing.assert_array_equal(array, stored[each])


def test_a_head_of_other_classes_is_new_and_all_else_is_kept(tmp_path: Path) -> None:
    words = gpt()
    words.save_pretrained(tmp_path / "words")
    three = CerebrasGPT.from_pretrained(tmp_path / "words", 3, seed=5)
    assert three.parameters()["score.weight"].shape == (3, 8)
    three.save_pretrained(tmp_path / "three")
    five = CerebrasGPT.from_pretrained(tmp_path / "three", 5)
    same = CerebrasGPT.from_pretrained(tmp_path / "three", 3, seed=6)
    back = CerebrasGPT.from_pretrained(tmp_path / "three", 0)
    assert five(IDS).logits.shape == (4, 5)
    np.testing.assert_array_equal(same(IDS).logits, three(IDS).logits)
    np.testing.assert_array_equal(back(IDS).logits, words(IDS).logits)
    for name, array in words.parameters().items():
        np.testing.assert_array_equal(array, five.parameters()[name])


def test_a_vocabulary_of_gpt2_brings_its_tokenizer(tmp_path: Path) -> None:
    CerebrasGPT(1, 1, hidden_size=2, max_position_embeddings=4).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["pad_token_id"] == config["eos_token_id"] == Tokenizer.gpt2().end_of_text
    assert {path.name for path in tmp_path.iterdir()} >= {"vocab.json", "merges.txt", "tokenizer_config.json"}


def test_a_smaller_tokenizer_is_saved_if_it_is_given(tmp_path: Path) -> None:
    few = Tokenizer.gpt2(merges=100)
    model = CerebrasGPT(1, 1, hidden_size=2, max_position_embeddings=4, vocab_size=few.vocab_size)
    model.save_pretrained(tmp_path, few)
    assert len(json.loads((tmp_path / "vocab.json").read_text("utf-8"))) == 357
    with pytest.raises(SpecError, match="tokenizer has 357 ids, the model 23"):
        gpt().save_pretrained(tmp_path, few)


def test_saving_again_replaces(tmp_path: Path) -> None:
    gpt(3).save_pretrained(tmp_path)
    model = gpt(dtype="float64")
    model.save_pretrained(tmp_path)
    np.testing.assert_array_equal(CerebrasGPT.from_pretrained(tmp_path, dtype="float64")(IDS).logits, model(IDS).logits)


def broken(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        CerebrasGPT.from_pretrained(folder)
    return str(caught.value)


def test_pickled_checkpoints_are_refused_with_the_reason(tmp_path: Path) -> None:
    gpt().save_pretrained(tmp_path)
    reason = "is a pickled checkpoint, which may run any code when it is read; save it as safetensors"
    weights = tmp_path / "model.safetensors"
    for content in (pickle.dumps({"a": 1}), b"PK\x03\x04 and so on"):
        weights.write_bytes(content)
        assert f"model.safetensors: error: {reason}" in broken(tmp_path)
    weights.rename(tmp_path / "pytorch_model.bin")
    assert f"pytorch_model.bin: error: {reason}" in broken(tmp_path)


def test_what_is_missing_broken_or_in_parts_is_said(tmp_path: Path) -> None:
    assert "no such file" in broken(tmp_path / "nowhere")
    gpt().save_pretrained(tmp_path)
    weights = tmp_path / "model.safetensors"
    whole = weights.read_bytes()
    for kept in (0, 5, 100, len(whole) - 1):
        weights.write_bytes(whole[:kept])
        assert "model.safetensors: error: found no safetensors file, wanted one" in broken(tmp_path)
    weights.unlink()
    assert "model.safetensors: error: no such weights file" in broken(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    assert "index.json: error: has no `weight_map` with the file of each tensor" in broken(tmp_path)


def test_weights_in_several_files_are_those_of_one(tmp_path: Path) -> None:
    model = gpt()
    model.save_pretrained(tmp_path)
    tensors, files = load_file(tmp_path / "model.safetensors"), {}
    (tmp_path / "model.safetensors").unlink()
    for number, name in enumerate(tensors):
        files[name] = f"model-{number % 3}.safetensors"
    for file in set(files.values()):
        save_file({name: array for name, array in tensors.items() if files[name] == file}, tmp_path / file)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    again = CerebrasGPT.from_pretrained(tmp_path).parameters()
    for name, array in model.parameters().items():
        np.testing.assert_array_equal(again[name], array)


def test_weights_that_are_no_numbers_are_neither_read_nor_saved(tmp_path: Path) -> None:
    model = gpt()
    model.save_pretrained(tmp_path)
    before = (tmp_path / "model.safetensors").read_bytes()
    model.parameters()["transformer.ln_f.bias"][2] = np.nan
    with pytest.raises(InputError, match=r"tensor 'transformer.ln_f.bias' holds NaN or infinity: not saved"):
        model.save_pretrained(tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == before
    tensors = dict(load_file(tmp_path / "model.safetensors"))
    tensors["transformer.ln_f.bias"] = np.full(8, np.nan, dtype=np.float32)
    save_file(tensors, tmp_path / "model.safetensors")
    assert "tensor 'transformer.ln_f.bias' holds NaN or infinity, wanted numbers" in broken(tmp_path)


def test_other_kinds_of_model_are_refused(tmp_path: Path) -> None:
    folder_of("gpt2_gelu", tmp_path, model_type="gptj", rotary_dim=4)
    assert "is not a gpt2's" in broken(tmp_path)


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: error: cannot write it"):
        gpt().save_pretrained(tmp_path / "file")


def test_a_head_of_words_that_is_not_there_is_not_made_up(tmp_path: Path) -> None:
    gpt(3).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    with pytest.raises(SpecError, match="num_classes = 0 wants a head of words"):
        CerebrasGPT.from_pretrained(tmp_path, 0)
