"""Puts trained models into the package, 16 bits a number, each with a card that says what it is: `make weights`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsesim.learning import PACKAGES
from wsesim.model import parameters
from wsesim.trainer.output import winner
from wsesim.units import show_count
from wsesim.uses import SHIPPED, USES, Trained, load, trained_files

PLACE = Path(__file__).parent.parent / "sim" / "wsesim" / "uses" / "data"
CARD = """\
# {name}: {what}

{synthetic}A GPT of {count} parameters that ships with wsesim to be asked: `{command}`.
It is small, and made to show that the graph whose time is simulated learns as well; for what matters take another.

- **Learned from**: {data}
- **Made by** `wsesim train workloads/learning/{file}.yaml`, {seeds};
  these are the weights of {which}. Stored in 16 bits a number.
- **Figures**: {figures}
- **Shape**: `model.json`; weights: `model.safetensors`, names as of GPT-2.
- **Licence** of the weights: Apache-2.0, as wsesim's.
"""
OURS = "stories that are made by wsesim from a seed; nothing of them is real, and nothing is anybody's."


def card(name: str, trained: Trained, form: Mapping[str, Any], best: int) -> str:
    """Return the card of a model, from the result of its training."""
    package = PACKAGES.get(trained.about.text.removeprefix("data:"))
    data = OURS if package is None else (
        f"{package.package} ({package.registry}): {package.content}. Licence: {package.licence}. None of its texts is "
        "here.")  # fmt: skip
    several = [one["seed"] for one in form.get("seeds", ())]
    return CARD.format(
        name=name, what=SHIPPED[name], count=show_count(parameters(trained.model)), command=USES[trained.about.use],
        synthetic="Synthetic: a made-up world. " if package is None else "", data=data, file=form["name"],
        seeds=f"seeds {', '.join(map(str, several))}" if len(several) > 1 else f"seed {best}", figures=figures(form),
        which=f"seed {best}" + (", which does best on what choices are made by" if len(several) > 1 else ""),
    )  # fmt: skip


def figures(form: Mapping[str, Any]) -> str:
    """Return what the training came to, in words."""
    if "said" in form:
        return str(form["said"])
    if form["test"]:
        return f"of the test {winner(form['test'])}"
    return f"{form['held_out']['bits_a_byte']:.3f} bits a byte on text that is held out."


def ship(name: str, folder: Path) -> None:
    """Write the files of a model that `wsesim train` left in *folder*."""
    trained, form = load(folder), json.loads((folder / "result.json").read_bytes())
    place = PLACE / name
    place.mkdir(parents=True, exist_ok=True)
    best = form.get("best", form["inputs"]["learning"]["seed"])
    files = {**trained_files(trained, half=True), "README.md": card(name, trained, form, best).encode()}
    for file, content in files.items():
        (place / file).write_bytes(content)
    print(f"{name}: {sum(map(len, files.values())):,} bytes")


def main() -> None:
    """Ship what is named, NAME=FOLDER each."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("models", nargs="+", metavar="NAME=FOLDER", help=f"NAME is one of {', '.join(SHIPPED)}")
    for each in given.parse_args().models:
        name, _, folder = each.partition("=")
        ship(name, Path(folder))


if __name__ == "__main__":
    main()
