"""Where nothing can be written is said in a sentence, before anything is simulated."""

import os
import sys
from functools import partial
from pathlib import Path

import pytest

from wsesim.answers import check_file, check_folder, publish, write_file
from wsesim.errors import InputError

LONG = "n" * 300
NEARLY = "n" * 250
"""A name that is right, but not for a hidden folder beside it."""


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match=r"out is a file; name a folder"):
        check_folder(tmp_path / "out")
    for check in (check_folder, check_file):
        with pytest.raises(InputError, match=r"out: error: is a file, so the folder .*below.* cannot be made"):
            check(tmp_path / "out" / "below" / "it")
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("target", ["nowhere", "link"])
@pytest.mark.parametrize("below", ["", "a", "a/b"])
def test_a_link_that_leads_nowhere_stays(tmp_path: Path, target: str, below: str) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(InputError, match=rf"link: error: is a link to {target}, which is not there"):
        publish({"a": b""}, tmp_path / "link" / below, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("name", [LONG, NEARLY, f"missing/{LONG}", f"{LONG}/a", f"missing/{NEARLY}/a"])
def test_a_name_that_is_too_long_is_refused_first(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot write .*: file name too long; choose another"):
        check_folder(tmp_path / name)
    with pytest.raises(InputError, match=r"cannot write .*: file name too long; choose another"):
        check_file(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_refused_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish({"a": b""}, tmp_path / "out")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    checks = (
        partial(check_folder, tmp_path / "new" / "folder"), partial(check_folder, tmp_path / "out", overwrite=True),
        partial(check_file, tmp_path / "file"),
    )  # fmt: skip
    for check in checks:
        with pytest.raises(InputError, match=rf"{tmp_path.name}: error: cannot be written to; choose another folder"):
            check()


def test_the_root_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="name a folder below it"):
        check_folder(Path(tmp_path.anchor), overwrite=True)


def test_where_a_file_system_begins_nothing_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == tmp_path)
    with pytest.raises(InputError, match=r"is where a file system begins, which cannot be replaced"):
        check_folder(tmp_path)
    write_file(b"", tmp_path / "file")


def test_a_folder_one_works_in_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(InputError, match=r"the folder you work in is not there any more"):
        check_folder(Path("out"))
    publish({"a": b""}, tmp_path / "out")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text alone")
def test_a_name_that_is_no_text_is_a_name(tmp_path: Path) -> None:
    out = tmp_path / os.fsdecode(b"caf\xe9")
    publish({"a": b"x"}, out)
    with pytest.raises(InputError, match="existing run folder"):
        check_folder(out)
    assert (out / "a").read_bytes() == b"x"
