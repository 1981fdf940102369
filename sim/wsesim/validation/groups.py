"""Rows by kind, in groups that are scored together, and how near each group is meant to come."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wsesim.validation.rows import Measurement
from wsesim.validation.shapes import adapters_of, family_of

TRAINING, EVALUATION, INFERENCE, OPERATOR, HOST, JOB, OTHER, ACCOUNTING, SERVED = KINDS = (
    "training", "evaluation", "inference", "operator", "host", "job", "other", "accounting", "served"
)  # fmt: skip
"""What a row is about, in the order of a report: measured first; then sums on model cards, of which nothing was timed;
last what a service is said to reach, of which neither program nor placement nor clock is known."""
_KIND_PATTERNS = (
    (r"served", SERVED), (r"accounting", ACCOUNTING), (r"probe", OTHER), (r"training|fine-tun", TRAINING),
    (r"evaluation", EVALUATION), (r"prefill|decode", INFERENCE), (r"operator", OPERATOR), (r"host", HOST),
    (r"job", JOB),
)  # fmt: skip
MEASURED = (TRAINING, EVALUATION, INFERENCE)
"""Kinds of rows that say how far off an answer to a question of a model may be."""
CLAIMS = {SERVED: "served (vendor claims)", ACCOUNTING: "training FLOPs (model cards)"}
"""Groups of rows that are no measurement."""
_PHASE_NAMES = ((r"prefill\+decode", "end to end"), (r"teacher-forced", "teacher-forced"))
"""What a phase is called in the name of a group, where not as in the table."""
SMALL_GPT_PARAMETERS_B = 0.2
FEW_TOKENS = 32_768
"""Of a system and step: below, the time of a model of billions of weights is that of streaming them."""
LARGE_PARAMETERS_B = 1.0
_OLD_SOFTWARE = re.compile(r"\D*1\.")
"""Releases before 2.0: later ones made the same machine up to 68 % faster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """How near the rows of some groups are meant to come; None where only the other was set."""

    groups: str
    """Matches the whole name of a group."""
    median: float | None = None
    """Largest median of errors without sign that is good, as a fraction."""
    worst: float | None = None
    """Largest single error that is good, as a fraction."""


GOALS = (
    Goal(groups=r"CS-2 GPT", median=0.01, worst=0.03),
    Goal(groups=r"CS-2 BERT", median=0.05, worst=0.10),
    Goal(groups=r"CS-2 Llama", worst=0.08),
    Goal(groups=r"CS-3 (GPT|GPT small|GPT-J|BERT|ESM|Llama)(, few tokens)?", median=0.05, worst=0.12),
    Goal(groups=r"CS-3 evaluation", worst=0.10),
    Goal(groups=r"\S+ (prefill|decode|teacher-forced|end to end)", median=0.08, worst=0.25),
)
NO_GOAL = Goal(groups="")


def goal_of(group: str) -> Goal:
    """Return what a group is meant to reach."""
    return next((goal for goal in GOALS if re.fullmatch(goal.groups, group)), NO_GOAL)


def kind_of(row: Measurement) -> str:
    """Return what a row is about, one of KINDS."""
    phase = row.cells["phase"]
    return next((kind for pattern, kind in _KIND_PATTERNS if re.search(pattern, phase)), OTHER)


def group_of(row: Measurement) -> str:
    """Return the group a row is scored in: system and family for training, system and phase for all else."""
    kind, system = kind_of(row), row.cells["system"]
    if kind in CLAIMS:
        return CLAIMS[kind]
    if kind != TRAINING:
        return f"{system} {_phase_name(row.cells['phase'], shorten=kind != OTHER)}"
    name = f"{system} {family_of(row).name}"
    if name.endswith(" GPT") and (row.number("n_params_b") or 1) < SMALL_GPT_PARAMETERS_B:
        name += " small"
    name += ", adapters" if adapters_of(row) else ""
    if has_old_software(row):
        name += ", software 1.x"
    return f"{name}, few tokens" if _has_few_tokens(row) else name


def has_old_software(row: Measurement) -> bool:
    """Return whether a row of training was measured with a release before 2.0."""
    return kind_of(row) == TRAINING and bool(_OLD_SOFTWARE.match(row.cells["software"]))


def tier_of(row: Measurement) -> tuple[bool, int, str]:
    """Return where a row stands in a report: GPT on a CS-2 first, then kind by kind and group by group."""
    group = group_of(row)
    return (group != "CS-2 GPT", KINDS.index(kind_of(row)), group)


def _phase_name(phase: str, *, shorten: bool) -> str:
    for pattern, name in _PHASE_NAMES:
        if re.search(pattern, phase):
            return name
    return re.sub(r"\s*\(.*", "", phase) if shorten else phase


def _has_few_tokens(row: Measurement) -> bool:
    length, sequences = row.whole("seq_len"), row.whole("batch_global")
    if not length or not sequences or (row.number("n_params_b") or 0) < LARGE_PARAMETERS_B:
        return False
    return length * sequences < FEW_TOKENS * (row.whole("n_systems") or 1)
