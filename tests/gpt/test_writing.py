"""Writing: with and without a cache alike, filled up on either side alike, drawn as the shares say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.gpt.test_folder import GOLDEN, folder_of
from tests.gpt.test_module import BATCH, IDS, LENGTH, VOCAB, gpt

from wsesim.errors import InputError, SpecError
from wsesim.gpt import CerebrasGPT

MASK = np.ones_like(IDS)
MASK[0, :2], MASK[2, 3:] = 0, 0


@pytest.mark.parametrize("precision", ["bf16", "cb16"])
def test_a_cache_in_16_bits_changes_no_word(precision: str) -> None:
    model = gpt(precision=precision)
    found = model.generate(IDS, MASK, max_new_tokens=6)
    np.testing.assert_array_equal(found, model.generate(IDS, MASK, max_new_tokens=6, use_cache=False))


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize("options", [{}, {"do_sample": True, "top_k": 9, "temperature": 0.8, "seed": 3}])
def test_a_cache_changes_no_word(mask: Any, options: dict[str, Any]) -> None:
    model = gpt(dtype="float64")
    found = model.generate(IDS, mask, max_new_tokens=9, **options)
    assert found.dtype == np.int64
    assert found.shape == (BATCH, LENGTH + 9)
    np.testing.assert_array_equal(found, model.generate(IDS, mask, max_new_tokens=9, use_cache=False, **options))
    np.testing.assert_array_equal(found[:, :LENGTH], IDS)


def test_the_likeliest_is_what_the_logits_say() -> None:
    model = gpt()
    ids = IDS[0]
    for _ in range(5):
        ids = np.append(ids, model(ids).logits[0, -1].argmax())
    np.testing.assert_array_equal(model.generate(IDS[0], max_new_tokens=5)[0], ids)


WRITTEN = [
    [40, 40, 40, 40, 31, 58, 40, 40, 40, 40, 40, 9], [31, 40, 40, 31, 40, 31, 40, 40, 40, 40, 40, 31],
    [47, 47, 47, 47, 9, 9, 9, 9, 47, 9, 9, 47],
]  # fmt: skip
"""What transformers 5.24 writes after the first four ids of the golden model, of the first row the last two of them."""


def test_a_golden_model_writes_what_transformers_made_of_it(tmp_path: Path) -> None:
    model = CerebrasGPT.from_pretrained(folder_of("gpt2_gelu", tmp_path, activation_function="gelu"))
    ids = load_file(GOLDEN / "gpt2_gelu.expected.safetensors")["ids"][:, :4]
    found = model.generate(ids, [[0, 0, 1, 1], [1] * 4, [1] * 4], max_new_tokens=12)
    assert found[:, 4:].tolist() == WRITTEN


def test_rows_are_written_as_if_alone() -> None:
    model = gpt(dtype="float64")
    together = model.generate(IDS, MASK, max_new_tokens=6)
    for row, marks in enumerate(MASK):
        alone = model.generate(IDS[row][marks == 1], max_new_tokens=6)
        np.testing.assert_array_equal(together[row, LENGTH:], alone[0, -6:])


def test_a_row_that_has_ended_is_filled_up() -> None:
    model = gpt()
    free = model.generate(IDS, max_new_tokens=8)[:, LENGTH:]
    end = int(free[0, 2])
    found = model.generate(IDS, max_new_tokens=8, eos_token_id=end)[:, LENGTH:]
    for row, wanted in zip(found, free, strict=True):
        stop = np.flatnonzero(wanted == end)
        kept = stop[0] + 1 if stop.size else len(wanted)
        np.testing.assert_array_equal(row[:kept], wanted[: len(row)][:kept])
        assert (row[kept:] == end).all()
    alone = model.generate(IDS[:1], max_new_tokens=8, eos_token_id=end)
    assert alone.shape[1] == LENGTH + int(np.flatnonzero(free[0] == end)[0]) + 1


def test_drawing_follows_the_shares_and_the_seed() -> None:
    model = gpt()
    one, same, other = (model.generate(IDS, max_new_tokens=8, do_sample=True, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    narrow = model.generate(IDS, max_new_tokens=8, do_sample=True, top_k=1)
    np.testing.assert_array_equal(narrow, model.generate(IDS, max_new_tokens=8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_new_tokens": 2.5}, "max_new_tokens must be a whole number, got 2.5"),
        ({"max_new_tokens": 0}, "max_new_tokens must be positive"),
        ({"max_new_tokens": 11}, "max_new_tokens = 11 after 6 tokens is over the model's 16 positions"),
        ({"max_new_tokens": 4, "eos_token_id": VOCAB}, "eos_token_id must be from 0 to 22, got 23"),
        ({"temperature": 2.0}, "temperature = 2.0 has no effect: nothing is drawn without do_sample=True"),
        ({"top_k": 3}, "top_k = 3 has no effect"),
        ({"top_p": 0.5}, "top_p = 0.5 has no effect"),
        ({"do_sample": True, "temperature": 0}, "temperature must be positive"),
        ({"do_sample": True, "top_p": 1.5}, "top_p must be above 0 and at most 1"),
        ({"do_sample": True, "top_k": -1}, "top_k must be zero or above"),
        ({"do_sample": True, "seed": -1}, "seed must be zero or above"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        gpt().generate(IDS, **options)


@pytest.mark.parametrize("do_sample", [False, True])
def test_weights_that_are_no_numbers_write_nothing(do_sample: bool) -> None:
    model = gpt()
    model.parameters()["transformer.ln_f.bias"][0] = np.nan
    with pytest.raises(InputError, match="the logits hold NaN or infinity"):
        model.generate(IDS, max_new_tokens=2, do_sample=do_sample)


def test_a_classifier_has_no_words() -> None:
    with pytest.raises(SpecError, match="generate is for models that write; this one has 3 classes"):
        gpt(3).generate(IDS)
