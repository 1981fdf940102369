"""What is kept of measured rows is what they are scored as today."""

import pytest

from wsesim.measured import read_rows, text_of
from wsesim.validation.kept import KERNELS, kept_kernels, kept_models
from wsesim.validation.kernels import KernelScore, read_kernel_table, validate_kernels
from wsesim.validation.rows import read_table
from wsesim.validation.score import ModelValidation


def test_models_are_kept_as_they_are_scored(measured: ModelValidation) -> None:
    kept = [row for row in read_rows() if row.traits.kind not in KERNELS]
    assert text_of(kept) == text_of(kept_models(read_table(), measured.scores))


@pytest.mark.nightly
@pytest.mark.xdist_group("kernel rows")
def test_kernels_are_kept_as_they_are_scored() -> None:
    scores: tuple[KernelScore, ...] = validate_kernels().scores
    kept = [row for row in read_rows() if row.traits.kind in KERNELS]
    assert text_of(kept) == text_of(kept_kernels(read_kernel_table(), scores))
