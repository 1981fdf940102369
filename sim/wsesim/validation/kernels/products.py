"""Rows of products of matrices: on one core, dense and sparse; SUMMA and its parts; MeshGEMM, MeshGEMV; a whole CS-2.

Sources: github.com/pr0f3ss/SpMM_Cerebras (`spmm`: all cores do the same for themselves, so one is run; COO and ELLPACK
store as many values on every core, of CSC and CSR the mean over cores has the mean number, density times the tile; rows
of the vendor's simulator are older, with lines of B and C in the same banks); the SDK's examples, whose tiles are
Mt x Kt and Kt x Nt on P cores a side (`summa`); WaferLLM, arXiv 2502.04563 (`mgemm`, `wl-gemv`).
"""

from __future__ import annotations

import re
from math import ceil

from wsesim.validation.asking import NotAsked, RowQuestion
from wsesim.validation.kernels.family import KernelFamily
from wsesim.validation.kernels.rows import KernelRow

ONE = (1, 1)
WRITTEN_OUT = 32
"""Turns of a loop without arithmetic that the compiler is known to write out (`spmm-sim-gemm-64-m32-mem`)."""
STORED = "stored nonzeros per PE (padded, from flop count)"
WINDOW = "with `code.window_cycles` between the stamps beside the product"
GEMV = {
    "checkerboard": "the window holds what the host streams in and out, whose pace no source gives",
    "collectives_2d": "how the library scatters and gathers step by step is not published, only its broadcast",
}
TIMES = {0: "never", 1: "once", 2: "twice"}
GEMV_SIDE, GEMV_GROUPS = 720, 24
"""Cores of a side, and groups of a line: the largest grid of the published launch scripts, where a row states none."""
SUMMA = "taken for SUMMA, one of the two forms that the row names, whose buffers are more than a core has memory for"


def _local(row: KernelRow) -> RowQuestion:
    """Ask for the product of one core between two readings of the counter."""
    found, compute = re.search(r"\((\w+)\)", row.kernel), "loads and address updates only" not in row.metric
    shape, note = [row.whole("Nt"), row.whole("Kt"), row.whole("M")], WINDOW if row.silicon else ""
    options = {"compute": "once" if compute else "never"}
    if found is None:
        if not compute and shape[2] <= WRITTEN_OUT:
            raise NotAsked("what the compiler leaves of a short loop once its arithmetic is taken out is not published")
        return row.measure("local-gemm", ONE, shape, "counter_cycles", options=options, note=note)
    kind, mean = found[1].lower(), _stored(row, found[1].lower(), shape[0] * shape[1])
    options["banks"] = "same" if "before bank-conflict fix" in row.algorithm else "apart"
    options |= {"stored": repr(mean)} if mean != int(mean) else {}
    return row.measure(f"spmm-{kind}", ONE, [*shape, ceil(mean)], "counter_cycles", options=options, note=note)


def _stored(row: KernelRow, kind: str, places: int) -> float:
    """Return the stored values of a core, the mean over cores where they differ."""
    if "dense" in row.params:
        return places
    if kind in ("coo", "ellpack"):
        return row.whole(STORED)
    return float(row.found(r"density ([0-9.]+)%")[1]) / 100 * places


def _example(row: KernelRow) -> RowQuestion:
    """Ask for a product of the SDK's examples, or its part."""
    if row.kernel.startswith("GEMV"):
        raise NotAsked(next((why for name, why in GEMV.items() if name in row.kernel), "no such example is known"))
    if "on one PE" in row.kernel:
        sizes = [int(size) for size in row.found(r"(\d+)x(\d+)x(\d+)").groups()]
        return row.ask("local-gemm", ONE, sizes, options={"code": "scalar"})
    if "broadcast" in row.metric:
        columns, _ = row.grid
        note, shape = "the first broadcast, with no product beside it", [row.count("wavelets"), columns, 1]
        return row.measure("summa", (columns, 1), shape, "broadcast_cycles", note=note)
    side, tile = row.whole("P"), _tile(row)
    grid, shape = (side, side), [side * size for size in tile]
    if "compute span" in row.metric:
        return row.measure("summa", grid, shape, "compute_span_cycles")
    return row.ask("summa", grid, shape, options={"transfers": "library"})


def _tile(row: KernelRow) -> list[int]:
    """Return the sizes of a tile: `Mt=Kt=Nt=14`, or each by itself."""
    shared = re.search(r"Mt=Kt=Nt=(\d+)", row.params)
    return [int(shared[1])] * 3 if shared else [row.whole(name) for name in ("Mt", "Kt", "Nt")]


def _mesh_gemm(row: KernelRow) -> RowQuestion:
    mode, side = row.whole("L"), row.side
    if mode not in TIMES:
        raise NotAsked(f"no mode is known as L={mode}")
    options = {"compute": TIMES[mode], "tiles": "stay" if "communication disabled" in row.params else "travel"}
    shape = [side * row.whole(name) for name in ("Mt", "Kt", "Nt")]
    return row.measure("mesh-gemm", (side, side), shape, "product_cycles", options=options)


def _mesh_gemv(row: KernelRow) -> RowQuestion:
    """Ask for one row of cores, which stands for all."""
    found = row.found(r"\[1,(\d+)\]x\[(\d+),(\d+)\]")
    side = row.columns or GEMV_SIDE
    _need_clock(row)
    note = "" if row.columns else f"no grid is stated: taken as {side} x {side} cores, {GEMV_GROUPS} groups a line"
    options = {"group": ceil(side / GEMV_GROUPS)}
    sizes = [int(found[2]), int(found[3])]
    return row.ask("gemv", (side, side), sizes, "time_s", options=options, fold=True, note=note)


def _sgemm(row: KernelRow) -> RowQuestion:
    size = int(row.found(r"(\d+)\^3")[1])
    _need_clock(row)
    return row.measure("summa", row.grid, [size] * 3, "flops_per_s", level="closed", must_fit=False, note=SUMMA)


def _need_clock(row: KernelRow) -> None:
    if row.clock_hz is None:
        raise NotAsked("the clock is not stated")


FAMILIES = (
    KernelFamily(
        name="spmm",
        title="local product on one core: dense, COO, CSC, CSR, ELLPACK",
        matches=lambda row: re.match(r"(SpMM|GEMM) local phase", row.kernel) is not None and row.unit == "cycles",
        ask=_local,
        median_goal=0.05,
        worst_goal=0.15,
        missing="the compiler's choices: how far loops are written out, which addresses it takes out of them",
    ),
    KernelFamily(
        name="summa",
        title="products of the SDK's examples: SUMMA and its parts, and scalar code on one core",
        matches=lambda row: row.unit == "cycles" and re.match(r"GEM[MV] (\(SDK|on one PE)", row.kernel) is not None,
        ask=_example,
        median_goal=0.05,
        worst_goal=0.05,
        missing="GEMV examples: host streams in the window, scatter and gather of the library",
    ),
    KernelFamily(
        name="mgemm",
        title="MeshGEMM: tiles travel round rings while those that came are multiplied",
        matches=lambda row: row.kernel == "GEMM (MeshGEMM)" and row.unit == "cycles",
        ask=_mesh_gemm,
        median_goal=0.02,
        worst_goal=0.05,
        missing="where nothing is computed: why a stream of 16-bit moves takes about 5 cycles for 3 wavelets, and two "
        "streams 5 cycles for 2 of each, while one of 32-bit moves takes a cycle for each (`mic-wav`), as all do here",
    ),
    KernelFamily(
        name="wl-gemv",
        title="MeshGEMV: a vector times a matrix, summed in a tree of two levels",
        matches=lambda row: row.kernel == "GEMV (MeshGEMV)" and row.unit == "us",
        ask=_mesh_gemv,
        median_goal=0.10,
        worst_goal=0.20,
        missing="the grid, which the source does not state",
    ),
    KernelFamily(
        name="sgemm",
        title="fp32 product of large matrices on a whole CS-2",
        matches=lambda row: row.kernel == "SGEMM" and row.unit == "TFLOP/s",
        ask=_sgemm,
        median_goal=0.10,
        worst_goal=0.10,
    ),
)
