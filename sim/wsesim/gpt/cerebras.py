"""The model class."""

from __future__ import annotations

from wsesim.gpt.module import Module
from wsesim.gpt.shape import DEFAULTS


class CerebrasGPT(Module):
    """A GPT of the kind of Cerebras-GPT (Dey et al. 2023, arXiv 2304.03208), trained and asked on this computer.

    Its shape is fixed, its weights change. `wsesim.gpt.Model`, its base, has what it does.
    """

    def __init__(
        self, num_layers: int, num_heads: int, num_classes: int = 0, *, hidden_size: int | None = None,
        vocab_size: int = DEFAULTS["vocab_size"], max_position_embeddings: int = DEFAULTS["max_position_embeddings"],
        filter_size: int | None = None, activation: str = DEFAULTS["activation"],
        layer_norm_epsilon: float = DEFAULTS["layer_norm_epsilon"], dtype: str = DEFAULTS["dtype"],
        precision: str | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        """State the sizes; weights are drawn from *seed* when they are first needed.

        Args:
            num_layers: of the transformer.
            num_heads: of each layer's attention.
            num_classes: that texts are told apart into; 0: a language model, which says the next token.
            hidden_size: width of what passes from layer to layer; by default 64 a head.
            vocab_size: ids go from 0 to one less; by default GPT-2's.
            max_position_embeddings: most tokens of a row.
            filter_size: inner width of the feed-forward network; by default four times `hidden_size`.
            activation: gelu | gelu_tanh | relu.
            layer_norm_epsilon: added to the variance under a norm's root.
            dtype: float32 | float64, that is computed in.
            precision: fp16 | bf16 | cb16, that machines would keep weights, activations and gradients in between ops;
                None: as they are. Parameters and moments stay float32.
            seed: of the weights.

        Raises:
            SpecError: sizes of which no model can be made.
        """
        super().__init__()
        self.num_layers, self.num_heads, self.num_classes = num_layers, num_heads, num_classes
        self.hidden_size, self.filter_size = hidden_size, filter_size
        self.vocab_size, self.max_position_embeddings = vocab_size, max_position_embeddings
        self.activation, self.layer_norm_epsilon, self.dtype = activation, layer_norm_epsilon, dtype
        self.precision, self.seed = precision, seed
        self._check()
