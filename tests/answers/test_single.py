"""One file is written whole or not at all, and never in place of what is no file."""

import errno
import os
from pathlib import Path

import pytest

from wsesim.answers import write_file
from wsesim.errors import InputError


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_the_folders_it_needs(tmp_path: Path) -> None:
    write_file(b"new", tmp_path / "a" / "b" / "file")
    assert (tmp_path / "a/b/file").read_bytes() == b"new"
    assert left(tmp_path / "a/b") == ["file"]


def test_a_file_that_is_there_is_replaced_only_if_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    file.chmod(0o600)
    with pytest.raises(InputError, match=r"file: error: is already there; give --force"):
        write_file(b"new", file)
    assert file.read_bytes() == b"old"
    write_file(b"new", file, overwrite=True)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert left(tmp_path) == ["file"]


def test_a_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(InputError, match=r"is a folder; choose another"):
        write_file(b"new", tmp_path / "file", overwrite=True)
    assert (tmp_path / "file").is_dir()


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "far").write_bytes(b"old")
    (tmp_path / "file").symlink_to("far")
    write_file(b"new", tmp_path / "file", overwrite=True)
    assert (tmp_path / "file").is_symlink()
    assert (tmp_path / "far").read_bytes() == b"new"


def test_a_link_that_leads_nowhere_stays(tmp_path: Path) -> None:
    (tmp_path / "file").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"is already there"):
        write_file(b"new", tmp_path / "file")
    with pytest.raises(InputError, match=r"is a link to nowhere, which is not there"):
        write_file(b"new", tmp_path / "file", overwrite=True)
    assert left(tmp_path) == ["file"]


def test_a_device_is_written_to() -> None:
    write_file(b"new", Path(os.devnull), overwrite=True)
    assert not Path(os.devnull).is_file()


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="links to pipes")
def test_a_link_to_a_pipe_is_written_to() -> None:
    read, write = os.pipe()
    write_file(b"new", Path(f"/proc/self/fd/{write}"), overwrite=True)
    os.close(write)
    assert os.read(read, 10) == b"new"
    os.close(read)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["link", "replace", "write_bytes"])
def test_a_full_disk_leaves_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, overwrite: bool
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "file"
    if overwrite:
        file.write_bytes(b"old")
    if name == ("replace", "link")[overwrite]:
        return
    monkeypatch.setattr(os if name == "link" else Path, name, full)
    with pytest.raises(InputError, match=r"cannot write .*file: no space left on device; choose another place"):
        write_file(b"new", file, overwrite=overwrite)
    assert left(tmp_path) == (["file"] if overwrite else [])
    assert not overwrite or file.read_bytes() == b"old"


@pytest.mark.parametrize("links", [True, False])
def test_of_two_at_once_one_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    link = os.link

    def late(new: Path, place: Path) -> None:
        place.write_bytes(b"first")
        if not links:
            raise OSError(errno.EPERM, "Operation not permitted")
        link(new, place)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(InputError, match=r"is already there"):
        write_file(b"second", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert left(tmp_path) == ["file"]


def test_a_file_system_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    write_file(b"new", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert left(tmp_path) == ["file"]
