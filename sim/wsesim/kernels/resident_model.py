"""What resident kernels see of a model: its ops, where their features lie, and the weights that stay with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from wsesim.graph import Packing
from wsesim.kernels.counts import least, whole
from wsesim.kernels.resident import Along
from wsesim.model import LayerKind, ModelSpec
from wsesim.ops import Kernel, Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentWeight:
    """A matrix, a table or a vector that stays: spread over both axes, a vector repeated along one."""

    down: int
    """Its size along y; 1 where it is repeated."""
    across: int
    """Its size along x."""
    number: int = 1
    """Matrices of this size: experts."""
    packing: Packing | None = None
    """How it is kept, if not as it is multiplied."""
    tied: bool = False
    """Whether it is the table of tokens."""
    matrix: bool = True
    """Whether products are taken with it."""

    @property
    def values(self) -> int:
        """Numbers it holds."""
        return self.down * self.across * self.number


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpertShare:
    """What of the tokens goes to which feed-forward network; all of a layer lie in one rectangle, each on all cores."""

    experts: int
    chosen: int
    """Of a token."""
    imbalance: float
    """Tokens of the busiest over the mean; one after the other, all take the time of the busiest."""

    def of(self, tokens: int) -> tuple[int, int]:
        """Return how many experts work one after the other, and the tokens each has time for."""
        sent = tokens * self.chosen
        busy = least(self.experts, sent)
        return busy, least(tokens, whole(self.imbalance * sent / busy))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentOp:
    """An op of the graph as resident kernels see it."""

    name: str
    kind: str
    facet: Recipe | Kernel
    """What it does to each of its elements; the kernel it is, if not elementwise."""
    along: Along
    """The axis that its input lies along while tokens are written, which its sums run along."""
    turned: bool = False
    """Whether the collective before runs along the other axis."""
    parts: tuple[int, ...] = ()
    """Features of a token that it works on, each part spread over the line; of a product its outputs."""
    inputs: int = 0
    """Of a product."""
    joined: int = 0
    """Of a product: outputs of all matrices that multiply the same vector, side by side in one product."""
    packing: Packing | None = None
    """Of a product, how its matrix is kept, if not as it is multiplied."""
    biased: bool = False
    keys: int = 0
    """Within attention: features of all keys side by side."""
    queries: int = 0
    """Within attention: features of all queries side by side."""
    absorbed: int = 0
    """Within attention with a latent vector: those that a token multiplies with what is cached as it is written."""
    of_keys: bool = False
    """Whether it makes keys and values of what is cached, of all of it when a chunk is read."""
    of_scores: bool = False
    """Whether it gives a number for each score, as many as there are positions."""
    causal: bool = False
    """Whether it stands where tokens see those before them alone."""
    copies: int = 1
    """Positions of a sequence that a head looks at."""
    by_sequence: bool = False
    """Whether sequences follow each other, as a core has room for the scores of one."""
    experts: ExpertShare | None = None
    weights: tuple[ResidentWeight, ...] = ()

    @property
    def form(self) -> tuple[object, ...]:
        """All that its cost depends on: ops that have one cost the same."""
        product = (self.inputs, self.joined, self.biased, self.keys, self.queries, self.of_scores, self.copies,
                   self.by_sequence, self.absorbed, self.of_keys, self.causal, self.packing)  # fmt: skip
        return (self.kind, self.along, self.turned, self.parts, self.experts, *product)

    @property
    def meets_cache(self) -> bool:
        """Whether its cost depends on what is cached: products with keys and values, and what is made of scores."""
        return self.of_scores or self.of_keys or (self.kernel == "matvec" and not self.inputs)

    @property
    def recipe(self) -> Recipe:
        """What it does to each of its elements."""
        return self.facet.recipe if isinstance(self.facet, Kernel) else self.facet

    @property
    def kernel(self) -> str:
        """The kernel it is: matvec | handover | exchange | elementwise."""
        return self.facet.name if isinstance(self.facet, Kernel) else "elementwise"

    @property
    def share(self) -> float:
        """Of a product that it is one matrix of."""
        return self.parts[0] / self.joined if self.joined else 1.0

    @property
    def query_groups(self) -> int:
        """Queries that share a key: multiplied one after the other."""
        return ceil(self.queries / self.keys)

    def loads(self, tokens: int) -> tuple[int, int]:
        """Return how often the op is done for *tokens*, one after the other, and for how many at once."""
        tokens = tokens * self.copies
        return (1, tokens) if self.experts is None else self.experts.of(tokens)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResidentModel:
    """A model's ops as resident kernels see them; one object a model."""

    model: ModelSpec
    kinds: tuple[LayerKind, ...]
    """Of layers, that which takes more first."""
    embed: tuple[ResidentOp, ...]
    layer: tuple[ResidentOp, ...]
    """Of the kind that takes most."""
    dense: tuple[ResidentOp, ...]
    """Of those without experts among those with."""
    head: tuple[ResidentOp, ...]

    @property
    def values(self) -> int:
        """Numbers of the matrices of all layers."""
        return sum(kind.layers * _values(getattr(self, kind.block)) for kind in self.kinds)

    @property
    def at_work(self) -> int:
        """Features between the products of attention: what it reads and gives, as a token is written."""
        model = self.model
        if not model.latent_rank:
            return model.qkv_width + model.attention_width
        return model.heads * (2 * model.latent_rank + model.rotary_width)

    @property
    def up_width(self) -> int:
        """What the feed-forward layer's first product gives, its gate included."""
        return self.model.ffn_width * (2 if self.model.gated else 1)


def _values(ops: Iterable[ResidentOp]) -> int:
    return sum(weight.values for op in ops for weight in op.weights if weight.matrix)
