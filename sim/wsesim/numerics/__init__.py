"""Real numbers: text as token ids, a NumPy executor of a Graph, and the proof that the graph is right."""

from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.executor import BlockRun, Cache, Execution, execute, new_cache, run_ops, walk
from wsesim.numerics.functions import OpFunction, Setting, computes, function_of
from wsesim.numerics.inputs import token_inputs
from wsesim.numerics.loss import IGNORED
from wsesim.numerics.optimizer import AdamW, Schedule
from wsesim.numerics.reference import walk_reference
from wsesim.numerics.smaller import Part, quick
from wsesim.numerics.text import SAMPLES, load_text, token_windows
from wsesim.numerics.tokenizer import Tokenizer
from wsesim.numerics.training import Forward, Key, NamedArrays, StepTaken, backward, forward, step, update
from wsesim.numerics.verify import verify_model
from wsesim.numerics.weights import SeededWeights, Weights

__all__ = [
    "IGNORED",
    "SAMPLES",
    "AdamW",
    "BlockRun",
    "Cache",
    "Execution",
    "Forward",
    "Key",
    "NamedArrays",
    "OpFunction",
    "Part",
    "SafetensorsWeights",
    "Schedule",
    "SeededWeights",
    "Setting",
    "StepTaken",
    "Tokenizer",
    "Weights",
    "backward",
    "computes",
    "execute",
    "forward",
    "function_of",
    "load_text",
    "new_cache",
    "quick",
    "run_ops",
    "step",
    "token_inputs",
    "token_windows",
    "update",
    "verify_model",
    "walk",
    "walk_reference",
]
