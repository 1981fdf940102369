"""Tables of which a token takes rows: of tokens, types and positions; and positions of which a head takes some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wsesim.errors import InputError, SpecError
from wsesim.graph import Op
from wsesim.numerics.arrays import Array, Ids, as_rows
from wsesim.numerics.functions import Setting, computes


@computes("embedding")
def embedding(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return the table's row for every id: [batch, length] and [rows, width] to [batch, length, width]."""
    ids, table = inputs
    check_ids(op.inputs[0], ids, len(table))
    return (table[ids],)


@computes("embedding_backward")
def embedding_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Add to each row of the table what comes back to the tokens that took it."""
    gradient, ids = inputs
    return (add_rows(gradient, ids, setting.shapes[0]),)


@computes("position")
def position(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return x [batch, length, width] plus row p of the table at position p, counted from an offset."""
    x, table, *mask = inputs
    return (x + table[places(x.shape[1], setting, *mask) + int(op.attrs.get("offset", 0))],)


@computes("position_backward")
def position_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array, Array]:
    """Hand the gradient on, and add it to the rows of the table."""
    gradient, *mask = inputs
    at = places(gradient.shape[1], setting, *mask) + int(op.attrs.get("offset", 0))
    rows = gradient if mask else gradient.sum(axis=0)
    return gradient, add_rows(rows, at, setting.shapes[1])


@computes("select")
def select(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Return some positions of x [batch, length, width], by the attribute `positions`.

    `first` and `last` give [batch, width]; with a mask they are those of the tokens that count. `masked` gives
    [batch, masked, width]: the first `masked` positions, since which tokens are masked changes no shape, count or time;
    whoever makes the labels masks those.
    """
    x, *mask = inputs
    return (x[_selected(op, x.shape[0], x.shape[1], setting, *mask)],)


@computes("select_backward")
def select_backward(op: Op, inputs: Sequence[Array], setting: Setting) -> tuple[Array]:
    """Put the gradient where the positions were taken from, and nothing elsewhere."""
    gradient, *mask = inputs
    result = np.zeros(setting.shapes[0], dtype=gradient.dtype)
    result[_selected(op, result.shape[0], result.shape[1], setting, *mask)] = gradient
    return (result,)


def places(length: int, setting: Setting, mask: Array | None = None) -> Ids:
    """Return the position of each of the last *length* tokens: [length], or [batch, length] where there is padding.

    Tokens before them are in a cache: there are as many as there are more keys. Only tokens that count are counted.
    """
    keys = setting.dims.get("keys", length)
    if mask is None:
        return np.arange(keys - length, keys)
    counted: Ids = np.maximum(np.cumsum(mask, axis=1) - 1, 0)
    return counted[:, keys - length :]


def add_rows(rows: Array, ids: Ids, shape: tuple[int, ...]) -> Array:
    """Return a table of *shape* with each of *rows* added at its id, those of one id in their order."""
    flat, flat_rows = ids.reshape(-1), as_rows(rows)
    order = np.argsort(flat, kind="stable")
    found, starts = np.unique(flat[order], return_index=True)
    table = np.zeros(shape, dtype=rows.dtype)
    table[found] = np.add.reduceat(flat_rows[order], starts, axis=0)
    return table


def check_ids(name: str, ids: Ids, count: int) -> None:
    """Refuse ids that NumPy would wrap around or answer with a traceback.

    Raises:
        InputError: an id below 0 or not below *count*.
    """
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= count:
        raise InputError.at(f"{name} holds the id {low if low < 0 else high}; ids here go from 0 to {count - 1}")


def _selected(op: Op, batch: int, length: int, setting: Setting, mask: Array | None = None) -> tuple[slice | Ids, ...]:
    where = op.attrs["positions"]
    if where == "masked":
        return slice(None), slice(setting.dims["masked"])
    if where not in ("first", "last"):
        raise SpecError(op.name, f"selects {where!r}; positions are first, last or masked")
    if mask is None:
        return np.arange(batch), np.full(batch, 0 if where == "first" else length - 1)
    own = mask[:, -length:]
    first, last = own.argmax(axis=1), length - 1 - own[:, ::-1].argmax(axis=1)
    return np.arange(batch), first if where == "first" else last
