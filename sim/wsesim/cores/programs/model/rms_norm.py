"""y = x / sqrt(mean square + epsilon) * scale of every token, its features spread over a row of cores.

  features -->                    on a core: square, and sum its features of every token
+----+----+----+----+             row: allreduce of one sum a token; one root and one divide a token
| x  | x  | x  | x  |   tokens    on a core: times that, times scale
+----+----+----+----+
 ---> sum <----------
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit.base import Options
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.programs.model import steps
from wsesim.cores.programs.model.feature import (
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
    x, y = seat.input(core, "x"), seat.result(core)
    weight = steps.feature_values(core, seat, "scale")
    steps.normalise(core, seat, y, x, steps.token_values(core, seat, "sums"), centred=False)
    steps.scale(core, y, weight, seat.features, seat.tokens)
    seat.output(core, y)


def host(random: np.random.Generator, layout: FeatureLayout, options: Options) -> HostData:
    """Return random tokens and scales, and their norm."""
    x, weight = draw(random, (layout.tokens, layout.features), options), draw(random, (layout.features,), {})
    return HostData(
        loads={"x": layout.lay(x), "scale": layout.lay_features(weight)},
        expected=stored(steps.normalised(x, layout, options, centred=False) * weight, options),
    )


PROGRAM = feature_kernel(name="rms-norm", doc=__doc__, body=body, host=host, options=PRECISION_HELP)
