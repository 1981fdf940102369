"""The keys of a study file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from wsesim.study.optimize import OptimizeSection
from wsesim.study.sample import SampleSection
from wsesim.workload import Section
from wsesim.workload.fields import Name, Text


def _names(given: object) -> object:
    """Return names in a text, `a, b`, as a list: one name needs no brackets."""
    return [name.strip() for name in given.split(",")] if isinstance(given, str) else given


class StudyFile(Section):
    """A what-if: settings of a question that vary, and the figures to keep of each point."""

    model_config = ConfigDict(frozen=False, validate_assignment=True)

    name: Name | None = None
    """Names the folder of the sweep. Default: the file's name."""
    question: Text | None = None
    """What is asked, in a sentence."""
    workload: Text
    """The file of the question that is varied, relative to this file."""
    vary: Annotated[dict[Any, Any], Field(default_factory=dict)]
    """One to three settings by dotted name, each with a list of values or a range."""
    scenarios: Annotated[dict[str, dict[Any, Any]], Field(default_factory=dict)]
    """Sets of changes by their name, each met by every value under `vary`; one of none is the question as it stands."""
    sample: SampleSection | None = None
    """Points to draw from ranges and lists under `vary`, in place of all that meet."""
    optimize: OptimizeSection | None = None
    """Figures whose best is searched for in ranges and lists under `vary`, in place of all that meet."""
    derive: Annotated[dict[Any, Any], Field(default_factory=dict)]
    """Settings that follow from others at each point, as arithmetic: `floor(750 * 48 KiB / hardware.core.sram)`."""
    require: Annotated[list[Any], Field(default_factory=list)]
    """What a point has to keep to, as comparisons of settings and figures; others are left out."""
    set: Annotated[dict[Any, Any], Field(default_factory=dict)]
    """Settings that differ from the workload at every point."""
    together: Annotated[list[Any], Field(default_factory=list)]
    """Names under `vary` that step together and count as one, not every value with every other."""
    figures: list[Any] | None = None
    """What to keep of each point. Default: what is usual for the kind of question."""
    pareto: Annotated[list[Any], BeforeValidator(_names), Field(default_factory=list)]
    """Figures: points that no other beats in all of them are named, and the knee among them; of one figure the best."""
    prune: bool = False
    """Whether points that a formula shows to be worse than one that is answered are left unanswered."""
    level: Literal["closed", "system", "cores"] | None = None
    """How every point is answered. Default: as `wsesim run` would."""
