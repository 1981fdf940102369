"""What a program or a notebook does with a result: the same on results, levels, sweeps, sensitivities and sizes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from wsesim.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes


class Readable:
    """A result that can be read: printed short, shown in a notebook, as plain data, frame, picture or files.

    What reads it is a module above this one, named by `reader`, with a function for each method here: `brief`, `card`,
    `plain`, `frame`, `plot` and `save`. It is imported when it is first asked, so data alone costs nothing.
    """

    __slots__ = ()
    reader: ClassVar[str]
    """The module that reads values of this class."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._reader.brief(self)}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the first screen of the page. Everything in it is escaped."""
        found: str = self._reader.card(self)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain data: what the command prints with `--json`, and writes."""
        found: dict[str, Any] = self._reader.plain(self)
        return found

    def frame(self, table: str = "") -> pd.DataFrame:
        """Return a table of it as a pandas data frame.

        Args:
            table: which; the class says what there is beside the usual one.

        Raises:
            InputError: there is no such table; names the nearest.
        """
        found: pd.DataFrame = self._reader.frame(self, table)
        return found

    def plot(self, what: str = "", *, ax: Axes | None = None) -> Axes:
        """Draw it with matplotlib, and return the axes it was drawn on.

        Args:
            what: which figure or drawing; the class says what there is beside the usual one.
            ax: where to draw. Default: on a new figure of pyplot's, which a notebook shows.

        Raises:
            InputError: there is nothing of that name to draw; names the nearest.
        """
        found: Axes = self._reader.plot(self, what, ax)
        return found

    def save(self, folder: str | Path, *, force: bool = False) -> tuple[Path, ...]:
        """Write into *folder* what the command writes with `--out`, all or nothing, and return the paths.

        Args:
            folder: made if it is not there.
            force: replace a folder that wsesim wrote and nobody changed since.

        Raises:
            InputError: it is a file, holds something that wsesim did not write, or is there and *force* is off.
        """
        from pathlib import Path

        if not isinstance(folder, str | Path):
            raise InputError.at(f"save takes the path of a folder; got {folder!r}")
        found: tuple[Path, ...] = self._reader.save(self, Path(folder), overwrite=force)
        return found

    @property
    def _reader(self) -> Any:
        return import_module(self.reader)
