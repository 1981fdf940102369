"""How Hugging Face stores what the graph needs: under which names, side by side, in turn, turned or one less."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wsesim.numerics.arrays import Array


@dataclass(frozen=True, slots=True)
class Stored:
    """One module of the graph (a linear layer, a norm, a table) as a file holds it."""

    modules: tuple[str, ...]
    """Modules whose outputs stand side by side in the graph; `{base}`, `{layer}`, `{expert}` and `{head}` are filled
    in."""
    out_in: bool = False
    """Whether the file's matrix is [out, in] where the graph's is [in, out]."""
    grouped: bool = False
    """Whether queries, keys and values stand group by group, each key and value behind the queries that read it."""
    share: tuple[int, int] | None = None
    """Which of how many matrices that stand one behind the other it is: gate and way up in one."""
    in_turn: bool = False
    """Whether those stand number by number in turn."""
    lone: bool = False
    """Whether the tensor has a first axis of one beside."""
    rows: bool = False
    """Whether a vector stands in rows, one for each head."""
    whole: bool = False
    """Whether the names are those of tensors, and end in no `.weight` or `.bias`."""
    beside: tuple[str, ...] = ()
    """Axes that stand side by side in one matrix, of which it is the one at `place`."""
    place: int = 0

    @property
    def by_expert(self) -> bool:
        """Whether there is one module for each expert."""
        return "{expert}" in self.modules[0]

    @property
    def by_head(self) -> bool:
        """Whether there is one module for each head."""
        return "{head}" in self.modules[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The tensors of a file that make up one weight of the graph, and how."""

    names: tuple[str, ...]
    out_in: bool
    """Whether each is turned."""
    by_expert: bool
    """Whether they lie one behind the other along a first axis; else side by side, as queries, keys and values."""
    stored: Stored = Stored(())
    """How they are stored."""

    def joined(self, arrays: Sequence[Array], heads: tuple[int, int], dims: Mapping[str, int]) -> Array:
        """Return the weight of a model of so many heads of queries, and of keys, its axes as long as *dims* say."""
        if self.stored.lone:
            arrays = [array[0] for array in arrays]
        if self.stored.rows:
            arrays = [array.reshape(-1) for array in arrays]
        turned = [array.swapaxes(-1, -2) for array in arrays] if self.out_in else list(arrays)
        if self.stored.grouped:
            turned = [_ungrouped(array, *heads) for array in turned]
        if self.stored.share:
            turned = [_share(array, *self.stored.share, in_turn=self.stored.in_turn) for array in turned]
        if self.stored.beside:
            ends = np.cumsum([dims[axis] for axis in self.stored.beside])[:-1]
            turned = [np.split(array, ends, axis=-1)[self.stored.place] for array in turned]
        if self.by_expert:
            return np.stack(turned)
        return turned[0] if len(turned) == 1 else np.concatenate(turned, axis=-1)

    def cut(self, weight: Array, queries: int) -> list[Array]:
        """Return views of *weight*, whose heads have *queries* features, as the tensors are stored."""
        ends = np.cumsum(part_widths(weight.shape[-1], queries, len(self.names)))[:-1]
        pieces = list(weight) if self.by_expert else np.split(weight, ends, axis=-1)
        return [piece.T for piece in pieces] if self.out_in else pieces

    def shapes(self, shape: tuple[int, ...], queries: int, dims: Mapping[str, int]) -> list[tuple[int, ...]]:
        """Return the shapes of the tensors of a weight of a *shape*."""
        *rest, last = shape
        if self.stored.lone:
            return [(1, *shape)]
        if self.stored.rows:
            return [(last // dims["head"], dims["head"])]
        if self.stored.by_head:
            return [(dims["head"],)] * len(self.names)
        if self.stored.beside:
            wide = (*rest, sum(dims[axis] for axis in self.stored.beside))
            return [_out_first(wide) if self.out_in else wide]
        if self.stored.share:
            wide = (*rest, last * self.stored.share[1])
            return [_out_first(wide) if self.out_in else wide]
        widths = part_widths(last, queries, len(self.names))
        wanted = [shape[1:]] * len(self.names) if self.by_expert else [(*rest, width) for width in widths]
        return [_out_first(size) for size in wanted] if self.out_in else wanted


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
    looks: tuple[int, ...] = (0,)
    """Layers that markers may be of."""
    stored: Mapping[str, Stored]
    """By module of the graph; an entry for a single weight goes before that for its module."""
    of_few_keys: Family | None = None
    """The scheme that models with fewer heads of keys than of queries follow under the same names."""

    def base_in(self, names: Collection[str]) -> str | None:
        """Return the prefix under which *names* follow this scheme, or None."""
        for base in self.bases:
            if any(all(self.fill(marker, base, layer) in names for marker in self.markers) for layer in self.looks):
                return base
        return None

    def fill(self, pattern: str, base: str, layer: int, number: int = 0) -> str:
        """Return the name that *pattern* stands for, *number* being that of an expert or a head.

        `{outer}` is where the head of a model beside others stands.
        """
        outer = base.removesuffix("model.") if base.endswith(".model.") else ""
        at = f"{self.layers.format(base=base)}{layer}."
        return pattern.format(base=base, outer=outer, layer=at, expert=number, head=number)

    def pieces(self, weight: str, base: str, layer: int, experts: int = 1, heads: int = 1) -> Pieces | None:
        """Return the tensors that make up *weight*, of so many experts or heads; None if unknown."""
        module, _, part = weight.rpartition(".")
        stored = self.stored.get(weight) or self.stored.get(module)
        if stored is None:
            return None
        suffix = "weight" if part == "scale" else part
        modules = [
            self.fill(name, base, layer, number)
            for number in range(experts if stored.by_expert else heads if stored.by_head else 1)
            for name in stored.modules
        ]  # fmt: skip
        return Pieces(
            names=tuple(module if stored.whole else f"{module}.{suffix}" for module in modules),
            out_in=stored.out_in and part == "weight", by_expert=stored.by_expert, stored=stored,
        )  # fmt: skip

    def layers_in(self, names: Collection[str], base: str) -> int:
        """Return how many layers *names* speak of."""
        prefix = self.layers.format(base=base)
        numbers = {name.removeprefix(prefix).partition(".")[0] for name in names if name.startswith(prefix)}
        return len({number for number in numbers if number.isdigit()})


def _out_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of a matrix, or of several along a first axis, as it is stored [out, in]."""
    return (*shape[:-2], shape[-1], shape[-2])


def part_widths(width: int, queries: int, parts: int) -> list[int]:
    """Return the widths of what stands side by side in *width*: all of it, or queries, keys and values."""
    return [width] if parts == 1 else [queries, *[(width - queries) // 2] * 2]


def _share(array: Array, at: int, count: int, *, in_turn: bool) -> Array:
    """Return one of *count* matrices that stand in one, number by number in turn or one behind the other."""
    return np.asarray(array[..., at::count] if in_turn else np.split(array, count, axis=-1)[at])


def _ungrouped(array: Array, heads: int, kv_heads: int) -> Array:
    """Return [..., groups of queries, a key and a value] as all queries, all keys, all values."""
    group = heads // kv_heads
    by_group = array.reshape(*array.shape[:-1], kv_heads, group + 2, -1)
    parts = by_group[..., :group, :], by_group[..., group : group + 1, :], by_group[..., group + 1 :, :]
    return np.concatenate([part.reshape(*array.shape[:-1], -1) for part in parts], axis=-1)
