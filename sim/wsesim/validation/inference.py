"""Measured rows of inference with weights in SRAM: what a placement makes of them, by their columns alone.

WaferLLM (CS-2) times layers: attention as one head of full width, no embedding, no head; models that memory is too
small for were timed by a part of their layers. WaferEngine (CS-3) runs whole models on blocks of cores. Served speeds
are claims about programs of the vendor, and a test of the order only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from wsesim.errors import SpecError
from wsesim.hardware import Cluster, load_cluster
from wsesim.kernels.resident import Square, allreduce, matvec
from wsesim.mapping.resident import DoesNotFit, PlanGoal, ResidentPlan, ResidentRequest, plan_resident
from wsesim.model import Model
from wsesim.software import load_software
from wsesim.validation import naive
from wsesim.validation.rows import NotRunnable, split_overrides, stack_of
from wsesim.validation.table import Measurement
from wsesim.workload.phases import INFERENCE_STACK

NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})
TIME_BASES_HZ = {"CS-2": 1.1e9, "CS-3": 0.85e9}
"""Clocks with which WaferLLM and WaferEngine turn cycles to time."""
LARGEST_STEP = 60
"""Published grids of WaferLLM are multiples of it; a row of an operator without a grid is run on the largest."""
SERVED_POSITION = 1024
"""Assumed for served speeds that do not say how much is cached."""
_GRID = re.compile(r"PE grid (\d+)x\d+(?: prefill, (\d+)x\d+ decode)?")
_BLOCKS = re.compile(r"(\d+)x(\d+) blocks of (\d+)x\d+")
_IN_OUT = re.compile(r"(\d+) in / (\d+) out")
_RANGE = re.compile(r"(\d+)-(\d+)(?!\d)")
_REUSED = re.compile(r"reused \(percent\)\s*=\s*(\d+(?:\.\d+)?)")
_CHUNK = re.compile(r"chunk (\d+)")
_DOWNLOAD = re.compile(r"wafer-to-host|download", re.IGNORECASE)
_OPERATOR = re.compile(r"GEMV (\d+)x(\d+)")
_SIZES = ("layers", "d_model", "n_heads", "d_head", "d_ffn", "vocab")


@dataclass(frozen=True, slots=True, kw_only=True)
class InferencePrediction:
    """A row of inference, predicted."""

    value: float
    """In the row's unit; of cycles with the clock that the row's source uses."""
    cycles: float | None
    """The same in cycles, where the row is about the wafer."""
    naive: float
    """What the baseline says, in the row's unit."""
    naive_cycles: float | None
    """The same in cycles."""
    note: str = ""
    """What was assumed where the row is silent."""


def predict(row: Measurement, overrides: Mapping[str, object] = NO_OVERRIDES) -> InferencePrediction:
    """Return what the simulator makes of a row of inference, on a machine with other figures if any are given.

    Raises:
        NotRunnable: sizes are missing, or the row is about something that is not modelled.
        SpecError: an override that cannot be.
    """
    phase = row.cells["phase"]
    if phase == "operator":
        return _operator(row, overrides)
    if "served" in phase:
        return _served(row, overrides)
    if phase != "host I/O" and not re.match(r"prefill|decode", phase):
        raise NotRunnable(f"{phase}: not a phase of inference that is simulated")
    plan = _plan(row, overrides)
    if phase == "host I/O":
        return _host(row, plan)
    if phase == "prefill+decode":
        return _end_to_end(row, plan)
    if "teacher-forced" in phase:
        first, last = _range(row)
        cycles = plan.decode((first + last) // 2).interval_cycles
        return _timed(row, cycles, naive.decode_s(plan) / len(plan.stages))
    if phase == "prefill":
        length, share = _length(row), _REUSED.search(row.metric)
        time = plan.prefill(length, reused=int(length * float(share[1]) / 100) if share else 0)
        return _timed(row, time.cycles, naive.prefill_s(plan, time), tokens=length)
    batch = _batch(row)
    return _timed(row, plan.decode(_length(row), batch=batch).cycles, naive.decode_s(plan), tokens=batch)


def _timed(
    row: Measurement, cycles: float, naive_s: float, *, tokens: int = 1, clock_hz: float | None = None, note: str = ""
) -> InferencePrediction:
    clock_hz = clock_hz or _clock_hz(row)
    return InferencePrediction(
        value=_in_unit(row, cycles / clock_hz, tokens),
        cycles=cycles,
        naive=_in_unit(row, naive_s, tokens),
        naive_cycles=naive_s * clock_hz,
        note=note,
    )


def _host(row: Measurement, plan: ResidentPlan) -> InferencePrediction:
    """A cache on its way to the wafer, or from it."""
    size_bytes = plan.cache_bytes(_length(row))
    seconds = plan.host_out(size_bytes) if _DOWNLOAD.search(row.metric) else plan.host_in(size_bytes)
    naive_s = naive.transfer_s(plan, size_bytes)
    return InferencePrediction(
        value=_in_unit(row, seconds, 1), cycles=None, naive=_in_unit(row, naive_s, 1), naive_cycles=None
    )


def _end_to_end(row: Measurement, plan: ResidentPlan) -> InferencePrediction:
    """Prefill, what is moved in between, and every token at the mean of its positions."""
    found = _IN_OUT.search(row.metric)
    if found is None:
        raise NotRunnable("the row says not how many tokens come in and go out")
    given, written = int(found[1]), int(found[2])
    prompt = plan.prefill(given)
    seconds = prompt.seconds + plan.replacement_s() + written * plan.decode(given + written // 2).seconds
    naive_s = naive.prefill_s(plan, prompt) + written * naive.decode_s(plan)
    return _timed(row, seconds * plan.clock_hz, naive_s, tokens=written)


def _operator(row: Measurement, overrides: Mapping[str, object]) -> InferencePrediction:
    """A matrix-vector product and the sum of its columns, on the largest of the published grids."""
    found = _OPERATOR.search(row.cells["model"])
    if found is None:
        raise NotRunnable(f"{row.cells['model']!r} is not an operator that is simulated")
    inputs, outputs = int(found[1]), int(found[2])
    machine = row.cells["system"].lower()
    cycles, side = operator_cycles(
        machine, inputs=inputs, outputs=outputs, stack=stack_of(row), overrides=overrides
    )  # fmt: skip
    core = load_cluster(machine, overrides=_at_clock(machine, overrides)).cluster.wafer.core
    naive_s = naive.read_s(core, inputs * outputs, cores=side**2)
    return _timed(row, cycles, naive_s, clock_hz=core.clock_hz, note=f"grid not stated: {side} x {side}")


def operator_cycles(
    machine: str, *, inputs: int, outputs: int, stack: str = INFERENCE_STACK,
    overrides: Mapping[str, object] = NO_OVERRIDES,
) -> tuple[float, int]:  # fmt: skip
    """Return the cycles of one matrix-vector product of a loop of them, and the side of the square it runs on.

    The next product needs nothing of this one's sums, so a core goes on while they are still on their way back to it:
    assumed, as is the grid.
    """
    hardware, software = split_overrides(overrides)
    wafer = load_cluster(machine, overrides=hardware).cluster.wafer
    side = min(wafer.columns, wafer.rows) // LARGEST_STEP * LARGEST_STEP
    square = Square(wafer=wafer, side=side, software=load_software(stack, overrides=software).for_inference())
    product = matvec(square, inputs=inputs, outputs=outputs)
    total = allreduce(square, values=square.each(outputs))
    return product.cycles + total.cycles - total.parts().get("broadcast", 0.0), side


def _served(row: Measurement, overrides: Mapping[str, object]) -> InferencePrediction:
    if "speculative" in row.cells["notes"] and "no speculative" not in row.cells["notes"]:
        raise NotRunnable("tokens are guessed ahead, which is not modelled")
    plan = _plan(row, overrides)
    position = row.whole("seq_len") or SERVED_POSITION
    time = plan.decode(position)
    note = f"{plan.wafers} wafers, {len(plan.stages)} stages, {position:,} positions cached"
    return InferencePrediction(
        value=1 / time.seconds, cycles=None, naive=1 / naive.decode_s(plan), naive_cycles=None, note=note
    )


def _plan(row: Measurement, overrides: Mapping[str, object]) -> ResidentPlan:
    try:
        found = plan_resident(_request(row, overrides), _goal(row))
    except SpecError as error:
        raise NotRunnable(str(error)) from None
    if isinstance(found, DoesNotFit):
        raise NotRunnable(f"does not fit: {found.why}")
    return found


def _goal(row: Measurement) -> PlanGoal:
    """Return what the placement of a row is chosen for, as far as it says not where it lies."""
    positions = _positions(row)
    if "served" in row.cells["phase"]:
        return PlanGoal(position=row.whole("seq_len") or SERVED_POSITION, passes=1)
    return PlanGoal.half(positions, batch=_batch(row))


def _request(row: Measurement, overrides: Mapping[str, object]) -> ResidentRequest:
    notes, system, served = row.cells["notes"], row.cells["system"].lower(), "served" in row.cells["phase"]
    layers_alone = "heads simplified" in notes
    grid, blocks = _GRID.search(notes), _BLOCKS.search(notes)
    if not (served or grid or blocks):
        raise NotRunnable("the row says not on which cores")
    side = int(grid[1]) if grid else int(blocks[3]) if blocks else None
    _, changes = split_overrides(overrides)
    model, positions = _model(row, grouped=not layers_alone), _positions(row)
    return ResidentRequest(
        model=model,
        cluster=_cluster(system, overrides, served=served),
        software=load_software(stack_of(row), overrides=changes).for_inference(),
        placement="blocks" if blocks else "auto" if served else "whole",
        prefill_grid=side,
        decode_grid=int(grid[2]) if grid and grid[2] else side,
        wafers=row.whole("n_systems"),
        stages=int(blocks[1]) * int(blocks[2]) if blocks else None,
        positions=positions,
        batch=_batch(row),
        chunk=_chunk(row, positions if layers_alone else side),
        ends=not layers_alone,
        must_fit=not layers_alone,
    )


def _cluster(machine: str, overrides: Mapping[str, object], *, served: bool) -> Cluster:
    """Return the machine at the clock of the row's source; to serve, with all the systems it can have."""
    changes = split_overrides(overrides)[0] if served else _at_clock(machine, overrides)
    cluster = load_cluster(machine, overrides=changes).cluster
    return replace(cluster, systems=cluster.max_systems) if served else cluster


def _at_clock(machine: str, overrides: Mapping[str, object]) -> dict[str, object]:
    """Return the overrides of hardware with the clock that sources of this machine turn cycles to time with."""
    clock_hz = TIME_BASES_HZ.get(machine.upper())
    return {**split_overrides(overrides)[0], **({} if clock_hz is None else {"core.clock": f"{clock_hz / 1e9} GHz"})}


def _positions(row: Measurement) -> int:
    """Return how many positions the cache holds: of a whole request, or as many as the row is about."""
    found = _IN_OUT.search(row.metric)
    return int(found[1]) + int(found[2]) if found else row.whole("seq_len") or SERVED_POSITION


def _chunk(row: Measurement, otherwise: int | None) -> int | None:
    found = _CHUNK.search(row.metric)
    return int(found[1]) if found else otherwise


def _model(row: Measurement, *, grouped: bool) -> Model:
    missing = [column for column in _SIZES if row.whole(column) is None]
    if missing:
        raise NotRunnable(f"the row gives no {', '.join(missing)}")
    layers, width, heads, head_width, ffn_width, vocab = (row.whole(column) or 0 for column in _SIZES)
    return Model(
        name=row.cells["model"],
        layers=layers,
        width=width,
        heads=heads,
        kv_heads=(row.whole("n_kv_heads") or heads) if grouped else heads,
        head_width=head_width,
        ffn_width=ffn_width,
        vocab=vocab,
        max_length=row.whole("seq_len") or SERVED_POSITION,
        activation="swiglu" if row.cells["ffn_type"] == "swiglu" else "gelu",
        norm="rms_norm",
        position="rotary",
        bias=False,
        attention_bias=False,
        head_norm=re.search(r"qwen-?3", row.cells["model"], re.IGNORECASE) is not None,
        tied=False,
    )


def _length(row: Measurement) -> int:
    length = row.whole("seq_len")
    if length is None:
        raise NotRunnable("the row gives no seq_len")
    return length


def _batch(row: Measurement) -> int:
    return row.whole("batch_global") or 1


def _range(row: Measurement) -> tuple[int, int]:
    """Return the positions of a teacher-forced run: as the metric says, or the id, which is all that names them in
    published rows; else the second half of the row's length, which those ranges are."""
    length = _length(row)
    for text in (row.metric, row.id):
        for found in _RANGE.finditer(text):
            if int(found[1]) < int(found[2]) == length:
                return int(found[1]), length
    return length // 2, length


def _clock_hz(row: Measurement) -> float:
    system = row.cells["system"]
    return TIME_BASES_HZ.get(system) or load_cluster(system.lower()).cluster.wafer.core.clock_hz


def _in_unit(row: Measurement, seconds: float, tokens: int) -> float:
    """Return the time of *tokens* in the row's unit."""
    if row.unit == "cycles":
        return seconds * _clock_hz(row)
    values = {
        "tokens/s": tokens / seconds, "us/token": seconds / tokens * 1e6, "ms": seconds * 1e3, "us": seconds * 1e6,
    }  # fmt: skip
    if row.unit not in values:
        raise NotRunnable(f"{row.metric} in {row.unit!r} is not a figure of inference")
    return values[row.unit]
