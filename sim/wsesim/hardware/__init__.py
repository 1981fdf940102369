"""What the simulated machines are made of, and where every number comes from."""

from wsesim.hardware.load import (
    HardwareChoice,
    Source,
    load_cluster,
    machine_names,
    override_names,
    sources,
)
from wsesim.hardware.specs import (
    PRECISIONS,
    Cluster,
    Core,
    Fabric,
    Host,
    MemoryX,
    Runtime,
    SwarmX,
    Wafer,
)

__all__ = [
    "PRECISIONS",
    "Cluster",
    "Core",
    "Fabric",
    "HardwareChoice",
    "Host",
    "MemoryX",
    "Runtime",
    "Source",
    "SwarmX",
    "Wafer",
    "load_cluster",
    "machine_names",
    "override_names",
    "sources",
]
