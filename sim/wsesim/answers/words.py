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
    text = (resources.files(__package__) / "words.csv").read_text("utf-8")
    return MappingProxyType({row["word"]: row["means"] for row in csv.DictReader(io.StringIO(text))})
