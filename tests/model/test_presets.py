import re

import pytest

from wsesim.errors import SpecError
from wsesim.model import ModelSpec, load_preset, model_names, parameters

CEREBRAS_GPT = {  # steps × sequences of the model cards, and parameters
    "111m": (9_037, 120, 111e6), "256m": (9_468, 264, 256e6), "590m": (21_836, 264, 590e6),
    "1.3b": (24_334, 528, 1.3e9), "2.7b": (49_041, 528, 2.7e9), "6.7b": (62_522, 1_040, 6.7e9),
    "13b": (116_223, 1_080, 13e9),
}  # fmt: skip

PUBLISHED = {  # what the released checkpoints hold; the same as transformers counts
    "gpt2": 124_439_808,
    "gpt2-medium": 354_823_168,
    "gpt2-large": 774_030_080,
    "gpt2-xl": 1_557_611_200,
    "gpt-j-6b": 6_050_882_784,
    "bert-base": 110_106_428,
    "bert-large": 336_226_108,
    "llama-2-7b": 6_738_415_616,
    "llama-2-13b": 13_015_864_320,
    "llama-3-8b": 8_030_261_248,
    "mistral-7b": 7_241_732_096,
    "qwen2.5-7b": 7_615_616_512,
    "gemma-2-9b": 9_241_705_984,
    "pythia-410m": 405_334_016,
    "pythia-6.9b": 6_857_302_016,
    "phi-2": 2_779_683_840,
}


@pytest.mark.parametrize("name", model_names())
def test_every_preset_loads(name: str) -> None:
    model = load_preset(name)
    assert model.name == name
    assert re.search(r"\b(19|20)\d\d\b", model.source), "a source names its year"
    assert model.heads * model.head_width == model.width or name.startswith("gemma")
    assert load_preset(name) is model


@pytest.mark.parametrize(("name", "total"), PUBLISHED.items())
def test_parameters_are_those_of_the_released_model(name: str, total: int) -> None:
    assert parameters(load_preset(name)) == total


def test_bare_bert_is_what_is_left_without_the_training_heads() -> None:
    """The published 109,482,240 is the encoder and its pooler, without what only pretraining uses."""
    width, vocab = 768, 30_522
    masked_head = width**2 + width + 2 * width + vocab  # dense, norm, bias of the tied table
    sentence_head = 2 * width + 2
    assert parameters(load_preset("bert-base")) - masked_head - sentence_head == 109_482_240


def test_esm_2_is_counted_without_its_contact_head() -> None:
    contact_head = 12 * 20 + 1
    assert parameters(load_preset("esm-2-35m")) + contact_head == 33_501_394


@pytest.mark.parametrize("size", CEREBRAS_GPT)
def test_cerebras_gpt_is_trained_on_20_tokens_a_parameter(size: str) -> None:
    steps, sequences, stated = CEREBRAS_GPT[size]
    model = load_preset(f"cerebras-gpt-{size}")
    assert model.token_budget == steps * sequences * 2048
    assert parameters(model) == pytest.approx(stated, rel=0.025)
    assert model.token_budget / parameters(model) == pytest.approx(20, rel=0.001)


@pytest.mark.parametrize("name", [name for name in model_names() if name.startswith("gpt3-")])
def test_gpt_3_has_the_size_in_its_name(name: str) -> None:
    number, unit = re.fullmatch(r"gpt3-([\d.]+)([mb])", name).groups()  # type: ignore[union-attr]
    assert parameters(load_preset(name)) == pytest.approx(float(number) * {"m": 1e6, "b": 1e9}[unit], rel=0.025)


def test_the_paper_s_eight_gpt_3_models_are_there() -> None:
    sizes = ("125m", "350m", "760m", "1.3b", "2.7b", "6.7b", "13b", "175b")
    assert {f"gpt3-{size}" for size in sizes} < set(model_names())


def test_what_sets_families_apart() -> None:
    assert load_preset("bert-large").norm_order == "post"
    assert not load_preset("bert-large").causal
    assert load_preset("bert-large").norm_epsilon == 1e-12
    assert load_preset("gpt-j-6b").block == "parallel"
    assert not load_preset("gpt-j-6b").attention_bias
    assert load_preset("llama-3-8b").kv_heads == 8
    assert load_preset("llama-3-8b").rotary_base == 500_000
    assert load_preset("gpt2-xl").activation == "gelu_tanh"
    assert load_preset("cerebras-gpt-13b").activation == "gelu"
    assert load_preset("gpt3-20b").head_width == 96
    assert not load_preset("esm-2-35m").sentence_head


def test_names_are_unlike_one_another() -> None:
    assert len({name.lower() for name in model_names()}) == len(model_names())


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(SpecError, match=r"preset 'gpt-2' is not known, did you mean 'gpt2'\?") as caught:
        load_preset("gpt-2")
    assert caught.value.name == "preset"
    with pytest.raises(SpecError, match=r"preset 'zzz' is not known; `wsesim models` lists all"):
        load_preset("zzz")


def test_a_preset_is_a_value() -> None:
    assert isinstance(hash(load_preset("gpt2")), int)
    assert isinstance(load_preset("gpt2"), ModelSpec)
