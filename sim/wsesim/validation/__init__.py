"""Measured figures of real machines, and how near the simulator comes to them."""

from wsesim.validation.score import Score, Summary, Validation, validate

__all__ = ["Score", "Summary", "Validation", "validate"]
