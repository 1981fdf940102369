"""Machines, stacks, models and GPUs that can be named, and the documents that their figures come from."""

from __future__ import annotations

from collections.abc import Mapping

from made.markdown import cell, code, parts, table
from wsesim import units
from wsesim.figures import Preset, Presets
from wsesim.figures import sources as known_sources
from wsesim.gpus.load import GPUS
from wsesim.hardware import MACHINES
from wsesim.model import load_preset, model_names, parameters
from wsesim.software import STACKS


def machines() -> str:
    """Every machine, with every figure that it has otherwise than another, and its source."""
    return _all(MACHINES)


def software() -> str:
    """Every stack, likewise."""
    return _all(STACKS)


def gpus() -> str:
    """Every GPU, likewise."""
    return _all(GPUS)


def models() -> str:
    """Every model, its size and where its shape comes from."""
    rows = [
        (code(name), units.show_count(parameters(model)), str(model.layers), f"{model.width:,}", cell(model.source))
        for name, model in ((name, load_preset(name)) for name in model_names())
    ]
    return table(("model", "parameters", "layers", "width", "source of its shape"), rows)


def sources() -> str:
    """The documents that figures name."""
    rows = [(code(each.tag), f"[{cell(each.title)}]({each.url})" if each.url else cell(each.title))
            for each in known_sources().values()]  # fmt: skip
    return table(("tag", "document"), rows)


def _all(presets: Presets) -> str:
    """Return all presets; of one that is much like one before it, what it has otherwise."""
    read: dict[str, Preset] = {}
    told = []
    for name in presets.names():
        preset = presets.read(name)
        told.append(_one(name, preset, read))
        read[name] = preset
    return "\n\n".join(told)


def _one(name: str, preset: Preset, before: Mapping[str, Preset]) -> str:
    like = max(before, key=lambda other: len(_shared(preset, before[other])), default="")
    same = _shared(preset, before[like]) if like else set[str]()
    close = 2 * len(same) > len(preset.entries)
    rows = [
        (code(each.name), cell(each.text), code(each.source), each.confidence, cell(each.note))
        for each in preset.figures if not (close and each.name in same)
    ]  # fmt: skip
    head = f"{preset.title}: {preset.about}" if preset.about else preset.title
    as_that = f"As {code(like)}{', but for these' if rows else ' in every figure'}:" if close else ""
    return parts(f"## {name}", cell(head) + ".", as_that,
                 table(("figure", "value", "source", "confidence", "note"), rows) if rows else "")  # fmt: skip


def _shared(one: Preset, other: Preset) -> set[str]:
    return {name for name, entry in one.entries.items()
            if name in other.entries and other.entries[name].figure == entry.figure}  # fmt: skip
