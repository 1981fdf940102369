"""What if: one question with some of its settings varied, every point answered, one table.

    study file ─load_study─► Study ─sweep─► SweepTable ─┬─ print_table    terminal
                                                        └─ write_sweep    page, CSV, JSON

A study knows what a question states about itself (settings, figures, what it reads) and no kind by its name.
"""

from wsesim.study.asked import asked, changed
from wsesim.study.load import load_study
from wsesim.study.output import FILES, print_table, render_sweep, write_sweep
from wsesim.study.run import sweep
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
    "Study",
    "SweepTable",
    "asked",
    "changed",
    "load_study",
    "print_sensitivity",
    "print_table",
    "render_sweep",
    "sensitivity",
    "sensitivity_json",
    "sweep",
    "write_sensitivity",
    "write_sweep",
]
