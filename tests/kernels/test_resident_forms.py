"""Closed forms of resident kernels against programs on simulated cores, without what machines add to scalar code.

Where they are meant to differ:
- One `@map`: the forms have 45 cycles a round and none a turn, the programs 12 and 4. Measured MeshGEMM always has
  eight turns, where both agree with it; with other numbers of turns only WaferLLM's machine tells them apart, whose
  prompts come out from 10 % too fast to 23 % too slow with 12 and 4 (`inference.round_cycles`).
- Vectors that do not fill their last issue: the forms take the mean over where they begin.
- WSE-2: the forms let the reads of every multiply-accumulate collide and wake each core of a sum by a task, which
  silicon needs; the programs place operands with care, and pass sums on without tasks.
- Norms, softmax and attention: the programs work in fp32, one element a cycle or two, and take exponentials one by one.
"""

from collections.abc import Sequence
from statistics import median

import pytest

from wsesim.cores.programs import run_kernel
from wsesim.hardware import Wafer, load_cluster
from wsesim.kernels.resident import Rectangle, allreduce, elementwise, issues, matvec, scalars
from wsesim.kernels.resident_mesh import mesh_gemm
from wsesim.ops import CoreProgram, Recipe, find
from wsesim.software import load_software

WAFERS = {machine: load_cluster(machine).cluster.wafer for machine in ("cs-2", "cs-3")}
WAFERLLM = load_software("waferllm").for_inference()
EXP_LOOP_CYCLES = 10
"""Of the programs' loop around a scalar exponential."""


def on(wafer: Wafer, side: int) -> Rectangle:
    return Rectangle(wafer=wafer.as_designed(), columns=side, rows=side, software=WAFERLLM)


def hold(errors: Sequence[float], *, middle: float, worst: float) -> None:
    sizes = [abs(error) for error in errors]
    assert median(sizes) <= middle
    assert max(sizes) <= worst


@pytest.mark.parametrize("machine", ["cs-2", "cs-3"])
@pytest.mark.every(2)
def test_products_of_prompts_are_those_of_the_program(machine: str) -> None:
    wafer, errors = WAFERS[machine], []
    for side in (3, 5, 8):
        for rows in (4, 7, 8, 9, 16, 24):
            sizes = (side * rows, side * 8, side * 8)
            ran = run_kernel("mesh-gemm", wafer, (side, side), sizes, verify=False).cycles
            m, k, n = sizes
            errors.append(mesh_gemm(on(wafer, side), m=m, k=k, n=n).cycles / ran - 1)
    hold(errors, middle=0.10, worst=0.17)


def vector_times_matrix(wafer: Wafer, side: int, inputs: int, outputs: int) -> tuple[float, float]:
    """Return the cycles of program and form on a square, with so many inputs and outputs a core."""
    where, sizes = on(wafer, side), (side * inputs, side * outputs)
    options = {"group": str(where.x.group)}
    ran = run_kernel("gemv", wafer, (side, side), sizes, options=options, fold=True, verify=False).cycles
    form = matvec(where, inputs=sizes[0], outputs=sizes[1], sums="x").cycles
    return ran, form + allreduce(where, values=outputs, along="x").cycles


CASES = [(side, inputs, outputs) for side in (16, 36, 64, 120) for inputs in (8, 24) for outputs in (8, 16, 24)]


def test_a_vector_times_a_matrix_is_that_of_the_program_on_the_wse3() -> None:
    ran = [vector_times_matrix(WAFERS["cs-3"], *case) for case in CASES]
    hold([form / cycles - 1 for cycles, form in ran], middle=0.10, worst=0.20)


@pytest.mark.nightly
def test_and_on_the_wse2_but_for_collisions_and_tasks() -> None:
    wafer, errors = WAFERS["cs-2"], []
    for side, inputs, outputs in CASES:
        ran, form = vector_times_matrix(wafer, side, inputs, outputs)
        collisions = (wafer.core.colliding_cycles - 1) * (inputs + 1) * issues(outputs, wafer.core.fmac_fp16_per_cycle)
        tasks = on(wafer, side).x.links * wafer.core.task_launch_cycles
        assert form > ran
        errors.append((form - collisions - tasks) / ran - 1)
    hold(errors, middle=0.11, worst=0.22)


@pytest.mark.parametrize("machine", ["cs-2", "cs-3"])
def test_sums_and_ways_back_are_those_of_the_program(machine: str) -> None:
    # What remains of a program beside its sums hardly grows with the line: here eight outputs of eight inputs.
    wafer, rests = WAFERS[machine], []
    for side in (16, 36, 64, 120):
        ran, _ = vector_times_matrix(wafer, side, 8, 8)
        parts = allreduce(on(wafer, side), values=8, along="x").parts()
        rests.append(ran - parts["reduction"] - parts["broadcast"])
    assert max(rests) - min(rests) <= 0.03 * ran


@pytest.mark.parametrize("machine", ["cs-2", "cs-3"])
@pytest.mark.every(2)
def test_norms_and_softmax_are_those_of_the_programs_at_their_pace(machine: str) -> None:
    wafer, norms, softmaxes = WAFERS[machine], [], []
    code = wafer.code
    for side in (4, 6, 8):
        where = on(wafer, side)
        sums = allreduce(where, values=1, along="x").parts()
        total = scalars(sums["reduction"] + sums["broadcast"])
        for elements in (4, 8, 12):
            shape = (side, side * elements)
            root = scalars(code.sqrt_cycles + code.divide_cycles)
            for kind in (find(name) for name in ("rms_norm", "layer_norm")):
                recipe = kind.resident
                assert isinstance(kind.program, CoreProgram)
                assert isinstance(recipe, Recipe)
                norm = elementwise(where, elements=elements, ops=recipe.ops).then(*[total] * recipe.row_sums, root)
                ran = run_kernel(kind.program.name, wafer, (side, side), shape, verify=False).cycles
                norms.append(norm.cycles / ran - 1)
            exponentials = scalars(elements * (code.exp_cycles + EXP_LOOP_CYCLES))
            divide = scalars(code.divide_cycles)
            softmax = find("softmax").resident
            assert isinstance(softmax, Recipe)
            found = elementwise(where, elements=elements, ops=softmax.ops).then(total, total, exponentials, divide)
            ran = run_kernel("softmax", wafer, (side, side), shape, verify=False).cycles
            softmaxes.append(found.cycles / ran - 1)
    hold(norms, middle=0.12, worst=0.22)
    hold(softmaxes, middle=0.15, worst=0.30)
