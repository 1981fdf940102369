"""Byte-level byte-pair encoding, GPT-2's and what files of other models say: text to token ids and back.

Source: OpenAI's `vocab.bpe` for GPT-2, shipped as `data/vocab.bpe.gz` (licence in `data/NOTICE`). Cerebras-GPT uses the
same 50,257 tokens. The 256 bytes come first, then one token per merge in order of rank, then `<|endoftext|>`; the
id of a merged token is therefore its rank too, and the one file holds everything.

Text is first cut into words by what Unicode calls letters, numbers and spaces, in the version that the installed
`regex` knows; implementations with another version may cut differently at characters assigned in between.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from heapq import heapify, heappop, heappush
from importlib import resources
from itertools import pairwise
from operator import index
from typing import SupportsIndex

import regex

from wsesim.errors import InputError, SpecError

BYTES = 256
"""Tokens that are one byte; they come first."""
GPT2_MERGES = 50_000
"""Merges of GPT-2's vocabulary."""
_PRE_TOKEN = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
_PRINTED_BYTES = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_BYTES_IN_ID_ORDER = (*_PRINTED_BYTES, *(byte for byte in range(256) if byte not in _PRINTED_BYTES))
_ID_OF_BYTE = tuple(_BYTES_IN_ID_ORDER.index(byte) for byte in range(256))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Tokenizer:
    """A byte-level vocabulary and its merges; `Tokenizer.gpt2()` makes GPT-2's, or one of its first merges only, and
    `read_tokenizer` what a folder of a model has."""

    token_bytes: tuple[bytes, ...]
    """The bytes each id stands for, in order of id; nothing for ids that are no token."""
    merges: Mapping[tuple[int, int], int]
    """The id of the token that two neighbours merge into; a lower id merges first."""
    words: regex.Pattern[str] = _PRE_TOKEN
    """What text is cut into before neighbours merge."""
    byte_ids: tuple[int, ...] = _ID_OF_BYTE
    """The id of each byte."""
    end: int | None = None
    """The id of the end of a text; None: the last."""
    begins: tuple[int, ...] = ()
    """Ids that stand before a text."""
    whole: Mapping[bytes, int] = field(default_factory=dict)
    """Words that are one token, however they would merge (Llama 3)."""
    composed: bool = False
    """Whether text is brought to Unicode's composed form first (Qwen)."""

    @staticmethod
    @cache
    def gpt2(merges: int = GPT2_MERGES) -> Tokenizer:
        """Return GPT-2's tokenizer, read once from the tables that ship with the package.

        With fewer *merges*, the first of them, it spells any text in more tokens of a smaller vocabulary: 256 bytes,
        one for each merge, and `end_of_text`.

        Raises:
            SpecError: there are not as many.
        """
        if not 0 <= merges <= GPT2_MERGES:
            raise SpecError("merges", f"must be from 0 to {GPT2_MERGES:,}, got {merges:,}")
        packed = resources.files("wsesim.numerics").joinpath("data", "vocab.bpe.gz").read_bytes()
        lines = gzip.decompress(packed).decode("utf-8").split("\n")
        return _from_merges(lines[1 : 1 + merges])  # the first names the version

    @property
    def vocab_size(self) -> int:
        """Number of ids, `end_of_text` included."""
        return len(self.token_bytes)

    @property
    def end_of_text(self) -> int:
        """The id that ends a text. Text never encodes to it: a text that spells it is ordinary text."""
        return self.vocab_size - 1 if self.end is None else self.end

    def encode(self, text: str) -> list[int]:
        """Return the token ids of *text*.

        Raises:
            InputError: *text* holds a lone surrogate, which UTF-8 cannot spell.
        """
        return list(self.iter_encode(text))

    def iter_encode(self, text: str) -> Iterator[int]:
        """Yield the token ids of *text* as they are found, so that a caller may stop early.

        Raises:
            InputError: as `encode`.
        """
        known: dict[str, list[int]] = {}
        for match in self.words.finditer(unicodedata.normalize("NFC", text) if self.composed else text):
            piece = match.group()
            ids = known.get(piece)
            if ids is None:
                ids = known[piece] = self._merged(_utf8(piece, match.start()))
            yield from ids

    def decode(self, ids: Iterable[SupportsIndex]) -> str:
        """Return the text of *ids*; bytes that are not UTF-8 become U+FFFD.

        Raises:
            InputError: an id is outside the vocabulary.
        """
        return b"".join(self._bytes_of(index(token)) for token in ids).decode("utf-8", errors="replace")

    def _bytes_of(self, token: int) -> bytes:
        if not 0 <= token < self.vocab_size:
            raise InputError.at(f"token id {token} is outside the vocabulary (0 to {self.vocab_size - 1})")
        return self.token_bytes[token]

    def _merged(self, piece: bytes) -> list[int]:
        """Merge neighbours, lowest rank first and leftmost first among equals.

        A merged token is written over its left part, its right part becomes -1, and a heap holds the pairs still to
        look at: n log n steps, where looking for the best pair again after each merge would take n².
        """
        if piece in self.whole:
            return [self.whole[piece]]
        ids = [self.byte_ids[byte] for byte in piece]
        end = len(ids)
        after, before = list(range(1, end + 1)), list(range(-1, end - 1))
        merges = self.merges
        ready = [(merges[pair], at) for at, pair in enumerate(pairwise(ids)) if pair in merges]
        heapify(ready)
        while ready:
            token, left = heappop(ready)
            right = after[left]
            # A pair goes stale when either side has merged since; -1 is in no pair.
            if right == end or merges.get((ids[left], ids[right])) != token:
                continue
            ids[left], ids[right] = token, -1
            beyond = after[left] = after[right]
            if beyond < end:
                before[beyond] = left
                if (merged := merges.get((token, ids[beyond]))) is not None:
                    heappush(ready, (merged, left))
            previous = before[left]
            if previous >= 0 and (merged := merges.get((ids[previous], token))) is not None:
                heappush(ready, (merged, previous))
        return [token for token in ids if token >= 0]


def spelling() -> dict[int, str]:
    """Return the character each byte is written as in files of vocabularies: itself if it prints, else one from 256."""
    written = [chr(byte) for byte in _PRINTED_BYTES]
    written += [chr(256 + n) for n in range(256 - len(written))]  # bytes that do not print, a space among them
    return dict(zip(_BYTES_IN_ID_ORDER, written, strict=True))


def _from_merges(lines: Iterable[str]) -> Tokenizer:
    """Read lines of a `vocab.bpe`: two tokens that merge, each byte written as one character."""
    signs = spelling()
    id_of = {signs[byte]: token for token, byte in enumerate(_BYTES_IN_ID_ORDER)}
    token_bytes = [bytes([byte]) for byte in _BYTES_IN_ID_ORDER]
    merges: dict[tuple[int, int], int] = {}
    for line in lines:
        left, right = line.split(" ")
        pair = id_of[left], id_of[right]
        merges[pair] = id_of[left + right] = len(token_bytes)
        token_bytes.append(token_bytes[pair[0]] + token_bytes[pair[1]])
    return Tokenizer(token_bytes=(*token_bytes, b"<|endoftext|>"), merges=merges)


def _utf8(piece: str, start: int) -> bytes:
    try:
        return piece.encode("utf-8")
    except UnicodeEncodeError as error:
        at = error.start
        raise InputError.at(
            f"the text holds a lone surrogate, U+{ord(piece[at]):04X}, at character {start + at}; "
            "it is not valid Unicode and has no tokens"
        ) from None
