"""What if: one question with some of its settings varied, every point answered, one table.

    study file ─load_study─► Study ─sweep─► SweepTable ─┬─ print_table    terminal
                                                        └─ write_sweep    page, CSV, JSON

A study knows what a question states about itself (settings, figures, what it reads) and no kind by its name.
"""

from wsesim.study.cluster import scheduler
from wsesim.study.comparing import SideBySide, side_by_side
from wsesim.study.goals import Sized, Sizing, size
from wsesim.study.journal import journal_place
from wsesim.study.line import fixed, sample_in, varied
from wsesim.study.load import load_study, study_of
from wsesim.study.output import FILES, print_table, render_sweep, write_sweep
from wsesim.study.run import estimate_s, sweep
from wsesim.study.sensitivity import Sensitivity, sensitivity
from wsesim.study.sensitivity_output import (
    SENSITIVITY_FILES,
    print_sensitivity,
    sensitivity_json,
    write_sensitivity,
)
from wsesim.study.spec import Parameter, Study
from wsesim.study.table import PointRow, SweepTable

__all__ = [
    "FILES",
    "SENSITIVITY_FILES",
    "Parameter",
    "PointRow",
    "Sensitivity",
    "SideBySide",
    "Sized",
    "Sizing",
    "Study",
    "SweepTable",
    "estimate_s",
    "fixed",
    "journal_place",
    "load_study",
    "print_sensitivity",
    "print_table",
    "render_sweep",
    "sample_in",
    "scheduler",
    "sensitivity",
    "sensitivity_json",
    "side_by_side",
    "size",
    "study_of",
    "sweep",
    "varied",
    "write_sensitivity",
    "write_sweep",
]
