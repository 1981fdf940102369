"""Machine presets: read, override, assemble, and say where every number comes from.

A figure is named GROUP.FIELD, the field of the dataclass without its unit: `core.sram` is `Core.sram_bytes`. Presets
and overrides use the same names. A preset may extend another and then states only what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from wsesim.errors import SpecError, nearest, require_choice
from wsesim.hardware.specs import Cluster, Core, Fabric, Host, MemoryX, Runtime, SwarmX, Wafer
from wsesim.result import Figure
from wsesim.units import Dimension, dimension_of, parse
from wsesim.yamlfile import parse_yaml

_GROUPS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "core": Core,
        "fabric": Fabric,
        "wafer": Wafer,
        "memoryx": MemoryX,
        "swarmx": SwarmX,
        "host": Host,
        "runtime": Runtime,
        "cluster": Cluster,
    }
)
_SYSTEMS = "cluster.systems"
_LARGEST_NUMBER = 10**9
_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number was published; `url` is empty for what has no page of its own."""

    tag: str
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareChoice:
    """A cluster and every number it was built from, in the order of the dataclasses."""

    cluster: Cluster
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """Where a figure goes: a field of a dataclass, its dimension, and whether it counts whole things."""

    group: str
    field: str
    dimension: Dimension | None
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A figure and its value in the unit of the field."""

    value: float
    figure: Figure


@cache
def machine_names() -> tuple[str, ...]:
    """Return the names `load_cluster` knows, sorted."""
    stems = (file.name.removesuffix(".yaml") for file in _folder().iterdir() if file.name.endswith(".yaml"))
    return tuple(sorted(stem for stem in stems if not stem.startswith("_")))


def override_names() -> dict[str, Dimension | None]:
    """Return every name that can be overridden, with what it measures; None is a plain number."""
    return {name: slot.dimension for name, slot in _slots().items() if name != _SYSTEMS}


@cache
def sources() -> Mapping[str, Source]:
    """Return the documents that figures name, by tag."""
    data = parse_yaml((files(__package__) / "sources.yaml").read_text("utf-8"), "sources.yaml").data
    return MappingProxyType({tag: Source(tag=tag, **source) for tag, source in data.items()})


def load_cluster(
    machine: str, *, systems: int | None = None, overrides: Mapping[str, object] = _NO_OVERRIDES
) -> HardwareChoice:
    """Build the cluster a preset describes, with *systems* of its systems and some figures replaced.

    Overrides are text with a unit ("1.1 GHz") or, where the figure has none, a plain number.

    Raises:
        SpecError: an unknown machine or figure, or a value that cannot be; its name is `machine`, `systems` or the
            figure.
    """
    require_choice("machine", machine, machine_names())
    title, preset = _preset(machine)
    entries = dict(preset)
    for name, raw in overrides.items():
        entries[name] = _overridden(name, raw, entries.get(name))
    if systems is not None:
        if isinstance(systems, bool) or not isinstance(systems, int):
            raise SpecError("systems", f"must be a whole number, got {systems!r}")
        entries[_SYSTEMS] = _replaced(entries[_SYSTEMS], systems, str(systems))
    figures = tuple(entries[name].figure for name in _slots())
    return HardwareChoice(cluster=_assemble(title, entries), figures=figures)


def _overridden(name: str, raw: object, entry: _Entry | None) -> _Entry:
    if name == _SYSTEMS:
        raise SpecError(name, "is not set here; give the number of systems as `systems`")
    if entry is None:
        hint = nearest(str(name), override_names()) or "; an example is 'core.clock'"
        raise SpecError(str(name), f"is not a figure of the hardware{hint}")
    return _replaced(entry, _value(name, raw), str(raw).strip())


def _replaced(entry: _Entry, value: float, text: str) -> _Entry:
    note = f"the preset has {entry.figure.text} ({entry.figure.source})"
    figure = replace(entry.figure, text=text, source="override", confidence="", note=note, overridden=True)
    return _Entry(value=value, figure=figure)


def _value(name: str, raw: object) -> float:
    """Return *raw* in the unit of the field behind *name*."""
    slot = _slots()[name]
    value = _quantity(name, raw, slot.dimension) if slot.dimension else _number(name, raw)
    if slot.whole and not isinstance(value, int):
        unit = f" of {slot.dimension.name.lower()}" if slot.dimension else ""
        raise SpecError(name, f"must be a whole number{unit}, got {raw!r}")
    return value if slot.whole else float(value)


def _quantity(name: str, raw: object, dimension: Dimension) -> float:
    try:
        return parse(raw, dimension)
    except ValueError as error:
        raise SpecError(name, str(error)) from None


def _number(name: str, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise SpecError(name, f"must be a plain number without a unit, got {raw!r}")
    if raw > _LARGEST_NUMBER:
        raise SpecError(name, f"must be at most {_LARGEST_NUMBER:,}")
    return raw


@cache
def _slots() -> Mapping[str, _Slot]:
    """Return every number of the dataclasses by figure name, in their order."""
    slots = {}
    for group, kind in _GROUPS.items():
        for field in fields(kind):
            if field.type in ("int", "float"):
                dimension = dimension_of(field.name)
                name = f"{group}.{_without_unit(field.name)}"
                slots[name] = _Slot(group=group, field=field.name, dimension=dimension, whole=field.type == "int")
    return MappingProxyType(slots)


def _without_unit(field_name: str) -> str:
    dimension = dimension_of(field_name)
    return field_name.removesuffix(dimension.suffix) if dimension else field_name


def _folder() -> Any:
    return files(__package__) / "presets"


@cache
def _preset(name: str) -> tuple[str, Mapping[str, _Entry]]:
    """Return the title of a preset and its entries, those of the presets it extends included."""
    file = f"{name}.yaml"
    data = dict(parse_yaml((_folder() / file).read_text("utf-8"), file).data)
    parent = data.pop("extends", None)
    title = data.pop("name", name)
    entries = dict(_preset(parent)[1]) if parent else {}
    for group, members in data.items():
        for member, given in members.items():
            entries[f"{group}.{member}"] = _entry(f"{group}.{member}", **given)
    return title, MappingProxyType(entries)


def _entry(name: str, *, value: object, source: str, confidence: str, note: str = "") -> _Entry:
    figure = Figure(name=name, text=str(value), source=source, confidence=confidence, note=note, overridden=False)
    return _Entry(value=_value(name, value), figure=figure)


def _assemble(title: str, entries: Mapping[str, _Entry]) -> Cluster:
    values: dict[str, dict[str, float]] = {group: {} for group in _GROUPS}
    for name, slot in _slots().items():
        values[slot.group][slot.field] = entries[name].value
    core, fabric = _build("core", values), _build("fabric", values)
    parts = {group: _build(group, values) for group in ("memoryx", "swarmx", "host", "runtime")}
    wafer = _build("wafer", values, core=core, fabric=fabric)
    cluster: Cluster = _build("cluster", values, name=title, wafer=wafer, **parts)
    return cluster


def _build(group: str, values: Mapping[str, Mapping[str, float]], **parts: object) -> Any:
    try:
        return _GROUPS[group](**values[group], **parts)
    except SpecError as error:
        name = f"{group}.{_without_unit(error.name)}"
        raise SpecError("systems" if name == _SYSTEMS else name, error.message) from None
