"""Token ids and labels for a graph, made from the ids of a text."""

from __future__ import annotations

import numpy as np

from wsesim.errors import SpecError
from wsesim.graph import Graph
from wsesim.numerics.arrays import Ids
from wsesim.ops import find


def token_inputs(graph: Graph, ids: Ids) -> dict[str, Ids]:
    """Return every tensor of tokens and labels that *graph* reads, from *ids* [batch, length].

    A language model's labels are the ids themselves; those of masked positions are the ids that stand there (none is
    hidden: labels decide the loss, not the arithmetic). The second half of each sequence is of the second type, and
    sequences take the classes in turn.

    Raises:
        SpecError: *ids* has another shape than the graph.
    """
    wanted = graph.dims["batch"], graph.dims["length"]
    if ids.shape != wanted:
        raise SpecError("ids", f"must have the shape {wanted}, got {ids.shape}")
    made = {"ids": ids, "types": np.broadcast_to(np.arange(wanted[1]) >= (wanted[1] + 1) // 2, wanted).astype(np.int64)}
    for block in graph.blocks:
        for op in block.ops:
            if find(op.kind).is_loss:
                logits, labels = (block.tensors[name] for name in op.inputs)
                per_sequence = np.arange(wanted[0]) % graph.dims[logits.axes[-1]]
                made[labels.name] = per_sequence if len(labels.axes) == 1 else ids[:, : graph.shape(labels)[1]]
    names = {tensor.name for block in graph.blocks for tensor in block.tensors.values() if tensor.role == "tokens"}
    return {name: made[name] for name in sorted(names)}
