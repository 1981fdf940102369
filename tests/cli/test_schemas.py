"""What commands alone answer in JSON keeps to the schema that `wsesim schema --results` prints for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.answers.keeping import keeps_to

from wsesim.cli.schemas import results_schema

if TYPE_CHECKING:
    from tests.cli.conftest import Call

TINY = """\
model: {layers: 1, width: 16, heads: 1, ffn_width: 16, vocab: 64, max_length: 8}
batch: {sequences: 1, length: 8}
cluster: cs-2
"""
ASKED: dict[str, tuple[str, ...]] = {
    "verify": ("verify", "tiny.yaml"),
    "verify_as_mapped": ("verify", "tiny.yaml", "--as-mapped"),
    "verify_on_cores": ("verify", "tiny.yaml", "--on-cores", "1x1"),
    "error": ("run", "none.yaml"),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_answered_keeps_to_its_schema(name: str, call: Call, in_tmp: Path) -> None:
    (in_tmp / "tiny.yaml").write_text(TINY)
    found = json.loads(call(*ASKED[name], "--json").stdout)
    assert [each for each, schema in results_schema()["$defs"].items() if keeps_to(found, schema)] == [name]
