"""Whatever lies where weights are looked for: it is said what it is and what would be right, nothing large is read."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.numerics.test_checkpoint import MODELS

from wsesim.errors import InputError
from wsesim.numerics.stored import StoredTensors, weights_in

WHOLE = (MODELS / "gpt2_gelu.safetensors").read_bytes()
PICKLED = b"PK\x03\x04abc"


def holds(**files: bytes) -> Callable[[Path], None]:
    """Return what writes *files*; `__` in a name is a point."""

    def write(folder: Path) -> None:
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_bytes(content)

    return write


def weights(content: bytes) -> Callable[[Path], None]:
    return holds(model__safetensors=content)


def header(form: bytes, size: int | None = None) -> bytes:
    return (len(form) if size is None else size).to_bytes(8, "little") + form


def linked(folder: Path) -> None:
    (folder / "model.safetensors").symlink_to("blobs/abc")


def piped(folder: Path) -> None:
    os.mkfifo(folder / "model.safetensors")


def parts(folder: Path) -> None:
    """Write one of two parts, and their index."""
    (folder / "model-00001-of-00002.safetensors").write_bytes(WHOLE)
    named = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": named}))


def no_index(folder: Path) -> None:
    parts(folder)
    (folder / "model.safetensors.index.json").unlink()


SAID: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "nothing": (holds(), "model.safetensors", "no such weights file"),
    "pickled": (holds(pytorch_model__bin=PICKLED), "pytorch_model.bin", "save it as safetensors"),
    "pickled parts": (
        holds(pytorch_model__bin__index__json=b"{}", **{"pytorch_model-00001-of-2__bin": PICKLED}),
        "pytorch_model-00001-of-2.bin", "save it as safetensors",
    ),
    "pickled elsewhere": (holds(consolidated__00__pth=PICKLED), "consolidated.00.pth", "save it as safetensors"),
    "another name": (
        holds(**{"model__fp16__safetensors": WHOLE}), "model.safetensors",
        "model.fp16.safetensors lies there, under another name: those that are looked for are model.safetensors",
    ),
    "gguf": (holds(m__gguf=b"GGUF"), "model.safetensors", "m.gguf lies there, GGUF, of llama.cpp, which is not read"),
    "adapter": (holds(adapter_model__safetensors=WHOLE), "model.safetensors", "an adapter's alone: merge it"),
    "no index": (no_index, "model.safetensors", "00001-of-00002.safetensors lies there, without model.safetensors.ind"),
    "part": (parts, "model-00002-of-00002.safetensors", "index.json names 2 parts, of which 1 are there"),
    "link": (linked, "model.safetensors", "it is a link to blobs/abc, and nothing is there; download it again"),
    "pipe": (piped, "model.safetensors", "it is a pipe or a device"),
    "empty": (weights(b""), "model.safetensors", "it has 0 bytes, and would begin with 8"),
    "pointer": (weights(b"version https://git-lfs.github.com/spec/v1\n"), "model.safetensors", "`git lfs pull`"),
    "page": (weights(b"<!DOCTYPE html><html>"), "model.safetensors", "it is a page of the web"),
    "gguf inside": (weights(b"GGUF" + bytes(90)), "model.safetensors", "it is a file of llama.cpp"),
    "cut header": (weights(WHOLE[:50]), "model.safetensors", "bytes, the file has 50: it is cut"),
    "cut": (weights(WHOLE[:-100]), "model.safetensors", f"and has {len(WHOLE) - 100:,}; get it again"),
    "huge header": (weights(header(b"{}", 2**62)), "model.safetensors", "header would have 4,611,686,018,427,387,904"),
    "huge tensor": (
        weights(header(b'{"a":{"dtype":"F32","shape":[1000000000000,1000000],"data_offsets":[0,4]}}') + b"1234"),
        "model.safetensors", "found no safetensors file",
    ),
    "no offsets": (weights(header(b'{"a":{}}')), "model.safetensors", "found no safetensors file"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_it_is_said_what_lies_there(case: str, tmp_path: Path) -> None:
    write, name, message = SAID[case]
    write(tmp_path)
    with pytest.raises(InputError) as caught:
        StoredTensors(weights_in(tmp_path))
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / name}: error: ")
    assert message in said


def test_an_index_is_not_read_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsesim.numerics.stored._LONGEST_INDEX", 10)
    parts(tmp_path)
    with pytest.raises(InputError, match="is too large: an index of weights has at most 10 bytes"):
        StoredTensors(weights_in(tmp_path))
