"""What may stand in a study file, as pydantic models; names of settings and their values are checked in `load`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from wsesim.workload.fields import Name, Text

MOST_POINTS = 10_000
"""A study with more is refused: nobody reads its table."""
MOST_AXES = 3
"""Parameters that vary independently: more cannot be drawn."""

USUAL_FIGURES = ("step_s", "tokens_per_s", "mfu", "bound_s", "micro_batch", "passes")
"""Kept unless a study says otherwise, of training and evaluation."""
USUAL_OF_REQUESTS = ("ttft_s", "tpot_s", "tokens_per_s_user", "tokens_per_s", "total_s", "energy_per_token_j", "wafers")
"""The same, of resident weights."""
USUAL_OF_SERVING = ("largest_rate_per_s", "goodput_per_s", "met_share", "tokens_per_s", "utilization", "wafers")
"""The same, of many requests."""


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class RangeSection(_Section):
    """Values from one number to another, both included; numbers of a hardware figure carry its unit."""

    first: Annotated[Any, Field(alias="from")]
    """The first value."""
    last: Annotated[Any, Field(alias="to")]
    """The last value."""
    steps: Annotated[int, Field(ge=2, le=MOST_POINTS)] | None = None
    """How many values; or give `by`."""
    by: Any = None
    """From one value to the next; or give `steps`."""
    scale: Literal["linear", "log"] = "linear"
    """Whether steps are equal differences or equal ratios."""


class StudyFile(_Section):
    """A what-if: settings of a workload that vary, and the figures to keep of each point."""

    name: Name | None = None
    """Names the folder of the sweep. Default: the file's name."""
    question: Text | None = None
    """What is asked, in a sentence."""
    workload: Text
    """The workload that is varied, relative to this file."""
    vary: dict[Any, Any]
    """One to three settings by dotted name, each with a list of values or a range."""
    set: Annotated[dict[Any, Any], Field(default_factory=dict)]
    """Settings that differ from the workload at every point."""
    together: Annotated[list[Any], Field(default_factory=list)]
    """Names under `vary` that step together and count as one, not every value with every other."""
    figures: list[Any] | None = None
    """What to keep of each point. Default: what is usual for the phase."""
