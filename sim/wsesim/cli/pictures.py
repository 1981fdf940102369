"""Single pictures of a kernel's answer that the command line asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wsesim.answers import check_file, write_file
from wsesim.errors import InputError

if TYPE_CHECKING:
    from wsesim.answer import Answer, CoreMap

MAPS = ("busy", "stalled", "links", "compute", "banks", "launch", "fabric-wait", "queue-wait")
"""Drawings of a kernel's answer that are maps of its cores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Which files to write; None for those not asked for."""

    heatmap: Path | None
    drawn: str
    """What the heat map shows, one of `MAPS`."""
    trace: Path | None
    movie: Path | None
    listing: bool
    """Whether the program is printed."""

    def check(self, level: str, *, measured: bool, force: bool) -> None:
        """Refuse what cannot be written before anything runs.

        Raises:
            InputError: nothing will be drawn, or a file is there already or cannot be written.
        """
        asked = [path for path in (self.heatmap, self.trace, self.movie) if path is not None]
        what, which = ("list", "--listing") if self.listing else ("draw", "the pictures")
        if (asked or self.listing) and level == "closed":
            raise InputError.at(f"a closed form has nothing to {what}; leave out --level closed, or {which}")
        if (asked or self.listing) and measured:
            raise InputError.at(f"runs of a measure have nothing to {what}; leave out --measure, or {which}")
        if len({path.absolute() for path in asked}) < len(asked):
            raise InputError.at("two of the pictures go to one file; name another")
        for path, ending in ((self.heatmap, ".svg"), (self.trace, ".json"), (self.movie, ".gif")):
            if path is not None and path.suffix.lower() != ending:
                raise InputError.at(f"must end in {ending}, which is what is written", file=str(path))
        for path in asked:
            check_file(path, overwrite=force)

    def write(self, answer: Answer, title: str, *, force: bool) -> list[str]:
        """Write them; return a line for each, after the program if it is to be printed."""
        listed = answer.files.get("listing.txt") if self.listing else None
        lines = [listed().decode()] if listed else []
        for what, path, content in self._drawn(answer, title):
            write_file(content, path, overwrite=force)
            lines.append(f"{what:<12} {path}")
        return lines

    def _drawn(self, answer: Answer, title: str) -> Iterator[tuple[str, Path, bytes]]:
        from wsesim.answers import map_picture

        if self.heatmap is not None:
            maps = _maps(answer)
            if self.drawn not in maps:
                raise InputError.at(
                    f"--map {self.drawn} is nothing on all cores; there are: {', '.join(maps) or 'none'}"
                )
            drawn = maps[self.drawn]
            yield "heat map", self.heatmap, map_picture(replace(drawn, title=f"{title}: {drawn.name}")).encode()
        for what, path, name in (("trace", self.trace, "trace.json"), ("animation", self.movie, "activity.gif")):
            if path is not None and name in answer.files:
                yield what, path, answer.files[name]()


def _maps(answer: Answer) -> dict[str, CoreMap]:
    """Return what can be drawn of all cores, by name."""
    from wsesim.answer import CauseMaps, CoreMap

    found = {each.name: each for each in answer.drawings if isinstance(each, CoreMap)}
    for each in answer.drawings:
        if isinstance(each, CauseMaps):
            named = ((cause.replace(" ", "-"), values) for cause, values in each.by_cause.items() if values.any())
            found |= {name: CoreMap(name=name, title=name, unit="cycles", values=values) for name, values in named}
    return found
