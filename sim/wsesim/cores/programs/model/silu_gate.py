"""y = up * gate / (1 + exp(-gate)), element by element: the gated feed-forward layer of Llama.

  +----+----+     +----+----+     +----+----+
  |gate|gate|  ,  | up | up | --> | y  | y  |    tokens along y, features along x; nothing travels
  +----+----+     +----+----+     +----+----+

Each element takes one scalar exponential and one scalar divide.
"""

from __future__ import annotations

import numpy as np

from wsesim.cores.kit.base import Options
from wsesim.cores.kit.writer import KernelWriter
from wsesim.cores.programs.model import steps
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

SPREAD = 3.0
"""Standard deviation of the gates tried out, so that both tails are met."""


def body(core: KernelWriter, seat: FeatureSeat) -> None:
    """Write what one core does."""
    gate, up, y = seat.input(core, "gate"), seat.input(core, "up"), seat.result(core, OTHER_BANK)
    core.role.fmuls(y, gate, core.constant(-1.0))
    steps.sigmoid_times(core, y, gate)
    core.role.fmuls(y, y, up)
    seat.output(core, y)


def host(random: np.random.Generator, layout: FeatureLayout, options: Options) -> HostData:
    """Return random gates and values, and what passes."""
    shape = layout.tokens, layout.features
    gate, up = draw(random, shape, options, spread=SPREAD), draw(random, shape, options)
    return HostData(
        loads={"gate": layout.lay(gate), "up": layout.lay(up)},
        expected=stored(steps.sigmoid_times_of(-gate, gate) * up, options),
    )


PROGRAM = feature_kernel(name="silu-gate", doc=__doc__, body=body, host=host, options=PRECISION_HELP)
