"""Points are answered once: whatever is repeated, extended, killed, damaged, full, or at work at the same time."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from wsesim import questions
from wsesim.study import Study, journal_place, load_study, point, sweep
from wsesim.study.journal import Journal, KeptAnswer, asked_sha256, code_sha256

MakeStudy = Callable[[str], Study]
GRID = "vary: {cluster.systems: [1, 2, 193], batch.sequences: [4, 6]}\nfigures: [step_s, mfu, passes]\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "points.sqlite"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is asked from now on, by name of the question."""
    found: list[str] = []
    sketch = questions.sketch

    def noted(question: Any, *, level: Any = None) -> Any:
        found.append(question.asked.name)
        return sketch(question, level=level)

    monkeypatch.setattr(questions, "sketch", noted)
    return found


def change(place: Path, statement: str) -> None:
    with sqlite3.connect(place) as file:
        file.execute(statement)


def test_no_point_is_answered_twice(study: MakeStudy, place: Path, asked: list[str]) -> None:
    plain = sweep(study(GRID))
    asked.clear()
    first = sweep(study(GRID), journal=place)
    assert (first, first.known, len(asked)) == (plain, 0, 4)  # two of the points cannot be asked
    again = sweep(study(GRID), journal=place)
    assert (again, again.known, len(asked)) == (plain, 4, 4)
    assert again.to_dict() == plain.to_dict()
    more = sweep(study(GRID.replace("[4, 6]", "[4, 6, 8]").replace("step_s", "spent.fmac, gap.fmac")), journal=place)
    assert (more.known, len(asked)) == (4, 6)
    assert all(row.figures["spent.fmac"] for row in more.rows[:6])


def test_what_is_asked_decides_what_is_found(study: MakeStudy, place: Path, asked: list[str]) -> None:
    base = "vary: {batch.sequences: [4]}\n"
    sweep(study(base), journal=place)
    for other in (f"{base}level: closed\n", f"{base}set: {{hardware.wafer.io: 1 Tb/s}}\n"):
        assert sweep(study(other), journal=place).known == 0
    assert sweep(study(f"{base}name: other\nquestion: Why?\n"), journal=place).known == 1
    code = code_sha256()
    change(place, "UPDATE points SET code = 'older'")
    assert sweep(study(base), journal=place).known == 0
    assert len(asked) == 4
    assert code == code_sha256()


@pytest.mark.parametrize("damage", ["answer = substr(answer, 2)", "sum = ''", "answer = replace(answer, 'e-', 'e-1')"])
def test_a_damaged_entry_is_answered_anew_and_said(study: MakeStudy, place: Path, damage: str) -> None:
    plain = sweep(study(GRID), journal=place)
    change(place, f"UPDATE points SET {damage} WHERE asked = (SELECT min(asked) FROM points)")
    found = sweep(study(GRID), journal=place)
    assert (found, found.known) == (plain, 3)
    assert found.said == (f"A point kept in {place} was damaged, and is answered anew.",)
    assert sweep(study(GRID), journal=place).known == 4


def test_a_damaged_file_is_set_aside_and_said(study: MakeStudy, place: Path) -> None:
    place.parent.mkdir()
    place.write_text("no database, but longer than its header has to be: " * 40)
    found = sweep(study(GRID), journal=place)
    assert found.count()["ok"] == 4
    assert "was damaged; it is set aside as points.sqlite.damaged" in found.said[0]
    point.journal_at.cache_clear()
    assert sweep(study(GRID), journal=place).known == 4


def test_a_full_disk_and_a_place_that_cannot_be_stop_nothing(study: MakeStudy, place: Path, tmp_path: Path) -> None:
    plain = sweep(study(GRID))
    file = point.journal_at(place)._file
    assert file is not None
    file.execute("PRAGMA max_page_count = 2")  # as on a disk that is full
    found = sweep(study(GRID), journal=place)
    assert found == plain
    assert "cannot be written, so points are not kept: database or disk is full" in found.said[0]
    (tmp_path / "file").write_text("")
    nowhere = sweep(study(GRID), journal=tmp_path / "file" / "points.sqlite")
    assert nowhere == plain
    assert "cannot be opened, so points are not kept" in nowhere.said[0]


def test_studies_at_once_share_it_and_an_executor_of_somebody_else_does(study: MakeStudy, place: Path) -> None:
    loaded = study(GRID)
    with ThreadPoolExecutor(4) as threads, ThreadPoolExecutor(2) as pool:
        tables = list(threads.map(lambda _: sweep(loaded, journal=place), range(4)))
        elsewhere = sweep(loaded, journal=place, executor=pool)
        fresh = sweep(loaded, journal=place.with_name("other.sqlite"), executor=pool)
    assert all(table == tables[0] and not table.said for table in (*tables, elsewhere, fresh))
    assert (elsewhere.known, fresh.known) == (4, 0)
    assert sweep(loaded, journal=place.with_name("other.sqlite")).known == 4
    assert sweep(loaded, journal=place, jobs=2).known == 4


def test_many_that_begin_at_once_open_one_file(place: Path) -> None:
    kept = KeptAnswer(status="ok", why="", figures={"a": 1.0}, spent={}, gap=None)
    with ThreadPoolExecutor(8) as threads:
        for number in range(6):
            opened = list(threads.map(Journal.open, [place.with_name(f"{number}.sqlite")] * 8))
            assert not [said for each in opened for said in each.said]
            list(threads.map(lambda n, one=opened[0]: (one.keep(str(n % 5), kept), one.get(str(n % 5))), range(200)))
            assert {opened[1].get(str(n)) == kept for n in range(5)} == {True}
            for each in opened:
                each.close()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert journal_place() is None  # as tests have it
    monkeypatch.setenv("WSESIM_POINTS", str(tmp_path / "mine"))
    assert journal_place() == tmp_path / "mine"
    monkeypatch.delenv("WSESIM_POINTS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert journal_place() == tmp_path / "wsesim" / "points.sqlite"


def test_numbers_come_back_as_the_same_bits(place: Path, study: MakeStudy) -> None:
    journal = Journal.open(place)
    kept = KeptAnswer(status="ok", why="", figures={"a": 0.1 + 0.2, "b": 3, "c": True, "d": None, "e": 1e-300},
                      spent={"x": 1 / 3}, gap=None)  # fmt: skip
    question = study(GRID).base
    journal.keep(key := asked_sha256(question, None), kept)
    assert journal.get(key) == kept
    assert [type(value) for value in journal.get(key).figures.values()] == [float, int, bool, type(None), float]  # type: ignore[union-attr]
    journal.close()


SWEEPS = """
import sys
from pathlib import Path
from wsesim.study import load_study, sweep

if __name__ == "__main__":
    told = lambda done, total: print(done, flush=True)
    found = sweep(load_study(sys.argv[1]), jobs=int(sys.argv[3]), journal=Path(sys.argv[2]), progress=told)
    print("done", found.known, flush=True)
"""


def kept_in(place: Path) -> int:
    if not place.exists():
        return 0
    file = sqlite3.connect(place)
    try:
        return int(file.execute("SELECT count(*) FROM points").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        file.close()


def killed_and_repeated(file: Path, place: Path, points: int, kills: int, jobs: int) -> None:
    """Kill a study again and again; what was kept is kept, and the last run answers what is missing, once each."""
    script, draw = file.with_name("sweeps.py"), random.Random(kills)
    script.write_text(SWEEPS, "utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command, before = [sys.executable, str(script), str(file), str(place), str(jobs)], 0
    for number in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            stop = before + max(1, (points - before) * draw.randint(0, 100) // (60 * (kills - number)))
            told = 0
            while told < stop and (line := process.stdout.readline()) and line.strip().isdigit():
                told = int(line)
            time.sleep(draw.random() / 50)
            process.send_signal(signal.SIGKILL)
        kept = kept_in(place)
        assert kept >= max(before, told), "what was told was kept"
        before = kept
    last = sweep(load_study(file), jobs=jobs, journal=place)
    assert (last.known, last.count()["ok"], last.said) == (before, points, ())
    assert kept_in(place) == points


def test_a_study_that_is_killed_loses_and_doubles_nothing(kernel_study: Callable[[str], Path], place: Path) -> None:
    file = kernel_study("vary: {hardware.core.clock: {from: 0.5 GHz, to: 1.5 GHz, steps: 30}}\n")
    killed_and_repeated(file, place, 30, kills=1, jobs=1)


@pytest.mark.nightly
@pytest.mark.parametrize("jobs", [1, 2])
def test_fifty_kills_lose_and_double_nothing(kernel_study: Callable[[str], Path], place: Path, jobs: int) -> None:
    file = kernel_study("vary: {hardware.core.clock: {from: 0.5 GHz, to: 1.5 GHz, steps: 1000}}\n")
    killed_and_repeated(file, place, 1000, kills=50, jobs=jobs)
