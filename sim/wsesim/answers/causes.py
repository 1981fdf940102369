"""What time goes to: a name, a sentence and a colour for each cause, the same in every figure.

Related causes share a hue (arithmetic blue, fabric orange, weights green); neighbours differ in lightness as well, so
that they stay apart for eyes that mix up red and green, and on a grey print. No two have the same colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from wsesim.answer import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why time passes."""

    name: str
    """As it stands in the answer."""
    label: str
    meaning: str
    light: str
    """Colour on white."""
    dark: str
    """Colour on black."""
    style: str = ""
    """CSS class, and variable, that carries the colour on a page: `c0`, `c1` ..."""


_TABLE = (
    ("fmac", "FMAC", "multiply-accumulate units at work on matrix products", "#2b5c8a", "#5b95cc"),
    ("compute", "compute", "the wafer at work on any kernel, a core on elements", "#386b9c", "#6ea3d6"),
    ("prefill", "prefill", "prompts being read", "#1f4468", "#3f78ad"),
    ("decode", "decode", "tokens being written", "#5f97c4", "#8dbde6"),
    ("queue", "queue", "requests that wait for those before them, or for room", "#d9b9a0", "#9c7f6a"),
    ("elementwise", "elementwise", "norms, activations, residuals, softmax", "#7fb0d6", "#a9d0ef"),
    ("unpacking", "unpacking", "weights of fewer bits made numbers of 16", "#5d8f8f", "#86b8b8"),
    ("softmax", "softmax", "exponentials and sums over the cached positions", "#a7cae6", "#c3def4"),
    ("reduction", "reduction", "partial sums crossing the fabric and being added", "#d9822b", "#e79a45"),
    ("broadcast", "broadcast", "one value of a token going to every core of its row", "#b5651d", "#c97f3c"),
    ("exchange", "exchange", "tokens on their way to their experts and back", "#c46f4e", "#dd9276"),
    ("shift", "shift", "tiles moving to the next core, where products do not hide it", "#d68f74", "#e8ad97"),
    ("fill", "pipeline fill", "until the first word has crossed the wafer", "#efc58d", "#f2d9b0"),
    ("pipeline", "pipeline", "prompts that wait for those before them", "#e4c9a0", "#8f7a58"),
    ("handover", "handover", "values going from one stage to the next", "#c9b458", "#d9c878"),
    ("weights", "weights", "weights on their way in, or the wait for them", "#3a8f78", "#4fb398"),
    ("move", "move", "weights and cache laid out anew between reading and writing", "#2c7461", "#3f9a82"),
    ("arrival", "arrival", "weights running down their columns", "#6fa58f", "#7fbfa5"),
    ("injection", "injection", "weights entering at the wafer's edge", "#8cc7b0", "#a3dcc8"),
    ("gradients", "gradients", "weight gradients on their way out, or the wait", "#8a6fb0", "#b199d6"),
    ("token turn", "token turn", "the chosen token going back to where tokens enter", "#a48cc6", "#c9b5e6"),
    ("recompute", "recompute", "layers computed again in the backward pass to save memory", "#4c4f8f", "#8488c9"),
    (
        "strips",
        "strips again",
        "scores and logits, which pass in strips and are never stored, computed again",
        "#b9a33f",
        "#c6b45c",
    ),
    (
        "launch",
        "launch",
        "starts of kernels; on a core, of tasks and instructions, and scalar code where that does not stand apart",
        "#9a9488",
        "#8f897e",
    ),
    (
        "step",
        "step overhead",
        "fixed work of the software at each step, with its part of fetching a loss that is logged",
        "#5f7d4f",
        "#8fb07c",
    ),
    ("stragglers", "stragglers", "the slowest of all systems, for which the others wait", "#6b4f2f", "#a98b63"),
    ("update", "optimizer update", "new weights from gradients, beside the wafer", "#b8567a", "#d97d9f"),
    ("accumulate", "accumulate", "gradients of a pass added to those before", "#d497ae", "#8f4c66"),
    ("guesses", "guesses", "a small model's guesses, and checking them", "#a0436a", "#c4668c"),
    ("input", "input", "the host's tokens, or the wait for them", "#7d7a2d", "#b5b052"),
    ("scalar code", "scalar code", "instructions of a core's main thread that are no vector's", "#7c8a5a", "#a8b57f"),
    (
        "scalar code and launch",
        "scalar code and launch",
        "what a core's main thread does beside elements: instructions, starts of tasks and of vector instructions",
        "#8a8f6e",
        "#9da582",
    ),
    ("banks", "banks", "what vector instructions take longer because reads meet in memory", "#5b87b5", "#8fb8de"),
    ("fabric wait", "fabric wait", "cores that wait for a wavelet to arrive", "#b08968", "#c9a98a"),
    ("queue wait", "queue wait", "cores that wait for room to send a wavelet", "#93624b", "#b3846c"),
    ("on the way", "on the way", "wavelets on ramps and links that somebody waits for", "#c99b6d", "#d8b48c"),
    ("idle", "idle", "nothing to do", "#dad6cb", "#4a4944"),
    ("folded", "the same again", "equal layers or passes, counted instead of played", "#e7e5de", "#383734"),
)
KNOWN = {
    name: Cause(name=name, label=label, meaning=meaning, light=light, dark=dark)
    for name, label, meaning, light, dark in _TABLE
}
SPARE = (("#c3a0c4", "#d9bcda"), ("#6d4c41", "#a98274"), ("#4f6d7d", "#86a7ba"), ("#a08c4a", "#c4b27a"))


def known(names: Iterable[str]) -> dict[str, Cause]:
    """Return a cause for each of *names*, in order; those nobody described get a spare colour each, in turn."""
    found: dict[str, Cause] = {}
    spare = 0
    for name in dict.fromkeys(names):
        cause = KNOWN.get(name)
        if cause is None:
            light, dark = SPARE[spare % len(SPARE)]
            spare += 1
            cause = Cause(name=name, label=name, meaning="", light=light, dark=dark)
        found[name] = replace(cause, style=f"c{len(found)}")
    return found


def causes_of(answer: Answer) -> dict[str, Cause]:
    """Return every cause in *answer*, in the order a reader meets them."""
    names = list(answer.spent.by_cause) if answer.spent else []
    names += list(answer.bound.gap) if answer.bound else []
    names += [interval.cause for interval in answer.timeline]
    names += [cause for drawing in answer.drawings for cause in getattr(drawing, "causes", ())]
    return known(names + [cause for op in answer.ops for cause in (*op.parts, op.bound)])
