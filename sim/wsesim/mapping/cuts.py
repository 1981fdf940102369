"""Into which parts sequences may be cut: as few sizes as can be, as even as can be."""

from __future__ import annotations

from collections.abc import Iterator
from math import isqrt


def cuts(sequences: int, most: int, *, even: bool) -> Iterator[int]:
    """Yield the size of the largest part for each number of parts of *most* sequences or less, the fewest first.

    Parts are as even as can be, as a smaller last one would not make them fewer; if *even*, all have the same size.
    """
    size = min(most, sequences)
    if even:
        yield from (divisor for divisor in _divisors(sequences) if divisor <= size)
        return
    while size:
        parts = -(-sequences // size)
        size = -(-sequences // parts)
        yield size
        size -= 1


def _divisors(number: int) -> list[int]:
    """Return what divides *number*, largest first."""
    small = [divisor for divisor in range(1, isqrt(number) + 1) if number % divisor == 0]
    return sorted({*small, *(number // divisor for divisor in small)}, reverse=True)


def pass_sizes(sequences: int, passes: int) -> tuple[tuple[int, int], ...]:
    """Return (sequences of a pass, how many such passes): one size or two that differ by one, the larger first.

    With fewer sequences than passes, empty passes are left out.
    """
    each, rest = divmod(sequences, passes)
    return tuple((size, count) for size, count in ((each + 1, rest), (each, passes - rest)) if size and count)
