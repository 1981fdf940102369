"""Products of matrices that lie on the cores: MeshGEMM and MeshGEMV of WaferLLM, an fp32 product on a whole CS-2."""

from __future__ import annotations

from math import ceil

from wsesim.cores import isa
from wsesim.cores.programs import run_kernel
from wsesim.cores.programs.durations import memory, vector_time
from wsesim.cores.programs.gemm.mesh_core import Tiles
from wsesim.cores.programs.gemm.mesh_gemm import window
from wsesim.cores.programs.gemm.summa import mean_pace, panels_of
from wsesim.hardware import Wafer
from wsesim.validation.kernels.family import Family, KernelRow, NotPredicted, Prediction

REPEATS = 5
"""Products of a measured window. Source: `includes` of rows `mgemm`."""
GEMV_SIDE, GEMV_GROUPS = 720, 24
"""Cores of a side, and groups of a line: the largest grid of the published launch scripts, where a row states none."""
READ_SHARE = 0.5
"""Of the issues of an fp16 multiply-accumulate that reads 16 bytes a cycle, the part memory is taken to limit. Source:
`mic-fma-f16`, which reads as many: an issue of two cycles there, one of which the datapath would need."""
STREAMS = 5
"""Times a vector streams through a link: two chains that end at a centre, on two levels, and the way back."""
SUMMA = "taken for SUMMA, one of the two forms that the row names"


def _mesh_gemm(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run the products of a row's window on the grid it names."""
    mode, cores = row.whole("L"), row.columns
    if cores is None or cores != row.rows:
        raise NotPredicted("the grid is not a square")
    if mode not in (0, 1, 2):
        raise NotPredicted(f"no mode is known as L={mode}")
    tiles = Tiles(
        cores=cores, m=row.whole("Mt"), k=row.whole("Kt"), n=row.whole("Nt"), times=mode,
        moved="communication disabled" not in row.params,
    )  # fmt: skip
    return Prediction(value=window(wafer, tiles, REPEATS))


def _gemv(row: KernelRow, wafer: Wafer) -> Prediction:
    """Run one row of cores, which stands for all, and convert at the clock the row was converted with."""
    found = row.found(r"\[1,(\d+)\]x\[(\d+),(\d+)\]")
    inputs, outputs = int(found[2]), int(found[3])
    side = row.columns or GEMV_SIDE
    options = {"group": str(ceil(side / GEMV_GROUPS))}
    ran = run_kernel("gemv", wafer, (side, side), (inputs, outputs), options=options, fold=True, verify=False)
    each = ceil(outputs / side)
    y = memory(isa.F16, each)
    multiplies = ceil(inputs / side) * vector_time(wafer, isa.MAC, isa.F16, each, y, y, y).busy
    fill = vector_time(wafer, isa.MOV, isa.F16, each, y).busy
    streamed = STREAMS * ceil(each / 2)
    return Prediction(
        value=ran.cycles / _clock(row) * 1e6,
        shares={
            "memory": (READ_SHARE * multiplies + fill) / ran.cycles,
            "arithmetic every cycle": (1 - READ_SHARE) * multiplies / ran.cycles,
            "link": streamed / ran.cycles,
        },
        note="" if row.columns else f"no grid is stated: taken as {side} x {side} cores, {GEMV_GROUPS} groups a line",
    )


def _sgemm(row: KernelRow, wafer: Wafer) -> Prediction:
    """Take the closed form of SUMMA, whose next panels travel while a pair is multiplied."""
    if row.columns is None or row.rows is None:
        raise NotPredicted("the grid is not stated")
    size = int(row.found(r"(\d+)\^3")[1])
    took = run_kernel("summa", wafer, (row.columns, row.rows), (size,) * 3, level="closed")
    flops = 2 * size**3 / took.closed_cycles * _clock(row)
    panels = panels_of((row.columns, row.rows), (size,) * 3, {})
    macs = panels.steps * panels.m * panels.k * panels.n
    every_cycle = (
        macs * (wafer.core.colliding_cycles - mean_pace(wafer, panels)) / took.closed_cycles
    )  # the others collide
    return Prediction(
        value=flops / 1e12,
        shares={"arithmetic every cycle": every_cycle, "arithmetic": 1 - every_cycle},
        level="closed",
        note=SUMMA,
    )


def _clock(row: KernelRow) -> float:
    """Return the clock of a row in Hz.

    Raises:
        NotPredicted: it states none.
    """
    if row.clock_hz is None:
        raise NotPredicted("the clock is not stated")
    return row.clock_hz


FAMILIES = (
    Family(
        name="mgemm",
        title="MeshGEMM: tiles travel round rings while those that came are multiplied",
        matches=lambda row: row.kernel == "GEMM (MeshGEMM)" and row.unit == "cycles",
        predict=_mesh_gemm,
        median_goal=0.02,
        worst_goal=0.05,
        missing="where nothing is computed: why a stream of 16-bit moves takes about 5 cycles for 3 wavelets, and two "
        "streams 5 cycles for 2 of each, while one of 32-bit moves takes a cycle for each (`mic-wav`), as all do here",
    ),
    Family(
        name="wl-gemv",
        title="MeshGEMV: a vector times a matrix, summed in a tree of two levels",
        matches=lambda row: row.kernel == "GEMV (MeshGEMV)" and row.unit == "us",
        predict=_gemv,
        median_goal=0.10,
        worst_goal=0.20,
        missing="the grid, which the source does not state",
    ),
    Family(
        name="sgemm",
        title="fp32 product of large matrices on a whole CS-2",
        matches=lambda row: row.kernel == "SGEMM" and row.unit == "TFLOP/s",
        predict=_sgemm,
        median_goal=0.10,
        worst_goal=0.10,
    ),
)
