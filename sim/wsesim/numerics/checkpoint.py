"""Weights from a safetensors file in Hugging Face naming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike
from safetensors import SafetensorError, safe_open

from wsesim.errors import InputError, Problem, nearest
from wsesim.graph import Block, Graph, Tensor
from wsesim.numerics.arrays import Array
from wsesim.numerics.naming import FAMILIES, Family, family_of, part_widths

_MOST_PROBLEMS = 8
"""Problems listed one by one; the rest are counted."""
_READABLE = ("F16", "F32", "F64")
_PICKLED = (b"PK\x03\x04", b"\x80")
"""What files start with that PyTorch or pickle wrote."""


class SafetensorsWeights:
    """The weights of a GPT-2, GPT-J, Llama or BERT checkpoint, read when asked for.

    Names, shapes and types of all tensors are checked when the file is opened; its numbers when they are read. Tensors
    that the graph has no use for are left alone.
    """

    def __init__(self, path: Path, graph: Graph, dtype: DTypeLike = np.float32) -> None:
        """Check the file at *path* against the shapes of *graph*; its numbers are read as *dtype*.

        Raises:
            InputError: not a safetensors file, names of no known scheme, or tensors that are missing or of another
                shape, type, depth or vocabulary than the graph's: every one of them, up to eight.
        """
        self._path = path
        self._graph = graph
        self._dtype = dtype
        self._blocks = {block.name: block for block in graph.blocks}
        self._found = _read_header(path)
        self._family, self._base = self._recognise()
        # A tied head would say the same again.
        messages = dict.fromkeys(self._mismatches())
        problems = [Problem(message, file=str(path)) for message in messages]
        if len(problems) > _MOST_PROBLEMS:
            rest = len(problems) - _MOST_PROBLEMS
            problems[_MOST_PROBLEMS:] = [Problem(f"... and {rest} more tensors do not match", file=str(path))]
        if problems:
            raise InputError(problems)

    def load(self, block: str, copy: int) -> dict[str, Array]:
        """Return the weights of one copy of a block.

        Raises:
            InputError: a tensor holds NaN or infinity, or the file can no longer be read.
        """
        arrays = {}
        with _open(self._path) as file:
            for tensor in self._blocks[block].weights():
                names, out_in = self._sources(tensor, copy)
                parts = [self._read(file, name) for name in names]
                parts = [part.T for part in parts] if out_in else parts
                arrays[tensor.name] = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
        return arrays

    def _recognise(self) -> tuple[Family, str]:
        recognised = family_of(self._found)
        if recognised is None:
            known = ", ".join(family.name for family in FAMILIES)
            example = next(iter(self._found), None)
            seen = f"the first is {example!r}" if example else "there are none"
            raise InputError.at(f"the tensors follow no known naming ({known}); {seen}", file=str(self._path))
        return recognised

    def _sources(self, tensor: Tensor, copy: int) -> tuple[tuple[str, ...], bool]:
        """Return the file's tensors for one of the graph; a tied head is the token table."""
        stored = self._family.tensors(tensor.of or tensor.name, self._base, copy)
        if stored is None:
            raise InputError.at(
                f"the model has {tensor.name}, which {self._family.name} naming does not know: the file is of another "
                "kind of model",
                file=str(self._path),
            )
        return stored

    def _mismatches(self) -> Iterator[str]:
        """Say everything that is wrong, layer counts first because they explain much of what follows."""
        repeated = [block for block in self._graph.blocks if block.name == "layer"]
        found = self._family.layers_in(self._found, self._base)
        for block in repeated:
            if found != block.repeat:
                yield f"found {found} layers, wanted {block.repeat}: the model's depth is another"
        for block in self._graph.blocks:
            copies = min(block.repeat, found) if block in repeated else block.repeat
            for copy in range(copies):
                yield from self._mismatches_of(block, copy)

    def _mismatches_of(self, block: Block, copy: int) -> Iterator[str]:
        for tensor in block.weights():
            names, out_in = self._sources(tensor, copy)
            for name, wanted in zip(names, self._wanted(tensor, len(names)), strict=True):
                message = self._mismatch(name, wanted[::-1] if out_in else wanted, tensor)
                if message:
                    yield message

    def _wanted(self, tensor: Tensor, parts: int) -> list[tuple[int, ...]]:
        """Return the shapes of the parts that make up a tensor: all of it, or queries, keys and values."""
        *rest, last = self._graph.shape(tensor)
        return [(*rest, width) for width in part_widths(last, self._graph.dims["attention"], parts)]

    def _mismatch(self, name: str, wanted: tuple[int, ...], tensor: Tensor) -> str:
        if name not in self._found:
            return f"tensor {name!r} is missing, wanted {_sizes(wanted)}{nearest(name, self._found)}"
        shape, kind = self._found[name]
        if shape != wanted:
            is_vocabulary = tensor.axes[0] == "vocab" and shape[1:] == wanted[1:]
            why = f": the vocabulary has {shape[0]} tokens, the model's {wanted[0]}" if is_vocabulary else ""
            return f"tensor {name!r}: found {_sizes(shape)}, wanted {_sizes(wanted)}{why}"
        if kind not in _READABLE:
            return f"tensor {name!r}: found numbers of type {kind}, wanted {', '.join(_READABLE)}; convert the file"
        return ""

    def _read(self, file: safe_open, name: str) -> Array:
        try:
            stored: Array = file.get_tensor(name)  # type: ignore[no-untyped-call]
        except (SafetensorError, OSError) as error:
            raise InputError.at(f"cannot read tensor {name!r}: {error}", file=str(self._path)) from None
        array = stored.astype(self._dtype, copy=False)
        # The sum is finite only if all are: one pass, and no array of flags.
        if not np.isfinite(array.sum(dtype=np.float64)):
            raise InputError.at(f"tensor {name!r} holds NaN or infinity, wanted numbers", file=str(self._path))
        return array


def _open(path: Path) -> safe_open:
    name = str(path)
    if path.is_dir():
        raise InputError.at("this is a directory; name a .safetensors file in it", file=name)
    try:
        return safe_open(path, framework="numpy")
    except FileNotFoundError:
        raise InputError.at("no such weights file", file=name) from None
    except SafetensorError as error:
        refuse_pickled(path)
        raise InputError.at(f"found no safetensors file, wanted one: {error}", file=name) from None
    except (OSError, ValueError) as error:
        raise InputError.at(f"cannot read this weights file: {error}", file=name) from None


def refuse_pickled(path: Path) -> None:
    """Refuse a checkpoint that PyTorch or pickle wrote.

    Raises:
        InputError: it is one; says why it is not read, and what to do.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_PICKLED):
        raise InputError.at(
            "is a pickled checkpoint, which may run any code when it is read; save it as safetensors "
            "(`save_pretrained` of transformers does)",
            file=str(path),
        )


def _read_header(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return shape and type of every tensor, in the file's order."""
    with _open(path) as file:
        slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return {name: (tuple(part.get_shape()), part.get_dtype()) for name, part in slices.items()}


def _sizes(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(str(size) for size in shape)}]"
