"""A folder as transformers keeps a model in: config.json, model.safetensors or its parts, files of the tokenizer."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.gpt.network import Network
from wsesim.gpt.output import Array
from wsesim.graph import Graph
from wsesim.model import ModelSpec, build_graph, hf_config, read_hf_config
from wsesim.numerics import (
    SafetensorsWeights,
    SeededWeights,
    Tokenizer,
    Weights,
    save_tensors,
    stored_tensors,
    tokenizer_files,
    weights_in,
)

CONFIG, WEIGHTS = "config.json", "model.safetensors"
_OF_CLASSES = ("head.classes.weight",)


def save(folder: Path, network: Network, tokenizer: Tokenizer | None) -> None:
    """Write config, weights and tokenizer, GPT-2's if the vocabulary is as large; each file is there whole or not.

    Raises:
        InputError: it cannot be written, or a weight is not a number.
        SpecError: the model is none that a config.json of a gpt2 can tell, or the tokenizer has ids that it has not.
    """
    texts, config = dict[str, str](), dict(hf_config(network.model))
    if tokenizer is None and network.model.vocab == Tokenizer.gpt2().vocab_size:
        tokenizer = Tokenizer.gpt2()
    end = None if tokenizer is None else tokenizer.end_of_text
    config |= dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), end)
    if tokenizer is not None:
        _require_ids(network.model, tokenizer)
        texts |= tokenizer_files(tokenizer)
    texts[CONFIG] = json.dumps({**config, "dtype": network.dtype.name}, indent=2) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            _write(folder / name, text)
    except OSError as error:
        raise InputError.at(f"cannot write it: {error.strerror or error}", file=str(folder)) from None
    save_tensors(folder / WEIGHTS, stored_tensors(network.plain, network.arrays))


def load(folder: Path, num_classes: int | None, seed: int, dtype: np.dtype[Any]) -> tuple[ModelSpec, Weights]:
    """Return model and weights of a folder; a head of other classes than its own is new, drawn from *seed*.

    Raises:
        InputError: a file is missing or broken, pickled, or of another kind of model.
    """
    model = read_hf_config(folder / CONFIG)
    try:
        hf_config(model)
    except SpecError as error:
        raise InputError.at(f"is not a gpt2's: {error}", file=str(folder / CONFIG)) from None
    stored = SafetensorsWeights(weights_in(folder), build_graph(model, sequences=1, length=1), dtype)
    if num_classes is None or num_classes == (model.classes if model.task == "classify" else 0):
        return model, stored
    wanted = _with_classes(model, num_classes)
    return wanted, _NewHead(stored, build_graph(wanted, sequences=1, length=1, loss=False), seed)


class _NewHead:
    """Weights of a file, and those of the head that it has not."""

    def __init__(self, stored: SafetensorsWeights, graph: Graph, seed: int) -> None:
        self._stored, self._drawn = stored, SeededWeights(graph, seed)
        self._head = graph.blocks[-1].name

    def load(self, block: str, copy: int) -> dict[str, Array]:
        """Return the weights of one copy of a block."""
        found = self._stored.load(block, copy)
        if block != self._head:
            return found
        drawn = self._drawn.load(block, copy)
        return {**drawn, **{name: array for name, array in found.items() if name in drawn and name not in _OF_CLASSES}}


def _with_classes(model: ModelSpec, classes: int) -> ModelSpec:
    if not classes and not model.tied:
        raise SpecError("num_classes", "= 0 wants a head of words, which this classifier does not have")
    return replace(model, task="classify", classes=classes) if classes else replace(model, task="lm", classes=2)


def _require_ids(model: ModelSpec, tokenizer: Tokenizer) -> None:
    if tokenizer.vocab_size > model.vocab:
        raise SpecError("tokenizer", f"has {tokenizer.vocab_size} ids, the model {model.vocab}")


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    os.replace(part, path)
