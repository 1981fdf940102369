"""`wsesim ask`, `classify`, `generate`: the models that ship answer at once, and say what they cannot be asked."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wsesim.cli import cli

Call = Callable[..., Result]
Refused = Callable[..., str]
STORY = "Mary goes to the garden. John goes to the park. Where is Mary?"


def piped(data: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, input=data, prog_name="wsesim")


def test_a_question_is_answered_and_the_world_called_synthetic(call: Call) -> None:
    found = call("ask", STORY)
    assert found.exit_code == 0
    assert found.stdout.splitlines()[0] == "garden"
    assert found.stdout.endswith("Synthetic: a made-up world, nothing of it is real.\n")
    document = json.loads(call("ask", STORY, "--json").stdout)
    assert (document["answer"], document["synthetic"]) == ("garden", True)
    assert sum(document["shares"].values()) == pytest.approx(1)
    assert piped(STORY.encode() + b"\n", "ask", "-").stdout == found.stdout


def test_a_mail_and_a_review_are_told_apart(call: Call) -> None:
    mail = "Congratulations! You have won a prize. Click here now to claim your free money, limited offer."
    assert call("classify", mail).stdout.splitlines()[0] == "spam"
    work = "Hi, on Thu Aug 22 the patch for the Linux kernel was merged, see the list for the diff. Thanks, Paul"
    assert call("classify", work, "--use", "spam").stdout.splitlines()[0] == "wanted"
    assert call("classify", "--use", "reviews", "I love this coffee, it is the best.").stdout.splitlines()[0] == "great"
    document = json.loads(call("classify", mail * 20, "--json").stdout)
    assert document["label"] == "spam"
    assert document["tokens"] > document["tokens_read"] == 256
    assert "Read: the first 256 tokens of" in call("classify", mail * 20).stdout


def test_a_beginning_is_gone_on_from_the_same_for_a_seed(call: Call) -> None:
    first, again, other = (call("generate", "Once", "--seed", seed).stdout for seed in (0, 0, 1))
    assert first.startswith("Once")
    assert len(first.split()) > 10
    assert first == again != other
    document = json.loads(call("generate", "Once", "--tokens", 5, "--json").stdout)
    assert first.startswith(document["text"])
    assert document["seed"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", ""), "there is no text: it is empty"),
        (("classify", " "), "there is no text: it is empty"),
        (("generate", ""), "there is no text: it is empty"),
        (("ask", "Bob goes to the garden. Where is Bob?"), "never saw the word 'Bob'"),
        (("ask", "Mary goes to the garden."), "does not end in a question"),
        (("ask", STORY * 20), "this model reads 112 at most"),
        (("generate", "a b " * 100), "this model 128 positions: nothing can follow"),
        (("generate", "Once", "--tokens", 500), "500 tokens are too many: this model has room for"),
        (("generate", "Once", "--temperature", 0), "temperature must be positive"),
        (("classify", "x" * (2**20 + 1)), "the text has more than 1,048,576 characters"),
        (("classify", "x", "--use", "spam", "--weights", "there"), "give one of them"),
        (("classify", "x", "--use", "mails"), "is not one of 'spam', 'reviews'"),
        (("ask", STORY, "--weights", "nowhere"), "nowhere: error: holds no trained model"),
    ],
)
def test_what_cannot_be_asked_is_told(arguments: tuple[object, ...], said: str, refused: Refused) -> None:
    assert said in refused(*arguments)


def test_what_is_piped_must_be_text() -> None:
    found = piped(b"\xff\xfe", "ask", "-")
    assert found.exit_code == 2
    assert "standard input is not UTF-8: byte 0xff" in found.stderr


def test_a_model_of_ones_own_is_asked(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("toy.yaml").write_text(
        "model: {layers: 1, width: 8, heads: 2, vocab: 300, max_length: 16}\nbatch: {sequences: 4, length: 16}\n"
        "cluster: cs-2\nlearning: {steps: 1, evaluation_sequences: 4, sample_tokens: 1}\n"
    )
    assert call("train", "toy.yaml", "--out", "toy").exit_code == 0
    document = json.loads(call("generate", "Once", "--weights", "toy", "--json").stdout)
    assert document["model"] == {"learned_from": "sample:sotu", "name": "toy", "folder": "toy"}
    assert "for language model" in call("ask", STORY, "--weights", "toy").stderr
