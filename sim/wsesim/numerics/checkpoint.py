"""Weights from safetensors in Hugging Face naming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from wsesim.errors import InputError, Problem, nearest
from wsesim.graph import Block, Graph, Tensor
from wsesim.numerics.arrays import Array
from wsesim.numerics.naming import Family, Pieces
from wsesim.numerics.naming_families import FAMILIES, family_of
from wsesim.numerics.packed import as_packed
from wsesim.numerics.stored import Reader, StoredTensors

_MOST_PROBLEMS = 8
"""Problems listed one by one; the rest are counted."""
_READABLE = ("F16", "BF16", "F32", "F64")
_OLD_NORMS = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}


class SafetensorsWeights:
    """The weights of a checkpoint of a family that is known, in one file or in several, read when asked for.

    Names, shapes and types of all tensors are checked at once, their numbers when they are read. Tensors
    that the graph has no use for are left alone.
    """

    def __init__(self, path: Path, graph: Graph, dtype: DTypeLike = np.float32) -> None:
        """Check the file at *path*, or those of an index, against the shapes of *graph*; numbers are read as *dtype*.

        Raises:
            InputError: not a safetensors file, names of no known scheme, or tensors that are missing or of another
                shape, type, depth or vocabulary than the graph's: every one of them, up to eight.
        """
        self._path = path
        self._graph = graph
        self._dtype = dtype
        self._blocks = {block.name: block for block in graph.blocks}
        self._stored = StoredTensors(path)
        self._stored_as = {_today(name): name for name in self._stored.kinds}
        self._found = {name: self._stored.kinds[stored] for name, stored in self._stored_as.items()}
        dims = graph.dims
        self._heads = dims["heads"], (dims["qkv"] // dims["head"] - dims["heads"]) // 2
        self._family, self._base = self._recognise()
        self._less = _stored_less(graph)
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
        with self._stored.opened() as reader:
            for tensor in self._blocks[block].weights():
                pieces = self._sources(tensor, copy + first_layer(self._graph, block))
                read = [self._read(reader, name) for name in pieces.names]
                array = pieces.joined(read, self._heads, self._graph.dims)
                array = array + array.dtype.type(self._less.get(tensor.name, 0)) if self._less else array
                arrays[tensor.name] = as_packed(array, tensor)
        return arrays

    @property
    def family(self) -> str:
        """The naming scheme that the file follows."""
        return self._family.name

    def _recognise(self) -> tuple[Family, str]:
        recognised = family_of(self._found)
        if recognised is None:
            known = ", ".join(family.name for family in FAMILIES)
            example = next(iter(self._found), None)
            seen = f"the first is {example!r}" if example else "there are none"
            raise InputError.at(f"the tensors follow no known naming ({known}); {seen}", file=str(self._path))
        family, base = recognised
        queries, keys = self._heads
        return (family.of_few_keys or family) if keys < queries else family, base

    def _sources(self, tensor: Tensor, copy: int) -> Pieces:
        """Return the file's tensors for one of the graph; a tied head is the token table."""
        dims = self._graph.dims
        stored = self._family.pieces(
            tensor.of or tensor.name, self._base, copy, experts=dims.get("experts", 1),
            heads=self._graph.shape(tensor)[-1] // dims["head"],
        )  # fmt: skip
        if stored is None:
            raise InputError.at(
                f"the model has {tensor.name}, which {self._family.name} naming does not know: the file is of another "
                "kind of model",
                file=str(self._path),
            )
        return stored

    def _mismatches(self) -> Iterator[str]:
        """Say everything that is wrong, layer counts first because they explain much of what follows."""
        depth = sum(block.repeat for block in self._graph.blocks[1:-1])
        found = self._family.layers_in(self._found, self._base)
        if found != depth:
            yield f"found {found} layers, wanted {depth}: the model's depth is another"
        for block in self._graph.blocks:
            there = found - first_layer(self._graph, block.name)
            ends = block in (self._graph.blocks[0], self._graph.blocks[-1])
            for copy in range(block.repeat if ends else min(block.repeat, there)):
                yield from self._mismatches_of(block, copy)

    def _mismatches_of(self, block: Block, copy: int) -> Iterator[str]:
        for tensor in block.weights():
            pieces = self._sources(tensor, copy + first_layer(self._graph, block.name))
            wanted = pieces.shapes(self._graph.shape(tensor), self._graph.dims["attention"], self._graph.dims)
            for name, shape in zip(pieces.names, wanted, strict=True):
                message = self._mismatch(name, shape, tensor)
                if message:
                    yield message

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

    def _read(self, reader: Reader, name: str) -> Array:
        array = reader.read(self._stored_as[name]).astype(self._dtype, copy=False)
        # The sum is finite only if all are: one pass, and no array of flags.
        if not np.isfinite(array.sum(dtype=np.float64)):
            raise InputError.at(f"tensor {name!r} holds NaN or infinity, wanted numbers", file=str(self._path))
        return array


def first_layer(graph: Graph, block: str) -> int:
    """Return the number of the layer that the first copy of a block is: those of blocks before it are counted."""
    names = [each.name for each in graph.blocks]
    return sum(each.repeat for each in graph.blocks[1 : names.index(block)])


def _stored_less(graph: Graph) -> dict[str, float]:
    """Return the scales of norms that a file has less by a number, and by which."""
    ops = (op for block in graph.blocks for op in block.ops if "stored_less" in op.attrs)
    return {name: float(op.attrs["stored_less"]) for op in ops for name in op.inputs if name.endswith(".scale")}


def _today(name: str) -> str:
    """Return a tensor's name as transformers has it when it is loaded: files of BERTs name norms as TensorFlow does.

    Version 5 writes them so again, where a model may be read from such files.
    """
    return next((f"{name.removesuffix(old)}{new}" for old, new in _OLD_NORMS.items() if name.endswith(old)), name)


def _sizes(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(str(size) for size in shape)}]"
