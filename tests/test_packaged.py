"""What is made of files of the package is kept, is what a reader makes of them, and is made again when they change."""

import os
import sys
from pathlib import Path

import pytest

import wsesim
from wsesim.packaged import folder_of, keep, yaml_data
from wsesim.yamlfile import read_yaml

FILES = sorted(Path(wsesim.__file__).parent.rglob("*.yaml"))


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "kept"))
    return tmp_path / "file.yaml"


def test_what_is_kept_is_what_is_read(kept: Path) -> None:
    kept.write_text("a: {b: [1, 2.5, yes, null]}\n2024-01-01: text\n")
    first = yaml_data(kept)
    assert repr(first) == repr(read_yaml(kept).data)
    assert repr(yaml_data(kept)) == repr(first)
    assert yaml_data(kept) is not first


def test_files_of_the_package_can_be_kept(kept: Path) -> None:
    (small,) = (file for file in FILES if file.name == "cs-1.yaml")
    assert repr(yaml_data(small)) == repr(yaml_data(small)) == repr(read_yaml(small).data)


def test_it_is_kept_until_the_file_changes(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.write_text("a: 1\n")
    assert yaml_data(kept) == {"a": 1}
    with monkeypatch.context() as patch:
        patch.setattr("wsesim.yamlfile.read_yaml", None)
        assert yaml_data(kept) == {"a": 1}
    kept.write_text("a: 2\n")
    os.utime(kept, ns=(1, 1))
    assert yaml_data(kept) == {"a": 2}


@pytest.mark.parametrize("content", [b"", b"no such thing", b"\xe9\x01\x00\x00\x00"])
def test_what_is_kept_and_damaged_is_made_again(kept: Path, content: bytes) -> None:
    kept.write_text("a: 1\n")
    yaml_data(kept)
    (place,) = folder_of(kept).iterdir()
    place.write_bytes(content)
    assert yaml_data(kept) == {"a": 1}
    assert place.read_bytes() != content


def test_where_nothing_can_be_kept_it_is_made_each_time(kept: Path) -> None:
    kept.write_text("a: 1\n")
    folder_of(kept).parent.mkdir(parents=True)
    folder_of(kept).write_text("a file, no folder")
    assert yaml_data(kept) == yaml_data(kept) == {"a": 1}
    keep(folder_of(kept) / "x", b"")
