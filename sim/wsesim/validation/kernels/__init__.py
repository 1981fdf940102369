"""Measured figures of kernels: each row asked again as a question like any other, and compared."""

from wsesim.validation.kernels.registry import ask_row
from wsesim.validation.kernels.rows import KernelRow, read_kernel_table
from wsesim.validation.kernels.score import (
    KernelScore,
    KernelSummary,
    KernelValidation,
    show_row,
    validate_kernels,
)

__all__ = [
    "KernelRow",
    "KernelScore",
    "KernelSummary",
    "KernelValidation",
    "ask_row",
    "read_kernel_table",
    "show_row",
    "validate_kernels",
]  # fmt: skip
