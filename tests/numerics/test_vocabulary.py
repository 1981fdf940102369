import json

import pytest

from wsesim.errors import SpecError
from wsesim.numerics.tokenizer import Tokenizer
from wsesim.numerics.vocabulary import tokenizer_files


def test_files_spell_every_token_and_merge() -> None:
    tokenizer = Tokenizer.gpt2()
    files = tokenizer_files(tokenizer)
    ids = json.loads(files["vocab.json"])
    assert list(ids.values()) == list(range(50257))
    assert (ids["!"], ids["Ġthe"], ids["ĊĊ"], ids["<|endoftext|>"]) == (0, 262, 628, 50256)
    first, *merges, last = files["merges.txt"].split("\n")
    assert (first, merges[0], len(merges), last) == ("#version: 0.2", "Ġ t", 50000, "")
    for rank, merge in enumerate(merges):
        left, right = merge.split(" ")
        assert ids[left + right] == 256 + rank
        assert tokenizer.merges[ids[left], ids[right]] == 256 + rank
    assert json.loads(files["tokenizer_config.json"])["tokenizer_class"] == "GPT2Tokenizer"


@pytest.mark.parametrize("merges", [0, 1, 743, 50000])
def test_the_first_merges_are_a_tokenizer_too(merges: int) -> None:
    tokenizer, text = Tokenizer.gpt2(merges), "The state of the Union, \u00e9t\u00e9 2026\n\n  is \U0001f600 strong."
    ids = tokenizer.encode(text)
    assert tokenizer.vocab_size == 256 + merges + 1
    assert max(ids) < tokenizer.end_of_text
    assert tokenizer.decode(ids) == text
    assert len(ids) >= len(Tokenizer.gpt2().encode(text))
    assert tokenizer.token_bytes[:-1] == Tokenizer.gpt2().token_bytes[: 256 + merges]


def test_more_merges_than_there_are_is_refused() -> None:
    for merges, told in ((-1, "-1"), (50001, "50,001")):
        with pytest.raises(SpecError, match=f"merges must be from 0 to 50,000, got {told}"):
            Tokenizer.gpt2(merges)
