"""What a program is run on, as scripts say it: always the simulator."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

from wsesim.csl.host.reporting import HostError


class SdkTarget(Enum):
    """Generations."""

    WSE2 = "wse2"
    WSE3 = "wse3"


class SimfabConfig:
    """Options of the vendor's simulator; none changes what is computed here."""

    def __init__(self, **options: Any) -> None:
        """Remember them."""
        self.options = options


class SdkExecutionPlatform:
    """The simulator of a generation."""

    def __init__(self, target: SdkTarget = SdkTarget.WSE3) -> None:
        """Take the generation."""
        self.target = target

    def is_simulation(self) -> bool:
        """It is."""
        return True

    def is_system(self) -> bool:
        """It is not."""
        return False


class SdkCompileArtifacts:
    """What a compiler left in a folder."""

    def __init__(self, path: str) -> None:
        """Take the folder."""
        self.path = Path(path)
        self.inputs: dict[str, tuple[int, int, int]] = {}
        """Core, color and port of streams from the host."""
        self.outputs: dict[str, tuple[int, int, int]] = {}
        self.symbols: list[tuple[int, str, bytes]] = []
        """Core, symbol and what it holds at the start."""


def get_platform(
    cmaddr: str | None = None, config: SimfabConfig | None = None, target: SdkTarget = SdkTarget.WSE3
) -> SdkExecutionPlatform:  # fmt: skip
    """Return the simulator.

    Raises:
        HostError: a real system is asked for.
    """
    if cmaddr:
        raise HostError(f"cmaddr {cmaddr!r}: this runtime simulates; it reaches no system")
    return SdkExecutionPlatform(target)


def get_simulator(config: SimfabConfig | None = None, target: SdkTarget = SdkTarget.WSE3) -> SdkExecutionPlatform:
    """Return the simulator."""
    return SdkExecutionPlatform(target)


def get_system(cmaddr: str, **_: Any) -> SdkExecutionPlatform:
    """Refuse.

    Raises:
        HostError: always.
    """
    raise HostError(f"cmaddr {cmaddr!r}: this runtime simulates; it reaches no system")
