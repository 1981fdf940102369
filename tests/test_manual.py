"""What the manual says of the kit is what the kit has."""

from __future__ import annotations

import re
from pathlib import Path

from wsesim import kit

TEXT = (Path(__file__).parent.parent / "docs" / "manual.md").read_text("utf-8")


def test_every_communication_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)", TEXT.partition("`core.row.` or")[2].partition("\n\n")[0], re.MULTILINE))
    assert told == {name for name in vars(kit.KernelLine) if not name.startswith("_")}
