"""y = exp(x - greatest) / sum of these, of every token, its values spread over a row of cores.

  values -->                      on a core: the greatest of its values of every token
+----+----+----+----+             row: allreduce of the greatest, subtract, one exponential a value
| x  | x  | x  | x  |   tokens    on a core: sum
+----+----+----+----+             row: allreduce of the sum, one divide a token
 ---> max <----------             on a core: times that
"""

from __future__ import annotations

import numpy as np

from wsesim.cores import isa
from wsesim.cores.kit import replay
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

SPREAD = 2.0
"""Standard deviation of the values tried out: some probabilities are small, none so small that sums do not see it."""


def body(core: KernelWriter, seat: FeatureSeat) -> None:
    """Write what one core does."""
    x, y = seat.input(core, "x"), seat.result(core)
    sums, features = steps.token_values(core, seat, "sums"), seat.features
    steps.gather_features(core, isa.MAX, sums, x, features)
    core.allreduce(seat.line, isa.MAX, sums)
    core.role.fsubs(y, x, steps.per_token(sums, features))
    steps.exponentials(core, y)
    steps.gather_features(core, isa.ADD, sums, y, features)
    core.allreduce(seat.line, isa.ADD, sums)
    steps.reciprocals(core, sums)
    core.role.fmuls(y, y, steps.per_token(sums, features))
    seat.output(core, y)


def host(random: np.random.Generator, layout: FeatureLayout, options: Options) -> HostData:
    """Return random values and their softmax."""
    x = draw(random, (layout.tokens, layout.features), options, spread=SPREAD)
    grown = replay.exponential(x - x.max(-1, keepdims=True))
    share = np.float32(1) / steps.row_sums(grown, layout, options)
    return HostData(loads={"x": layout.lay(x)}, expected=stored(grown * share, options))


PROGRAM = feature_kernel(
    name="softmax", doc=__doc__, body=body, host=host, options=PRECISION_HELP,
    shape_help="TOKENS x VALUES: tokens in all, values of each",
)  # fmt: skip
