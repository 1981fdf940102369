"""Token ids and labels for a graph, made from the ids of a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.graph import Graph
from wsesim.model import ModelSpec
from wsesim.numerics.arrays import Ids
from wsesim.numerics.loss import IGNORED
from wsesim.numerics.tokenizer import Tokenizer
from wsesim.numerics.vocabulary import tokenizer_beside
from wsesim.ops import find


def fold_ids(ids: Ids, vocab: int) -> Ids:
    """Return *ids* within a vocabulary of another size, where it does not matter which token is which."""
    return ids % vocab


def require_known(ids: Ids, vocab: int, weights: Path) -> None:
    """Refuse ids of a text that given *weights* have no row for.

    Raises:
        InputError: one is over the vocabulary.
    """
    if ids.max() >= vocab:
        tokenizer = tokenizer_beside(weights)
        whose = "GPT-2's vocabulary" if tokenizer is Tokenizer.gpt2() else "that of the tokenizer beside them,"
        raise InputError.at(
            f"the vocabulary has {vocab} tokens, but the text has the id {ids.max()} in {whose} of "
            f"{tokenizer.vocab_size}: leave the weights out to take seeded ones",
            file=str(weights),
        )


def require_followed(model: ModelSpec, weights: Path) -> None:
    """Refuse to compute with given *weights* of a model whose config.json says what changes numbers, unfollowed.

    Raises:
        InputError: it does; names every such key.
    """
    if model.differs:
        why = "are not computed with, as numbers would be others than the model's"
        raise InputError.at(f"{why}: {'; '.join(model.differs)}", file=str(weights))


def token_inputs(graph: Graph, ids: Ids, mask: Ids | None = None, labels: Ids | None = None) -> dict[str, Ids]:
    """Return every tensor of tokens and labels that *graph* reads, from *ids* [batch, length].

    A language model's labels are the ids themselves; classes of tokens are their ids, folded; those of masked positions
    are the ids that stand there (none is hidden: labels decide the loss, not the arithmetic). The second half of each
    sequence is of the second type, and sequences take the classes in turn. Where *mask* [batch, length] is 0 a token
    fills up: it is no label, and where labels are those of the next token, none follows from it. *labels*, of tokens or
    of sequences as the graph has them, stand in place of these.

    Raises:
        SpecError: *ids* or *mask* has another shape than the graph, or there is a mask and the graph has none.
    """
    wanted = graph.dims["batch"], graph.dims["length"]
    names = {tensor.name for block in graph.blocks for tensor in block.tensors.values() if tensor.role == "tokens"}
    if ids.shape != wanted:
        raise SpecError("ids", f"must have the shape {wanted}, got {ids.shape}")
    if mask is not None and ("mask" not in names or mask.shape != wanted):
        known = wanted if "mask" in names else "no mask: `build_graph(padded=True)` has one"
        raise SpecError("mask", f"has the shape {mask.shape}, the graph {known}")
    counts = np.ones(wanted, dtype=np.int64) if mask is None else mask
    second = np.arange(wanted[1]) >= (wanted[1] + 1) // 2
    types = np.broadcast_to(second & (graph.dims.get("types", 2) > 1), wanted).astype(np.int64)
    made = {"ids": ids, "types": types, "mask": counts}
    for block in graph.blocks:
        for op in block.ops:
            if find(op.kind).is_loss:
                logits, held = (block.tensors[name] for name in op.inputs)
                if len(held.axes) == 1:
                    made[held.name] = np.arange(wanted[0]) % graph.dims[logits.axes[-1]] if labels is None else labels
                else:
                    given = ids % graph.dims[logits.axes[-1]] if labels is None else labels
                    of_tokens = _labels(given, counts, shift=bool(op.attrs.get("shift")))
                    made[held.name] = of_tokens[:, : graph.shape(held)[1]]
    return {name: made[name] for name in sorted(names)}


def _labels(labels: Ids, counts: Ids, *, shift: bool) -> Ids:
    learned = counts != 0
    if shift:
        learned = learned.copy()
        learned[:, 1:] &= counts[:, :-1] != 0
    return np.where(learned, labels, IGNORED)
