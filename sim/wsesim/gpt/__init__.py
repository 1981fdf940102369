"""A model to be used: text in as ids, classes or words out, trained by the graph that is timed.

    import wsesim.gpt as cb

    class CerebrasGPT(cb.Model):
        def __init__(self, num_layers, num_heads, num_classes):
            super().__init__()
            self.num_layers, self.num_heads, self.num_classes = num_layers, num_heads, num_classes

        def forward(self, input_ids, attention_mask):
            return self.transformer(input_ids, attention_mask)

`cb.CerebrasGPT` is such a class, with the other sizes as arguments. This is the door to the package.
"""

from wsesim.gpt.cerebras import CerebrasGPT
from wsesim.gpt.fitting import History
from wsesim.gpt.module import Module as Model
from wsesim.gpt.output import Output
from wsesim.gpt.rows import padded
from wsesim.numerics import AdamW, Schedule, Tokenizer

__all__ = ["AdamW", "CerebrasGPT", "History", "Model", "Output", "Schedule", "Tokenizer", "padded"]
