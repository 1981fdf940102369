"""Small models that ship with the package, trained by its own `wsesim train`: see README.md in each folder."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from wsesim.uses.kept import Trained, load

SHIPPED = {
    "world": "where somebody or something of a made-up world is",
    "spam": "wanted mail or spam",
    "reviews": "a great review, or another",
    "sotu": "text like presidents' addresses",
}
"""Name of each model, and what it says."""


def shipped(name: str) -> Trained:
    """Return one of the models of `SHIPPED`."""
    with resources.as_file(resources.files("wsesim.uses").joinpath("data", name)) as folder:
        return load(Path(folder))
