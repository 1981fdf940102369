"""Real numbers: text as token ids, a NumPy executor of a Graph, and the proof that the graph is right."""

from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.executor import BlockRun, Execution, execute, run_ops, walk
from wsesim.numerics.functions import OpFunction, forward, function_of
from wsesim.numerics.inputs import token_inputs
from wsesim.numerics.reference import walk_reference
from wsesim.numerics.smaller import Part, quick
from wsesim.numerics.text import SAMPLES, load_text, token_windows
from wsesim.numerics.tokenizer import Tokenizer
from wsesim.numerics.verify import verify_model
from wsesim.numerics.weights import SeededWeights, Weights

__all__ = [
    "SAMPLES",
    "BlockRun",
    "Execution",
    "OpFunction",
    "Part",
    "SafetensorsWeights",
    "SeededWeights",
    "Tokenizer",
    "Weights",
    "execute",
    "forward",
    "function_of",
    "load_text",
    "quick",
    "run_ops",
    "token_inputs",
    "token_windows",
    "verify_model",
    "walk",
    "walk_reference",
]
