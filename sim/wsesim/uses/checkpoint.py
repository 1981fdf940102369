"""A model in a folder as transformers keeps it: config.json, weights and tokenizer together."""

from __future__ import annotations

import json
from pathlib import Path

from wsesim.errors import InputError
from wsesim.model import ModelSpec, build_graph, read_hf_config
from wsesim.numerics import NamedArrays, SafetensorsWeights, Tokenizer, read_tokenizer, require_followed, weights_in
from wsesim.uses.about import CLASSIFYING, CONFIG, WRITING, About


def is_checkpoint(folder: Path) -> bool:
    """Return whether a folder is one that transformers wrote, or that is published."""
    return (folder / CONFIG).is_file()


def read_checkpoint(folder: Path) -> tuple[ModelSpec, NamedArrays, About, Tokenizer]:
    """Return model, weights, use and tokenizer of a folder.

    Raises:
        InputError: a file is missing, broken or of another model; the tokenizer is of a kind that is not read; or the
            model neither writes nor classifies, or not all of its numbers are followed.
    """
    model = read_hf_config(folder / CONFIG)
    require_followed(model, weights_in(folder))
    tokenizer = read_tokenizer(folder)
    if tokenizer is None:
        why = (
            "holds no trained model: neither model.json (`wsesim train` writes such a folder) nor a tokenizer beside "
            "config.json (tokenizer.json, or vocab.json and merges.txt)"
        )
        raise InputError.at(why, file=str(folder))
    if tokenizer.vocab_size > model.vocab:
        why = f"the tokenizer has {tokenizer.vocab_size:,} ids, the model's vocabulary {model.vocab:,}"
        raise InputError.at(why, file=str(folder))
    graph = build_graph(model, sequences=1, length=1, loss=False)
    arrays = NamedArrays.begin(graph, SafetensorsWeights(weights_in(folder), graph))
    return model, arrays, _about(folder, model), tokenizer


def _about(folder: Path, model: ModelSpec) -> About:
    if model.task == "lm":
        return About(use=WRITING, text=folder.name, length=model.max_length)
    if model.task == "classify":
        return About(use=CLASSIFYING, text=folder.name, length=model.max_length, labels=_labels(folder, model.classes))
    raise InputError.at(f"is a model of the task {model.task}: those that write or classify can be asked",
                        file=str(folder / CONFIG))  # fmt: skip


def _labels(folder: Path, classes: int) -> tuple[str, ...]:
    named = json.loads((folder / CONFIG).read_text("utf-8")).get("id2label") or {}
    return tuple(str(named.get(str(number), number)) for number in range(classes))
