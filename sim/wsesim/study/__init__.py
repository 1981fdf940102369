"""What if: one question with some of its settings varied, every point answered, one table.

    study file ─load_study─► Study ─sweep─► SweepTable ─┬─ print_table    terminal
                                                        └─ write_sweep    page, CSV, JSON

A study knows what a question states about itself (settings, figures, what it reads) and no kind by its name.
"""

from wsesim.study.cluster import scheduler
from wsesim.study.comparing import Side, SideBySide, extended, machine_or_stack, side_by_side
from wsesim.study.comparing_output import SideTable, parts_of
from wsesim.study.forms import schemas
from wsesim.study.goals import Sized, Sizing, goal_of, size
from wsesim.study.indices import USUAL as USUAL_SAMPLES
from wsesim.study.indices import Indices, SettingIndex, indices, points_asked
from wsesim.study.indices_output import print_indices
from wsesim.study.journal import journal_place
from wsesim.study.line import budget_in, fixed, sample_in, varied
from wsesim.study.load import load_study, study_of
from wsesim.study.output import FILES, print_table, render_sweep, write_sweep
from wsesim.study.run import estimate_s, sweep
from wsesim.study.schema import StudyFile
from wsesim.study.sensitivity import Sensitivity, sensitivity
from wsesim.study.sensitivity_output import print_sensitivity
from wsesim.study.spec import Parameter, Study
from wsesim.study.table import PointRow, SweepTable, asked_by
from wsesim.study.usual import over_ranges, usual_ranges

__all__ = [
    "FILES",
    "USUAL_SAMPLES",
    "Indices",
    "Parameter",
    "PointRow",
    "Sensitivity",
    "SettingIndex",
    "Side",
    "SideBySide",
    "SideTable",
    "Sized",
    "Sizing",
    "Study",
    "StudyFile",
    "SweepTable",
    "asked_by",
    "budget_in",
    "estimate_s",
    "extended",
    "fixed",
    "goal_of",
    "indices",
    "journal_place",
    "load_study",
    "machine_or_stack",
    "over_ranges",
    "parts_of",
    "points_asked",
    "print_indices",
    "print_sensitivity",
    "print_table",
    "render_sweep",
    "sample_in",
    "scheduler",
    "schemas",
    "sensitivity",
    "side_by_side",
    "size",
    "study_of",
    "sweep",
    "usual_ranges",
    "varied",
    "write_sweep",
]
