"""Trained models are kept and read back to the same answers, and say plainly what they cannot be asked."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wsesim import CerebrasGPT, questions
from wsesim.errors import InputError, SpecError
from wsesim.learning import PLACES, world_words
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import NamedArrays, SeededWeights, Tokenizer, tokenizer_files
from wsesim.uses import ANSWERING, CLASSIFYING, WRITING, About, Trained, load, story_words, trained_files

SIZES: dict[str, Any] = {
    "name": "toy", "layers": 2, "width": 8, "heads": 2, "kv_heads": 2, "head_width": 4, "ffn_width": 16,
    "max_length": 40,
}  # fmt: skip
STORY = "Mary goes to the garden. John goes to the park. Where is Mary?"


def trained(use: str) -> Trained:
    """Return a model that learned nothing."""
    more: dict[str, dict[str, Any]] = {
        ANSWERING: {"vocab": 32, "position": "rotary"},
        CLASSIFYING: {"vocab": 300, "task": "classify", "classes": 2},
        WRITING: {"vocab": 300},
    }
    about: dict[str, dict[str, Any]] = {
        ANSWERING: {"words": world_words(), "labels": PLACES},
        CLASSIFYING: {"labels": ("wanted", "spam")},
    }
    model = ModelSpec(**SIZES, **more[use])
    graph = build_graph(model, sequences=1, length=1, loss=False)
    weights = NamedArrays.begin(graph, SeededWeights(graph, 1, deviation=0.5))
    return Trained(model=model, weights=weights, about=About(use=use, text="there", length=30, **about.get(use, {})))


def kept(model: Trained, folder: Path, **how: bool) -> Path:
    for name, content in trained_files(model, **how).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("use", [ANSWERING, CLASSIFYING, WRITING])
def test_what_is_kept_answers_the_same(use: str, tmp_path: Path) -> None:
    model = trained(use)
    again = load(kept(model, tmp_path))
    assert (again.model, again.about) == (model.model, model.about)
    assert (tmp_path / "config.json").exists() == (use != ANSWERING)  # a gpt2 has no rotary positions
    if use == ANSWERING:
        assert again.answerer().answer(STORY) == pytest.approx(model.answerer().answer(STORY), abs=1e-6)
    elif use == CLASSIFYING:
        again_said, said = (one.classifier().classify("free money") for one in (again, model))
        assert again_said == pytest.approx(said, abs=1e-6)
    else:
        assert again.writer().go_on("Once", 9, temperature=1.0, seed=4) == model.writer().go_on(
            "Once", 9, temperature=1.0, seed=4
        )


@pytest.mark.parametrize("use", [CLASSIFYING, WRITING])
def test_a_folder_of_transformers_is_asked_as_one_of_a_training(use: str, tmp_path: Path) -> None:
    """Config, weights and tokenizer together say all that a training's own file does, but labels of classes."""
    model = trained(use)
    (kept(model, tmp_path) / "model.json").unlink()
    for name, text in tokenizer_files(Tokenizer.gpt2(300 - 257)).items():
        (tmp_path / name).write_text(text)
    again = load(tmp_path)
    if use == WRITING:
        texts = [one.writer().go_on("Once", 9, temperature=1.0, seed=4) for one in (again, model)]
        assert texts[0] == texts[1]
        with pytest.raises(InputError, match="holds a model for language model, not for question answering"):
            again.answerer()
    else:
        said, wanted = (one.classifier().classify("free money") for one in (again, model))
        assert list(said.values()) == pytest.approx(list(wanted.values()), abs=1e-6)


def test_a_folder_is_computed_forward_with_its_weights_and_its_tokenizer(tmp_path: Path) -> None:
    kept(trained(WRITING), tmp_path)
    for name, text in tokenizer_files(Tokenizer.gpt2(300 - 257)).items():
        (tmp_path / name).write_text(text)
    asked = {"phase": "training", "model": {"config": "."}, "batch": {"sequences": 1, "length": 8},
             "cluster": {"machine": "cs-2"}, "verification": {"weights": ".", "sequences": 1, "length": 8}}  # fmt: skip
    found = questions.forward(questions.ask(asked, file="here", folder=tmp_path))
    drawn = questions.forward(questions.ask({**asked, "verification": {"sequences": 1, "length": 8}}, file="here",
                                            folder=tmp_path))  # fmt: skip
    assert found.tokens == drawn.tokens == 8
    assert abs(found.loss - drawn.loss) > 0.01


def test_half_the_bits_take_half_the_room(tmp_path: Path) -> None:
    model = trained(WRITING)
    whole, half = trained_files(model)["model.safetensors"], trained_files(model, half=True)["model.safetensors"]
    assert len(half) < 0.7 * len(whole)
    weights = load(kept(model, tmp_path, half=True)).weights.load("embed", 0)["tokens.weight"]
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, model.weights.load("embed", 0)["tokens.weight"], rtol=1e-3, atol=1e-6)


def test_answers_are_shares_of_all_places_the_likeliest_first() -> None:
    found = trained(ANSWERING).answerer().answer(STORY)
    assert set(found) == set(PLACES)
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_words_may_be_written_as_people_do() -> None:
    wanted = ["Mary", "goes", "to", "the", "garden", ".", "Where", "is", "Mary", "?"]
    assert story_words("mary GOES to the garden.  Where is Mary?\n", world_words()) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  \n", "there is no text: it is empty"),
        ("Mary goes to the gardn. Where is Mary?", "never saw the word 'gardn'.*did you mean 'garden'?"),
        ("Zoë goes to the garden. Where is Zoë?", "never saw the word 'Zoë'.*; it knows: goes to"),
        ("Mary goes to the garden.", "does not end in a question; ask as in"),
        ("Mary goes to the garden. Mary ?", "does not end in a question"),
        ("?", "does not end in a question"),
        ("Where is Tom?", "tells nothing of Tom"),
        (f"{STORY} " * 4, "the story has 64 words, this model reads 40 at most"),
    ],
)
def test_a_story_that_cannot_be_asked_about_says_why(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        trained(ANSWERING).answerer().answer(text)


def test_of_a_long_text_the_beginning_is_read_and_said() -> None:
    reader = trained(CLASSIFYING).classifier()
    long = "free money, click now! " * 20
    assert reader.classify(long) == reader.classify(long + "more")
    read = reader.reads(long)
    assert (read.read, read.cut) == (30, True)
    assert not reader.reads("free").cut
    with pytest.raises(InputError, match="it is empty"):
        reader.classify(" ")


def test_texts_together_are_read_as_each_alone() -> None:
    reader = trained(CLASSIFYING).classifier()
    rows = [reader.tokens(text) for text in ("a longer text than the others", "short", "free money")]
    each = np.concatenate([reader.scores([row]) for row in rows])
    np.testing.assert_allclose(reader.scores(rows), each, atol=1e-5)


def test_a_seed_gives_a_text_and_room_is_kept_to() -> None:
    writer = trained(WRITING).writer()
    assert writer.go_on("Once", 8, temperature=1.0, seed=1) == writer.go_on("Once", 8, temperature=1.0, seed=1)
    assert writer.go_on("Once", 8, temperature=1.0, seed=1) != writer.go_on("Once", 8, temperature=1.0, seed=2)
    room = writer.room("Once")
    assert len(writer.tokenizer.encode("Once")) + room == 40
    with pytest.raises(InputError, match=f"{room + 1} tokens are too many: this model has room for {room} after"):
        writer.go_on("Once", room + 1, temperature=1.0, seed=0)
    for text, message in (("", "it is empty"), ("a b" * 40, "this model 40 positions: nothing can follow")):
        with pytest.raises(InputError, match=message):
            writer.go_on(text, None, temperature=1.0, seed=0)
    with pytest.raises(SpecError, match="temperature"):
        writer.go_on("Once", 8, temperature=0.0, seed=0)


def test_a_model_for_something_else_names_the_command_for_it() -> None:
    with pytest.raises(InputError, match="a model for language model, not for question answering: `wsesim generate`"):
        trained(WRITING).answerer()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda form: {}, "'model' is missing"),
        (lambda form: [], "no object of JSON"),
        (lambda form: {**form, "use": "cooking"}, "use must be one of"),
        (lambda form: {**form, "labels": ["one"]}, "model.classes must be the 1 labels"),
        (lambda form: {**form, "more": 1}, "more"),
        (lambda form: {**form, "model": {**form["model"], "layers": 3}}, "found 2 layers, wanted 3"),
        (lambda form: {**form, "model": {**form["model"], "width": "x"}}, "tells of no model"),
    ],
)
def test_a_folder_that_is_broken_is_refused(spoil: Any, message: str, tmp_path: Path) -> None:
    kept(trained(CLASSIFYING), tmp_path)
    form = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(spoil(form)))
    with pytest.raises(InputError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.json", None, "holds no trained model: .*`wsesim train` writes such a folder"),
        ("model.json", b"{", "is no JSON"),
        ("model.safetensors", None, "no such weights file"),
        ("model.safetensors", b"\x80\x02", "pickled checkpoint"),
        ("model.safetensors", bytes(100), "no safetensors file"),
    ],
)
def test_a_file_that_is_broken_is_refused(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    kept(trained(WRITING), tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.safetensors", "holds no trained model: config.json is missing beside model.safetensors"),
        ("tokenizer.json", "config.json is missing beside tokenizer.json"),
        ("adapter_config.json", "it is an adapter's: merge it into its model"),
    ],
)
def test_a_folder_with_a_part_of_a_model_says_what_is_missing(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match=message):
        load(tmp_path)


def test_what_does_not_go_together_is_refused() -> None:
    answering, classifying = trained(ANSWERING), trained(CLASSIFYING)
    with pytest.raises(SpecError, match=r"model.task must be lm"):
        replace(classifying, about=answering.about)
    with pytest.raises(SpecError, match=r"model.vocab = 20 is too small for 26 words"):
        replace(answering, model=replace(answering.model, vocab=20))
    with pytest.raises(SpecError, match="labels are missing"):
        About(use=CLASSIFYING, text="x", length=3)
    with pytest.raises(SpecError, match="words must hold all labels"):
        About(use=ANSWERING, text="x", length=3, labels=("park",), words=("garden",))


def test_the_model_class_reads_what_a_gpt2_is(tmp_path: Path) -> None:
    reader = trained(CLASSIFYING).classifier()
    texts = [reader.tokens(text) for text in ("free money, click now", "lunch")]
    found = CerebrasGPT.from_pretrained(kept(trained(CLASSIFYING), tmp_path))(*reader.rows(texts)).logits
    np.testing.assert_allclose(found, reader.scores(texts), atol=1e-5)
