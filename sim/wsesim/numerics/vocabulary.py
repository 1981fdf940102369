"""The files by which transformers knows a byte-level tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping

from wsesim.numerics.tokenizer import Tokenizer, spelling

_END = "<|endoftext|>"


def tokenizer_files(tokenizer: Tokenizer) -> Mapping[str, str]:
    """Return the text of each file by its name, as `GPT2Tokenizer` reads them."""
    signs = spelling()
    spelled = ["".join(signs[byte] for byte in token) for token in tokenizer.token_bytes[:-1]]
    ranked = sorted(tokenizer.merges, key=lambda pair: tokenizer.merges[pair])
    merges = [f"{spelled[left]} {spelled[right]}" for left, right in ranked]
    ids = {token: number for number, token in enumerate([*spelled, _END])}
    named = {"tokenizer_class": "GPT2Tokenizer", "bos_token": _END, "eos_token": _END, "unk_token": _END}
    return {
        "vocab.json": json.dumps(ids, ensure_ascii=False),
        "merges.txt": "\n".join(["#version: 0.2", *merges, ""]),
        "tokenizer_config.json": json.dumps(named, indent=2),
    }
