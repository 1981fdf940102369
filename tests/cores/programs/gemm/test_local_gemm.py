"""Dense products of single cores: what reads that collide take."""

from __future__ import annotations

import pytest

from wsesim.cores import isa
from wsesim.cores.operands import Mem
from wsesim.cores.programs import KernelOutcome, run_kernel
from wsesim.cores.rates import rate_of
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}


def run(shape: tuple[int, ...], machine: str = "cs-2", **options: str) -> KernelOutcome:
    return run_kernel("local-gemm", MACHINES[machine], (2, 2), shape, options=options)


def test_columns_a_multiple_of_all_banks_apart_take_two_cycles_an_element() -> None:
    by_rows = [run((rows, 4, 16)).cycles for rows in (8, 24)]
    assert by_rows[1] - by_rows[0] == 4 * 16 * 2 * 16


@pytest.mark.parametrize(("stride", "cycles"), [(1, 1), (3, 1), (4, 2), (6, 1), (32, 2)])
def test_an_update_in_place_meets_itself_where_its_stride_is_a_multiple_of_all_banks(stride: int, cycles: int) -> None:
    column, line = Mem(0, 8, stride=stride), Mem(200, 8, stride=1)
    core = MACHINES["cs-2"].core
    assert rate_of(core, isa.MAC, isa.F32, (column, column, line)).cycles == cycles
    assert rate_of(core, isa.MAC, isa.F32, (column, line, line)).cycles == 1


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((4, 4), {}, "local-gemm takes rows, depth and width, for example 32 x 16 x 24; got 4 x 4"),
        ((), {}, "got nothing"),
        ((4, 4, 0), {}, "got 4 x 4 x 0"),
        ((4, 4, 4), {"code": "scalar", "compute": "never"}, "compute can be never with code=vector only"),
        ((4, 4, 4), {"code": "vectors"}, "option code must be one of vector, scalar; got 'vectors'"),
    ],
)
def test_mistakes_are_messages(shape: tuple[int, ...], options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        run(shape, **options)
    assert message in str(caught.value)
