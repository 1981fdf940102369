"""The words of this field as they are used here, for the manual and for who asks."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType


@cache
def words() -> Mapping[str, str]:
    """Return what each word means; those of one row, `store, tree`, stand together."""
    return _table("words.csv")


@cache
def synonyms() -> Mapping[str, str]:
    """Return what is called otherwise here: words of the field, `PE, tile`, and the names that stand for them."""
    return _table("synonyms.csv")


def _table(name: str) -> Mapping[str, str]:
    """Return the second column of a file by the first."""
    _, *rows = csv.reader(io.StringIO((resources.files(__package__) / name).read_text("utf-8")))
    return MappingProxyType(dict(rows))
