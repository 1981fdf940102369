"""Why cores say something else than closed forms: by taking one mechanism away at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

from wsesim.cores import isa
from wsesim.cores.kit.durations import memory, vector_time
from wsesim.cores.operands import Operand
from wsesim.cores.programs.gemm import stream_gemm, stream_gradient
from wsesim.cores.programs.gemm.streaming import arithmetic_of, cut_of, nonzeros_of
from wsesim.hardware import Wafer
from wsesim.trials.trial import Trial, Tried

WHOLE = "features are whole on a core, the formula divides them evenly"
SUMS = "sums of neighbours take turns with the multiply-accumulates on one datapath; the formula has them side by side"
PRODUCTS = "multiply-accumulates take longer on a core than the formula's rate: whole issues, launches, banks"
STARTS = "each weight that arrives starts a task, beyond what the formula counts for it"
CODE = "branches after each weight, counting, loops, roots, divides, conversions: the formula counts few of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCycles:
    """Where the cycles of a linear layer's trial go, by the closed form of its core program."""

    products: float
    """Multiply-accumulates."""
    sums: float
    """What an output (or a feature of a gradient) takes longer beside the transfer of another than alone."""


def layer_of(trial: Trial, wafer: Wafer) -> LayerCycles | None:
    """Return where the cycles of *trial* go; None for what is not a linear layer."""
    if trial.program not in (stream_gemm.NAME, stream_gradient.NAME):
        return None
    cut, arithmetic = cut_of(trial.grid, trial.shape), arithmetic_of(trial.options)
    factor, total = memory(arithmetic.factor, cut.tokens_each), memory(arithmetic.sum, cut.tokens_each)
    if trial.program == stream_gemm.NAME:
        weights = nonzeros_of(trial.options, cut) or cut.inputs_each
        alone, beside = stream_gemm.output_cycles(wafer, cut, arithmetic, nonzeros_of(trial.options, cut))
        operands: tuple[Operand, ...] = (total, total, factor)
    else:
        weights = cut.inputs_each
        alone, beside, _ = stream_gradient.feature_cycles(wafer, cut, arithmetic)
        operands = (None, None, factor, factor)
    product = vector_time(wafer, isa.MAC, arithmetic.product, cut.tokens_each, *operands)
    return LayerCycles(
        products=cut.outputs * weights * product.cycles, sums=(beside - alone) * (cut.outputs - 1)
    )  # fmt: skip


def extra_cycles(tried: Tried, wafer: Wafer) -> dict[str, float]:
    """Return by cause the cycles that *tried* takes more than its closed form; they sum to that."""
    trial = tried.trial
    rest, layer = tried.cycles - trial.closed_cycles, layer_of(trial, wafer)
    if layer is None:
        return {CODE: rest}
    found = {
        PRODUCTS: layer.products - trial.products_cycles,
        SUMS: layer.sums,
        STARTS: tried.starts_cycles - trial.launches_cycles,
    }
    return {**found, CODE: rest - fsum(found.values())}
