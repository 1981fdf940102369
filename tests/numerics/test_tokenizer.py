import hashlib
import json
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim.errors import InputError, SpecError
from wsesim.numerics.text import load_text
from wsesim.numerics.tokenizer import Tokenizer

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "tokenizer.json").read_text(encoding="utf-8"))
# Of the files OpenAI published with GPT-2.
ENCODER_SHA256 = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"
MERGES_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"

gpt2 = Tokenizer.gpt2()
ID_OF = {token: token_id for token_id, token in enumerate(gpt2.token_bytes)}
few_letters = st.text(alphabet="aeinrst h1 \n'é", max_size=60)
any_text = st.text() | few_letters
# Unassigned characters apart: a later Unicode may call them letters, and each implementation has its own version.
assigned_text = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cn"])) | few_letters


KEPT_BYTES = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
MOVED_BYTES = [byte for byte in range(256) if byte not in KEPT_BYTES]
SPELLING = {byte: chr(byte) for byte in KEPT_BYTES} | {byte: chr(256 + n) for n, byte in enumerate(MOVED_BYTES)}


def printable(token: bytes) -> str:
    """Spell a token as OpenAI's files do: each byte one printing character."""
    return "".join(SPELLING[byte] for byte in token)


def encoder_json() -> dict[str, int]:
    table = {printable(token): token_id for token_id, token in enumerate(gpt2.token_bytes[:-1])}
    return table | {"<|endoftext|>": gpt2.end_of_text}


def merges_of_text(text: str) -> list[bytes]:
    """Merge as GPT-2's own code does: find the best pair of the whole word, merge it everywhere, look again."""
    word = [bytes([byte]) for byte in text.encode()]
    while len(word) > 1:
        pairs = {(ID_OF[a], ID_OF[b]) for a, b in pairwise(word)}
        best = min(pairs, key=lambda pair: gpt2.merges.get(pair, gpt2.vocab_size))
        if best not in gpt2.merges:
            break
        first, second = (gpt2.token_bytes[part] for part in best)
        merged: list[bytes] = []
        while word:
            take = 2 if word[:2] == [first, second] else 1
            merged.append(b"".join(word[:take]))
            word = word[take:]
        word = merged
    return word


def test_the_shipped_table_is_openai_s_and_gives_its_encoder_json() -> None:
    spelled = {token_id: token for token, token_id in encoder_json().items()}
    lines = [f"{spelled[left]} {spelled[right]}" for left, right in gpt2.merges]
    merges = "\n".join(["#version: 0.2", *lines, ""])
    assert hashlib.sha256(merges.encode()).hexdigest() == MERGES_SHA256
    assert hashlib.sha256(json.dumps(encoder_json()).encode()).hexdigest() == ENCODER_SHA256


def test_the_notice_gives_the_licence_and_the_sums() -> None:
    data = resources.files("wsesim.numerics").joinpath("data")
    notice = data.joinpath("NOTICE").read_text(encoding="utf-8")
    assert "Copyright (c) 2019 OpenAI" in notice
    assert hashlib.sha256(data.joinpath("sotu.txt").read_bytes()).hexdigest() in notice
    assert MERGES_SHA256 in notice
    assert ENCODER_SHA256 in notice


def test_sizes() -> None:
    assert gpt2.vocab_size == 50_257
    assert gpt2.end_of_text == 50_256
    assert len(set(gpt2.token_bytes)) == 50_257
    assert Tokenizer.gpt2() is gpt2


def test_known_ids() -> None:
    assert gpt2.encode("Hello world") == [15496, 995]
    assert gpt2.decode([15496, 995]) == "Hello world"


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: ascii(case["text"][:20]))
def test_ids_are_those_of_two_other_implementations(case: dict[str, Any]) -> None:
    assert gpt2.encode(case["text"]) == case["ids"]


def test_ids_of_the_whole_sample_are_those_of_two_other_implementations() -> None:
    ids = gpt2.encode(load_text("sample:sotu"))
    assert len(ids) == GOLDEN["sample_tokens"]
    assert hashlib.sha256(" ".join(map(str, ids)).encode()).hexdigest() == GOLDEN["sample_ids_sha256"]


@given(any_text)
def test_decoding_gives_the_text_back(text: str) -> None:
    ids = gpt2.encode(text)
    assert gpt2.decode(ids) == text
    assert list(gpt2.iter_encode(text)) == ids
    assert gpt2.end_of_text not in ids


@given(st.text(alphabet="aeinrsthol", max_size=30))
def test_the_heap_merges_as_the_plain_loop_does(word: str) -> None:
    assert [gpt2.token_bytes[token] for token in gpt2.encode(word)] == merges_of_text(word)


@pytest.mark.parametrize("character", ["a", "é", "的", " ", "\n", "!", "7"])
def test_a_run_of_one_character_is_not_quadratic(character: str) -> None:
    run = character * 100_000  # would take hours if each merge looked through the whole run
    assert gpt2.decode(gpt2.encode(run)) == run


def test_end_of_text_is_a_token_only_by_its_id() -> None:
    assert gpt2.end_of_text not in gpt2.encode("<|endoftext|>")
    assert gpt2.decode([gpt2.end_of_text]) == "<|endoftext|>"


def test_bytes_that_are_not_utf8_decode_to_the_replacement_character() -> None:
    smile = gpt2.encode("😀")
    assert len(smile) > 1
    assert gpt2.decode(smile[:1]) == "\ufffd"


def test_ids_may_be_an_array() -> None:
    assert gpt2.decode(np.array([15496, 995])) == "Hello world"


@pytest.mark.parametrize("token", [-1, 50_257])
def test_an_id_outside_the_vocabulary_is_refused(token: int) -> None:
    with pytest.raises(InputError, match=rf"token id {token} is outside the vocabulary \(0 to 50256\)"):
        gpt2.decode([15496, token])


def test_a_lone_surrogate_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match=r"lone surrogate, U\+D83D, at character 6"):
        gpt2.encode("Hello \ud83d!")


@pytest.fixture(scope="module")
def other() -> Any:
    """The `tokenizers` package on our tables, where it is installed."""
    tokenizers = pytest.importorskip("tokenizers")
    spelled = [printable(token) for token in gpt2.token_bytes]
    merges = [(spelled[left], spelled[right]) for left, right in gpt2.merges]
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=encoder_json(), merges=merges))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    return made


@given(text=assigned_text)
def test_ids_are_those_of_tokenizers_live(text: str, other: Any) -> None:
    assert gpt2.encode(text) == other.encode(text).ids


@given(st.text(max_size=60), st.integers(0, 2000))
def test_the_first_merges_are_a_tokenizer_that_loses_nothing(text: str, merges: int) -> None:
    first = Tokenizer.gpt2(merges)
    ids = first.encode(text)
    assert first.vocab_size == 257 + merges
    assert first.decode(ids) == text
    assert all(0 <= token < 256 + merges for token in ids)
    assert len(ids) >= len(gpt2.encode(text))


def test_merges_are_as_many_as_there_are() -> None:
    assert Tokenizer.gpt2(50_000).token_bytes == gpt2.token_bytes
    assert Tokenizer.gpt2(0).encode("a b") == [gpt2.encode(letter)[0] for letter in ("a", " ", "b")]
    for wrong in (-1, 50_001):
        with pytest.raises(SpecError, match="merges must be from 0 to 50,000"):
            Tokenizer.gpt2(wrong)
