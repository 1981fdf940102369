"""Points drawn from ranges in place of all that meet: spread evenly by Latin hypercube or Sobol, or at random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field

from wsesim.errors import InputError
from wsesim.workload import Section

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_WORDS = {"latin": "a Latin hypercube", "sobol": "a Sobol sequence", "random": "random"}


class SampleSection(Section):
    """How points are drawn."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    points: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many."""
    method: Literal["latin", "sobol", "random"] = "latin"
    """latin and sobol fill the space evenly; sobol needs scipy, and is best with a power of two."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    """The same seed draws the same points."""

    @property
    def words(self) -> str:
        """Say how points are drawn."""
        return f"{self.points:,} points of {_WORDS[self.method]}, seed {self.seed}"


def draw(sample: SampleSection, dials: int) -> list[list[float]]:
    """Return points of so many shares, from 0 to below 1.

    Raises:
        InputError: scipy is needed and not installed.
    """
    import numpy as np

    generator = np.random.default_rng(sample.seed)
    if sample.method == "sobol":
        return [[float(share) for share in point] for point in _sobol(sample, dials)]
    points = generator.random((sample.points, dials))
    if sample.method == "latin":
        order = np.argsort(generator.random((sample.points, dials)), axis=0)
        points = (order + points) / sample.points
    found: list[list[float]] = points.tolist()
    return found


def _sobol(sample: SampleSection, size: int) -> npt.NDArray[np.float64]:
    import warnings

    import numpy as np

    try:
        from scipy.stats import qmc
    except ImportError:
        message = "sample.method: sobol needs scipy: install wsesim[studies], or choose latin"
        raise InputError.at(message) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the number is no power of two is said in the key's description
        found = qmc.Sobol(size, scramble=True, rng=np.random.default_rng(sample.seed)).random(sample.points)
    return np.asarray(found, dtype=np.float64)
