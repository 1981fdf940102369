"""What the reference reads, made once more: ids, types and labels of a text, and the weights of a file.

Shares no code with `inputs`, `naming` and `checkpoint`, so that a label one place off, a query read for a key or a
matrix that is not turned show as any other mistake does.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open

from wsesim.model import ModelSpec
from wsesim.numerics.arrays import Array, Ids
from wsesim.numerics.structure import stated_weights


def second_tokens(model: ModelSpec, ids: Ids) -> dict[str, Ids]:
    """Return what `walk_reference` reads of *ids* [sequences, length], which may be over the vocabulary."""
    sequences, length = ids.shape
    own = np.array([[int(number) % model.vocab for number in row] for row in ids])
    of_first = length - length // 2
    types = np.array([[0] * of_first + [int(model.token_types > 1)] * (length // 2)] * sequences)
    classes = 2 if model.task == "mlm" else model.classes
    labels = own[:, : min(model.masked, length)] if model.task == "mlm" else own
    if model.task == "tag":
        labels = own % model.classes
    return {"ids": own, "types": types, "labels": labels, "classes": np.array([n % classes for n in range(sequences)])}


class SecondReader:
    """The weights of a checkpoint as `SafetensorsWeights` hands them out, found by the ends of their names."""

    def __init__(self, path: Path, model: ModelSpec) -> None:
        """Read the names in the file at *path*, or in those beside it that it names; they hold *model*."""
        self._stated, self._names, self._experts = stated_weights(model), _names_of(model), model.experts
        self._less = np.float32(model.stored_less)
        self._keys: dict[str, Path] = {}
        for part in _parts_of(path):
            with safe_open(part, framework="numpy") as file:
                self._keys |= dict.fromkeys(file.keys(), part)

    def load(self, block: str, copy: int) -> dict[str, Array]:
        """Return the weights of one copy of a block."""
        return {name: self._weight(name, copy) for name in self._stated[block]}

    def _weight(self, name: str, copy: int) -> Array:
        wanted = "tokens.weight" if name == "logits.weight" and self._stated["head"][name][1] else name
        ends, turned = self._names[wanted.rpartition(".")[0]] if wanted not in self._names else self._names[wanted]
        part = wanted.rpartition(".")[2].replace("scale", "weight")
        if _EACH in ends:
            each = [ends.replace(_EACH, str(expert)).format(copy) for expert in range(self._experts)]
            return np.array([self._tensor(f"{end}.{part}").T for end in each])
        found = [self._tensor(f"{end.format(copy)}.{part}") for end in ends.split()]
        if name.endswith(".scale"):
            return np.asarray(found[0].reshape(-1) + self._less)
        return np.concatenate([each.T if turned and each.ndim == 2 else each for each in found], axis=-1)

    def _tensor(self, end: str) -> Array:
        key = next(key for key in self._keys if key == end or key.endswith(f".{end}"))
        with safe_open(self._keys[key], framework="numpy") as file:
            return np.asarray(file.get_tensor(key))


def _parts_of(path: Path) -> list[Path]:
    if path.suffix != ".json":
        return [path]
    return [path.parent / name for name in sorted(set(json.loads(path.read_bytes())["weight_map"].values()))]


def _names_of(model: ModelSpec) -> dict[str, tuple[str, bool]]:
    """Return by module where it stands (`{}`: the layer), and whether its matrix is turned."""
    if not model.causal:
        return _BERT | {"head.classes": ("seq_relationship" if model.task == "mlm" else "classifier", True)}
    if model.block == "parallel" and model.head_bias:
        return _GPTJ
    if model.position == "learned":
        return _GPT2
    return _LLAMA | _MIXTRAL if model.experts else _LLAMA


TWICE_READ = ("GPT-2", "GPT-J", "Llama", "Mixtral", "BERT for pre-training", "BERT")
"""Families of checkpoints whose names are known here, too; of others both formulations are given the same arrays."""
_HEAD = {"logits": ("lm_head", False), "head.classes": ("score", True)}
_GPT2 = _HEAD | {
    "tokens": ("wte", False), "positions": ("wpe", False), "head.norm": ("ln_f", False),
    "attention.norm": ("h.{}.ln_1", False), "ffn.norm": ("h.{}.ln_2", False),
    "attention.qkv": ("h.{}.attn.c_attn", False), "attention.project": ("h.{}.attn.c_proj", False),
    "ffn.up": ("h.{}.mlp.c_fc", False), "ffn.down": ("h.{}.mlp.c_proj", False),
}  # fmt: skip
_GPTJ = _HEAD | {
    "tokens": ("wte", False), "head.norm": ("ln_f", False), "norm": ("h.{}.ln_1", False),
    "attention.qkv": ("h.{0}.attn.q_proj h.{0}.attn.k_proj h.{0}.attn.v_proj", True),
    "attention.project": ("h.{}.attn.out_proj", True),
    "ffn.up": ("h.{}.mlp.fc_in", True), "ffn.down": ("h.{}.mlp.fc_out", True),
}  # fmt: skip
_SELF = "layers.{0}.self_attn."
_LLAMA = _HEAD | {
    "tokens": ("embed_tokens", False), "head.norm": ("norm", False),
    "attention.norm": ("layers.{}.input_layernorm", False), "norm": ("layers.{}.input_layernorm", False),
    "ffn.norm": ("layers.{}.post_attention_layernorm", False),
    "attention.qkv": (f"{_SELF}q_proj {_SELF}k_proj {_SELF}v_proj", True),
    "attention.query_norm": (f"{_SELF}q_norm", False), "attention.key_norm": (f"{_SELF}k_norm", False),
    "attention.query_norms": (f"{_SELF}q_norm", False), "attention.key_norms": (f"{_SELF}k_norm", False),
    "attention.project": (f"{_SELF}o_proj", True), "ffn.gate": ("layers.{}.mlp.gate_proj", True),
    "ffn.up": ("layers.{}.mlp.up_proj", True), "ffn.down": ("layers.{}.mlp.down_proj", True),
}  # fmt: skip
_EACH = "EACH"
_EXPERTS = f"layers.{{}}.block_sparse_moe.experts.{_EACH}."
_MIXTRAL = {
    "ffn.router": ("layers.{}.block_sparse_moe.gate", True), "ffn.gate": (f"{_EXPERTS}w1", True),
    "ffn.up": (f"{_EXPERTS}w3", True), "ffn.down": (f"{_EXPERTS}w2", True),
}  # fmt: skip
_LAYER, _ATTENDED = "encoder.layer.{0}.", "encoder.layer.{0}.attention.self."
_BERT = {
    "tokens": ("word_embeddings", False), "positions": ("position_embeddings", False),
    "types": ("token_type_embeddings", False), "embed.norm": ("embeddings.LayerNorm", False),
    "attention.qkv": (f"{_ATTENDED}query {_ATTENDED}key {_ATTENDED}value", True),
    "attention.project": (f"{_LAYER}attention.output.dense", True),
    "attention.norm": (f"{_LAYER}attention.output.LayerNorm", False),
    "ffn.up": (f"{_LAYER}intermediate.dense", True), "ffn.down": (f"{_LAYER}output.dense", True),
    "ffn.norm": (f"{_LAYER}output.LayerNorm", False), "head.pool": ("pooler.dense", True),
    "head.dense": ("predictions.transform.dense", True), "head.norm": ("predictions.transform.LayerNorm", False),
    "logits": ("predictions.decoder", False), "logits.bias": ("cls.predictions", False),
}  # fmt: skip
