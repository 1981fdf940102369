"""What a loss is multiplied with, so that small gradients are not lost in 16 bits: fixed, or as large as goes well.

A dynamic scale doubles after so many steps without an overflow, and halves at each, whose step is left out. Keys and
defaults are those of the vendor's Model Zoo (`MixedPrecision`: `loss_scaling_factor`, `steps_per_increase` 2000); its
limits are assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wsesim.errors import SpecError, require_positive

FACTOR = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LossScale:
    """A scale, and how it goes on.

    Raises:
        SpecError: on construction, for a scale beyond its limits.
    """

    value: float = 1.0
    dynamic: bool = False
    steps_per_increase: int = 2000
    least: float = 2.0**-14
    most: float = 2.0**24
    good_steps: int = 0
    """Without an overflow since it last changed."""

    def __post_init__(self) -> None:
        require_positive(value=self.value, steps_per_increase=self.steps_per_increase, least=self.least)
        if not self.least <= self.value <= self.most:
            raise SpecError("value", f"must be from {self.least:g} to {self.most:g}, got {self.value:g}")

    @classmethod
    def of(cls, factor: float | str, *, initial: float = 2.0**15) -> LossScale:
        """Return a fixed scale for a number, or for `dynamic` one that begins at *initial*.

        Raises:
            SpecError: another word, or a number beyond the limits.
        """
        if isinstance(factor, str):
            if factor != "dynamic":
                raise SpecError("loss_scale", f"must be a number or dynamic, got {factor!r}")
            return cls(value=initial, dynamic=True)
        return cls(value=float(factor))

    def after(self, *, overflowed: bool) -> LossScale:
        """Return the scale of the next step."""
        if not self.dynamic:
            return self
        if overflowed:
            return replace(self, value=max(self.least, self.value / FACTOR), good_steps=0)
        if self.good_steps + 1 == self.steps_per_increase:
            return replace(self, value=min(self.most, self.value * FACTOR), good_steps=0)
        return replace(self, good_steps=self.good_steps + 1)
