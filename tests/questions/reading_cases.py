"""Questions of every kind, small and each held up by something else, and a way to change one fact of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from wsesim import questions
from wsesim.errors import WsesimError
from wsesim.figures import Presets, Slot
from wsesim.hardware import MACHINES
from wsesim.model import ModelSpec
from wsesim.model.spec import choices
from wsesim.questions.base import Question
from wsesim.software import STACKS

Data = dict[str, Any]
GPT: Data = {"layers": 2, "width": 256, "heads": 4, "vocab": 1000, "max_length": 512}
LLAMA: Data = {
    **GPT, "activation": "swiglu", "ffn_width": 512, "norm": "rms_norm", "position": "rotary", "bias": False,
    "attention_bias": False, "tied": False, "kv_heads": 2,
}  # fmt: skip
BERT: Data = {**GPT, "causal": False, "norm_order": "post", "token_types": 2, "task": "mlm"}
MIXTURE: Data = {**LLAMA, "experts": 4, "experts_per_token": 2, "shared_width": 128}
WINDOWED: Data = {**LLAMA, "layers": 4, "window": 16, "full_every": 2}
LATENT: Data = {
    **LLAMA, "layers": 4, "kv_heads": 4, "latent_rank": 32, "query_rank": 48, "value_width": 32, "rotary_width": 32,
    "experts": 4, "experts_per_token": 2, "router": "sigmoid", "dense_layers": 2, "dense_width": 200,
}  # fmt: skip
PACKED: Data = {**LLAMA, "weight_format": "int4/32x1", "weight_packed": "ffn"}
ADAPTED: Data = {**GPT, "adapter_rank": 4}
WAFER: Data = {"wafer.columns": 48, "wafer.rows": 64}
HELD: Data = {
    "energy.capped": True, "energy.nameplate": "3.03 kW", "die.defects_per_cm2": 40, "die.clustering": 2,
    "die.spare_share": 0.01, "die.seed": 1,
}  # fmt: skip
"""A wafer with defects whose spares do not take them in, and too little power for its clock."""


def _case(phase: str, model: Data, *, machine: str = "cs-2", systems: int = 1, **keys: Any) -> Data:
    hardware = {**WAFER, **keys.pop("hardware", {})}
    return {
        "phase": phase, "model": dict(model), "cluster": {"machine": machine, "systems": systems},
        "hardware": hardware, "verification": {"enabled": False}, "outputs": {"timeline": False}, **keys,
    }  # fmt: skip


def _steps(phase: str) -> Iterator[Data]:
    batch = {"sequences": 32, "length": 128}
    parallel = {**GPT, "sparsity": 0.5, "block": "parallel"}
    for model in (GPT, LLAMA, BERT, {**GPT, "task": "classify"}, MIXTURE, parallel, ADAPTED, WINDOWED, LATENT):
        yield _case(phase, model, batch=batch)
    for name, slow in (
        ("wafer.io", "20 MB/s"), ("memoryx.update", "2 MB/s"), ("host.input", "20 kB/s"), ("core.sram", "12 KiB"),
        ("core.fmac_mixed_per_cycle", 0.25), ("fabric.link_wavelets_per_cycle", 0.05), ("memoryx.capacity", "4 MB"),
    ):  # fmt: skip
        yield _case(phase, GPT, batch={**batch, "micro_batch": 8} if name == "memoryx.update" else batch,
                    hardware={name: slow})  # fmt: skip
    for name in ("memoryx.stream", "swarmx.link"):
        yield _case(phase, GPT, batch=batch, hardware={name: "20 MB/s"}, machine="andromeda", systems=16)
    for precision in ("fp16", "fp32", "bf16"):
        yield _case(phase, GPT, batch=batch, precision=precision)
    yield _case(phase, GPT, batch=batch, hardware=HELD)
    for sums in ({"core.accumulator": "64 B"}, {"core.accumulator": "0 B", "core.sram_write_bytes_per_cycle": 2}):
        yield _case(phase, GPT, batch={**batch, "sequences": 64}, hardware=sums, machine="cs-3")
    skipping: Data = {"software": {"training.masked_skipped": 0.4}}
    yield _case(phase, GPT, batch={**batch, "parts": 2}, **skipping)
    yield _case(phase, GPT, batch={"sequences": 1, "length": 8}, hardware={"wafer.io_channels": 1})
    yield _case(phase, GPT, batch={**batch, "sequences": 7, "micro_batch": 5})
    yield _case(phase, GPT, batch=batch, hardware={"host.input": "20 kB/s"}, systems=8)


def _requests(phase: str) -> Iterator[Data]:
    asked: Data = {"prompt": 100, **({} if phase == "prefill" else {"generate": 8})}
    for model in (LLAMA, GPT, {**LLAMA, "head_norm": True}, {**GPT, "block": "parallel"}, WINDOWED, LATENT, PACKED):
        yield _case(phase, model, inference=asked)
    for precision in ("bf16", "cb16"):
        yield _case(phase, LLAMA, inference=asked, precision=precision)
    yield _case(phase, MIXTURE, inference={**asked, "batch": 6, "placement": "whole"})
    yield _case(phase, {**GPT, "max_length": 60_000}, inference=asked)
    for model in (BERT, {**GPT, "task": "classify"}) if phase == "prefill" else ():
        yield _case(phase, model, inference=asked)
    grids = {"prefill": ["prefill_grid"], "decode": ["decode_grid"]}.get(phase, ["prefill_grid", "decode_grid"])
    held = {name: 20 - 6 * number for number, name in enumerate(grids)}
    for changed in ({"batch": 3}, {"placement": "whole"}, {"placement": "blocks", **held}):
        yield _case(phase, LLAMA, inference={**asked, **changed})
    yield _case(phase, LLAMA, inference=asked, software="waferengine")
    yield _case(phase, LLAMA, inference=asked, software={"inference.masked_skipped": 0.4})
    yield _case(phase, LLAMA, inference=asked, hardware={"host.upload": "1 kB/s"})
    yield from _held_up(phase, inference=asked)


def _services(phase: str) -> Iterator[Data]:
    serving = {"rate": 50, "requests": 20, "prompt": 60, "output": 8, "longest": 200}
    for model in (LLAMA, GPT, {**LLAMA, "head_norm": True}, MIXTURE, {**GPT, "max_length": 60_000}):
        yield _case(phase, model, serving=serving)
    for model in (WINDOWED, LATENT, PACKED):
        yield _case(phase, model, serving=serving)
    for changed in ({"draft_tokens": 2}, {"placement": "blocks", "decode_grid": 20, "prefill_grid": 14}):
        yield _case(phase, LLAMA, serving=serving, inference=changed)
    yield _case(phase, LLAMA, serving=serving, software="waferengine")
    yield _case(phase, LLAMA, serving=serving, software={"inference.masked_skipped": 0.4})
    for precision in ("bf16", "cb16"):
        yield _case(phase, LLAMA, serving=serving, precision=precision)
    yield from _held_up(phase, serving=serving)


def _held_up(phase: str, **keys: Any) -> Iterator[Data]:
    """Yield requests that a slow link, a slow port of memory, or too little memory holds up."""
    for name, slow in (
        ("fabric.link_wavelets_per_cycle", 0.1), ("core.sram_read_bytes_per_cycle", 1),
        ("core.sram_write_bytes_per_cycle", 0.25),
    ):  # fmt: skip
        yield _case(phase, LLAMA, hardware={name: slow}, **keys)
    yield _case(phase, LLAMA, hardware=HELD, **keys)
    small = {"core.sram": "8 KiB", "core.reserved": "1 KiB", "wafer.columns": 24, "wafer.rows": 24}
    yield _case(phase, {**LLAMA, "layers": 8}, hardware=small, systems=24, **keys)
    yield _case(phase, LLAMA, machine="cs-3", **keys)


CASES = {
    "training": _steps, "evaluation": _steps, "prefill": _requests, "decode": _requests, "generate": _requests,
    "serving": _services,
}  # fmt: skip


@cache
def cases(kind: str) -> tuple[Data, ...]:
    """Return the cases of a kind."""
    return tuple(CASES[kind](kind))


def answered(data: Data) -> object:
    """Return all that an answer says in figures and memory, or why there is none; None for what is refused."""
    try:
        result = questions.run(asked(data), verify=False)
    except WsesimError:
        return None
    memory = result.answer.memory if result.answer else ()
    return str(result.status), result.why, dict(result.figures), [use.bytes_per_core for use in memory]


def asked(data: Data) -> Question:
    """Return the question of a case."""
    return questions.ask(data, file="case", folder=Path())


def figures_of(kind: type[Question]) -> Iterator[tuple[str, str, Slot]]:
    """Yield section, name and slot of every figure that a file of *kind* can change; of stacks what its own has."""
    known: Mapping[str, Presets] = {"hardware": MACHINES, "software": STACKS}
    for section, presets in known.items():
        for name in presets.overridable:
            if section == "hardware" or STACKS.read(kind.stack).has(name.partition(".")[0]):
                yield section, name, presets.slots[name]


def with_figures(data: Data, changes: Sequence[tuple[str, Slot]], factor: float) -> Data | None:
    """Return a case with figures changed, each (section, slot); None where it would be the same."""
    choice = asked(data).asked
    found = deepcopy(data)
    for section, slot in changes:
        entries = (choice.hardware if section == "hardware" else choice.software).figures  # type: ignore[union-attr]
        text = next(figure.text for figure in entries if figure.name == slot.name)
        value = _changed(slot, text, factor)
        if value is not None:
            held = found.get(section, {})
            held = {"stack": held} if isinstance(held, str) else held
            found[section] = {**held, slot.name: value}
    return None if found == data else found


def _changed(slot: Slot, text: str, factor: float) -> object:
    if slot.kind == "bool":
        return text != "true"
    if slot.kind.startswith("tuple"):
        return [int(number) + 1 for number in text.strip("[]").split(",")]
    raw: Any = float(text) if slot.dimension is None else text
    now = slot.value(int(raw) if slot.kind == "int" and slot.dimension is None else raw)
    assert isinstance(now, int | float)
    new: float = now * factor if now else factor
    new = round(new) if slot.kind == "int" else new
    if new == now:
        return None
    return new if slot.dimension is None else f"{new!r} {slot.dimension.unit}"


def with_fact(data: Data, name: str) -> Iterator[Data]:
    """Yield a case with a fact of its model changed, in a few ways."""
    now = getattr(asked(data).asked.shape, name)
    for value in _others(name, now):
        found = deepcopy(data)
        found["model"][name] = value
        yield found


def _others(name: str, now: object) -> list[object]:
    if name == "weight_format":
        return ["e4m3/128x128"]
    if name in choices():
        return [choice for choice in choices()[name] if choice != now]
    if isinstance(now, bool):
        return [not now]
    if isinstance(now, int):
        return [2 * now, now + 2, max(1, now // 2)] if now else [2]
    return [2 * now if now else 0.5] if isinstance(now, float) else [123_456, True, False]


FACTS = tuple(name for name in ModelSpec.__dataclass_fields__ if name not in ("name", "source", "notes"))
