"""Whether a folder holds what the same was answered with before: then a new answer may take its place unasked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsesim.answers.plain import plain_data


def holds_answer_of(folder: Path, file: str, asked: Mapping[str, object]) -> bool:
    """Return whether the JSON *file* in *folder* says what is *asked*, by dotted names: nothing but answers changed."""
    try:
        held = json.loads((folder / file).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return all(_at(held, name) == json.loads(json.dumps(plain_data(value))) for name, value in asked.items())


def _at(held: Any, name: str) -> object:
    for key in name.split("."):
        held = held.get(key) if isinstance(held, dict) else None
    return held
