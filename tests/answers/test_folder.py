import errno
from pathlib import Path

import pytest

from wsesim.errors import InputError
from wsesim.report import check_folder, write_report
from wsesim.report.folder import FILES, publish
from wsesim.result import Result

OLD = dict.fromkeys(FILES, b"old")
NEW = dict.fromkeys(FILES, b"new")


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_four_files_are_written(result: Result, tmp_path: Path) -> None:
    written = write_report(result, tmp_path / "runs" / "one")
    assert [path.name for path in written] == list(FILES)
    assert all(path.stat().st_size > 0 for path in written)
    assert sorted(held(tmp_path / "runs" / "one")) == sorted(FILES)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["one"]


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
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_no_run_wrote_is_never_touched(tmp_path: Path, overwrite: bool) -> None:
    publish(OLD, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds notes.txt, which no run wrote"):
        check_folder(tmp_path / "out", overwrite=overwrite)
    with pytest.raises(InputError, match=r"holds notes.txt, which no run wrote"):
        publish(NEW, tmp_path / "out", overwrite=overwrite)
    assert held(tmp_path / "out") == OLD | {"notes.txt": b"mine"}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("after", range(len(FILES)))
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
    assert list(tmp_path.iterdir()) == []


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
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_while_rendering_leaves_nothing(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(result: Result) -> bytes:
        raise RuntimeError

    monkeypatch.setattr("wsesim.report.trace.timeline_gz", fail)
    with pytest.raises(RuntimeError):
        write_report(result, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"out is a file; name a folder"):
        publish(NEW, tmp_path / "out")
    with pytest.raises(InputError, match=r"cannot write .*below"):
        publish(NEW, tmp_path / "out" / "below")
    assert (tmp_path / "out").read_text() == "a file"


def test_a_full_disk_is_the_users_to_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"cannot write .*out: no space left on device"):
        publish(NEW, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_one_works_in_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"is the folder you work in"):
        check_folder(Path("."))


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "far")
    publish(NEW, tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert held(tmp_path / "far") == NEW
