import errno
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from wsesim.answer import Result
from wsesim.answers import check_folder, folder, publish, write_result
from wsesim.answers.mark import MARK
from wsesim.errors import InputError

FILES = ("report.html", "result.json", "ops.csv")
OLD = dict.fromkeys(FILES, b"old")
NEW = dict.fromkeys(FILES, b"new")


def held(where: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in where.iterdir() if path.name != MARK}


def left(where: Path) -> list[str]:
    return sorted(path.name for path in where.iterdir())


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace as systems do that cannot exchange two folders."""
    monkeypatch.setattr(folder, "exchange", lambda one, other: False)


def test_a_run_is_written_with_its_mark(result: Result, tmp_path: Path) -> None:
    written = write_result(result, tmp_path / "runs" / "one")
    assert all(path.stat().st_size > 0 for path in written)
    assert left(tmp_path / "runs" / "one") == sorted([MARK, *(path.name for path in written)])
    assert left(tmp_path / "runs") == ["one"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    publish(NEW, tmp_path / "out")
    assert held(tmp_path / "out") == NEW


def test_a_former_run_is_kept_unless_told(tmp_path: Path) -> None:
    publish(OLD, tmp_path / "out")
    with pytest.raises(
        InputError, match=r"out is an existing run folder; pass --force to replace it, or another --out"
    ):
        publish(NEW, tmp_path / "out")
    assert held(tmp_path / "out") == OLD
    publish(NEW, tmp_path / "out", overwrite=True)
    assert held(tmp_path / "out") == NEW
    assert left(tmp_path) == ["out"]


def test_a_run_with_fewer_files_leaves_none_of_the_old(tmp_path: Path) -> None:
    publish(OLD, tmp_path / "out")
    publish({"report.html": b"new"}, tmp_path / "out", overwrite=True)
    assert held(tmp_path / "out") == {"report.html": b"new"}


def add_a_file(out: Path) -> str:
    (out / "notes.txt").write_text("mine")
    return "notes.txt"


def add_a_folder(out: Path) -> str:
    (out / "ops.csv").unlink()
    (out / "ops.csv").mkdir()
    (out / "ops.csv" / "mine").write_text("mine")
    return "ops.csv"


def write_over(out: Path) -> str:
    (out / "report.html").write_text("mine")
    return "report.html"


def link(out: Path) -> str:
    (out / "report.html").unlink()
    (out / "report.html").symlink_to(out / "ops.csv")
    return "report.html"


def add_a_name_of_ours(out: Path) -> str:
    (out / "timeline.json.gz").write_bytes(b"mine")
    return "timeline.json.gz"


def lose_the_mark(out: Path) -> str:
    (out / MARK).unlink()
    return "ops.csv and 2 more"


def spoil_the_mark(out: Path) -> str:
    (out / MARK).write_text("[1]")
    return rf"{MARK} and 3 more"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "change", [add_a_file, add_a_folder, write_over, link, add_a_name_of_ours, lose_the_mark, spoil_the_mark]
)
def test_what_no_run_wrote_is_never_touched(tmp_path: Path, change: Callable[[Path], str], overwrite: bool) -> None:
    publish(OLD, tmp_path / "out")
    name = change(tmp_path / "out")
    before = left(tmp_path / "out")
    for refused in (lambda: check_folder(tmp_path / "out", overwrite=overwrite),
                    lambda: publish(NEW, tmp_path / "out", overwrite=overwrite)):  # fmt: skip
        with pytest.raises(InputError, match=rf"out holds {name}, which no run wrote"):
            refused()
    assert left(tmp_path / "out") == before
    assert b"new" not in [path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()]


def test_a_page_of_the_users_alone_is_not_a_run(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("mine")
    with pytest.raises(InputError, match=r"holds report.html, which no run wrote"):
        publish(NEW, tmp_path / "out", overwrite=True)


@pytest.mark.usefixtures("two_steps")
def test_what_comes_between_looking_and_replacing_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(OLD, tmp_path / "out")
    rename = Path.rename

    def with_a_note(path: Path, target: Path) -> Path:
        if path.name == "out":
            (path / "notes.txt").write_text("mine")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", with_a_note)
    with pytest.raises(InputError, match=r"holds notes.txt, which no run wrote"):
        publish(NEW, tmp_path / "out", overwrite=True)
    assert held(tmp_path / "out") == OLD | {"notes.txt": b"mine"}
    assert left(tmp_path) == ["out"]


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="other systems cannot exchange two folders")
@pytest.mark.parametrize("note", [False, True])
def test_old_and_new_change_places_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: bool) -> None:
    out, exchange = tmp_path / "out", folder.exchange
    publish(OLD, out)
    done: list[bool] = []

    def noted(one: Path, other: Path) -> bool:
        if note and not done:
            (out / "notes.txt").write_text("mine")
        done.append(exchange(one, other))
        return done[-1]

    monkeypatch.setattr(folder, "exchange", noted)
    with pytest.raises(InputError, match=r"holds notes.txt, which no run wrote") if note else nullcontext():
        publish(NEW, out, overwrite=True)
    assert done == ([True, True] if note else [True])
    assert held(out) == (OLD | {"notes.txt": b"mine"} if note else NEW)
    assert left(tmp_path) == ["out"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("after", range(len(FILES) + 1))
def test_an_interrupt_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException], after: int
) -> None:
    write_bytes = Path.write_bytes
    written: list[Path] = []

    def interrupted(path: Path, content: bytes) -> int:
        if len(written) == after:
            raise stop
        written.append(path)
        return write_bytes(path, content)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(stop):
        publish(NEW, tmp_path / "out")
    assert left(tmp_path) == []


@pytest.mark.usefixtures("two_steps")
def test_an_interrupt_between_the_renames_brings_the_old_run_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(OLD, tmp_path / "out")
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        publish(NEW, tmp_path / "out", overwrite=True)
    assert held(tmp_path / "out") == OLD
    assert left(tmp_path) == ["out"]


def test_of_two_runs_at_once_only_one_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, rename = tmp_path / "out", Path.rename
    inner: list[bool] = []

    def meanwhile(path: Path, target: Path) -> Path:
        if path.name == "new" and not inner:
            inner.append(True)
            publish(OLD, out)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", meanwhile)
    with pytest.raises(InputError, match=r"another run wrote .*out meanwhile"):
        publish(NEW, out)
    assert held(out) == OLD
    assert left(tmp_path) == ["out"]


@pytest.mark.parametrize("step", [("out", "old"), ("new", "out")])
@pytest.mark.usefixtures("two_steps")
def test_of_two_forced_runs_at_once_one_whole_run_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: tuple[str, str]
) -> None:
    out, rename = tmp_path / "out", Path.rename
    publish(OLD, out)
    said: list[str] = []

    def meanwhile(path: Path, target: Path) -> Path:
        if (path.name, target.name) == step and not said:
            said.append("")
            try:
                publish(NEW, out, overwrite=True)
            except InputError as error:
                said.append(str(error))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", meanwhile)
    publish({"report.html": b"late"}, out, overwrite=True)
    assert held(out) == {"report.html": b"late"}
    assert [words for words in said if words] == ([] if step[0] == "out" else [
        f"error: another run writes {out} now; name another folder with --out"
    ])  # fmt: skip
    assert left(tmp_path) == ["out"]


def test_a_failure_while_rendering_leaves_nothing(make: Callable[..., Result], tmp_path: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_result(make(files={"trace.json": fail}), tmp_path / "out")
    assert left(tmp_path) == []


FULL = OSError(errno.ENOSPC, "No space left on device")
LOST = OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("fault", [FULL, LOST, OSError(errno.EROFS, "Read-only file system"), OSError()])
@pytest.mark.parametrize(("owner", "name"), [(Path, "write_bytes"), (Path, "mkdir"), (Path, "rename"), (os, "write")])
def test_a_full_disk_is_the_users_to_know_and_costs_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, fault: OSError
) -> None:
    publish(OLD, tmp_path / "out")

    def full(*_: object, **__: object) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, full)
        with pytest.raises(InputError, match=r"cannot write .*out: .*; choose another place"):
            publish(NEW, tmp_path / "out", overwrite=True)
    assert held(tmp_path / "out") == OLD
    assert left(tmp_path) == ["out"]


def test_the_folder_one_works_in_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"is the folder you work in"):
        check_folder(Path("."))


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "far")
    publish(OLD, tmp_path / "out")
    publish(NEW, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out").is_symlink()
    assert held(tmp_path / "far") == NEW


def test_a_name_with_signs_of_a_pattern_is_a_name(tmp_path: Path) -> None:
    for _ in range(2):
        publish(NEW, tmp_path / "out[*]?", overwrite=True)
    assert left(tmp_path) == ["out[*]?"]
