"""What wafers, systems and electricity cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from wsesim.errors import SpecError, require_not_negative, require_positive
from wsesim.figures import LESS, MORE

HOURS_A_YEAR = 8766


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Prices in dollars, and over how much work they are spread."""

    wafer_usd: float = field(metadata=LESS)
    """A processed wafer, whether it can be used or not."""
    system_usd: float = field(metadata=LESS)
    """A system without its wafer, with its share of servers and network."""
    years: float = field(metadata=MORE)
    """For which a system is used: its price is spread over them evenly."""
    used_share: float = field(metadata=MORE)
    """Share of the time in which it does what is asked."""
    kwh_usd: float = field(metadata=LESS)
    """A kilowatt-hour."""
    overhead: float = field(metadata=LESS)
    """What a site draws over what its machines do: cooling and conversion."""

    def __post_init__(self) -> None:
        require_not_negative(wafer_usd=self.wafer_usd, system_usd=self.system_usd, kwh_usd=self.kwh_usd)
        require_positive(years=self.years, used_share=self.used_share, overhead=self.overhead)
        if self.used_share > 1:
            raise SpecError("used_share", f"must be at most 1, got {self.used_share:g}")

    def hour_usd(self, usable_share: float) -> float:
        """Return the price of a system for an hour in use, wafers that cannot be used included."""
        return self.spread_usd(self.system_usd + self.wafer_usd / usable_share)

    def spread_usd(self, whole_usd: float) -> float:
        """Return what an hour in use costs of a machine that costs *whole_usd*."""
        return whole_usd / (self.years * HOURS_A_YEAR * self.used_share)

    def electricity_usd(self, power_w: float) -> float:
        """Return the price of an hour's electricity for machines that draw so many watts."""
        return power_w / 1000 * self.overhead * self.kwh_usd
