"""Whether a value can stand in a workload at all, by the workload's own checks.

Only what a setting can know by itself is checked here. What settings must be to each other (systems that share a batch
evenly, a length the model has positions for) is a matter of each point, and an answer in its row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wsesim.study.spec import Value
from wsesim.workload import Workload, place_of, set_path
from wsesim.workload.checks import STACK, hardware_of, software_of
from wsesim.workload.problems import Report, shown
from wsesim.workload.schema import ClusterSection, read_fields
from wsesim.yamlfile import Document, Loc


@dataclass(slots=True, kw_only=True)
class Checker:
    """Checks values of settings and notes what is wrong, at the value's place in the study."""

    report: Report
    base: Workload | None
    """The workload that is varied; None if it is broken itself."""
    hardware: dict[Any, object] = field(default_factory=dict)
    """Hardware figures that differ at every point; those of the workload count too. With them a value may be right
    that is wrong by itself: less memory than is reserved, if less is reserved."""

    def __post_init__(self) -> None:
        given = self.base.resolved["hardware"] if self.base else None
        if isinstance(given, dict):
            self.hardware = given | self.hardware

    def check(self, name: str, value: object, loc: Loc) -> bool:
        """Return whether *value* can be given to the setting *name*; if not, note why at *loc* of the study."""
        if value is None or not isinstance(value, Value):
            got = "is empty; give a value" if value is None else f"must be one value, got {shown(value)}"
            self.report.add(loc, f"{name} {got}")
            return False
        place, data = place_of(name), dict[str, Any]()
        set_path(data, name, value)
        here = Report(file=self.report.file, document=self._as_if(place, loc, data))
        _, errors = read_fields(data)
        here.add_invalid(error for error in errors if error["loc"][: len(place)] == place)
        if place[0] == "hardware" and self._refused({**self.hardware, place[1]: value}):
            hardware_of(self._cluster(), {place[1]: value}, here, folder=self._folder)
        if place[0] == "software":
            software_of(self._stack() | {place[1]: value}, "", here, folder=self._folder)
        self.report.found += here.found
        return not here.found

    def _refused(self, hardware: dict[Any, object]) -> bool:
        probe = Report(file=self.report.file)
        hardware_of(self._cluster(), hardware, probe, folder=self._folder)
        return bool(probe.found)

    @property
    def _folder(self) -> Path:
        return Path(self.base.file).parent if self.base else Path()

    def _stack(self) -> dict[Any, object]:
        """Return the stack of the workload; a stack with all figures if there is none."""
        return {STACK: self.base.software.stack if self.base else "ideal"}

    def _cluster(self) -> ClusterSection | None:
        return ClusterSection(machine=str(_machine(self.base))) if self.base else None

    def _as_if(self, place: Loc, loc: Loc, data: dict[str, Any]) -> Document:
        """Return a document in which what stands at *place* of a workload stands where *loc* is in the study."""
        study = self.report.document
        assert study is not None, "a study is read from a file"
        while loc not in study.places:
            loc = loc[:-1]
        spots = {(): study.places[loc], place: study.places[loc]}
        return Document(file=study.file, data=data, lines=study.lines, places=spots, keys=spots)


def _machine(base: Workload) -> object:
    cluster = base.resolved["cluster"]
    assert isinstance(cluster, dict)
    return cluster["machine"]
