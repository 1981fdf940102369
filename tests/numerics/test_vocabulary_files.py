"""Tokenizers of folders: those of our kind give the ids of the `tokenizers` library, others are refused by kind."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from wsesim.errors import InputError
from wsesim.numerics import Tokenizer, read_tokenizer, tokenizer_files
from wsesim.numerics.stored import StoredTensors

TEXT = "It's the 12345th day, won't THEY'LL  see?\n\n  e\u0301 caf\u00e9 \U0001f600 of the\r\n in order\t!"
LLAMA3 = [
    0, 42, 85, 340, 264, 222, 18, 19, 20, 21, 22, 402, 290, 325, 13, 268, 263, 472, 311, 41, 38, 58, 8, 45, 45, 222,
    386, 70, 32, 200, 200, 222, 306, 138, 225, 271, 66, 71, 129, 104, 222, 174, 255, 248, 224, 288, 264, 203, 200, 289,
    395, 69, 265, 199, 2,
]  # fmt: skip
"""What `tokenizers` 0.22 makes of it with merges of GPT-2's, cut as Llama 3 and Qwen 2.5 are; composed for these."""
QWEN = [*LLAMA3[1:32], 222, 129, 104, *LLAMA3[35:]]
CUT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def described(**changes: Any) -> dict[str, Any]:
    """Return a tokenizer.json of the first 300 merges of GPT-2's, behind two tokens that begin and end a text."""
    files = tokenizer_files(Tokenizer.gpt2(300))
    vocab = {word: number + 2 for word, number in json.loads(files["vocab.json"]).items() if word != "<|endoftext|>"}
    names = ("<|begin_of_text|>", "<|end_of_text|>")
    split = {"type": "Split", "pattern": {"Regex": CUT}, "behavior": "Isolated", "invert": False}
    last = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}
    template = [{"SpecialToken": {"id": names[0], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    model = {"type": "BPE", "vocab": vocab, "merges": files["merges.txt"].split("\n")[1:-1], "ignore_merges": True}
    return {
        "model": model, "added_tokens": [{"id": number, "content": name} for number, name in enumerate(names)],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, last]}, "normalizer": None,
        "post_processor": {"type": "TemplateProcessing", "single": template}, **changes,
    }  # fmt: skip


def read(folder: Path, said: dict[str, Any]) -> Tokenizer:
    (folder / "tokenizer.json").write_text(json.dumps(said))
    found = read_tokenizer(folder)
    assert found is not None
    return found


def test_a_tokenizer_of_a_folder_has_the_ids_of_its_library(tmp_path: Path) -> None:
    assert read_tokenizer(tmp_path) is None
    llama, qwen = (
        read(tmp_path, described(**said)) for said in ({}, {"normalizer": {"type": "NFC"}, "post_processor": None})
    )
    assert [*llama.begins, *llama.encode(TEXT)] == LLAMA3
    assert qwen.begins == ()
    assert qwen.encode(TEXT) == QWEN
    assert (llama.end_of_text, llama.vocab_size, llama.decode(llama.encode(TEXT))) == (1, 558, TEXT)


def test_vocab_and_merges_are_read_as_they_are_written(tmp_path: Path) -> None:
    own = Tokenizer.gpt2(300)
    for name, text in tokenizer_files(own).items():
        (tmp_path / name).write_text(text)
    found = read_tokenizer(tmp_path)
    assert found is not None
    assert (found.encode(TEXT), found.end_of_text, found.vocab_size) == (own.encode(TEXT), 556, 557)


def changed(part: str, **changes: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {part: {**described()[part], **changes}}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (changed("model", type="Unigram"), 'is a "Unigram" tokenizer, which has no mechanism here'),
        (changed("model", byte_fallback=True), "merges characters, not bytes"),
        (lambda: {"pre_tokenizer": {"type": "Metaspace"}}, "merges characters, not bytes"),
        (changed("model", end_of_word_suffix="</w>"), "marks parts of words (end_of_word_suffix)"),
        (changed("model", merges=["t he", "h e"]), "has a vocabulary that is not byte-level"),
        (changed("model", vocab={"a": 2**40, "b": 1}), "has a vocabulary that is not byte-level"),
        (changed("model", vocab=[]), "has no object 'vocab'"),
        (lambda: {"normalizer": {"type": "Lowercase"}}, 'brings text to a form ("Lowercase")'),
        (lambda: {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True}}, "adds a space before a text"),
        (changed("pre_tokenizer", pretokenizers=[{"type": "Digits"}, {"type": "ByteLevel"}]), 'cuts text by "Digits"'),
    ],
)  # fmt: skip
def test_other_kinds_are_refused_by_what_they_do(
    said: Callable[[], dict[str, Any]], why: str, tmp_path: Path
) -> None:  # fmt: skip
    with pytest.raises(InputError) as error:
        read(tmp_path, described(**said()))
    assert why in str(error.value)
    assert str(tmp_path / "tokenizer.json") in str(error.value)


def test_bf16_is_the_upper_half_of_fp32(tmp_path: Path) -> None:
    numbers = np.array([[1.0, -2.5, 3.140625], [0.0, 1e30, -1e-30]], np.float32)
    half = (numbers.view(np.uint32) >> 16).astype(np.uint16)
    save_file({"x": half.view(np.float16), "y": numbers}, tmp_path / "m.safetensors")
    raw = (tmp_path / "m.safetensors").read_bytes()
    size = int.from_bytes(raw[:8], "little")
    header = raw[8 : 8 + size].replace(b'"dtype":"F16"', b'"dtype":"BF16"').rstrip()
    header += b" " * (-len(header) % 8)
    (tmp_path / "m.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + raw[8 + size :])
    stored = StoredTensors(tmp_path / "m.safetensors")
    with stored.opened() as reader:
        np.testing.assert_allclose(reader.read("x"), numbers, rtol=2**-7)
        assert reader.read("x").dtype == np.float32
        assert (reader.read("y") == numbers).all()
