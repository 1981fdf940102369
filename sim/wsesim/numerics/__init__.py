"""Real numbers: text as token ids, a NumPy executor of a Graph, and the proof that the graph is right."""

from wsesim.numerics import (  # noqa: F401 - they register what ops compute
    attention,
    experts,
    gelu,
    latent,
    linear,
    loss,
    norms,
    optimizer,
    rotary,
    scales,
    tables,
)
from wsesim.numerics.arrays import Ids
from wsesim.numerics.attention import score_scale
from wsesim.numerics.checkpoint import SafetensorsWeights
from wsesim.numerics.executor import BlockRun, Cache, Execution, execute, new_cache, run_ops, walk
from wsesim.numerics.functions import OpFunction, Setting, computes, function_of
from wsesim.numerics.inputs import fold_ids, require_followed, token_inputs
from wsesim.numerics.loss import IGNORED, held_labels, labels_of_batch, scale_of_loss
from wsesim.numerics.loss_scale import LossScale
from wsesim.numerics.optimizer import AdamW, Schedule
from wsesim.numerics.precision import InPrecision, Lost
from wsesim.numerics.reference import walk_reference
from wsesim.numerics.rounding import FORMATS
from wsesim.numerics.sampling import Sampling
from wsesim.numerics.saving import save_tensors, stored_tensors
from wsesim.numerics.smaller import Part, quick
from wsesim.numerics.storage import EXACT, KEPT_AS, Storage
from wsesim.numerics.stored import weights_in
from wsesim.numerics.text import SAMPLES, load_text, token_windows
from wsesim.numerics.tokenizer import GPT2_MERGES, Tokenizer
from wsesim.numerics.training import (
    Forward,
    Key,
    NamedArrays,
    StepTaken,
    backward,
    forward,
    label_counts,
    step,
    update,
)
from wsesim.numerics.verify import DEVIATIONS, SPREAD, UNIT_ROUNDOFF, verify_model
from wsesim.numerics.vocabulary import read_tokenizer, tokenizer_files
from wsesim.numerics.weights import SeededWeights, Weights
from wsesim.numerics.whole import Computed, compute

__all__ = [
    "DEVIATIONS",
    "EXACT",
    "FORMATS",
    "GPT2_MERGES",
    "IGNORED",
    "KEPT_AS",
    "SAMPLES",
    "SPREAD",
    "UNIT_ROUNDOFF",
    "AdamW",
    "BlockRun",
    "Cache",
    "Computed",
    "Execution",
    "Forward",
    "Ids",
    "InPrecision",
    "Key",
    "LossScale",
    "Lost",
    "NamedArrays",
    "OpFunction",
    "Part",
    "SafetensorsWeights",
    "Sampling",
    "Schedule",
    "SeededWeights",
    "Setting",
    "StepTaken",
    "Storage",
    "Tokenizer",
    "Weights",
    "backward",
    "compute",
    "computes",
    "execute",
    "fold_ids",
    "forward",
    "function_of",
    "held_labels",
    "label_counts",
    "labels_of_batch",
    "load_text",
    "new_cache",
    "quick",
    "read_tokenizer",
    "require_followed",
    "run_ops",
    "save_tensors",
    "scale_of_loss",
    "score_scale",
    "step",
    "stored_tensors",
    "token_inputs",
    "token_windows",
    "tokenizer_files",
    "update",
    "verify_model",
    "walk",
    "walk_reference",
    "weights_in",
]
