"""What a run leaves for later: traces by key, the simulator's log, memory for `debug_util`."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from wsesim.csl.host.store import RunRecord, save_run
from wsesim.csl.machine import CslMachine
from wsesim.csl.profile.taken import save_taken, take

TRACE, PRINT = 26, 27
NUMBER, TEXT, TIMESTAMP, FLOAT, BOOL, SIGNED = range(6)
MOST_KEPT = 1024
"""Cores whose memory is kept."""


def leave(machine: CslMachine, folder: Path) -> None:
    """Write the log and what later readers ask for."""
    record = RunRecord(cycles=machine.cycles)
    lines: list[tuple[int, str]] = []
    texts: dict[int, str] = {}
    for core, cycle, number, a, b, c in machine.traces:
        strings = machine.image.classes[machine.class_of[core]].strings
        if number == TRACE:
            column, row = core % machine.image.width, core // machine.image.width
            record.traces.append([column, row, strings[c], _traced(a, b, strings)])
        elif number == PRINT:
            parts = (texts.get(core, "") + _printed(a, b, c, strings)).split("\n")
            lines += [(cycle, part) for part in parts[:-1]]
            texts[core] = parts[-1]
    if lines:
        text = "".join(f"@{cycle} {line}\n" for cycle, line in sorted(lines, key=lambda each: each[0]))
        Path("sim.log").write_text(text)
    save_taken(take(machine), folder)
    if len(machine.class_of) <= MOST_KEPT:
        for core in range(len(machine.class_of)):
            column, row = core % machine.image.width, core // machine.image.width
            used = np.trim_zeros(machine.memory(core), "b")
            record.symbols[f"{column},{row}"] = used.tobytes().hex()
    save_run(record, folder)


def _traced(kind: int, bits: int, strings: tuple[str, ...]) -> Any:
    if kind == TEXT:
        return strings[bits]
    if kind == FLOAT:
        return _float(bits)
    if kind == BOOL:
        return bool(bits)
    return _signed(bits) if kind == SIGNED else bits


def _printed(kind: int, bits: int, size: int, strings: tuple[str, ...]) -> str:
    if kind == 0:
        return strings[bits].split("\0", 1)[0]
    forms = {1: str(bits), 2: f"{bits:0{size // 4}X}", 3: f"{bits:0{size}b}", 5: str(_signed(bits))}
    return forms[kind] if kind in forms else str(_float(bits))


def _float(bits: int) -> float:
    return float(np.float32(struct.unpack("<f", struct.pack("<I", bits & 0xFFFFFFFF))[0]))


def _signed(bits: int) -> int:
    bits &= 0xFFFFFFFF
    return bits - (1 << 32) if bits >> 31 else bits
