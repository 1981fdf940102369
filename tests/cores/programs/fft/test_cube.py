"""The transform of a cube on cores: what it means, what travels, what a local transform takes."""

from __future__ import annotations

import numpy as np
import pytest

from wsesim.cores import isa
from wsesim.cores.builder import Builder
from wsesim.cores.errors import ProgramError
from wsesim.cores.kit.base import gather
from wsesim.cores.machine import CoreMachine
from wsesim.cores.programs import KernelCase, KernelOutcome, Prepared, run_kernel
from wsesim.cores.programs.fft import cube
from wsesim.cores.programs.fft.exchange import link_wavelets
from wsesim.cores.programs.fft.local import PARTS, LocalTransform, butterflies, interleaved, tables, transform_cycles
from wsesim.errors import InputError
from wsesim.hardware import load_cluster

MACHINES = {name: load_cluster(name).cluster.wafer for name in ("cs-1", "cs-2", "cs-3")}
WAFER = MACHINES["cs-2"]


def loaded(points: int, rows: int, seed: int = 0) -> Prepared:
    case = KernelCase(program=cube.PROGRAM, wafer=WAFER, grid=(points, rows), shape=(points,), options={}, seed=seed)
    return case.load()


def run(points: int, rows: int | None = None, machine: str = "cs-2", seed: int = 0) -> KernelOutcome:
    grid = (points, points if rows is None else rows)
    return run_kernel("fft-3d", MACHINES[machine], grid, (points,), seed=seed)


def test_another_seed_is_another_cube() -> None:
    first, second = (loaded(4, 4, seed).expected for seed in (0, 1))
    assert (first != second).all()


@pytest.mark.parametrize(("points", "rows"), [(8, 8), (16, 1)])
def test_what_is_expected_is_the_transform(points: int, rows: int) -> None:
    prepared = loaded(points, rows)
    first = prepared.read(prepared.machine) if rows > 1 else gather(prepared.machine, "x")
    pencils = first[..., ::2] + 1j * first[..., 1::2]
    whole = np.fft.fftn(pencils).transpose(1, 2, 0) if rows > 1 else np.fft.fftn(pencils[0]).T[None]
    assert np.abs(prepared.expected - interleaved(whole)).max() < 1e-5 * np.abs(whole).max()


def test_each_number_goes_straight_to_its_core_and_on_to_the_end_of_the_line() -> None:
    points = 8
    found = run(points, rows=1)
    assert found.run is not None
    turns = points - 1
    wavelets = 2 * sum(PARTS * away**2 for away in range(1, points))
    marks = 2 * (turns * points // 2)  # one a turn, up to the end of the line
    handovers = 2 * turns
    assert found.wavelet_hops == wavelets + marks + handovers
    assert found.run.sent[0, points - 2, isa.EAST] == link_wavelets(points) + turns + 1


def test_cores_get_only_what_is_meant_for_them() -> None:
    points = 8
    found = run(points, rows=1)
    assert found.run is not None
    assert (found.run.sent[0, :, isa.RAMP] == 2 * (points - 1)).all()


@pytest.mark.parametrize("points", [2, 4, 8, 64, 256])
@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_a_local_transform_takes_what_its_instructions_take(points: int, machine: str) -> None:
    program = Builder(MACHINES[machine], width=1, height=1)
    role = program.role("alone")
    x, begin, end = role.memory("x", 2 * points), role.register(), role.register()
    local = LocalTransform(role, points)
    with role.task("main", start=True):
        role.stamp(begin, cost=0)
        local.transform(x)
        role.stamp(end, cost=0)
        role.halt()
    program.place(role, [0], [0])
    machine_of_one = CoreMachine(program)
    values = np.exp(1j * np.arange(points) ** 2)
    for name, table in tables(points).items():
        machine_of_one.write(role, name, table)
    machine_of_one.write(role, "x", interleaved(values))
    machine_of_one.run()
    taken = machine_of_one.register(role, end.index) - machine_of_one.register(role, begin.index)
    assert taken == transform_cycles(MACHINES[machine], points)
    assert np.allclose(machine_of_one.read(role, "x")[0], interleaved(np.fft.fft(values)), atol=1e-5 * points)


def test_butterflies_of_a_transform() -> None:
    assert [butterflies(points) for points in (2, 4, 8, 512)] == [1, 4, 12, 2304]


@pytest.mark.parametrize("shape", [(1,), (3,), (12,), (8, 8)])
def test_edges_that_cannot_be(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="power of two"):
        run_kernel("fft-3d", WAFER, (shape[0], shape[0]), shape)


def test_a_cube_needs_as_many_cores() -> None:
    with pytest.raises(InputError, match="8 x 8 cores, or 8 x 1"):
        run_kernel("fft-3d", WAFER, (4, 4), (8,))


def test_a_pencil_must_fit_a_core() -> None:
    with pytest.raises((InputError, ProgramError)):
        run_kernel("fft-3d", MACHINES["cs-2"], (2048, 1), (2048,))
