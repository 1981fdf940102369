"""Measured rows of inference with weights in SRAM: what a placement makes of them, by their columns alone.

WaferLLM (CS-2) times layers: attention as one head of full width, no embedding, no head; models that memory is too
small for were timed by a part of their layers. WaferEngine (CS-3) runs whole models on blocks of cores. Served speeds
are claims about programs of the vendor, and a test of the order only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from wsesim.errors import SpecError
from wsesim.hardware import Cluster, load_cluster
from wsesim.kernels.resident import Square, allreduce, matvec
from wsesim.mapping.resident import DoesNotFit, ResidentPlan, ResidentRequest, plan_resident
from wsesim.model import Model
from wsesim.validation.rows import NotRunnable
from wsesim.validation.table import Measurement

TIME_BASES_HZ = {"CS-2": 1.1e9, "CS-3": 0.85e9}
"""Clocks with which WaferLLM and WaferEngine turn cycles to time."""
LARGEST_STEP = 60
"""Published grids of WaferLLM are multiples of it; a row of an operator without a grid is run on the largest."""
SERVED_POSITION = 1024
"""Assumed for served speeds that do not say how much is cached."""
_GRID = re.compile(r"PE grid (\d+)x\d+(?: prefill, (\d+)x\d+ decode)?")
_BLOCKS = re.compile(r"(\d+)x(\d+) blocks of (\d+)x\d+")
_IN_OUT = re.compile(r"(\d+) in / (\d+) out")
_RANGE = re.compile(r"(\d+)-(\d+)$")
_REUSED = re.compile(r"reused \(percent\)\s*=\s*(\d+)")
_CHUNK = re.compile(r"chunk (\d+)")
_OPERATOR = re.compile(r"GEMV (\d+)x(\d+)")
_SIZES = ("layers", "d_model", "n_heads", "d_head", "d_ffn", "vocab")


@dataclass(frozen=True, slots=True, kw_only=True)
class InferencePrediction:
    """A row of inference, predicted."""

    group: str
    """prefill | decode | teacher-forced | end to end | operator | host input | served."""
    value: float
    """In the row's unit; of cycles with the clock that the row's source uses."""
    cycles: float | None
    """The same in cycles, where the row is about the wafer."""
    note: str = ""
    """What was assumed where the row is silent."""


def predict(row: Measurement) -> InferencePrediction:
    """Return what the simulator makes of a row of inference.

    Raises:
        NotRunnable: sizes are missing, or the row is about something that is not modelled.
    """
    phase = row.cells["phase"]
    if phase == "operator":
        return _operator(row)
    if "served" in phase:
        return _served(row)
    plan = _plan(row)
    if phase == "host I/O":
        seconds = plan.host_in(plan.cache_bytes(_length(row)))
        return InferencePrediction(group="host input", value=_in_unit(row, seconds, 1), cycles=None)
    if phase == "prefill+decode":
        return _end_to_end(row, plan)
    if phase == "prefill":
        length, share = _length(row), _REUSED.search(row.metric)
        time = plan.prefill(length, reused=length * int(share[1]) // 100 if share else 0)
        return _timed(row, "prefill", time.cycles, length)
    if phase == "decode":
        return _timed(row, "decode", plan.decode(_length(row)).cycles, 1)
    if "teacher-forced" in phase:
        found = _RANGE.search(row.id)
        first, last = (int(found[1]), int(found[2])) if found else (_length(row) // 2, _length(row))
        return _timed(row, "teacher-forced", plan.decode((first + last) // 2).interval_cycles, 1)
    raise NotRunnable(f"{phase}: not a phase of inference that is simulated")


def _timed(row: Measurement, group: str, cycles: float, tokens: int) -> InferencePrediction:
    return InferencePrediction(group=group, value=_in_unit(row, cycles / _clock_hz(row), tokens), cycles=cycles)


def _end_to_end(row: Measurement, plan: ResidentPlan) -> InferencePrediction:
    """Prefill, what is moved in between, and every token at the mean of its positions."""
    found = _IN_OUT.search(row.metric)
    if found is None:
        raise NotRunnable("the row says not how many tokens come in and go out")
    given, written = int(found[1]), int(found[2])
    seconds = plan.prefill(given).seconds + plan.replacement_s()
    seconds += written * plan.decode(given + written // 2).seconds
    return InferencePrediction(
        group="end to end", value=_in_unit(row, seconds, written), cycles=seconds * plan.clock_hz
    )  # fmt: skip


def _operator(row: Measurement) -> InferencePrediction:
    """A matrix-vector product and the sum of its columns, on the largest of the published grids."""
    found = _OPERATOR.search(row.cells["model"])
    if found is None:
        raise NotRunnable(f"{row.cells['model']!r} is not an operator that is simulated")
    inputs, outputs = int(found[1]), int(found[2])
    cycles, side = operator_cycles(row.cells["system"].lower(), inputs=inputs, outputs=outputs)
    timed = _timed(row, "operator", cycles, 1)
    return InferencePrediction(
        group=timed.group, value=timed.value, cycles=cycles, note=f"grid not stated: {side} x {side}"
    )  # fmt: skip


def operator_cycles(machine: str, *, inputs: int, outputs: int) -> tuple[float, int]:
    """Return the cycles of one matrix-vector product of a loop of them, and the side of the square it runs on.

    The next product needs nothing of this one's sums, so a core goes on while they are still on their way back to it:
    assumed, as is the grid.
    """
    wafer = load_cluster(machine).cluster.wafer
    side = min(wafer.columns, wafer.rows) // LARGEST_STEP * LARGEST_STEP
    square = Square(wafer=wafer, side=side)
    product = matvec(square, "product", inputs=inputs, outputs=outputs)
    total = allreduce(square, "sum", values=square.each(outputs))
    return product.cycles + total.cycles - total.parts.get("broadcast", 0.0), side


def _served(row: Measurement) -> InferencePrediction:
    if "speculative" in row.cells["notes"] and "no speculative" not in row.cells["notes"]:
        raise NotRunnable("tokens are guessed ahead, which is not modelled")
    plan = _plan(row)
    position = row.whole("seq_len") or SERVED_POSITION
    time = plan.decode(position)
    note = f"{plan.wafers} wafers, {len(plan.stages)} stages, {position:,} positions cached"
    return InferencePrediction(group="served", value=1 / time.seconds, cycles=None, note=note)


def _plan(row: Measurement) -> ResidentPlan:
    try:
        found = plan_resident(_request(row))
    except SpecError as error:
        raise NotRunnable(str(error)) from None
    if isinstance(found, DoesNotFit):
        raise NotRunnable(f"does not fit: {found.why}")
    return found


def _request(row: Measurement) -> ResidentRequest:
    notes, system, served = row.cells["notes"], row.cells["system"].lower(), "served" in row.cells["phase"]
    layers_alone = "heads simplified" in notes
    grid, blocks = _GRID.search(notes), _BLOCKS.search(notes)
    if not (served or grid or blocks):
        raise NotRunnable("the row says not on which cores")
    side = int(grid[1]) if grid else int(blocks[3]) if blocks else None
    model, positions = _model(row, grouped=not layers_alone), _positions(row)
    return ResidentRequest(
        model=model,
        cluster=_cluster(system, served=served),
        placement="blocks" if blocks else "auto" if served else "whole",
        prefill_grid=side,
        decode_grid=int(grid[2]) if grid and grid[2] else side,
        wafers=row.whole("n_systems"),
        stages=int(blocks[1]) * int(blocks[2]) if blocks else None,
        positions=positions,
        chunk=_chunk(row, positions if layers_alone else side),
        head_norm=re.search(r"qwen-?3", row.cells["model"], re.IGNORECASE) is not None,
        ends=not layers_alone,
        must_fit=not layers_alone,
    )


def _cluster(machine: str, *, served: bool) -> Cluster:
    """Return the machine at the clock of the row's source; to serve, with all the systems it can have."""
    clock_hz = None if served else TIME_BASES_HZ.get(machine.upper())
    overrides = {} if clock_hz is None else {"core.clock": f"{clock_hz / 1e9} GHz"}
    cluster = load_cluster(machine, overrides=overrides).cluster
    return replace(cluster, systems=cluster.max_systems) if served else cluster


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
        tied=False,
    )


def _length(row: Measurement) -> int:
    length = row.whole("seq_len")
    if length is None:
        raise NotRunnable("the row gives no seq_len")
    return length


def _clock_hz(row: Measurement) -> float:
    return TIME_BASES_HZ[row.cells["system"]]


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
