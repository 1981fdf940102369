"""Pictures of a kernel's run that the command line asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.cli.output import require_place, writing
from wsesim.errors import InputError

if TYPE_CHECKING:
    from wsesim.cores.programs import KernelOutcome

_UNITS = {"busy": "cycles", "stalled": "cycles", "idle": "cycles"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Which files to write; None for those not asked for."""

    heatmap: Path | None
    drawn: str
    """What the heat map shows: busy, stalled, idle, links, or a port."""
    trace: Path | None
    movie: Path | None

    def check(self, level: str, *, force: bool) -> None:
        """Refuse what cannot be written before anything runs.

        Raises:
            InputError: nothing will be simulated, or a file is there already or cannot be written.
        """
        asked = [path for path in (self.heatmap, self.trace, self.movie) if path is not None]
        if asked and level == "closed":
            raise InputError.at("a closed form has nothing to draw; leave out --level closed, or the pictures")
        if len({path.absolute() for path in asked}) < len(asked):
            raise InputError.at("two of the pictures go to one file; name another")
        for path, ending in ((self.heatmap, ".svg"), (self.trace, ".json"), (self.movie, ".gif")):
            if path is not None and path.suffix.lower() != ending:
                raise InputError.at(f"must end in {ending}, which is what is written", file=str(path))
        for path in asked:
            if os.path.lexists(path) and not force:
                raise InputError.at("is already there; give --force to replace it", file=str(path))
            require_place(path.absolute().parent)

    def write(self, found: KernelOutcome, title: str) -> list[str]:
        """Write them; return a line for each."""
        lines = []
        for what, path, content in self._drawn(found, title):
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            lines.append(f"{what:<12} {path}")
        return lines

    def _drawn(self, found: KernelOutcome, title: str) -> Iterator[tuple[str, Path, bytes]]:
        from wsesim.answer import CoreMap
        from wsesim.answers import drawings, svg
        from wsesim.cores import show

        if found.run is None:
            return
        if self.heatmap is not None:
            values = show.core_map(found.run, self.drawn)
            unit = _UNITS.get(self.drawn, "wavelets")
            drawn = CoreMap(name=self.drawn, title=f"{title}: {self.drawn}", unit=unit, values=values)
            yield "heat map", self.heatmap, svg.standalone(drawings.map_svg(drawn)).encode()
        if self.trace is not None:
            yield "trace", self.trace, show.trace_json(found.run.spans).encode()
        if self.movie is not None and found.frame_cycles:
            yield "animation", self.movie, show.activity_gif(found.run, frame_cycles=found.frame_cycles)
