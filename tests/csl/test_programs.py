"""Programs of our own, each of which shows rules of the language by what its variables come to.

All run side by side, each on a core of its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.csl.cases import Case, cases, differs, run_all

pytestmark = pytest.mark.xdist_group("csl")  # one worker compiles the engine that runs compiled code
CASES = cases("programs")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the variables of each case hold in the end, or why it does not compile."""
    folder: Path = tmp_path_factory.mktemp("programs")
    return {case: value for arch in ("wse2", "wse3") for case, value in run_all(CASES, arch, folder).items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_program(case: Case, found: dict[str, Any]) -> None:
    assert case.expected
    result = found[case.id]
    assert not isinstance(result, Exception), result
    assert not differs(case, result)
