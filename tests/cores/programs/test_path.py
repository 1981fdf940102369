"""The critical path of every built-in program accounts for all cycles of its run."""

from __future__ import annotations

import pytest
from tests.cores.programs.cases import SMALL, WAFERS
from tests.cores.test_path import ties


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.every(3)
def test_segments_sum_to_the_cycles_of_the_run(name: str) -> None:
    for each in SMALL[name]:
        for number in range(len(WAFERS)):
            loaded = each.case(name, number).load()
            ties(loaded.machine.run(unread=loaded.unread, path=True))
