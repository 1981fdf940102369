"""A wafer small enough to count on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from wsesim.hardware import Cluster, load_cluster
from wsesim.kernels import Region
from wsesim.software import load_software

TRAINING = replace(
    load_software("release-2").for_training(), partial_sum_bytes=2, attention_value_bytes=4, weight_launch_cycles=1
)

MakeRegion = Callable[..., Region]


@pytest.fixture(scope="session")
def small() -> Cluster:
    """Return CS-2 cores, 10 columns by 6 rows, with 3 channels on each of two edges; what is assumed is pinned here."""
    cluster = load_cluster("cs-2").cluster
    core = replace(cluster.wafer.core, vector_launch_cycles=6)
    code = replace(cluster.wafer.code, exp_cycles=40, divide_cycles=50)
    wafer = replace(cluster.wafer.as_designed(), columns=10, rows=6, io_channels=3, core=core, code=code)
    return replace(cluster, wafer=wafer)


@pytest.fixture(scope="session")
def region_of(small: Cluster) -> MakeRegion:
    """Return a function that lays tokens on the small wafer: 4 a core unless told otherwise."""

    def make(
        *, cluster: Cluster = small, sequences: int = 2, length: int = 12, precision: str = "mixed", **core: float
    ) -> Region:
        wafer = replace(cluster.wafer, core=replace(cluster.wafer.core, **core))  # type: ignore[arg-type]
        return Region(
            software=TRAINING,
            cluster=replace(cluster, wafer=wafer),
            sequences=sequences,
            length=length,
            precision=precision,
        )

    return make
