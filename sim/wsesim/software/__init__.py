"""Software stacks: what a vendor's release or a research program does, and what that costs beside the work itself."""

from wsesim.software.load import STACKS, SoftwareChoice, load_software, software_names, software_override_names
from wsesim.software.stacks import Inference, SoftwareStack, Training

__all__ = [
    "STACKS",
    "Inference",
    "SoftwareChoice",
    "SoftwareStack",
    "Training",
    "load_software",
    "software_names",
    "software_override_names",
]
