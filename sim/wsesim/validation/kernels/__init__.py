"""Measured cycles of kernels: each row run again as a program on simulated cores, and compared."""

from wsesim.validation.kernels.score import KernelScore, KernelSummary, KernelValidation, validate_kernels

__all__ = ["KernelScore", "KernelSummary", "KernelValidation", "validate_kernels"]
