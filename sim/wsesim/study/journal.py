"""Points that were answered, kept on disk: none is worked out twice, and a study that is killed loses none.

An answer is found again by what was asked, canonically, and by the code that answers: an SQLite file of the user's own,
which any number of studies read and write at once (write-ahead log). Each is written as soon as it is known, by the
process that found it, so that a kill costs what is worked on at that moment and no more.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import RLock

from wsesim import questions
from wsesim._version import __version__
from wsesim.answer import Answer, Level, Number, Outcome, Status
from wsesim.questions.base import Question
from wsesim.study.spec import SHOWN_ONLY

PLACE = "WSESIM_POINTS"
"""Variable of the environment that names the file; empty: nothing is kept."""
WAIT_S = 60.0
"""How long another study's writing is waited for."""
_AGAIN_S = 0.01
OLD_DAYS = 90
"""After so many days what other versions of the code answered is forgotten."""
_DAY_S = 86400
_DEPENDS_ON = ("numpy", "simpy", "numba")
_TABLE = (
    "CREATE TABLE IF NOT EXISTS points (asked TEXT NOT NULL, code TEXT NOT NULL, day INTEGER NOT NULL, "
    "answer TEXT NOT NULL, sum TEXT NOT NULL, PRIMARY KEY (asked, code)) WITHOUT ROWID"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What is kept of an answer: enough for any figure that a study can keep."""

    status: str
    why: str
    """A sentence if there is no answer, or if it is not right; empty if all is well."""
    figures: Mapping[str, Number | None]
    spent: Mapping[str, float]
    """Seconds by cause; empty where nothing is spent."""
    gap: Mapping[str, float] | None
    """Seconds by cause above the bound; None where there is no bound."""

    @classmethod
    def of(cls, outcome: Outcome, broken: Iterable[str] = ()) -> KeptAnswer:
        """Keep an outcome, and what the file asserts of it and is not so."""
        if not isinstance(outcome, Answer):
            return cls(status=status_of(outcome), why=outcome.why, figures={}, spent={}, gap=None)
        spent = outcome.spent.by_cause if outcome.spent else {}
        gap = dict(outcome.bound.gap) if outcome.bound else None
        why = " ".join([*outcome.wrong_words, *broken])
        return cls(status=Status.OK.value, why=why, figures=dict(outcome.figures), spent=dict(spent), gap=gap)

    @property
    def lasts(self) -> bool:
        """Whether the same would be found again; what is too large for one computer may not be for another."""
        return self.status in (Status.OK, Status.DOES_NOT_FIT)

    @property
    def sound(self) -> bool:
        """Whether there is an answer, and nothing is wrong with it."""
        return self.status == Status.OK and not self.why

    @property
    def spent_figures(self) -> Mapping[str, float]:
        """Seconds by cause, each by the name that a study has for it."""
        return {f"spent.{cause}": seconds for cause, seconds in self.spent.items()}

    def text(self) -> str:
        """Return it as it is written; numbers come back as the same bits."""
        return json.dumps(asdict(self), default=lambda value: value.item())

    @classmethod
    def read(cls, text: str) -> KeptAnswer:
        """Return what was written.

        Raises:
            ValueError: it was not written by `text`.
        """
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(str(error)) from None


def status_of(outcome: Outcome) -> str:
    """Return how a question ended."""
    names = {"Answer": Status.OK, "DoesNotFit": Status.DOES_NOT_FIT, "NotAnswered": Status.NOT_MODELLED}
    return names[type(outcome).__name__].value


def asked_sha256(question: Question, level: Level | None) -> str:
    """Return the sum of all that an answer depends on but the code: settings, figures, files; no names, no pictures."""
    asked = question.asked
    form = {
        "level": level or question.level,
        "asked": {key: value for key, value in asked.resolved.items() if key not in SHOWN_ONLY},
        "figures": [[figure.name, figure.text] for figure in asked.figures],
        "files": [hashlib.sha256(path.read_bytes()).hexdigest() for path in question.inputs],
    }
    text = json.dumps(form, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_sha256() -> str:
    """Return the sum of the code that answers: this package, kinds of question beside it, what it computes with."""
    found = hashlib.sha256(f"{__version__} {platform.python_version()}".encode())
    for name in _DEPENDS_ON:
        with suppress(PackageNotFoundError):
            found.update(f"{name} {version(name)}".encode())
    package = Path(__file__).parent.parent
    for folder in (package, *map(Path, questions.__path__)):
        for file in sorted((*folder.rglob("*.py"), *folder.rglob("*.yaml"))):
            found.update(f"{file.relative_to(folder)}".encode())
            found.update(file.read_bytes())
    return found.hexdigest()


def journal_place() -> Path | None:
    """Return where points are kept: `WSESIM_POINTS`, or a file of the user's cache; None if nowhere."""
    given = os.environ.get(PLACE)
    if given is not None:
        return Path(given) if given else None
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wsesim" / "points.sqlite"


@dataclass(slots=True)
class Journal:
    """The file of points, open in one process; what goes wrong with it is said and never stops a study."""

    place: Path
    said: list[str] = field(default_factory=list)
    _file: sqlite3.Connection | None = None
    _one: RLock = field(default_factory=RLock, repr=False)
    """Held by the thread that reads or writes: of one connection SQLite lets no two."""

    @classmethod
    def open(cls, place: Path) -> Journal:
        """Open the file, made if it is not there; one that is no journal any more is set aside, and said."""
        found = cls(place)
        with found._or_said("cannot be opened"):
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                found._file = _opened(place)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                aside = place.with_name(f"{place.name}.damaged")
                place.replace(aside)
                found.said.append(f"{place} was damaged; it is set aside as {aside.name}, and points are kept anew.")
                found._file = _opened(place)
        return found

    def get(self, asked: str) -> KeptAnswer | None:
        """Return what is kept of a question; a damaged entry is as good as none, and said."""
        row = None
        with self._or_said("cannot be read"):
            if self._file is not None:
                query = "SELECT answer, sum FROM points WHERE asked = ? AND code = ?"
                row = self._file.execute(query, (asked, code_sha256())).fetchone()
        if row is None:
            return None
        try:
            if row[1] == _sum_of(asked, row[0]):
                return KeptAnswer.read(row[0])
        except (TypeError, ValueError):
            pass
        self.said.append(f"A point kept in {self.place} was damaged, and is answered anew.")
        return None

    def keep(self, asked: str, answer: KeptAnswer) -> None:
        """Write an answer at once; two studies that found the same keep one."""
        if not answer.lasts:
            return
        text = answer.text()
        row = (asked, code_sha256(), int(time.time() // _DAY_S), text, _sum_of(asked, text))
        with self._or_said("cannot be written"):
            if self._file is not None:
                self._file.execute("INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @contextmanager
    def _or_said(self, what: str) -> Iterator[None]:
        """Let no other thread in; say what goes wrong, once, and keep no more."""
        with self._one:
            try:
                yield
            except (OSError, sqlite3.Error) as error:
                self.said.append(f"{self.place} {what}, so points are not kept: {error}.")
                with suppress(sqlite3.Error):
                    self.close()


def _opened(place: Path) -> sqlite3.Connection:
    opened = sqlite3.connect(place, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        _write_ahead(opened)
        opened.execute("PRAGMA synchronous=NORMAL")
        opened.execute(_TABLE)
        before = int(time.time() // _DAY_S) - OLD_DAYS
        if opened.execute("SELECT 1 FROM points WHERE day < ? LIMIT 1", (before,)).fetchone():
            opened.execute("DELETE FROM points WHERE code != ? AND day < ?", (code_sha256(), before))
    except BaseException:
        opened.close()
        raise
    return opened


def _write_ahead(opened: sqlite3.Connection) -> None:
    """Have a log written ahead; SQLite waits for nobody here, so that studies that begin at once have to ask again."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            opened.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _sum_of(asked: str, text: str) -> str:
    return hashlib.sha256(f"{asked}{text}".encode()).hexdigest()


def all_said(said: Iterable[str]) -> tuple[str, ...]:
    """Return what was said, each once, with how often if it was more."""
    counts: dict[str, int] = {}
    for each in said:
        counts[each] = counts.get(each, 0) + 1
    return tuple(each if count == 1 else f"{each} ({count:,} times)" for each, count in counts.items())
