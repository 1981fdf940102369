"""A training as files, from which it goes on to the same bits: weights and moments, and where it is.

    checkpoint.safetensors    every tensor as `block.copy.tensor`: weights, their moments, places of sparse ones
    checkpoint.json           step, curve, sum of the text, and every setting that the numbers depend on

Where the text is read next follows from seed and step, and so do samples: there is no other state.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.numerics import Key, NamedArrays
from wsesim.trainer.course import Course
from wsesim.trainer.progress import Progress

TENSORS, STATE = "checkpoint.safetensors", "checkpoint.json"


def checkpoint_files(course: Course, text_sha256: str, arrays: NamedArrays, progress: Progress) -> dict[str, bytes]:
    """Return the files of a checkpoint."""
    from safetensors.numpy import save

    state = {"step": progress.step, "text_sha256": text_sha256, "settings": course.decides(), **progress.to_json()}
    return {TENSORS: save({_name(key): array for key, array in arrays.arrays.items()}),
            STATE: json.dumps(state, indent=1, allow_nan=False).encode()}  # fmt: skip


def read_checkpoint(course: Course, text_sha256: str, folder: Path) -> tuple[NamedArrays, Progress]:
    """Return weights, moments and curve of the checkpoint in *folder*.

    Raises:
        InputError: there is none, it cannot be read, or it is of another training.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        state = json.loads((folder / STATE).read_bytes())
        progress = Progress.from_json(state)
        _check_same(course, text_sha256, state, folder)
        tensors = load((folder / TENSORS).read_bytes())
    except OSError as error:
        raise InputError.at(f"holds no checkpoint to go on from: {error.strerror}", file=str(folder)) from None
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise InputError.at(f"holds no checkpoint that can be read: {error}", file=str(folder)) from None
    arrays = {_key(name): np.array(array) for name, array in tensors.items()}
    try:
        return NamedArrays(course.graph, arrays), progress
    except SpecError as error:
        raise InputError.at(str(error), file=str(folder / TENSORS)) from None


def _check_same(course: Course, text_sha256: str, state: dict[str, Any], folder: Path) -> None:
    wanted = {"sha256 of the text": text_sha256, **course.decides()}
    found = {"sha256 of the text": state["text_sha256"], **state["settings"]}
    other = [name for name in wanted if found.get(name) != wanted[name]]
    if other:
        name, more = other[0], f" and {len(other) - 1} more" if len(other) > 1 else ""
        raise InputError.at(
            f"holds the checkpoint of another training: {name} was {found.get(name)}, now {wanted[name]}{more}; "
            "name another folder with --out, or --force to begin again", file=str(folder),
        )  # fmt: skip


def _name(key: Key) -> str:
    return ".".join(map(str, key))


def _key(name: str) -> Key:
    block, copy, tensor = name.split(".", 2)
    return block, int(copy), tensor
