"""A step of a small copy of a question's model, run op after op on simulated cores and held to the executor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wsesim.errors import InputError, NotModelled
from wsesim.questions.base import Question, Say, silent

if TYPE_CHECKING:
    from wsesim.model import ModelSpec
    from wsesim.trials import StepOnCores

LAYERS, WIDTH, HEADS, FFN_WIDTH, WORDS, LENGTH = 2, 32, 2, 128, 64, 16
"""Of the copy, at most. Assumed: every op on 8 x 8 cores, in seconds."""
SPREAD = 0.1
"""Of weights, biases and norms, so that a forgotten one shows."""


def step_on_cores(question: Question, grid: tuple[int, int], *, say: Say = silent) -> StepOnCores:
    """Run a step of training, of a small copy of the model, on *grid* (columns, rows) of the machine's cores.

    Raises:
        InputError: a kind without a model, an op that no core program does, a grid that is no part of the wafer, or no
            compiler.
    """
    from wsesim import trials
    from wsesim.cores import jit
    from wsesim.graph import with_training
    from wsesim.model import build_graph
    from wsesim.numerics import SeededWeights, fold_ids, token_inputs
    from wsesim.questions.shared.sample import sample_ids

    asked = question.asked
    if asked.model is None:
        raise InputError.at("has no model, so no step can run on cores", file=asked.file)
    if not jit.COMPILED:
        raise InputError.at(f"a step on simulated cores takes too long uncompiled: {jit.INSTALL}", file=asked.file)
    model = small_copy(asked.shape)
    length = min(LENGTH, model.max_length)
    graph = with_training(build_graph(model, sequences=1, length=length, precision="fp32"))
    tokens = token_inputs(graph, fold_ids(sample_ids(1, length), model.vocab))
    weights = SeededWeights(graph, 0, spread=SPREAD, deviation=SPREAD)
    try:
        return trials.step_on_cores(graph, weights, tokens, asked.hardware.cluster.wafer, grid, say=say)
    except NotModelled as error:
        raise InputError.at(str(error), file=asked.file) from None


def small_copy(model: ModelSpec) -> ModelSpec:
    """Return *model* with all its parts, so small that cores run a step of it in seconds."""
    heads, kv_heads = min(HEADS, model.heads), min(HEADS, model.kv_heads)
    head_width = min(model.head_width, WIDTH // heads)
    return replace(
        model, layers=min(LAYERS, model.layers), width=min(WIDTH, model.width), heads=heads, kv_heads=kv_heads,
        head_width=head_width, ffn_width=min(FFN_WIDTH, model.ffn_width), vocab=min(WORDS, model.vocab),
        max_length=min(LENGTH, model.max_length), rotary_width=min(model.rotary_width, head_width),
    )  # fmt: skip
