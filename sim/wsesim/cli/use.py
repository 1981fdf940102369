"""The commands that ask trained models: ask, classify, generate."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli.options import Decorator, manner, speaking
from wsesim.cli.output import print_json, say
from wsesim.errors import InputError

if TYPE_CHECKING:
    from wsesim.uses import Trained

LONGEST = 2**20
"""Characters of a text that is read; a book has as many."""
CLASSIFIERS = ("spam", "reviews")
_SYNTHETIC = "Synthetic: a made-up world, nothing of it is real."

text_argument = click.argument("text")


def weights_option() -> Decorator:
    """Add --weights, for a folder that a training wrote."""
    text = "Folder that `wsesim train` or transformers wrote, in place of the small model that ships."
    return click.option("--weights", metavar="FOLDER", type=click.Path(path_type=Path), help=text)


@click.command()
@text_argument
@weights_option()
@speaking
def ask(text: str, weights: Path | None) -> None:
    """Answer the question that ends a story of the made-up world.

    \b
    wsesim ask "Mary goes to the garden. John goes to the park. Where is Mary?"

    The world is synthetic, its people, places and things are few: `wsesim data show world` has stories of it. "-" reads
    the story from standard input.
    """
    model = _model(weights, "world")
    likely = model.answerer().answer(_read(text))
    _print_likely("answer", likely, model, {"synthetic": True})
    say(f"{_shares(likely)}\n{_SYNTHETIC}")


@click.command()
@text_argument
@click.option("--use", type=click.Choice(CLASSIFIERS), help="What is told apart.  [default: spam]")
@weights_option()
@speaking
def classify(text: str, use: str | None, weights: Path | None) -> None:
    """Say whether a mail is spam, or a review great.

    \b
    wsesim classify "Free money, click now"
    wsesim classify --use reviews "The best coffee I ever had"

    "-" reads the text from standard input.
    """
    if use and weights:
        raise click.UsageError("--weights has its own labels, --use names a model that ships: give one of them")
    model = _model(weights, use or CLASSIFIERS[0])
    reader, given = model.classifier(), _read(text)
    likely, read = reader.classify(given), reader.reads(given)
    _print_likely("label", likely, model, {"tokens": read.tokens, "tokens_read": read.read})
    cut = f"\nRead: the first {read.read:,} tokens of {read.tokens:,}, as when it learned." if read.cut else ""
    say(f"{_shares(likely)}{cut}")


@click.command()
@text_argument
@click.option("--tokens", type=click.IntRange(1), help="Tokens to write.  [default: 60, as far as there is room]")
@click.option("--temperature", type=float, default=None, help="Below 1 more usual, above 1 less.  [default: 0.8]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, another text.")
@weights_option()
@speaking
def generate(text: str, tokens: int | None, temperature: float | None, seed: int, weights: Path | None) -> None:
    """Go on from a beginning, as presidents' addresses might.

    \b
    wsesim generate "Once"

    The same seed gives the same text. "-" reads the beginning from standard input.
    """
    from wsesim.uses import TEMPERATURE

    model = _model(weights, "sotu")
    warmth = TEMPERATURE if temperature is None else temperature
    found = model.writer().go_on(_read(text), tokens, temperature=warmth, seed=seed)
    if manner().json:
        print_json({"status": "ok", "text": found, "seed": seed, "temperature": warmth, "model": _named(model)})
    say(found)


def _print_likely(what: str, likely: Mapping[str, float], model: Trained, more: Mapping[str, object]) -> None:
    best = next(iter(likely))
    if manner().json:
        print_json({"status": "ok", what: best, "shares": dict(likely), **more, "model": _named(model)})
    say(best)


def _shares(likely: Mapping[str, float]) -> str:
    return ", ".join(f"{label} {share:.3f}" for label, share in likely.items())


def _named(model: Trained) -> dict[str, object]:
    return {"learned_from": model.about.text, "name": model.model.name, "folder": model.folder}


def _model(weights: Path | None, name: str) -> Trained:
    from wsesim.uses import load, shipped

    return load(weights) if weights else shipped(name)


def _read(text: str) -> str:
    if text != "-":
        found = text
    else:
        try:
            found = sys.stdin.buffer.read(4 * LONGEST + 1).decode("utf-8").removesuffix("\n")
        except UnicodeDecodeError as error:
            raise InputError.at(f"standard input is not UTF-8: byte 0x{error.object[error.start]:02x}") from None
    if len(found) > LONGEST:
        raise InputError.at(f"the text has more than {LONGEST:,} characters; give a part of it")
    return found
