"""y = a + b, element by element.

+----+----+     +----+----+     +----+----+
| a  | a  |  +  | b  | b  |  =  | y  | y  |    tokens along y, features along x; nothing travels
+----+----+     +----+----+     +----+----+
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit.base import Options
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.programs.model.feature import (
    OTHER_BANK,
    PRECISION_HELP,
    FeatureLayout,
    FeatureSeat,
    HostData,
    draw,
    feature_kernel,
    stored,
)


def body(core: KernelWriter, seat: FeatureSeat) -> None:
    """Write what one core does."""
    a, b, y = seat.input(core, "a"), seat.input(core, "b", OTHER_BANK), seat.result(core)
    core.role.fadds(y, a, b)
    seat.output(core, y)


def host(random: np.random.Generator, layout: FeatureLayout, options: Options) -> HostData:
    """Return random terms and their sum."""
    a, b = (draw(random, (layout.tokens, layout.features), options) for _ in range(2))
    return HostData(
        loads={"a": layout.lay(a), "b": layout.lay(b)},
        expected=stored(a + b, options),
    )


PROGRAM = feature_kernel(name="residual", doc=__doc__, body=body, host=host, options=PRECISION_HELP)
