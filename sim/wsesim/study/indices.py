"""What an answer hangs on when all figures may be off at once: screened by Morris, or its variance split by Sobol.

    question + ranges ─► points that the method asks ─sweep─► answers ─► an index for each setting, with its interval

Morris moves one setting at a time from many starting points: a large effect matters, one that differs between starts
depends on the others. Sobol's first-order index is the share of the variance that a setting brings by itself, its total
that with all others. Points without an answer take their trajectory, or their base point, out of the count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wsesim.answer import FigureSpec, Readable
from wsesim.errors import InputError
from wsesim.questions.base import Question
from wsesim.study.run import SweepProgress, sweep
from wsesim.study.space import Dial, told
from wsesim.study.spec import Study
from wsesim.study.table import PointRow

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

USUAL = {"morris": 10, "sobol": 64}
"""Methods, and how many trajectories or base points they ask unless told."""
LEVELS = 4
"""Of the grid on which Morris moves."""
CONFIDENCE = 0.95
FEWEST = 4
"""Trajectories or base points of which something can be said."""
COLUMNS = {
    "morris": ("effect", "effect_off", "direction", "spread"),
    "sobol": ("first", "first_off", "total", "total_off"),
}
"""Of each method: what is found of a setting, the one it is ranked by first for Morris, third for Sobol."""
RANKED_BY = {"morris": "effect", "sobol": "total"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingIndex:
    """What was found of one setting."""

    settings: str
    """Its name; several that step together, with `=` between."""
    words: str
    """Over which range."""
    values: Mapping[str, float]
    """By name of the column, see `COLUMNS`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Indices(Readable):
    """What an answer hangs on, over ranges.

    `frame()` has a row for each setting, that which matters most first; `plot()` draws a bar for each with its
    interval. `save(folder)` writes what `wsesim sensitivity --method` writes.
    """

    reader: ClassVar[str] = "wsesim.study.taking_indices"
    study: Study
    """All points that were asked."""
    method: str
    figure: FigureSpec
    samples: int
    """Trajectories or base points."""
    used: int
    """Of them all of whose points have an answer."""
    seed: int
    rows: tuple[SettingIndex, ...]
    """That which matters most first."""
    lowest: float
    highest: float
    """The least and the most that the figure was."""
    left_out: Mapping[str, str]
    """Settings that have no range, and why."""
    why: str
    """Why the first point without an answer has none; empty if all have one."""
    known: int = 0
    said: tuple[str, ...] = ()

    @property
    def question(self) -> Question:
        """What is asked."""
        return self.study.base


def points_asked(study: Study, method: str, samples: int) -> int:
    """Return how many points a method asks of *study*, drawn from ranges."""
    assert study.space is not None, "points are drawn from ranges"
    return samples * _together(method, len(study.space.dials))


def _together(method: str, dials: int) -> int:
    """Return how many points a trajectory or a base point has."""
    return dials + (1 if method == "morris" else 2)


def asked_points(study: Study, method: str, samples: int, seed: int) -> Study:
    """Return *study*, drawn from ranges, with the points that *method* asks.

    Raises:
        InputError: SALib is needed and not installed.
    """
    space = study.space
    assert space is not None, "points are drawn from ranges"
    points = _sampled(method, len(space.dials), samples, seed)
    words = f"{len(points):,} points, {samples:,} {_NAMES[method]}, seed {seed}"
    return replace(study, axes=(space.axis(points.tolist()),), sampled=words)


_NAMES = {"morris": "trajectories of Morris", "sobol": "base points of Sobol's indices"}


def indices(
    study: Study, method: str, *, samples: int, seed: int = 0, left_out: Mapping[str, str] | None = None,
    jobs: int | None = None, journal: Path | None = None, progress: SweepProgress | None = None,
) -> Indices:  # fmt: skip
    """Return what the first figure that *study* keeps hangs on.

    Args:
        study: drawn from ranges; its own points are not asked.
        method: `morris` or `sobol`.
        samples: trajectories or base points.
        seed: the same seed asks the same points.
        left_out: settings without a range, which are told.
        jobs: as of `sweep`.
        journal: as of `sweep`.
        progress: as of `sweep`.

    Raises:
        InputError: SALib is not installed, or too few points have an answer.
    """
    table = sweep(asked_points(study, method, samples, seed), jobs=jobs, journal=journal, progress=progress)
    spec, space = study.kept[0], study.space
    assert space is not None, "points are drawn from ranges"
    together = _together(method, len(space.dials))
    groups = [table.rows[first : first + together] for first in range(0, len(table.rows), together)]
    kept = [place for place, rows in enumerate(groups) if all(row.figures[spec.name] is not None for row in rows)]
    why = next(
        (row.why or f"the answer has no {spec.name}" for row in table.rows if row.figures[spec.name] is None), ""
    )
    if len(kept) < min(FEWEST, samples):
        raise InputError.at(f"only {len(kept)} of {samples} {_NAMES[method]} have all answers: {why}")
    answers = [_number(row, spec) for place in kept for row in groups[place]]
    shares = _sampled(method, len(space.dials), samples, seed).reshape(samples, together, -1)[kept]
    columns = _analyzed(method, shares.reshape(-1, len(space.dials)), answers, seed)
    rows = [
        SettingIndex(settings=" = ".join(dial.settings), words=_words(dial), values=values)
        for dial, values in zip(space.dials, columns, strict=True)
    ]
    return Indices(
        study=table.study, method=method, figure=spec, samples=samples, used=len(kept), seed=seed,
        rows=tuple(sorted(rows, key=lambda row: -row.values[RANKED_BY[method]])), lowest=min(answers),
        highest=max(answers), left_out=left_out or {}, why=why, known=table.known, said=table.said,
    )  # fmt: skip


def _words(dial: Dial) -> str:
    return "; ".join(dict.fromkeys(told(name, given) for name, given in dial.settings.items()))


def _number(row: PointRow, spec: FigureSpec) -> float:
    found = row.figures[spec.name]
    assert found is not None, "rows without it were left out"
    return float(found)


def _problem(dials: int) -> dict[str, Any]:
    return {"num_vars": dials, "names": [str(place) for place in range(dials)], "bounds": [[0.0, 1.0]] * dials}


def _sampled(method: str, dials: int, samples: int, seed: int) -> npt.NDArray[np.float64]:
    """Return the points of a method, each of as many shares as there are dials; those of a sample lie together."""
    import numpy as np

    try:
        if method == "morris":
            from SALib.sample.morris import sample
        else:
            from SALib.sample.sobol import sample
    except ImportError:
        raise InputError.at(f"--method {method} needs SALib: install wsesim[studies]") from None
    more = {"num_levels": LEVELS} if method == "morris" else {"calc_second_order": False}
    with _quiet():
        found = sample(_problem(dials), samples, seed=seed, **more)
    return np.asarray(found, dtype=np.float64)


def _analyzed(
    method: str, points: npt.NDArray[np.float64], answers: Sequence[float], seed: int
) -> list[dict[str, float]]:
    """Return what a method finds of each dial; nothing matters where all answers are the same."""
    import numpy as np

    found = np.asarray(answers, dtype=np.float64)
    dials = points.shape[1]
    if found.min() == found.max():
        return [dict.fromkeys(COLUMNS[method], 0.0) for _ in range(dials)]
    with _quiet():
        if method == "morris":
            from SALib.analyze.morris import analyze

            told = analyze(_problem(dials), points, found, num_levels=LEVELS, conf_level=CONFIDENCE, seed=seed)
            names = ("mu_star", "mu_star_conf", "mu", "sigma")
        else:
            from SALib.analyze.sobol import analyze

            told = analyze(_problem(dials), found, calc_second_order=False, conf_level=CONFIDENCE, seed=seed)
            names = ("S1", "S1_conf", "ST", "ST_conf")
    columns = [np.ma.getdata(told[name]) for name in names]
    return [
        {column: float(values[dial]) for column, values in zip(COLUMNS[method], columns, strict=True)}
        for dial in range(dials)
    ]


def _quiet() -> Any:
    import warnings

    return warnings.catch_warnings(action="ignore")  # that a number is no power of two: the help says it
