"""Tensors in safetensors files: one file, or several that an index names, opened when asked for.

An index is what transformers writes beside the parts of a large model: `weight_map` has the file of each tensor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from wsesim.errors import InputError, Problem
from wsesim.numerics.arrays import Array
from wsesim.numerics.not_weights import (
    refuse_pickled,
    refuse_pickled_in,
    said_of_broken,
    said_of_missing,
    said_of_no_file,
)

WEIGHTS = "model.safetensors"
"""What transformers calls the weights of a folder."""
INDEX = ".index.json"
"""How the name of an index ends."""
_MOST_PARTS = 8
"""Parts that are missing, named one by one."""
_LONGEST_INDEX = 1 << 26
"""Bytes of an index; those of models of 10¹² weights have a quarter."""


class StoredTensors:
    """Shapes and types of all tensors, and their numbers when asked for."""

    kinds: Mapping[str, tuple[tuple[int, ...], str]]
    """Shape and type by name, in the order of the files."""

    def __init__(self, path: Path) -> None:
        """Read the headers of a file, or of all that an index names.

        Raises:
            InputError: a file is missing, broken or pickled, or has not what the index says.
        """
        self.path = path
        self._files = _indexed(path) if path.name.endswith(INDEX) else dict.fromkeys(_header(path), path)
        _require_parts(path, self._files)
        headers = {file: _header(file) for file in dict.fromkeys(self._files.values())}
        for name, file in self._files.items():
            if name not in headers[file]:
                raise InputError.at(f"names tensor {name!r} in {file.name}, which does not have it", file=str(path))
        self.kinds = {name: headers[file][name] for name, file in self._files.items()}

    @contextmanager
    def opened(self) -> Iterator[Reader]:
        """Open files as they are read from, and close them at the end: their pages are then no part of this process."""
        with ExitStack() as stack:
            yield Reader(self._files, self.kinds, stack)


class Reader:
    """Reads tensors of files that it opens once."""

    def __init__(
        self, files: Mapping[str, Path], kinds: Mapping[str, tuple[tuple[int, ...], str]], stack: ExitStack
    ) -> None:  # fmt: skip
        self._files, self._kinds, self._stack = files, kinds, stack
        self._open: dict[Path, Any] = {}

    def read(self, name: str) -> Array:
        """Return a tensor as it is stored.

        Raises:
            InputError: it can no longer be read.
        """
        path = self._files[name]
        if self._kinds[name][1] == "BF16":
            return _of_bf16(path, name)
        try:
            if path not in self._open:
                self._open[path] = self._stack.enter_context(_open(path))
            stored: Array = self._open[path].get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise InputError.at(f"cannot read tensor {name!r}: {error}", file=str(path)) from None
        return stored


def _of_bf16(path: Path, name: str) -> Array:
    """Return a tensor of bf16, which NumPy has not, in fp32: the upper half of its bits.

    A file begins with the length of its header, then that, as JSON with the place of each tensor behind it.
    """
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            stated = json.loads(file.read(size))[name]
            first, stop = stated["data_offsets"]
            file.seek(8 + size + first)
            half = np.frombuffer(file.read(stop - first), dtype="<u2")
        return (half.astype(np.uint32) << 16).view(np.float32).reshape(stated["shape"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError.at(f"cannot read tensor {name!r}: {error}", file=str(path)) from None


def weights_in(folder: Path) -> Path:
    """Return the file of a folder's weights, or the index of those that they are in; of none, what its name would be.

    Raises:
        InputError: there is a pickled checkpoint in their place.
    """
    one, several = folder / WEIGHTS, folder / f"{WEIGHTS}{INDEX}"
    if not any(path.exists() or path.is_symlink() for path in (one, several)):
        refuse_pickled_in(folder)
    return several if several.exists() and not one.exists() else one


def _open(path: Path) -> safe_open:
    name = str(path)
    if path.is_dir():
        raise InputError.at(f"this is a directory; name a .safetensors file in it, or its {INDEX}", file=name)
    if not path.is_file():
        raise InputError.at(said_of_missing(path), file=name)
    try:
        return safe_open(path, framework="numpy")
    except SafetensorError as error:
        refuse_pickled(path)
        raise InputError.at(
            f"found no safetensors file, wanted one: {said_of_broken(path, error)}", file=name
        ) from None
    except (OSError, ValueError) as error:
        raise InputError.at(f"cannot read this weights file: {error}", file=name) from None


def _header(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return shape and type of every tensor, in the file's order."""
    with _open(path) as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in slices.items()}


def _require_parts(path: Path, files: Mapping[str, Path]) -> None:
    """Name every part that an index at *path* names and that is not there."""
    parts = dict.fromkeys(files.values())
    if missing := [part for part in parts if not part.exists()]:
        there = f"{path.name} names {len(parts)} parts, of which {len(parts) - len(missing)} are there"
        raise InputError(
            [Problem(f"{said_of_no_file(part)}; {there}", file=str(part)) for part in missing[:_MOST_PARTS]]
        )


def _indexed(path: Path) -> dict[str, Path]:
    """Return the file of each tensor that an index names; all lie beside it."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_INDEX + 1)
        if len(text) > _LONGEST_INDEX:
            raise InputError.at(
                f"is too large: an index of weights has at most {_LONGEST_INDEX:,} bytes", file=str(path)
            )
        found = json.loads(text)
    except FileNotFoundError:
        raise InputError.at("no such index of weights", file=str(path)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError.at(f"cannot read this index of weights: {error}", file=str(path)) from None
    names = found.get("weight_map") if isinstance(found, dict) else None
    if not isinstance(names, dict) or not names:
        raise InputError.at("has no `weight_map` with the file of each tensor", file=str(path))
    for file in names.values():
        if not isinstance(file, str) or Path(file).name != file:
            raise InputError.at(f"names {file!r}, wanted a file beside it", file=str(path))
    return {name: path.with_name(file) for name, file in names.items()}
