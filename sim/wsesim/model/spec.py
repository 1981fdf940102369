"""The shape of a transformer: everything the graph builder needs, and nothing about machines."""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.errors import SpecError, require_choice, require_positive
from wsesim.ops import chosen, options


def choices() -> dict[str, tuple[str, ...]]:
    """Return what may be chosen, by field; activations and norms are those that ops state."""
    return {"activation": options("activation"), "norm": options("norm"), **_CHOICES}


_CHOICES = {
    "position": ("learned", "rotary"),
    "rotary_pairs": ("halves", "interleaved"),
    "block": ("sequential", "parallel"),
    "norm_order": ("pre", "post"),
    "task": ("lm", "classify", "mlm"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A GPT-, BERT- or Llama-like transformer.

    Raises:
        SpecError: on construction, for sizes that are not positive or do not divide.
    """

    name: str
    layers: int
    width: int
    """Size of the residual stream (d_model)."""
    heads: int
    kv_heads: int
    """Key and value heads; fewer than `heads` for grouped- or multi-query attention."""
    head_width: int
    ffn_width: int
    vocab: int
    max_length: int
    """Positions the model knows; rows of the position table if it is learned."""
    activation: str = "gelu"
    """One of those that ops state: gelu | gelu_tanh | relu | swiglu."""
    norm: str = "layer_norm"
    """One of those that ops state: layer_norm | rms_norm."""
    position: str = "learned"
    """learned | rotary."""
    rotary_width: int = 0
    """Numbers of each head that rotary positions turn; 0 means all."""
    rotary_pairs: str = "halves"
    """halves (a number turns with the one half of them further on: Llama) | interleaved (with its neighbour: GPT-J)."""
    block: str = "sequential"
    """sequential | parallel (attention and FFN read the same normed input, as GPT-J)."""
    norm_order: str = "pre"
    """pre (GPT) | post (BERT)."""
    causal: bool = True
    """Whether a token sees only the past; False for an encoder."""
    bias: bool = True
    """Whether linear layers have a bias."""
    attention_bias: bool = True
    """Whether the attention's linear layers have a bias."""
    head_norm: bool = False
    """Whether queries and keys are normed by head, before they turn (Qwen3)."""
    tied: bool = True
    """Whether the head shares the token table."""
    token_types: int = 0
    """Rows of a token-type table (BERT: 2)."""
    task: str = "lm"
    """lm | classify (an encoder's first token, or a causal model's last, into `classes`) | mlm (`masked` positions)."""
    classes: int = 2
    masked: int = 20
    """Masked positions a sequence, for mlm."""
    sentence_head: bool = True
    """For mlm: whether the first token is also pooled and told apart two ways (BERT's next-sentence task)."""
    sparsity: float = 0.0
    """Share of the weights of the layers' matrices that are zero, anywhere in them, and stay so. Dense remain tables,
    norms, biases, a router, and all matrices of the head, which a tied model shares with its table."""
    experts: int = 0
    """Feed-forward networks of a layer, of which a router picks some for each token; 0: one, and no router."""
    experts_per_token: int = 1
    """Experts a token is computed by."""
    expert_imbalance: float = 1.0
    """Tokens of the busiest expert over the mean: what every expert takes room and time for, as a program is laid out
    before it knows who gets which token."""
    norm_epsilon: float = 1e-5
    rotary_base: float = 10000.0
    token_budget: int | None = None
    """Tokens the model was trained on, if known; by default 20 a parameter (Hoffmann et al. 2022)."""
    source: str = "given in the workload"

    def __post_init__(self) -> None:
        """Check sizes and choices."""
        require_positive(
            layers=self.layers, width=self.width, heads=self.heads, kv_heads=self.kv_heads, vocab=self.vocab,
            head_width=self.head_width, ffn_width=self.ffn_width, max_length=self.max_length, classes=self.classes,
            masked=self.masked, norm_epsilon=self.norm_epsilon, rotary_base=self.rotary_base,
        )  # fmt: skip
        for name, known in choices().items():
            require_choice(name, getattr(self, name), known)
        if self.heads % self.kv_heads:
            raise SpecError("kv_heads", f"= {self.kv_heads} does not divide heads = {self.heads}")
        if self.rotary_width < 0 or self.rotary_width > self.head_width or self.rotary_width % 2:
            raise SpecError("rotary_width", f"must be even and at most head_width = {self.head_width}")
        if self.position == "rotary" and self.head_width % 2:
            raise SpecError("head_width", f"must be even for rotary positions, got {self.head_width}")
        if self.block == "parallel" and self.norm_order == "post":
            raise SpecError("norm_order", "must be pre in a parallel block, where both halves read one normed input")
        if not 0 <= self.sparsity < 1:
            raise SpecError("sparsity", f"must be at least 0 and below 1, got {self.sparsity}")
        self._check_experts()
        if self.token_types < 0:
            raise SpecError("token_types", f"must not be negative, got {self.token_types}")
        if self.task == "classify" and self.classes < 2:
            raise SpecError("classes", "must be 2 or more: of a single class nothing can be learnt")
        if self.token_budget is not None and self.token_budget < 1:
            raise SpecError("token_budget", f"must be positive, got {self.token_budget}")

    def _check_experts(self) -> None:
        if self.experts < 0:
            raise SpecError("experts", f"must not be negative, got {self.experts}")
        if not 1 <= self.experts_per_token <= max(1, self.experts):
            message = f"must be from 1 to experts = {self.experts}, got {self.experts_per_token}"
            raise SpecError("experts_per_token", message)
        if not 1 <= self.expert_imbalance <= max(1.0, self.experts / self.experts_per_token):
            most = f"experts / experts_per_token = {max(1.0, self.experts / self.experts_per_token):g}"
            raise SpecError("expert_imbalance", f"must be from 1 to {most}, got {self.expert_imbalance}")

    @property
    def gated(self) -> bool:
        """Whether the feed-forward network has a gate beside its way up."""
        return chosen("activation", self.activation).gated

    @property
    def attention_width(self) -> int:
        """All heads side by side."""
        return self.heads * self.head_width

    @property
    def qkv_width(self) -> int:
        """Queries, keys and values of one token side by side."""
        return (self.heads + 2 * self.kv_heads) * self.head_width
