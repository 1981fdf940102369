"""What is kept of measured models is what they are scored as today; kernels stand with their rows."""

from tests.rows import TOGETHER

from wsesim.measured import read_rows, text_of
from wsesim.validation.kept import KERNELS, kept_models
from wsesim.validation.rows import read_table
from wsesim.validation.score import ModelValidation

pytestmark = TOGETHER


def test_models_are_kept_as_they_are_scored(measured: ModelValidation) -> None:
    kept = [row for row in read_rows() if row.traits.kind not in KERNELS]
    assert text_of(kept) == text_of(kept_models(read_table(), measured.scores))
