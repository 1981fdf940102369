"""Why cores say something else than closed forms: by taking one mechanism away at a time."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

from wsesim.cores.kit.base import KernelSetup
from wsesim.cores.programs.gemm import stream_gemm, stream_gradient
from wsesim.hardware import Wafer
from wsesim.trials.trial import Trial, Tried

WHOLE = "features are whole on a core, the formula divides them evenly"
SUMS = "sums take the datapath longer than the formula counts: in a pass of their own, or down the columns"
WAITS = "columns wait for the sums of their neighbours, link by link, and add up at the end what they kept"
PRODUCTS = "multiply-accumulates take longer on a core than the formula's rate: whole issues, launches, banks"
STARTS = (
    "each weight that arrives starts a product, beyond what the formula counts for it: short AXPYs one after the "
    "other, timed on silicon, would tell"
)
OWN = "what a core spreads it does not hear: all multiply features of their own before, on a few columns a larger share"
CODE = "branches after each weight, counting, loops, roots, divides, conversions: the formula counts few of them"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCycles:
    """Where the cycles of a linear layer's trial go, by the closed form of its core program."""

    products: float
    """Multiply-accumulates in memory."""
    sums: float
    """What those with a sum from or to the fabric take longer; or sums of a gradient on their way down."""
    starts: float = 0.0
    """From weights to their products, where no task of the core's own starts them."""
    own: float = 0.0
    """Products that are made before anything passes."""
    rest: str = CODE
    """What the rest is."""


def layer_of(trial: Trial, wafer: Wafer) -> LayerCycles | None:
    """Return where the cycles of *trial* go; None for what is not a linear layer."""
    if trial.program not in (stream_gemm.NAME, stream_gradient.NAME):
        return None
    return _gemm(trial, wafer) if trial.program == stream_gemm.NAME else _gradient(trial, wafer)


def _gemm(trial: Trial, wafer: Wafer) -> LayerCycles:
    layer = stream_gemm.asked(
        KernelSetup(wafer=wafer, grid=trial.grid, shape=trial.shape, options=trial.options)
    )  # fmt: skip
    parts = stream_gemm.output_cycles(wafer, layer)
    sums = layer.cut.outputs * layer.chains
    return LayerCycles(
        products=sums * parts.weights * parts.plain, sums=sums * parts.sums,
        starts=sums * parts.weights * parts.start, rest=WAITS,
    )  # fmt: skip


def _gradient(trial: Trial, wafer: Wafer) -> LayerCycles:
    gradient = stream_gradient.asked(
        KernelSetup(wafer=wafer, grid=trial.grid, shape=trial.shape, options=trial.options)
    )  # fmt: skip
    cut, own = gradient.cut, stream_gradient.feature_cycles(wafer, gradient, own=True)
    received = stream_gradient.feature_cycles(wafer, gradient, own=False)
    products = cut.outputs * cut.inputs_each * received.product.cycles
    return LayerCycles(
        products=products, sums=cut.outputs * received.sums, starts=cut.outputs * received.products - products,
        own=cut.outputs_each * own.work,
    )  # fmt: skip


def extra_cycles(tried: Tried, wafer: Wafer) -> dict[str, float]:
    """Return by cause the cycles that *tried* takes more than its closed form; they sum to that."""
    trial = tried.trial
    rest, layer = tried.cycles - trial.closed_cycles, layer_of(trial, wafer)
    if layer is None:
        return {CODE: rest}
    found = {
        PRODUCTS: layer.products - trial.products_cycles,
        SUMS: layer.sums - trial.sums_cycles,
        STARTS: tried.starts_cycles + layer.starts - trial.launches_cycles,
        OWN: layer.own,
    }
    return {**found, layer.rest: rest - fsum(found.values())}
