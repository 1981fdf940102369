"""Under which names Hugging Face stores what the graph needs.

Source: the `transformers` implementations of GPT-2, GPT-J, Llama, Mixtral and BERT.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wsesim.numerics.arrays import Array


@dataclass(frozen=True, slots=True)
class Stored:
    """One module of the graph (a linear layer, a norm, a table) as a file holds it."""

    modules: tuple[str, ...]
    """Modules whose outputs stand side by side in the graph; `{base}`, `{layer}` and `{expert}` are filled in."""
    out_in: bool = False
    """Whether the file's matrix is [out, in] where the graph's is [in, out]."""

    @property
    def by_expert(self) -> bool:
        """Whether there is one module for each expert."""
        return "{expert}" in self.modules[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The tensors of a file that make up one weight of the graph, and how."""

    names: tuple[str, ...]
    out_in: bool
    """Whether each is turned."""
    by_expert: bool
    """Whether they lie one behind the other along a first axis; else side by side, as queries, keys and values."""

    def joined(self, arrays: Sequence[Array]) -> Array:
        """Return the weight."""
        turned = [array.T for array in arrays] if self.out_in else arrays
        if self.by_expert:
            return np.stack(turned)
        return turned[0] if len(turned) == 1 else np.concatenate(turned, axis=-1)

    def cut(self, weight: Array, queries: int) -> list[Array]:
        """Return views of *weight*, whose heads have *queries* features, as the tensors are stored."""
        ends = np.cumsum(part_widths(weight.shape[-1], queries, len(self.names)))[:-1]
        pieces = list(weight) if self.by_expert else np.split(weight, ends, axis=-1)
        return [piece.T for piece in pieces] if self.out_in else pieces

    def shapes(self, shape: tuple[int, ...], queries: int) -> list[tuple[int, ...]]:
        """Return the shapes of the tensors of a weight of a *shape*."""
        *rest, last = shape
        widths = part_widths(last, queries, len(self.names))
        wanted = [shape[1:]] * len(self.names) if self.by_expert else [(*rest, width) for width in widths]
        return [size[::-1] for size in wanted] if self.out_in else wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A naming scheme."""

    name: str
    bases: tuple[str, ...]
    """Prefixes the base model may stand under."""
    layers: str
    """Where the layers stand: `{base}h.`, say, if the first layer's tensors start with `{base}h.0.`."""
    markers: tuple[str, ...]
    """Tensors that show the scheme; a file has all of them under one base."""
    stored: Mapping[str, Stored]
    """By module of the graph; an entry for a single weight goes before that for its module."""

    def base_in(self, names: Collection[str]) -> str | None:
        """Return the prefix under which *names* follow this scheme, or None."""
        for base in self.bases:
            if all(self.fill(marker, base, 0) in names for marker in self.markers):
                return base
        return None

    def fill(self, pattern: str, base: str, layer: int, expert: int = 0) -> str:
        """Return the name that *pattern* stands for."""
        return pattern.format(base=base, layer=f"{self.layers.format(base=base)}{layer}.", expert=expert)

    def pieces(self, weight: str, base: str, layer: int, experts: int = 1) -> Pieces | None:
        """Return the tensors that make up *weight*; None if unknown."""
        module, _, part = weight.rpartition(".")
        stored = self.stored.get(weight) or self.stored.get(module)
        if stored is None:
            return None
        suffix = "weight" if part == "scale" else part
        modules = [
            self.fill(name, base, layer, expert)
            for expert in range(experts if stored.by_expert else 1) for name in stored.modules
        ]  # fmt: skip
        return Pieces(
            names=tuple(f"{module}.{suffix}" for module in modules), out_in=stored.out_in and part == "weight",
            by_expert=stored.by_expert,
        )  # fmt: skip

    def layers_in(self, names: Collection[str], base: str) -> int:
        """Return how many layers *names* speak of."""
        prefix = self.layers.format(base=base)
        numbers = {name.removeprefix(prefix).partition(".")[0] for name in names if name.startswith(prefix)}
        return len({number for number in numbers if number.isdigit()})


def family_of(names: Collection[str]) -> tuple[Family, str] | None:
    """Return the scheme that *names* follow and its prefix, or None."""
    for family in FAMILIES:
        base = family.base_in(names)
        if base is not None:
            return family, base
    return None


def part_widths(width: int, queries: int, parts: int) -> list[int]:
    """Return the widths of what stands side by side in *width*: all of it, or queries, keys and values."""
    return [width] if parts == 1 else [queries, *[(width - queries) // 2] * 2]


def _same(*modules: str) -> Stored:
    return Stored(modules)


def _out_in(*modules: str) -> Stored:
    return Stored(modules, out_in=True)


_GPT2 = {
    "tokens": _same("{base}wte"),
    "positions": _same("{base}wpe"),
    "attention.norm": _same("{layer}ln_1"),
    "attention.qkv": _same("{layer}attn.c_attn"),
    "attention.project": _same("{layer}attn.c_proj"),
    "ffn.norm": _same("{layer}ln_2"),
    "ffn.up": _same("{layer}mlp.c_fc"),
    "ffn.down": _same("{layer}mlp.c_proj"),
    "head.norm": _same("{base}ln_f"),
    "head.classes": _out_in("score"),
    "logits": _same("lm_head"),
}
_GPTJ = {
    "tokens": _same("{base}wte"),
    "norm": _same("{layer}ln_1"),
    "attention.qkv": _out_in("{layer}attn.q_proj", "{layer}attn.k_proj", "{layer}attn.v_proj"),
    "attention.project": _out_in("{layer}attn.out_proj"),
    "ffn.up": _out_in("{layer}mlp.fc_in"),
    "ffn.down": _out_in("{layer}mlp.fc_out"),
    "head.norm": _same("{base}ln_f"),
    "head.classes": _out_in("score"),
    "logits": _same("lm_head"),
}
_LLAMA = {
    "tokens": _same("{base}embed_tokens"),
    "attention.norm": _same("{layer}input_layernorm"),
    "attention.qkv": _out_in("{layer}self_attn.q_proj", "{layer}self_attn.k_proj", "{layer}self_attn.v_proj"),
    "attention.query_norm": _same("{layer}self_attn.q_norm"),
    "attention.key_norm": _same("{layer}self_attn.k_norm"),
    "attention.project": _out_in("{layer}self_attn.o_proj"),
    "ffn.norm": _same("{layer}post_attention_layernorm"),
    "ffn.gate": _out_in("{layer}mlp.gate_proj"),
    "ffn.up": _out_in("{layer}mlp.up_proj"),
    "ffn.down": _out_in("{layer}mlp.down_proj"),
    "head.norm": _same("{base}norm"),
    "head.classes": _out_in("score"),
    "logits": _same("lm_head"),
}
_MIXTRAL = _LLAMA | {
    "ffn.router": _out_in("{layer}block_sparse_moe.gate"),
    "ffn.gate": _out_in("{layer}block_sparse_moe.experts.{expert}.w1"),
    "ffn.up": _out_in("{layer}block_sparse_moe.experts.{expert}.w3"),
    "ffn.down": _out_in("{layer}block_sparse_moe.experts.{expert}.w2"),
}
_BERT = {
    "tokens": _same("{base}embeddings.word_embeddings"),
    "positions": _same("{base}embeddings.position_embeddings"),
    "types": _same("{base}embeddings.token_type_embeddings"),
    "embed.norm": _same("{base}embeddings.LayerNorm"),
    "attention.qkv": _out_in(
        "{layer}attention.self.query", "{layer}attention.self.key", "{layer}attention.self.value"
    ),
    "attention.project": _out_in("{layer}attention.output.dense"),
    "attention.norm": _same("{layer}attention.output.LayerNorm"),
    "ffn.up": _out_in("{layer}intermediate.dense"),
    "ffn.down": _out_in("{layer}output.dense"),
    "ffn.norm": _same("{layer}output.LayerNorm"),
    "head.pool": _out_in("{base}pooler.dense"),
}  # fmt: skip
_BERT_PRETRAINING = _BERT | {
    "head.dense": _out_in("cls.predictions.transform.dense"),
    "head.norm": _same("cls.predictions.transform.LayerNorm"),
    "head.classes": _out_in("cls.seq_relationship"),
    "logits": _same("cls.predictions.decoder"),
    "logits.bias": _same("cls.predictions"),
}
_BERT_CLASSIFIER = _BERT | {"head.classes": _out_in("classifier")}

FAMILIES = (
    Family(
        name="GPT-2", bases=("transformer.", ""), layers="{base}h.", stored=_GPT2,
        markers=("{base}wte.weight", "{layer}attn.c_attn.weight"),
    ),
    Family(
        name="GPT-J", bases=("transformer.", ""), layers="{base}h.", stored=_GPTJ,
        markers=("{base}wte.weight", "{layer}attn.q_proj.weight"),
    ),
    Family(
        name="Mixtral", bases=("model.", ""), layers="{base}layers.", stored=_MIXTRAL,
        markers=("{base}embed_tokens.weight", "{layer}block_sparse_moe.gate.weight"),
    ),
    Family(
        name="Llama", bases=("model.", ""), layers="{base}layers.", stored=_LLAMA,
        markers=("{base}embed_tokens.weight", "{layer}self_attn.q_proj.weight"),
    ),
    Family(
        name="BERT for pre-training", bases=("bert.",), layers="{base}encoder.layer.", stored=_BERT_PRETRAINING,
        markers=("{layer}attention.self.query.weight", "cls.predictions.bias"),
    ),
    Family(
        name="BERT", bases=("bert.", ""), layers="{base}encoder.layer.", stored=_BERT_CLASSIFIER,
        markers=("{layer}attention.self.query.weight",),
    ),
)  # fmt: skip
