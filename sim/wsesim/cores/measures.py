"""Figures that kernels are measured by beside the cycles of a run: one meaning for each name, whatever the kernel.

A program says in its `measures` how it reads them; nothing is imported here that simulates.
"""

from __future__ import annotations

from wsesim.answer import FigureSpec

MEASURES = (
    FigureSpec(
        name="counter_cycles", label="between readings", better="less",
        meaning="cycles between two readings of the cycle counter around the kernel, with what the readings take",
    ),
    FigureSpec(
        name="dispatch_cycles", label="dispatch to dispatch", better="less",
        meaning="cycles from the dispatch of an instruction to that of the next, the mean over those of the kernel",
    ),
    FigureSpec(
        name="latency_cycles", label="dispatch to completion", better="less",
        meaning="cycles from the dispatch of an instruction to its completion, both counted",
    ),
    FigureSpec(
        name="elements_per_cycle", label="rate", better="more",
        meaning="elements a cycle of a vector instruction: the slope between all elements and a third of them",
    ),
    FigureSpec(
        name="bank_slowdown", label="slowdown by banks", better="less",
        meaning="how often as fast an instruction is whose operands lie in the best banks as in the worst",
    ),
    FigureSpec(
        name="received_cycles", label="sent to received", better="less",
        meaning="cycles from the dispatch of the sending to the first instruction of the task the last word starts",
    ),
    FigureSpec(
        name="first_wavelet_cycles", label="sent to first wavelet", better="less",
        meaning="cycles from the dispatch of the sending until the next router sees the first wavelet",
    ),
    FigureSpec(
        name="completion_cycles", label="sent to completion", better="less",
        meaning="cycles from the departure of the last word to the first instruction of the task that it starts there",
    ),
    FigureSpec(
        name="cycles_per_hop", label="one hop", better="less",
        meaning="cycles a message takes longer for each hop: the slope between one hop and all",
    ),
    FigureSpec(
        name="cycles_per_wavelet", label="one wavelet", better="less",
        meaning="cycles a message takes longer for each wavelet: the slope between all words and an eighth of them",
    ),
    FigureSpec(
        name="iteration_cycles", label="one iteration", better="less",
        meaning="cycles of an iteration at core (1, 1), rounded down: what all take longer than half of them, each",
    ),
    FigureSpec(
        name="steady_iteration_cycles", label="one steady iteration", better="less",
        meaning="cycles of an iteration at core (1, 1): the median over the iterations from the fourth on, one by one",
    ),
    FigureSpec(
        name="compute_span_cycles", label="computing", better="less",
        meaning="cycles from the first to the last multiply-accumulate of a step at core (0, 0), of all steps together",
    ),
    FigureSpec(
        name="broadcast_cycles", label="first broadcast", better="less",
        meaning="cycles from the issue of the first broadcast at core (0, 0) to its last word in the router",
    ),
    FigureSpec(
        name="product_cycles", label="one product", better="less",
        meaning="cycles of a product among several one after the other, the mean over cores, after one to warm up",
    ),
    FigureSpec(
        name="flops_per_s", label="rate", better="more",
        meaning="FLOPs a second: two for each multiply-accumulate of the whole product, over its time",
    ),
)  # fmt: skip
RATES = frozenset(spec.name for spec in MEASURES if spec.better == "more")
"""Figures that silicon divides by what it takes longer."""
