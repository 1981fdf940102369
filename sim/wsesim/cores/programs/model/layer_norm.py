"""y = (x - mean) / sqrt(variance + epsilon) * scale + bias of every token, its features spread over a row of cores.

  features -->                    on a core: sum its features of every token
+----+----+----+----+             row: allreduce of one sum a token, subtract the mean
| x  | x  | x  | x  |   tokens    on a core: square, sum
+----+----+----+----+             row: allreduce again, one root and one divide a token
 ---> sum <----------             on a core: times that, times scale, plus bias
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit.base import Array, Options
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
    weight, bias = steps.feature_values(core, seat, "scale"), steps.feature_values(core, seat, "bias")
    steps.normalise(core, seat, y, x, steps.token_values(core, seat, "sums"), centred=True)
    steps.scale(core, y, weight, seat.features, seat.tokens)
    steps.shift(core, y, bias, seat.features, seat.tokens)
    seat.output(core, y)


def host(random: np.random.Generator, layout: FeatureLayout, options: Options) -> HostData:
    """Return random tokens, scales and biases, and their norm."""
    x = draw(random, (layout.tokens, layout.features), options)
    weight, bias = (draw(random, (layout.features,), {}) for _ in range(2))
    return HostData(
        loads={"x": layout.lay(x), "scale": layout.lay_features(weight), "bias": layout.lay_features(bias)},
        expected=stored(normed(x, weight, bias, layout, options), options),
    )


def normed(x: Array, scale: Array, bias: Array, layout: FeatureLayout, options: Options) -> Array:
    """Return the norm as the cores compute it, x being [token, feature]."""
    return np.asarray(steps.normalised(x, layout, options, centred=True) * scale + bias)


PROGRAM = feature_kernel(name="layer-norm", doc=__doc__, body=body, host=host, options=PRECISION_HELP)
