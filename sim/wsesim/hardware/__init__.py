"""What the simulated machines are made of: what is etched, and what a generation's scalar code and silicon cost."""

from wsesim.hardware.load import MACHINES, HardwareChoice, load_cluster, machine_names, override_names
from wsesim.hardware.specs import (
    LARGEST_SRAM_BYTES,
    PRECISIONS,
    SLOWDOWNS,
    Cluster,
    Code,
    Core,
    Fabric,
    Host,
    MemoryX,
    Silicon,
    SwarmX,
    Wafer,
)

__all__ = [
    "LARGEST_SRAM_BYTES",
    "MACHINES",
    "PRECISIONS",
    "SLOWDOWNS",
    "Cluster",
    "Code",
    "Core",
    "Fabric",
    "HardwareChoice",
    "Host",
    "MemoryX",
    "Silicon",
    "SwarmX",
    "Wafer",
    "load_cluster",
    "machine_names",
    "override_names",
]
