"""Rows of inference with weights in SRAM, by their columns alone.

WaferLLM (CS-2) times layers: attention as one head of full width, no embedding, no head; models that memory is too
small for were timed by a part of their layers. WaferEngine (CS-3) runs whole models on blocks of cores. Served speeds
are claims about programs of the vendor, and a test of the order only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wsesim.errors import WsesimError
from wsesim.hardware import Cluster, load_cluster
from wsesim.validation.asking import MISFIT, Conversion, NotAsked, RowQuestion, figures_of, named
from wsesim.validation.rows import (
    NO_SETTINGS,
    Measurement,
    is_rewritten,
    machine_of,
    without_numbers,
)
from wsesim.validation.shapes import model_of

CYCLES = "cycles"
TIME_BASES_HZ = {"CS-2": 1.1e9, "CS-3": 0.85e9}
"""Clocks with which WaferLLM and WaferEngine turn cycles to time."""
LARGEST_STEP = 60
"""Published grids of WaferLLM are multiples of it; a row of an operator without a grid is asked on the largest."""
ROUND = "inference.round_cycles"
"""The one figure of software that a product depends on, which its kernel has as an option."""
INTERVAL = "interval_s"
"""The figure of rows whose tokens are known ahead, so that one follows the other before that is through all stages."""
SERVED_POSITION = 1024
"""Assumed for served speeds that do not say how much is cached."""
GUESSED = 4
"""Tokens guessed ahead by a service that guesses, as none says how many: assumed, usual since Leviathan et al. 2023."""
WHOLE_REQUEST = "the way of the prompt from the host is in the time, and reading the prompt gives the first token"
_SECONDS = {"us": 1e6, "ms": 1e3, "s": 1.0}
"""Units of time to a second."""
_LAYERS_ALONE = "heads simplified"
_GRID = re.compile(r"PE grid (\d+)x\d+(?: prefill, (\d+)x\d+ decode)?")
_BLOCKS = re.compile(r"(\d+)x(\d+) blocks of (\d+)x\d+")
_IN_OUT = re.compile(r"(\d+) in / (\d+) out")
_RANGE = re.compile(r"(\d+)-(\d+)(?!\d)")
_REUSED = re.compile(r"reused \(percent\)\s*=\s*(\d+(?:\.\d+)?)")
_CHUNK = re.compile(r"chunk (\d+)")
_DOWNLOAD = re.compile(r"wafer-to-host|download", re.IGNORECASE)
_OPERATOR = re.compile(r"GEMV (\d+)x(\d+)")
_SPECULATES = re.compile(r"(?<!no )speculative")


def ask_request(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a row of prompts, tokens, or both asks.

    What was measured did run: where it does not fit by our count of memory, it is asked all the same, and that is said.

    Raises:
        NotAsked: sizes are missing, or the row is about something that is not modelled.
    """
    asked = _request(row, settings)
    try:
        figures_of(asked)
    except NotAsked as error:
        if str(error).startswith(MISFIT):
            inference = {**asked.data["inference"], "must_fit": False}
            note = "; ".join(filter(None, (asked.note, f"it ran, yet {error}")))
            return replace(asked, data={**asked.data, "inference": inference}, note=note)
    return asked


def _request(row: Measurement, settings: Mapping[str, object]) -> RowQuestion:
    phase, batch = row.cells["phase"], row.whole("batch_global") or 1
    if phase == "prefill+decode":
        found = _IN_OUT.search(row.metric)
        if found is None:
            raise NotAsked("the row says not how many tokens come in and go out")
        written = int(found[2])
        data = _file(row, "generate", settings, prompt=int(found[1]), generate=written)
        return replace(_timed(row, data, "total_s", tokens=batch * written), note=WHOLE_REQUEST)
    if "teacher-forced" in phase:
        first, last = _range(row)
        data = _file(row, "decode", settings, prompt=first, generate=last - first)
        return _timed(row, data, INTERVAL)
    if phase == "prefill":
        length = _length(row)
        reused = _REUSED.search(row.metric)
        data = _file(row, "prefill", settings, prompt=length)
        if reused and float(reused[1]):
            data["inference"]["reused"] = int(length * float(reused[1]) / 100)
        return _timed(row, data, "prompt_read_s", tokens=batch * length)
    if not phase.startswith("decode"):
        raise NotAsked(f"{phase}: not a phase of inference that is simulated")
    data = _file(row, "decode", settings, prompt=_length(row), generate=1)
    return _timed(row, data, "tpot_s", tokens=batch)


def ask_host(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a row of a cache on its way to the wafer, or from it, asks: that of a prompt of the row's length.

    Raises:
        NotAsked: sizes are missing, or the row's unit is none of time.
    """
    figure = "cache_out_s" if _DOWNLOAD.search(row.metric) else "cache_in_s"
    data = _file(row, "prefill", settings, prompt=_length(row))
    return RowQuestion(data=data, figure=figure, to_unit=_in_unit(row, 1))


def ask_served(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a claim of a service asks: a token on as few wafers of the largest cluster as hold the model.

    Raises:
        NotAsked: sizes are missing, or the row is about something that is not modelled.
    """
    if row.unit not in ("tokens/s/user", "tokens/s"):
        raise NotAsked(f"{row.metric} in {row.unit!r} is not a figure of a service")
    position = row.whole("seq_len") or SERVED_POSITION
    data = _file(row, "decode", settings, prompt=position, generate=1)
    guesses = is_rewritten(row) or bool(_SPECULATES.search(row.cells["notes"]))
    data["inference"] |= {"draft_tokens": GUESSED} if guesses else {}
    asked = RowQuestion(data=data, figure="tokens_per_s_user", to_unit=Conversion(unit=row.unit))
    found = figures_of(asked)
    placed = ", ".join(f"{found[name]} {name[: -1 if found[name] == 1 else None]}" for name in ("wafers", "stages"))
    guessed = f", {GUESSED} tokens guessed ahead (assumed)" if guesses else ""
    return replace(asked, note=f"{placed}, {position:,} positions cached{guessed}")


def ask_operator(row: Measurement, settings: Mapping[str, object] = NO_SETTINGS) -> RowQuestion:
    """Return what a row of a matrix-vector product asks: that of decoding, on the largest of the published grids.

    The source times a loop of products (device repeat loop). None needs the sum of the one before, so a core goes on
    while that is on its way back: assumed, as is the grid.

    Raises:
        NotAsked: another operator, or a unit that is none of time.
    """
    found = _OPERATOR.search(row.cells["model"])
    if found is None:
        raise NotAsked(f"{row.cells['model']!r} is not an operator that is simulated")
    wafer, clock_hz = _cluster(row).wafer, _clock_hz(row)
    side = min(wafer.columns, wafer.rows) // LARGEST_STEP * LARGEST_STEP
    machine = machine_of(row, settings, clock_hz=clock_hz)
    del machine["software"]
    data = {
        "name": named(row.id), "kernel": "decode-product", "grid": [side, side],
        "shape": [int(found[1]), int(found[2])], "options": {"broadcast": "overlapped"}, "silicon": True, **machine,
    }  # fmt: skip
    data["options"] |= {"round": settings[ROUND]} if ROUND in settings else {}
    note = f"grid not stated: {side} x {side}; in a loop, the broadcast of a sum overlapped"
    return replace(_timed(row, data, "time_s"), level="closed", note=note)


def _file(
    row: Measurement, phase: str, settings: Mapping[str, object], *, prompt: int, generate: int = 0
) -> dict[str, Any]:
    """Return a row as a file with weights resident, placed as the row says."""
    served, alone = "served" in row.cells["phase"], _LAYERS_ALONE in row.cells["notes"]
    model = model_of(row, length=prompt + generate)
    model |= {"kv_heads": model["heads"]} if alone else {}
    row.require_positive("n_systems", "batch_global")
    batch, wafers = row.whole("batch_global") or 1, row.whole("n_systems")
    inference: dict[str, Any] = {"prompt": prompt, **({"generate": generate} if generate else {})}
    inference |= _placed(row, phase)
    inference |= {"batch": batch} if batch > 1 else {}
    inference |= {"wafers": wafers} if wafers else {}
    inference |= {"ends": False, "must_fit": False} if alone else {}
    machine = machine_of(
        row, settings, systems=_cluster(row).max_systems if served else wafers or 1,
        clock_hz=None if served else TIME_BASES_HZ.get(row.cells["system"]),
    )  # fmt: skip
    return {
        "name": named(row.id), "phase": phase, "model": model, "inference": inference, **machine, **without_numbers(),
    }  # fmt: skip


def _placed(row: Measurement, phase: str) -> dict[str, Any]:
    """Return how weights lie: on squares of a side, or in blocks that are stages; a service does not say."""
    notes = row.cells["notes"]
    grid, blocks = _GRID.search(notes), _BLOCKS.search(notes)
    if not grid and not blocks:
        if "served" in row.cells["phase"]:
            return {}
        raise NotAsked("the row says not on which cores")
    side = int((grid[1] if grid else None) or (blocks[3] if blocks else 0))
    found: dict[str, Any] = {"placement": "blocks" if blocks else "whole"}
    found |= {"prefill_grid": side, "chunk": _chunk(row, side)} if phase != "decode" else {}
    found |= {"decode_grid": int(grid[2]) if grid and grid[2] else side} if phase != "prefill" else {}
    return found | ({"stages": int(blocks[1]) * int(blocks[2])} if blocks else {})


def _chunk(row: Measurement, side: int) -> int:
    """Return the tokens that pass at a time: as stated, of layers alone all, of whole models a token for each row."""
    found = _CHUNK.search(row.metric)
    if found:
        return int(found[1])
    request = _IN_OUT.search(row.metric)
    whole = int(request[1]) + int(request[2]) if request else _length(row)
    return whole if _LAYERS_ALONE in row.cells["notes"] else side


def _timed(row: Measurement, data: dict[str, Any], figure: str, *, tokens: int = 1) -> RowQuestion:
    """Return the question for a time of the wafer's: compared in cycles where the row counts them."""
    to_unit = _in_unit(row, tokens)
    if (row.number("device_cycles") or 0) > 0:
        to_unit = Conversion(unit=CYCLES, factor=_clock_hz(row))
    return RowQuestion(data=data, figure=figure, to_unit=to_unit)


def _in_unit(row: Measurement, tokens: int) -> Conversion:
    """Return how the seconds of *tokens* are turned into the row's unit."""
    unit = row.plain_unit
    if unit == CYCLES:
        return Conversion(unit=CYCLES, factor=_clock_hz(row))
    if unit in ("tokens/s", "tokens/s/user"):
        return Conversion(unit=row.unit, factor=tokens if unit == "tokens/s" else 1, over=True)
    scale, each = re.sub("/token$", "", unit), tokens if unit.endswith("/token") else 1
    if scale not in _SECONDS:
        raise NotAsked(f"{row.metric} in {row.unit!r} is not a figure of inference")
    return Conversion(unit=row.unit, factor=_SECONDS[scale] / each)


def _length(row: Measurement) -> int:
    row.require("seq_len")
    return row.whole("seq_len") or 0


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
    """Return the clock with which the row's source turns cycles to time."""
    return TIME_BASES_HZ.get(row.cells["system"]) or _cluster(row).wafer.core.clock_hz


def _cluster(row: Measurement) -> Cluster:
    try:
        return load_cluster(row.cells["system"].lower()).cluster
    except WsesimError as error:
        raise NotAsked(str(error)) from None
