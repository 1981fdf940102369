from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsesim import questions
from wsesim.model import ModelSpec
from wsesim.numerics.smaller import BUDGET_S, FEWEST_LAYERS, FEWEST_TOKENS, FEWEST_WORDS, MOST_BYTES, Part, quick

WORKLOADS = sorted((Path(__file__).parents[2] / "workloads").glob("*.yaml"))
GPT = ModelSpec(
    name="cerebras-gpt-111m", layers=10, width=768, heads=12, kv_heads=12, head_width=64, ffn_width=3072, vocab=50257,
    max_length=2048,
)  # fmt: skip


@pytest.mark.parametrize("file", WORKLOADS, ids=lambda file: file.stem)
def test_of_every_workload_a_part_is_verified_that_takes_a_second_and_little_memory(file: Path) -> None:
    question = questions.load(file)
    settings = question.asked.resolved["verification"]
    whole = Part(model=question.asked.shape, sequences=settings["sequences"], length=settings["length"])
    part = quick(whole)
    assert part.cpu_s <= BUDGET_S
    assert part.weights < 40 * 10**6
    assert part.macs < 3 * 10**9
    assert part.bytes < MOST_BYTES
    assert part.model.layers >= min(FEWEST_LAYERS, whole.model.layers)
    assert part.length >= FEWEST_TOKENS
    assert part.said(whole)


def test_what_is_small_is_verified_whole() -> None:
    small = Part(
        model=replace(GPT, layers=2, width=96, heads=4, kv_heads=4, head_width=24, vocab=500), sequences=1, length=8
    )
    assert quick(small) is small
    assert small.said(small) == ""


def test_what_goes_first_is_the_vocabulary_then_layers_then_tokens_then_heads() -> None:
    whole = Part(model=GPT, sequences=1, length=64)
    part = quick(whole)
    assert part.said(whole) == (
        "the first 2 of 10 layers; 3,141 of 50,257 words of the vocabulary; 64 of 2,048 positions of the table"
    )
    shallow = quick(Part(model=replace(GPT, layers=1), sequences=1, length=64))
    assert (shallow.model.width, shallow.length) == (768, 64)
    many = quick(Part(model=GPT, sequences=64, length=1024))
    assert many.sequences == 1
    wide = quick(Part(model=replace(GPT, width=8192, heads=128, kv_heads=128, ffn_width=32768), sequences=1, length=64))
    assert (wide.model.vocab, wide.model.layers, wide.length) == (FEWEST_WORDS, FEWEST_LAYERS, FEWEST_TOKENS)
    assert (wide.model.head_width, wide.model.width) == (64, 64 * wide.model.heads)


def test_what_is_given_is_kept() -> None:
    whole = Part(model=GPT, sequences=2, length=64)
    part = quick(whole, layers=False)
    assert (part.model.layers, part.cpu_s <= BUDGET_S) == (10, True)
    part = quick(whole, length=False)
    assert (part.sequences, part.length, part.cpu_s <= BUDGET_S) == (2, 64, True)
    part = quick(whole, weights=False)
    assert part.model == replace(GPT, layers=part.model.layers)


@given(
    st.integers(1, 99), st.integers(1, 64), st.integers(1, 8), st.sampled_from([32, 64, 128]), st.integers(1, 200_000),
    st.integers(1, 64), st.integers(1, 4096), st.sampled_from([0, 8, 128]),
)  # fmt: skip
def test_any_model_has_a_part_that_is_quick(
    layers: int, kv_heads: int, grouped: int, head_width: int, vocab: int, sequences: int, length: int, experts: int
) -> None:
    heads = kv_heads * grouped
    model = replace(
        GPT, layers=layers, heads=heads, kv_heads=kv_heads, head_width=head_width, width=heads * head_width,
        ffn_width=4 * heads * head_width, vocab=vocab, max_length=4096, experts=experts,
        experts_per_token=2 if experts else 1,
    )  # fmt: skip
    whole = Part(model=model, sequences=sequences, length=length)
    part = quick(whole)
    assert part.cpu_s <= BUDGET_S
    assert part.bytes < 2 * MOST_BYTES
    assert part.cpu_s <= whole.cpu_s
    assert (part == whole) == (part.said(whole) == "")
