"""Whenever a process is killed, what was there is there again, and nothing is left but that."""

import json
import multiprocessing
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from wsesim.answers import beside, check_folder, folder, publish, write_file
from wsesim.answers.mark import MARK
from wsesim.errors import InputError

OLD = {"report.html": b"old", "ops.csv": b"old"}
NEW = {"report.html": b"new", "timeline.json.gz": b"new"}
TOUCHES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "fcntl.flock"}
"""What a process does to files, as Python's audit hooks name it."""
DIED = 9
pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks, and locks files")


def held(where: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in where.iterdir() if path.name != MARK}


def left(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir())


def _killed_at(number: int, work: Callable[[], object]) -> None:
    touched = count()

    def kill(event: str, _: object) -> None:
        if event in TOUCHES and next(touched) == number:
            os._exit(DIED)

    sys.addaudithook(kill)
    work()
    os._exit(0)


def died(number: int, work: Callable[[], object]) -> bool:
    """Do *work* in a process that is killed before it touches files for the time *number*; return whether it was."""
    process = multiprocessing.get_context("fork").Process(target=_killed_at, args=(number, work))
    process.start()
    process.join()
    assert process.exitcode in (0, DIED)
    return process.exitcode == DIED


@pytest.mark.parametrize("one_step", [True, False])
@pytest.mark.parametrize("before", [OLD, None])
@pytest.mark.every(4)
def test_a_run_killed_at_any_step_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, bytes] | None, one_step: bool
) -> None:
    if not one_step:
        monkeypatch.setattr(folder, "exchange", lambda one, other: False)
    for number in count():
        here = tmp_path / str(number)
        here.mkdir()
        out = here / "out"
        if before:
            publish(before, out)
        killed = died(number, partial(publish, NEW, out, overwrite=True))
        if before and one_step and sys.platform in ("linux", "darwin"):
            assert held(out) in (before, NEW)
        with suppress(InputError):
            check_folder(out)
        assert not out.exists() or held(out) in (before, NEW)
        assert left(here) == (["out"] if before or out.exists() else [])
        if not killed:
            assert held(out) == NEW
            assert number > 10
            return


def test_a_run_killed_while_it_tidies_costs_nothing(tmp_path: Path) -> None:
    for number in count():
        here = tmp_path / str(number)
        here.mkdir()
        out = here / "out"
        _leave_between_renames(out)
        killed = died(number, partial(publish, NEW, out, overwrite=True))
        with pytest.raises(InputError, match="existing run folder"):
            check_folder(out)
        assert held(out) in (OLD, NEW)
        assert left(here) == ["out"]
        if not killed:
            return


@pytest.mark.parametrize("before", [b"old", None])
def test_a_file_killed_at_any_step_costs_nothing(tmp_path: Path, before: bytes | None) -> None:
    for number in count():
        here = tmp_path / str(number)
        here.mkdir()
        file = here / "file"
        if before:
            file.write_bytes(before)
        killed = died(number, partial(write_file, b"new", file, overwrite=before is not None))
        assert (file.read_bytes() if file.exists() else None) in (before, b"new")
        write_file(b"next", file, overwrite=True)
        assert left(here) == ["file"]
        if not killed:
            return


def _leave_between_renames(out: Path) -> Path:
    """Make what a run leaves that was killed when it had moved the old one away."""
    publish(OLD, out)
    hidden = leftover(out.parent)
    out.rename(hidden / "old")
    return hidden


def leftover(where: Path, *, host: str | None = None, age_s: float = 0.0) -> Path:
    hidden = where / ".out.wsesim-abcdefgh"
    (hidden / "new").mkdir(parents=True)
    (hidden / "owner").write_text(json.dumps({"program": "wsesim", "host": host or platform.node()}))
    os.utime(hidden, (time.time() - age_s,) * 2)
    return hidden


def test_what_other_names_left_stays_until_theirs_is_asked_for(tmp_path: Path) -> None:
    hidden = leftover(tmp_path)
    publish(NEW, tmp_path / "out.two")
    publish(NEW, tmp_path / "two")
    assert hidden.exists()
    check_folder(tmp_path / "out")
    assert not hidden.exists()


def test_a_run_that_is_at_work_keeps_its_folder(tmp_path: Path) -> None:
    with beside.beside(tmp_path / "out") as hidden:
        (hidden / "new").mkdir()
        publish(NEW, tmp_path / "out")
        assert hidden.exists()
    assert left(tmp_path) == ["out"]


def test_a_run_between_its_renames_is_not_overtaken(tmp_path: Path) -> None:
    out = tmp_path / "out"
    publish(OLD, out)
    with beside.beside(out) as hidden:
        (hidden / "new").mkdir()
        out.rename(hidden / "old")
        with pytest.raises(InputError, match=r"another run writes .*out now"):
            publish(NEW, out)
    assert held(out) == OLD
    assert left(tmp_path) == ["out"]


@pytest.mark.parametrize(("age_s", "stays"), [(60.0, True), (2 * 86400.0, False)])
def test_what_another_machine_left_goes_after_a_day(tmp_path: Path, age_s: float, stays: bool) -> None:
    hidden = leftover(tmp_path, host="elsewhere", age_s=age_s)
    publish(NEW, tmp_path / "out")
    assert hidden.exists() == stays


@pytest.mark.parametrize(("age_s", "stays"), [(60.0, True), (2 * 86400.0, False)])
def test_where_files_cannot_be_locked_it_goes_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_s: float, stays: bool
) -> None:
    def none(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("fcntl.flock", none)
    hidden = leftover(tmp_path, age_s=age_s)
    publish(NEW, tmp_path / "out")
    assert hidden.exists() == stays


def test_a_hidden_folder_of_the_users_is_not_a_leftover(tmp_path: Path) -> None:
    mine = tmp_path / ".out.wsesim-settings"
    mine.mkdir()
    (mine / "owner").write_text("me")
    more = leftover(tmp_path)
    (more / "notes.txt").write_text("mine")
    (tmp_path / "far").mkdir()
    (tmp_path / ".out.wsesim-link").symlink_to("far")
    publish(NEW, tmp_path / "out")
    assert left(tmp_path) == sorted([mine.name, more.name, "far", ".out.wsesim-link", "out"])


def test_a_folder_taken_for_a_left_one_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    lock = beside._lock

    def overtaken(owner: int, *, wait: bool = True) -> bool | None:
        if len(made) < 2:
            made.extend(tmp_path.iterdir())
            shutil.rmtree(made[-1])
        return lock(owner, wait=wait)

    monkeypatch.setattr(beside, "_lock", overtaken)
    with beside.beside(tmp_path / "out") as hidden:
        assert hidden not in made
    assert len(made) == 2
    assert left(tmp_path) == []
