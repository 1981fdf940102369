"""The two-phase reduce as the vendor's cycle-accurate fabric simulator runs it.

512 cores of a WSE-2, 4,096 fp32 values on each, groups of S cores; cycles from the start of the task to the last add.
Source: github.com/pr0f3ss/SpMM_Cerebras, src/mpi_collectives/reduce_0_pe/reduce_2colors_2phase, commit 05f8fdb.
"""

from __future__ import annotations

import pytest

from wsesim.answer import Level
from wsesim.cores.programs import run_kernel
from wsesim.hardware import load_cluster

MEASURED = {2: 10055, 16: 8989, 64: 9061, 512: 7218}
ALLOWED = 0.003


@pytest.mark.parametrize("group", MEASURED)
@pytest.mark.parametrize("level", ["cores", "closed"])
def test_cycles_are_those_measured(group: int, level: Level) -> None:
    wafer = load_cluster("cs-2").cluster.wafer
    found = run_kernel("reduce-two-phase", wafer, (512, 1), (4096,), options={"group": str(group)}, level=level)
    assert found.right is not False
    assert found.cycles == pytest.approx(MEASURED[group], rel=ALLOWED)
