"""Weights in several files are those of one, and an index that is not right is refused by name."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.numerics.test_checkpoint import GPT2, MODELS, opened
from tests.numerics.test_verify import NARROW_TEXT, STORED

from wsesim.errors import InputError
from wsesim.model import build_graph
from wsesim.numerics import compute, execute, token_inputs, verify_model
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.text import token_windows
from wsesim.numerics.tokenizer import Tokenizer

ONE = MODELS / "gpt2_gelu.safetensors"


def parted(folder: Path) -> Path:
    """Write the golden model as two files and their index."""
    tensors = load_file(ONE)
    names = sorted(tensors)
    files = {name: f"model-{1 + (at > 9)}-of-2.safetensors" for at, name in enumerate(names)}
    for file in set(files.values()):
        save_file({name: tensors[name] for name in names if files[name] == file}, folder / file)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": files}))
    return index


def test_weights_in_several_files_are_those_of_one(tmp_path: Path) -> None:
    one, several = opened(ONE), opened(parted(tmp_path))
    for block, copy in (("embed", 0), ("layer", 0), ("layer", 1), ("head", 0)):
        wanted, found = one.load(block, copy), several.load(block, copy)
        assert wanted.keys() == found.keys()
        for name, array in wanted.items():
            np.testing.assert_array_equal(found[name], array)


def test_a_whole_model_is_computed_from_several_files(tmp_path: Path) -> None:
    text, index = tmp_path / "narrow.txt", parted(tmp_path)
    text.write_text(NARROW_TEXT)
    told: list[tuple[int, int, str]] = []
    given: dict[str, Any] = {"text": str(text), "sequences": 2, "length": 4, "weights": index}
    found = compute(STORED, **given, tell=lambda *step: told.append(step))
    graph = build_graph(STORED, sequences=2, length=4, precision="fp32")
    ids = token_windows(NARROW_TEXT, Tokenizer.gpt2(), 2, 4)
    run = execute(graph, SafetensorsWeights(ONE, graph), token_inputs(graph, ids))
    assert (found.losses, found.tokens, found.layers) == (run.losses, 8, 2)
    assert told == [(0, 4, "embed"), (1, 4, "embed"), (2, 4, "layer 1"), (3, 4, "layer 2"), (4, 4, "head")]
    assert verify_model(STORED, **given).ok
    with pytest.raises(InputError, match="the vocabulary has 61 tokens, but the text has the id"):
        compute(STORED, **{**given, "text": "sample:sotu"}, tell=lambda *_: None)


def test_weights_of_a_model_that_is_not_followed_in_all_are_not_computed_with(tmp_path: Path) -> None:
    """Costs hold, and weights drawn are checked; but what its own weights came to would be another model's."""
    text = tmp_path / "narrow.txt"
    text.write_text(NARROW_TEXT)
    given: dict[str, Any] = {"text": str(text), "sequences": 2, "length": 4}
    model = replace(STORED, differs=("clip_qkv is not followed",))
    assert verify_model(model, **given).ok
    for ask in (verify_model, partial(compute, tell=lambda *_: None)):
        with pytest.raises(InputError, match=r"numbers would be others than the model's: clip_qkv is not followed"):
            ask(model, **given, weights=ONE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot read this index of weights"),
        ("[]", "has no `weight_map`"),
        ('{"weight_map": {}}', "has no `weight_map`"),
        ('{"weight_map": {"a": "../model.safetensors"}}', "names '../model.safetensors', wanted a file beside it"),
        ('{"weight_map": {"a": 1}}', "names 1, wanted a file beside it"),
        ('{"weight_map": {"a": "gone.safetensors"}}', "gone.safetensors: error: no such weights file"),
        (
            '{"weight_map": {"a": "model-1-of-2.safetensors"}}',
            "names tensor 'a' in model-1-of-2.safetensors, which",
        ),
    ],
)
def test_an_index_that_is_not_right_is_refused(content: str, message: str, tmp_path: Path) -> None:
    index = parted(tmp_path)
    index.write_text(content)
    with pytest.raises(InputError, match=message):
        SafetensorsWeights(index, build_graph(GPT2, sequences=1, length=4))


def test_an_index_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such index of weights"):
        opened(tmp_path / "model.safetensors.index.json")
