"""A trained model in a folder: what its weights are, and what its ids and numbers mean.

model.safetensors    weights, under the names of GPT-2's
model.json           shape, use, labels, words: `About`
config.json          the shape as transformers has it, where a gpt2 can say it
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.model import ModelSpec, build_graph, hf_config
from wsesim.numerics import NamedArrays, SafetensorsWeights, Tokenizer, Weights, stored_tensors
from wsesim.uses.about import ABOUT, ANSWERING, CLASSIFYING, CONFIG, USES, WEIGHTS, WRITING, About
from wsesim.uses.answerer import Answerer
from wsesim.uses.checkpoint import is_checkpoint, read_checkpoint
from wsesim.uses.classifier import Classifier
from wsesim.uses.reading import tokenizer_of
from wsesim.uses.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A model that learned.

    Raises:
        SpecError: on construction, for a shape that is not of the use.
    """

    model: ModelSpec
    weights: Weights
    about: About
    folder: str = ""
    """Where it was read."""
    tokenizer: Tokenizer | None = None
    """None: the first merges of GPT-2's."""

    def __post_init__(self) -> None:
        """Check that model and use go together."""
        if self.about.use == CLASSIFYING:
            if self.model.task != "classify" or self.model.classes != len(self.about.labels):
                raise SpecError("model.classes", f"must be the {len(self.about.labels)} labels")
        elif self.model.task != "lm":
            raise SpecError("model.task", f"must be lm for {self.about.use}, got {self.model.task}")
        if len(self.about.words) >= self.model.vocab:
            raise SpecError("model.vocab", f"= {self.model.vocab} is too small for {len(self.about.words)} words")

    def answerer(self) -> Answerer:
        """Return what answers questions.

        Raises:
            InputError: the model is for something else.
        """
        about = self._for(ANSWERING)
        return Answerer(model=self.model, weights=self.weights, words=about.words, places=about.labels)

    def classifier(self) -> Classifier:
        """Return what tells texts apart.

        Raises:
            InputError: the model is for something else.
        """
        about = self._for(CLASSIFYING)
        return Classifier(model=self.model, weights=self.weights, labels=about.labels, length=about.length,
                          tokenizer=self._tokenizer)  # fmt: skip

    def writer(self) -> Writer:
        """Return what goes on from a beginning.

        Raises:
            InputError: the model is for something else.
        """
        self._for(WRITING)
        return Writer(model=self.model, weights=self.weights, tokenizer=self._tokenizer)

    @property
    def _tokenizer(self) -> Tokenizer:
        return self.tokenizer or tokenizer_of(self.model.vocab)

    def _for(self, use: str) -> About:
        if self.about.use != use:
            command = USES[self.about.use]
            raise InputError.at(f"holds a model for {self.about.use}, not for {use}: `{command}` asks it",
                                file=self.folder)  # fmt: skip
        return self.about


def trained_files(trained: Trained, *, half: bool = False) -> dict[str, bytes]:
    """Return the files of a folder; *half*: in 16 bits a number, half the size."""
    from safetensors.numpy import save

    graph = build_graph(trained.model, sequences=1, length=1, loss=False)
    arrays = NamedArrays.begin(graph, trained.weights).arrays
    kind = np.float16 if half else np.float32
    tensors = {name: np.ascontiguousarray(array, dtype=kind) for name, array in stored_tensors(graph, arrays).items()}
    form = {**asdict(trained.about), "model": trained.model.stated}
    files = {WEIGHTS: save(tensors, metadata={"format": "pt"}), ABOUT: _json(form)}
    try:
        return {**files, CONFIG: _json({**hf_config(trained.model), "dtype": np.dtype(kind).name})}
    except SpecError:  # it is no gpt2
        return files


def load(folder: Path) -> Trained:
    """Return the model of a folder that a training wrote, or that transformers did.

    Raises:
        InputError: a file is missing or broken, holds NaN, or is of another model.
    """
    if not (folder / ABOUT).is_file() and is_checkpoint(folder):
        model, arrays, about, tokenizer = read_checkpoint(folder)
        return Trained(model=model, weights=arrays, about=about, folder=str(folder), tokenizer=tokenizer)
    form = _form(folder)
    try:
        model, about = ModelSpec(**form.pop("model")), _about(form)
        graph = build_graph(model, sequences=1, length=1, loss=False)
        weights = NamedArrays.begin(graph, SafetensorsWeights(folder / WEIGHTS, graph))
        return Trained(model=model, about=about, folder=str(folder), weights=weights)
    except (KeyError, TypeError, SpecError) as error:
        said = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError.at(f"tells of no model that can be asked: {said}", file=str(folder / ABOUT)) from None


def _about(form: Mapping[str, Any]) -> About:
    return About(**{**form, "labels": tuple(form["labels"]), "words": tuple(form["words"])})


def _form(folder: Path) -> dict[str, Any]:
    try:
        form = json.loads((folder / ABOUT).read_bytes())
    except OSError as error:
        hint = _lacks(folder) or f"{ABOUT}: {error.strerror}; `wsesim train` writes such a folder"
        raise InputError.at(f"holds no trained model: {hint}", file=str(folder)) from None
    except ValueError as error:
        raise InputError.at(f"is no JSON: {error}", file=str(folder / ABOUT)) from None
    if not isinstance(form, dict):
        raise InputError.at("is no object of JSON, {...}", file=str(folder / ABOUT))
    return form


def _lacks(folder: Path) -> str:
    """Return what a folder lacks that has a part of what transformers writes, or nothing."""
    if (folder / "adapter_config.json").exists():
        return "it is an adapter's: merge it into its model (`merge_and_unload` of peft) and save that"
    parts = (f"{WEIGHTS}*", "model-*-of-*", "pytorch_model*", "tokenizer.json", "vocab.json")
    found = next((path.name for name in parts for path in sorted(folder.glob(name))), None)
    return f"{CONFIG} is missing beside {found}, or is a link to nothing" if found else ""


def _json(form: Mapping[str, object]) -> bytes:
    return (json.dumps(form, indent=1, ensure_ascii=False) + "\n").encode()
