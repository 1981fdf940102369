"""Folders, logits, gradients and words against transformers, live: in both directions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.gpt.test_module import IDS, LENGTH, gpt

from wsesim.gpt import CerebrasGPT, Tokenizer

pytestmark = [
    pytest.mark.oracle,
    # Warnings of packages that are not ours to repair.
    pytest.mark.filterwarnings("default"),
]
LEFT = np.ones_like(IDS)
LEFT[0, :2], LEFT[3, :4] = 0, 0
PLACES = np.maximum(LEFT.cumsum(axis=1) - 1, 0)


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.fixture
def transformers() -> Any:
    return pytest.importorskip("transformers")


@pytest.mark.parametrize("activation", ["gelu", "gelu_tanh", "relu"])
def test_transformers_reads_what_is_saved(activation: str, torch: Any, transformers: Any, tmp_path: Path) -> None:
    model = gpt(activation=activation)
    model.save_pretrained(tmp_path)
    theirs, missing = transformers.GPT2LMHeadModel.from_pretrained(tmp_path, output_loading_info=True)
    assert not missing["missing_keys"]
    assert not missing["unexpected_keys"]
    given = {"attention_mask": torch.tensor(LEFT), "position_ids": torch.tensor(PLACES), "output_hidden_states": True}
    labels = np.where(LEFT == 1, IDS, -100)
    labels[np.arange(4), LEFT.argmax(axis=1)] = -100  # the first token that counts follows from none
    wanted = theirs(torch.tensor(IDS), labels=torch.tensor(labels), **given)
    wanted.loss.backward()
    found = model.transformer(IDS, LEFT, IDS, output_hidden_states=True)
    seen = LEFT == 1
    np.testing.assert_allclose(found.logits[seen], wanted.logits.detach().numpy()[seen], atol=1e-5)
    assert found.loss == pytest.approx(wanted.loss.item(), rel=1e-5)
    assert found.hidden_states is not None
    for ours, state in zip(found.hidden_states, wanted.hidden_states, strict=True):
        np.testing.assert_allclose(ours[seen], state.detach().numpy()[seen], atol=1e-5)
    gradients, of_torch = model.backward(), dict(theirs.named_parameters())
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, of_torch[name].grad.numpy(), atol=2e-5)


def test_transformers_reads_a_classifier_that_is_saved(torch: Any, transformers: Any, tmp_path: Path) -> None:
    model = gpt(3)
    model.save_pretrained(tmp_path)
    theirs = transformers.GPT2ForSequenceClassification.from_pretrained(tmp_path)
    theirs.config.pad_token_id = 0  # rows of one length have none, but it wants to know
    ids = np.maximum(IDS, 1)
    wanted = theirs(torch.tensor(ids), labels=torch.tensor([0, 1, 2, 0]))
    found = model(ids, labels=[0, 1, 2, 0])
    np.testing.assert_allclose(found.logits, wanted.logits.detach().numpy(), atol=1e-5)
    assert found.loss == pytest.approx(wanted.loss.item(), rel=1e-5)


@pytest.mark.parametrize("name", ["GPT2LMHeadModel", "GPT2ForSequenceClassification"])
def test_what_transformers_saves_is_read(name: str, torch: Any, transformers: Any, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=23, n_positions=16, n_embd=8, n_layer=2, n_head=2, num_labels=3, pad_token_id=0, bos_token_id=None,
        eos_token_id=None,
    )  # fmt: skip
    theirs = getattr(transformers, name)(config).eval()
    theirs.save_pretrained(tmp_path)
    wanted = theirs(torch.tensor(np.maximum(IDS, 1))).logits.detach().numpy()
    np.testing.assert_allclose(CerebrasGPT.from_pretrained(tmp_path)(np.maximum(IDS, 1)).logits, wanted, atol=1e-5)


@pytest.mark.parametrize("mask", [np.ones_like(IDS), LEFT])
def test_words_are_those_of_transformers(mask: Any, torch: Any, transformers: Any, tmp_path: Path) -> None:
    model = CerebrasGPT(2, 2, hidden_size=8, vocab_size=23, max_position_embeddings=32)
    for array in model.parameters().values():
        array += np.random.default_rng(1).normal(0, 0.3, array.shape)
    model.save_pretrained(tmp_path)
    theirs = transformers.GPT2LMHeadModel.from_pretrained(tmp_path)
    wanted = theirs.generate(
        torch.tensor(IDS), attention_mask=torch.tensor(mask), max_new_tokens=20, do_sample=False, pad_token_id=0
    )  # fmt: skip
    found = model.generate(IDS, mask, max_new_tokens=20)
    np.testing.assert_array_equal(found[:, LENGTH:], wanted.numpy()[:, LENGTH:])


@pytest.mark.parametrize("merges", [743, 50000])
def test_the_tokenizer_that_is_saved_is_that_of_transformers(merges: int, transformers: Any, tmp_path: Path) -> None:
    ours, text = Tokenizer.gpt2(merges), "The state of the Union is strong, été 2026.\n\n  \U0001f600"
    CerebrasGPT(
        1, 1, hidden_size=2, max_position_embeddings=4, vocab_size=ours.vocab_size
    ).save_pretrained(tmp_path, ours)  # fmt: skip
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert theirs(text)["input_ids"] == ours.encode(text)
    assert theirs.eos_token_id == ours.end_of_text
    assert len(theirs) == ours.vocab_size
