"""What the simulated machines are made of: what is etched, and what a generation's scalar code and silicon cost."""

from wsesim.hardware.core import LARGEST_SRAM_BYTES, PRECISIONS, Code, Core, Fabric, Silicon
from wsesim.hardware.die import WAFER_MM2, Die
from wsesim.hardware.energy import CLOCKS, MAC_EVENTS, PORT_BYTES, Energy
from wsesim.hardware.load import MACHINES, HardwareChoice, load_cluster, machine_names, override_names
from wsesim.hardware.price import Price
from wsesim.hardware.specs import Cluster, Host, MemoryX, SwarmX, Wafer

__all__ = [
    "CLOCKS",
    "LARGEST_SRAM_BYTES",
    "MACHINES",
    "MAC_EVENTS",
    "PORT_BYTES",
    "PRECISIONS",
    "WAFER_MM2",
    "Cluster",
    "Code",
    "Core",
    "Die",
    "Energy",
    "Fabric",
    "HardwareChoice",
    "Host",
    "MemoryX",
    "Price",
    "Silicon",
    "SwarmX",
    "Wafer",
    "load_cluster",
    "machine_names",
    "override_names",
]
