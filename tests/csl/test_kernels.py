"""Kernels that exist as builder programs and in CSL take as long, and come to the same, on the same operands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wsesim.cores.kit.base import gather
from wsesim.cores.programs import PROGRAMS
from wsesim.csl.intrinsics import TABLE
from wsesim.csl.running import compiled, run_program
from wsesim.hardware import load_cluster

pytestmark = pytest.mark.xdist_group("csl")
HERE = Path(__file__).parent / "kernels"
ARCHS = {"cs-2": "wse2", "cs-3": "wse3"}
UNBLOCK_CYCLES = TABLE["unblock_cmd_stream"].cycles
"""A function that the host launches ends by opening its stream of commands, which a builder program has none of."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A kernel of both kinds."""

    kernel: str
    grid: tuple[int, int]
    shape: tuple[int, ...]
    file: str
    params: Mapping[str, int]
    options: Mapping[str, str] = field(default_factory=dict)
    result: str = "x"
    apart: int = 1
    """Cycles by which they may differ: the end of the task, and descriptors that only the one in CSL loads."""


def _vector(op: str, what: int, length: int) -> Pair:
    params = {"width": 2, "length": length, "what": what}
    return Pair(
        kernel="vector", grid=(2, 1), shape=(length,), file="vector.csl", params=params, options={"op": op}, result="y"
    )


def _row(kernel: str, width: int, length: int) -> Pair:
    params = {"width": width, "length": length, "reduces": kernel != "broadcast", "tells": kernel != "reduce-chain"}
    return Pair(kernel=kernel, grid=(width, 1), shape=(length,), file="row.csl", params=params)


def _gemv(width: int, height: int, inputs: int, outputs: int) -> Pair:
    params = {"width": width, "height": height, "inputs": inputs, "outputs": outputs}
    return Pair(
        kernel="gemv", grid=(width, height), shape=(inputs * width, outputs * height), file="gemv.csl", params=params,
        options={"precision": "fp32", "group": str(width)}, result="y", apart=4,
    )  # fmt: skip


PAIRS = (
    _vector("mac", 0, 64), _vector("add", 1, 1000), _vector("mov", 2, 9), _row("reduce-chain", 9, 64),
    _row("broadcast", 6, 100), _row("allreduce-chain", 5, 33), _gemv(4, 2, 8, 16), _gemv(2, 1, 4, 8),
)  # fmt: skip


@pytest.mark.parametrize("machine", ARCHS)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.kernel}-{pair.grid}-{pair.shape}")
def test_a_kernel_in_csl_is_the_one_of_the_builder(pair: Pair, machine: str) -> None:
    wafer, prepare = load_cluster(machine).cluster.wafer, PROGRAMS[pair.kernel].prepare
    assert prepare is not None
    prepared = prepare(wafer, pair.grid, pair.shape, pair.options, 3)
    operands: dict[str, Any] = {
        name: gather(prepared.machine, name).reshape(-1).tolist()
        for name in ("x", "y", "w") if name in prepared.machine.builder.roles[0].variables
    }  # fmt: skip
    built = prepared.run()
    image = compiled(HERE / pair.file, ARCHS[machine], pair.params, {})
    found = run_program(image, wafer, operands=operands, launches=[("main", [])], read=[pair.result])
    expected = gather(prepared.machine, pair.result)
    assert np.array_equal(np.reshape([found.values[pair.result][at] for at in range(image.width * image.height)],
                                     expected.shape), expected)  # fmt: skip
    own = found.cycles - UNBLOCK_CYCLES
    assert abs(own - built.cycles) <= pair.apart, (own, built.cycles)


def test_a_turn_of_a_map_costs_what_was_measured_of_it(tmp_path: Path) -> None:
    wafer = load_cluster("cs-3").cluster.wafer
    cycles = [
        run_program(
            compiled(HERE / "gemv.csl", "wse3", {"width": 2, "height": 1, "inputs": inputs, "outputs": 8}, {}), wafer,
            operands={}, launches=[("main", [])], read=[],
        ).cycles
        for inputs in (4, 12)
    ]  # fmt: skip
    turn = 1 + wafer.core.vector_launch_cycles + 8 + wafer.core.saved_map_cycles
    assert (cycles[1] - cycles[0]) / 8 == pytest.approx(turn, abs=1)
