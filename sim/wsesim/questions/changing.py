"""One question with settings changed, asked again in memory: what studies, searches and expectations are made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wsesim.questions import ask, kinds
from wsesim.questions.base import Question
from wsesim.workload import plain, set_path


def ask_changed(
    data: Mapping[str, Any], changes: Mapping[str, object], *, kind: str, file: str, folder: Path
) -> Question:  # fmt: skip
    """Return the question of that *kind* that *data* of a file asks with settings changed by dotted name."""
    schema, found = kinds()[kind].file, dict(data)
    for name in sorted(changes, key=_sections_first):
        set_path(found, name, plain(changes[name]), schema)
    return ask(found, file=file, folder=folder)


def _sections_first(name: str) -> bool:
    """A whole section, `model`, is set before what changes it, `model.layers`."""
    return "." in name
