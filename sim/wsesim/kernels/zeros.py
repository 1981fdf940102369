"""Zeros fall unevenly: of all columns of cores, the one with most weights that are not zero sets the pace.

    one output's weights    | w 0 w | 0 0 0 | w w w | 0 w 0 |    a column each; every one of them is zero or not by
    AXPYs of a column           2       0       3       1        chance, and the sum that runs along the row is ready
                                                                 when the third column is: after 3; the mean is 1.5

Sums of an output pass from column to column while those of the next are made, and a core has room for little more than
that (`core.accumulator`), so that columns do not run ahead of each other. Chosen with two measured slopes in view:
evaluation of Llama-3 8B on a CS-3 is x 1.11 as fast with 75 % zeros as with 25 %, and training x 1.18.
"""

from __future__ import annotations

from functools import lru_cache
from math import floor, log, log1p


def busiest(each: float, density: float, columns: int) -> float:
    """Return how many of *each* weights of a column are not zero in the column with most of them, expected.

    With *density* 1 all; of one column the mean. Between whole numbers of weights it goes evenly.
    """
    if density >= 1 or columns == 1:
        return each * density
    below = floor(each)
    more = each - below
    found = (1 - more) * _largest(below, density, columns)
    found += more * _largest(below + 1, density, columns) if more else 0.0
    return min(each, max(each * density, found))


@lru_cache(maxsize=4096)
def _largest(number: int, density: float, columns: int) -> float:
    """Return the expected largest of so many binomial counts."""
    import numpy as np

    counts = np.arange(1, number + 1)
    chosen = np.concatenate([[0.0], np.cumsum(np.log((number - counts + 1) / counts))])
    taken = np.arange(number + 1)
    shares = np.exp(chosen + taken * log(density) + (number - taken) * log1p(-density))
    below = np.minimum(1.0, np.cumsum(shares))
    return float((1 - below[:-1] ** columns).sum())
