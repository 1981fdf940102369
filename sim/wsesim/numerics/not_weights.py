"""What lies where weights in safetensors are looked for and are not: said so that it can be mended.

Nothing here is read but names in a folder, the first bytes of a file, its header and its size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wsesim.errors import InputError

_NONE = "no such weights file"
_PICKLED = "is a pickled checkpoint, which may run any code when it is read; save it as safetensors"
_OTHERS: Mapping[str, str] = {
    "*.gguf": "GGUF, of llama.cpp, which is not read", "tf_model*": "of TensorFlow, which is not read",
    "*.msgpack": "of Flax, which is not read", "*.onnx": "ONNX, which is not read", "*.npz": "of NumPy",
    "adapter_model.*": "an adapter's alone: merge it into its model (`merge_and_unload` of peft) and save that",
    "*.safetensors": "under another name: those that are looked for are model.safetensors, or parts that "
    "model.safetensors.index.json names",
}  # fmt: skip
"""By the name of a file beside, what it holds."""
_PICKLES = ("pytorch_model*.bin", "*.pth", "*.pt", "*.ckpt", "*.bin")
_ZIP_OR_PICKLE = (b"PK\x03\x04", b"\x80")
"""What files start with that PyTorch or pickle wrote."""
_STARTS: Mapping[bytes, str] = {
    b"version https://git-lfs": "it is a pointer of Git LFS, in place of the file: `git lfs pull` fetches that",
    b"GGUF": "it is a file of llama.cpp (GGUF); save the model as safetensors", b"<": "it is a page of the web, in "
    "place of the file: download it again",
}  # fmt: skip
"""By how a file begins, what it is."""
_LONGEST_HEADER = 100_000_000
"""Bytes of the longest header that safetensors reads."""


def said_of_missing(path: Path) -> str:
    """Return what to say of weights that are not at *path*: what stands there in their place, or lies beside."""
    what = said_of_no_file(path)
    if what != _NONE:
        return what
    if parts := sorted(path.parent.glob("model-*-of-*.safetensors")):
        return f"{what}: {_first(parts)} there, without {path.name}.index.json, which says what each holds"
    found = ((sorted(path.parent.glob(name)), kind) for name, kind in _OTHERS.items())
    others = next(((files, kind) for files, kind in found if files), None)
    return f"{what}: {_first(others[0])} there, {others[1]}" if others else what


def said_of_no_file(path: Path) -> str:
    """Return what to say of a file that is not at *path*: that it is a link to nothing, a pipe, or nothing."""
    if path.is_symlink():
        return f"{_NONE}: it is a link to {path.readlink()}, and nothing is there; download it again, or copy the file"
    return f"{_NONE}: it is a pipe or a device" if path.exists() else _NONE


def _first(files: list[Path]) -> str:
    more = f" and {len(files) - 1} more lie" if len(files) > 1 else " lies"
    return f"{files[0].name}{more}"


def refuse_pickled_in(folder: Path) -> None:
    """Refuse a folder whose weights are pickled.

    Raises:
        InputError: there are such files; says why they are not read, and what to do.
    """
    for name in _PICKLES:
        for path in sorted(path for path in folder.glob(name) if path.is_file()):
            refuse_pickled(path)
            raise InputError.at("is no safetensors file, and nothing else is read", file=str(path))


def refuse_pickled(path: Path) -> None:
    """Refuse a checkpoint that PyTorch or pickle wrote.

    Raises:
        InputError: it is one; says why it is not read, and what to do.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_ZIP_OR_PICKLE):
        raise InputError.at(f"{_PICKLED} (`save_pretrained` of transformers does)", file=str(path))


def said_of_broken(path: Path, error: object) -> str:
    """Return what to say of a file that is no safetensors: what it is, that it is cut, or its reader's *error*."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(64)
        length = int.from_bytes(start[:8], "little")
        if kind := next((kind for begins, kind in _STARTS.items() if start.startswith(begins)), None):
            return kind
        if size < 8:
            return f"it has {size} bytes, and would begin with 8 that say how long its header is; get it again"
        if not 0 < length <= min(size - 8, _LONGEST_HEADER):
            return f"its header would have {length:,} bytes, the file has {size:,}: it is cut, or another kind of file"
        file.seek(8)
        states = 8 + length + _stated(file.read(length))
    return f"it is cut: it states {states:,} bytes and has {size:,}; get it again" if states > size else str(error)


def _stated(header: bytes) -> int:
    """Return the bytes behind a header that it states, or 0 where it states none."""
    try:
        return max(int(each["data_offsets"][1]) for name, each in json.loads(header).items() if name != "__metadata__")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return 0
