"""What may stand in a file that asks for a kernel."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from wsesim.workload.fields import Name, Section, Size, Text, named
from wsesim.workload.schema import ClusterSection

MOST_PICTURES = 500
MOST_WATCHED = 256


class KernelFile(Section):
    """One kernel on a rectangle of cores."""

    kernel: Text
    """Name of a kernel; `wsesim kernel` lists them."""
    name: Name | None = None
    """Names the folder of the run. Default: the file's name."""
    grid: Annotated[list[Size], Field(min_length=2, max_length=2)]
    """Columns and rows of cores."""
    shape: Annotated[list[Size], Field(min_length=1, max_length=8)]
    """Size of the problem; `wsesim kernel` says what the numbers mean."""
    options: Annotated[dict[str, str | int], Field(default_factory=dict)]
    """Choices of the kernel, by name."""
    cluster: Annotated[ClusterSection, named("machine")]
    """A machine's name, or a mapping."""
    hardware: Annotated[dict[Any, Any], Field(default_factory=dict)]
    """Hardware figures to change, by dotted name, each with its unit."""
    level: Literal["cores", "closed"] = "cores"
    """Simulate wavelet by wavelet, or calculate in closed form."""
    verify: bool = True
    """Whether to compare the values with NumPy."""
    fold: bool = False
    """Whether one part is simulated and stands for all that do the same."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Of the random values."""
    pictures: Annotated[int, Field(ge=0, le=MOST_PICTURES)] = 60
    """Pictures of the activity over time."""
    watch: Annotated[
        list[Annotated[list[int], Field(min_length=2, max_length=2)]],
        Field(max_length=MOST_WATCHED, default_factory=list),
    ]
    """Cores, each [column, row], whose tasks and vector instructions go into the trace. Default: the first row's."""
