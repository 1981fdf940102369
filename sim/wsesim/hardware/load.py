"""Machine presets: read, overridden, and assembled to a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from wsesim.answer import UsedFigure
from wsesim.errors import SpecError
from wsesim.figures import Preset, Presets
from wsesim.hardware.core import Code, Core, Fabric, Silicon
from wsesim.hardware.die import Die
from wsesim.hardware.energy import Energy
from wsesim.hardware.price import Price
from wsesim.hardware.specs import Cluster, Host, MemoryX, SwarmX, Wafer
from wsesim.units import Dimension

_SYSTEMS = "cluster.systems"
_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})

MACHINES = Presets(
    what="machine",
    of="the hardware",
    example="core.clock",
    folder=Path(__file__).with_name("presets"),
    groups=MappingProxyType(
        {
            "core": Core,
            "fabric": Fabric,
            "silicon": Silicon,
            "code": Code,
            "wafer": Wafer,
            "energy": Energy,
            "die": Die,
            "price": Price,
            "memoryx": MemoryX,
            "swarmx": SwarmX,
            "host": Host,
            "cluster": Cluster,
        }
    ),
    fixed=MappingProxyType({_SYSTEMS: "is not set here; give the number of systems as `systems`"}),
)
"""The machines, and every figure of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareChoice:
    """A cluster and every number it was built from, in the order of the dataclasses."""

    cluster: Cluster
    figures: tuple[UsedFigure, ...]


@cache
def machine_names() -> tuple[str, ...]:
    """Return the names `load_cluster` knows, sorted."""
    return MACHINES.names()


def override_names() -> dict[str, Dimension | None]:
    """Return every name that can be overridden, with what it measures; None is a plain number."""
    return dict(MACHINES.overridable)


def load_cluster(
    machine: str, *, systems: int | None = None, overrides: Mapping[str, object] = _NO_OVERRIDES,
    folder: Path = Path(),
) -> HardwareChoice:  # fmt: skip
    """Build the cluster a preset describes, with *systems* of its systems and some figures replaced.

    Args:
        machine: name of a preset, or path of a file of the user's own, which starts at *folder* and ends in .yaml.
        systems: systems a run uses; None: as many as the preset has.
        overrides: figures by name, nested or dotted: text with a unit ("1.1 GHz") or, where the figure has none, a
            plain number.
        folder: where a path starts.

    Raises:
        SpecError: an unknown machine or figure, or a value that cannot be; its name is `machine`, `systems` or the
            figure.
        InputError: mistakes in a file of the user's own.
    """
    preset = MACHINES.read(machine, folder=folder).with_values(overrides)
    if systems is not None:
        if isinstance(systems, bool) or not isinstance(systems, int):
            raise SpecError("systems", f"must be a whole number, got {systems!r}")
        try:
            preset = preset.with_value(_SYSTEMS, systems)
        except SpecError as error:
            raise SpecError("systems", error.message) from None
    return HardwareChoice(cluster=_remapped(_assemble(preset)), figures=preset.figures)


def _assemble(preset: Preset) -> Cluster:
    around = ("core", "fabric", "silicon", "code", "energy", "die")
    wafer = preset.build("wafer", **{group: preset.build(group) for group in around})
    parts = {group: preset.build(group) for group in ("memoryx", "swarmx", "host", "price")}
    try:
        cluster: Cluster = preset.build("cluster", name=preset.title, wafer=wafer, **parts)
    except SpecError as error:
        raise SpecError("systems" if error.name == _SYSTEMS else error.name, error.message) from None
    return cluster


def _remapped(cluster: Cluster) -> Cluster:
    """Return the cluster with the columns that its wafer has around its defects."""
    wafer = cluster.wafer
    try:
        columns = wafer.die.good_columns(wafer.columns, wafer.rows, wafer.core.sram_bytes)
    except SpecError as error:
        raise SpecError(f"die.{error.name}", error.message) from None
    return cluster if columns == wafer.columns else replace(
        cluster, wafer=replace(wafer, columns=columns, lost_columns=wafer.columns - columns)
    )  # fmt: skip
