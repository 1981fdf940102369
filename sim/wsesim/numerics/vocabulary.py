"""The files by which transformers knows a byte-level tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn

import regex

from wsesim.errors import InputError
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


def read_tokenizer(folder: Path) -> Tokenizer | None:
    """Return the tokenizer of a folder as transformers keeps a model in; None if it has none.

    A `tokenizer.json` is read before a `vocab.json` and `merges.txt`.

    Raises:
        InputError: a file is broken, or asks for another kind of tokenizer than byte-level byte-pair encoding.
    """
    whole, parts = folder / "tokenizer.json", (folder / "vocab.json", folder / "merges.txt")
    if whole.is_file():
        return _Described(whole, _object(whole)).tokenizer()
    if all(part.is_file() for part in parts):
        lines = [line for line in _read(parts[1]).split("\n") if line and not line.startswith("#version")]
        vocab = _object(parts[0])
        said = {
            "model": {"vocab": vocab, "merges": lines}, "pre_tokenizer": {"type": "ByteLevel"},
            "added_tokens": [{"content": name, "id": vocab[name]} for name in _ENDS if name in vocab],
        }  # fmt: skip
        return _Described(parts[0], said).tokenizer()
    if (folder / "tokenizer.model").is_file():
        raise InputError.at("is a SentencePiece tokenizer, which has no mechanism here: byte-level ones are read",
                            file=str(folder / "tokenizer.model"))  # fmt: skip
    return None


def tokenizer_beside(weights: Path | None) -> Tokenizer:
    """Return the tokenizer that lies beside a file of weights; GPT-2's where there is none.

    Raises:
        InputError: as `read_tokenizer`.
    """
    return (read_tokenizer(weights.parent) if weights else None) or Tokenizer.gpt2()


class _Described:
    """What a tokenizer.json says."""

    def __init__(self, path: Path, data: Mapping[str, Any]) -> None:
        self.path, self.data = path, data
        self.model = self._part(data, "model")

    def tokenizer(self) -> Tokenizer:
        """Return it.

        Raises:
            InputError: it is of another kind, or its parts do not agree.
        """
        self._refuse_other_kinds()
        bytes_of = {sign: byte for byte, sign in spelling().items()}
        vocab = self._part(self.model, "vocab")
        added = {str(one["content"]): int(one["id"]) for one in self.data.get("added_tokens") or ()}
        spelled = {word: number for word, number in vocab.items() if word not in added}
        try:
            tokens = {number: bytes(bytes_of[sign] for sign in word) for word, number in spelled.items()}
            tokens |= {number: word.encode() for word, number in added.items()}
            byte_ids = tuple(spelled[sign] for _, sign in sorted(spelling().items()))
            merges = self._merges(spelled)
            ids = range(max(tokens) + 1)
            token_bytes = tuple(tokens.get(number, b"") for number in ids)
        except (KeyError, TypeError, ValueError, AttributeError, MemoryError) as error:
            self._fail(f"has a vocabulary that is not byte-level: {error}")
        if len(tokens) * 4 < len(token_bytes) or any(number < 0 for number in tokens):
            self._fail("has ids that are far apart: most of them are no token")
        return Tokenizer(
            token_bytes=token_bytes, merges=merges, words=self._words(), byte_ids=byte_ids, end=self._end(added),
            begins=self._begins(added), composed=self._composed(),
            whole={tokens[number]: number for number in spelled.values()} if self.model.get("ignore_merges") else {},
        )  # fmt: skip

    def _refuse_other_kinds(self) -> None:
        kind = self.model.get("type", "BPE")
        if kind != "BPE":
            self._fail(f"is a {_shown(kind)} tokenizer, which has no mechanism here: byte-level BPE is read")
        if self.model.get("byte_fallback") or "ByteLevel" not in {one.get("type") for one in self._steps()}:
            self._fail("merges characters, not bytes (as SentencePiece does), which has no mechanism here: byte-level "
                       "BPE is read")  # fmt: skip
        for key in ("continuing_subword_prefix", "end_of_word_suffix"):
            if self.model.get(key):
                self._fail(f"marks parts of words ({key}), which has no mechanism here: byte-level BPE is read")

    def _merges(self, ids: Mapping[str, int]) -> dict[tuple[int, int], int]:
        """Return the ids that neighbours merge into; ranks have to rise with them, as they do in published files."""
        found: dict[tuple[int, int], int] = {}
        before = -1
        for line in self.model["merges"]:
            left, right = line.split(" ") if isinstance(line, str) else line
            number = ids[left + right]
            if number <= before:
                self._fail("has merges in another order than their ids, which has no mechanism here")
            found[ids[left], ids[right]] = before = number
        return found

    def _steps(self) -> list[Mapping[str, Any]]:
        """Return what text goes through before neighbours merge."""
        step = self.data.get("pre_tokenizer") or {}
        found = step.get("pretokenizers", [step]) if isinstance(step, dict) else []
        return [one for one in found if isinstance(one, dict)]

    def _words(self) -> regex.Pattern[str]:
        """Return what text is cut into: as it says, else as GPT-2's is."""
        *before, last = self._steps()
        if last.get("type") != "ByteLevel" or last.get("add_prefix_space"):
            self._fail("adds a space before a text, or cuts it after it is bytes, which has no mechanism here")
        if not before:
            return Tokenizer.gpt2().words
        pattern = before[0].get("pattern") if len(before) == 1 and before[0].get("type") == "Split" else None
        if not isinstance(pattern, dict) or "Regex" not in pattern or last.get("use_regex"):
            kinds = ", ".join(_shown(one.get("type")) for one in before)
            self._fail(f"cuts text by {kinds}, which has no mechanism here: one Split by a Regex is read")
        try:
            found = f"(?:{pattern['Regex']})"
            return regex.compile(rf"{found}|(?s:.)+?(?={found}|\Z)")
        except regex.error as error:
            self._fail(f"cuts text by an expression that cannot be read: {error}")

    def _composed(self) -> bool:
        form = self.data.get("normalizer")
        if form and form.get("type") != "NFC":
            self._fail(f"brings text to a form ({_shown(form.get('type'))}) that has no mechanism here: NFC is read")
        return bool(form)

    def _end(self, added: Mapping[str, int]) -> int | None:
        return next((added[name] for name in _ENDS if name in added), None)

    def _begins(self, added: Mapping[str, int]) -> tuple[int, ...]:
        """Return the ids that a template puts before a text."""
        step = self.data.get("post_processor") or {}
        several = step.get("processors", [step])
        template: Sequence[Mapping[str, Any]] = next(
            (one["single"] for one in several if one.get("type") == "TemplateProcessing"), []
        )
        specials = takewhile(lambda part: "SpecialToken" in part, template)
        return tuple(added[part["SpecialToken"]["id"]] for part in specials)

    def _part(self, data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        found = data.get(key)
        if not isinstance(found, dict):
            self._fail(f"has no object {key!r}")
        return found

    def _fail(self, why: str) -> NoReturn:
        raise InputError.at(why, file=str(self.path))


_ENDS = (_END, "<|end_of_text|>", "<|im_end|>", "</s>")
"""What files call the end of a text."""
MOST_BYTES = 2**26
"""Of a file of a tokenizer that is read; those of 250,000 tokens have 20 MB."""


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError.at(f"is over {MOST_BYTES // 2**20} MiB, too large for a tokenizer", file=str(path))
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise InputError.at(f"cannot read it: {error}", file=str(path)) from None


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise InputError.at(f"is no JSON: {error}", file=str(path)) from None
    if not isinstance(found, dict):
        raise InputError.at("is no object of JSON, {...}", file=str(path))
    return found


def _shown(value: object) -> str:
    return json.dumps(value)[:60]
