"""What Hugging Face would call the weights of a graph: the way back from `SafetensorsWeights`, and files of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from wsesim.errors import InputError, SpecError
from wsesim.graph import Graph
from wsesim.numerics.arrays import Array
from wsesim.numerics.checkpoint import first_layer
from wsesim.numerics.naming_families import FAMILIES
from wsesim.numerics.training import Key


def stored_tensors(graph: Graph, arrays: Mapping[Key, Array], family: str = "GPT-2") -> dict[str, Array]:
    """Return weights of *graph*, or gradients of them, under the names and in the layout of a family of checkpoints.

    They are views: who writes into them changes *arrays*. Moments, and what else is no weight, are left out.

    Raises:
        SpecError: the family is not known, or has no name for a weight.
    """
    found: dict[str, Array] = {}
    scheme = {each.name: each for each in FAMILIES}.get(family)
    if scheme is None:
        raise SpecError("family", f"must be one of {', '.join(each.name for each in FAMILIES)}; got {family!r}")
    for block in graph.blocks:
        for tensor in block.weights():
            for copy in range(block.repeat):
                array = arrays.get((block.name, copy, tensor.name))
                if array is None:  # a tied head: the table has it
                    continue
                layer = copy + first_layer(graph, block.name)
                pieces = scheme.pieces(tensor.name, scheme.bases[0], layer, graph.dims.get("experts", 1))
                if pieces is None or pieces.stored.grouped or pieces.stored.share or pieces.stored.beside:
                    why = "has no name" if pieces is None else "is stored among others, which is not written,"
                    raise SpecError(tensor.name, f"{why} in checkpoints of {family}")
                found |= dict(zip(pieces.names, pieces.cut(array, graph.dims["attention"]), strict=True))
    return found


def save_tensors(path: Path, tensors: Mapping[str, Array]) -> None:
    """Write a safetensors file that transformers reads; what was there stays until all of it is written.

    Raises:
        InputError: it cannot be written, or a tensor holds NaN or infinity.
    """
    for name, array in tensors.items():
        if not np.isfinite(array.sum(dtype=np.float64)):
            raise InputError.at(f"tensor {name!r} holds NaN or infinity: not saved", file=str(path))
    part = path.with_name(f".{path.name}.part")
    try:
        whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
        save_file(whole, part, metadata={"format": "pt"})
        os.replace(part, path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        raise InputError.at(f"cannot write it: {error}", file=str(path)) from None
