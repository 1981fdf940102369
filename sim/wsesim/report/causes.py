"""What time goes to: a name, a sentence and a colour for each cause, the same in every figure.

Related causes share a hue (arithmetic blue, fabric orange, weights green); neighbours differ in lightness as well, so
that they stay apart for eyes that mix up red and green, and on a grey print.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why time passes."""

    name: str
    """As it stands in the result."""
    label: str
    meaning: str
    light: str
    """Colour on white."""
    dark: str
    """Colour on black."""


def _cause(name: str, label: str, meaning: str, light: str, dark: str) -> Cause:
    return Cause(name=name, label=label, meaning=meaning, light=light, dark=dark)


_KNOWN = {
    cause.name: cause
    for cause in (
        _cause("fmac", "FMAC", "multiply-accumulate units at work on matrix products", "#2b5c8a", "#5b95cc"),
        _cause("compute", "compute", "the wafer at work on any kernel", "#2b5c8a", "#5b95cc"),
        _cause("elementwise", "elementwise", "norms, activations, residuals, softmax", "#7fb0d6", "#a9d0ef"),
        _cause("reduction", "reduction", "partial sums crossing the fabric and being added", "#d9822b", "#e79a45"),
        _cause("broadcast", "broadcast", "one value of a token going to every core of its row", "#b5651d", "#c97f3c"),
        _cause("exchange", "exchange", "tokens on their way to their experts and back", "#c46f4e", "#dd9276"),
        _cause("fill", "pipeline fill", "until the first word has crossed the wafer", "#efc58d", "#f2d9b0"),
        _cause("weights", "weights", "weights on their way in, or the wait for them", "#3a8f78", "#4fb398"),
        _cause("arrival", "arrival", "weights running down their columns", "#6fa58f", "#7fbfa5"),
        _cause("injection", "injection", "weights entering at the wafer's edge", "#8cc7b0", "#a3dcc8"),
        _cause("gradients", "gradients", "weight gradients on their way out, or the wait", "#8a6fb0", "#b199d6"),
        _cause("launch", "launch", "starting kernels on the wafer, and vector instructions", "#9a9488", "#8f897e"),
        _cause("recompute", "recompute", "forward work done again in the backward pass", "#4c4f8f", "#8488c9"),
        _cause("update", "optimizer update", "new weights from gradients, beside the wafer", "#b8567a", "#d97d9f"),
        _cause("input", "input", "the host's tokens, or the wait for them", "#7d7a2d", "#b5b052"),
        _cause("accumulate", "accumulate", "gradients of a pass added to those before", "#d497ae", "#8f4c66"),
        _cause("step", "step overhead", "fixed work of the software at each step", "#5f7d4f", "#8fb07c"),
        _cause("softmax", "softmax", "exponentials and sums over the cached positions", "#7fb0d6", "#a9d0ef"),
        _cause(
            "shift",
            "shift",
            "tiles of both factors moving to the next core, where products do not hide it",
            "#c46f4e",
            "#dd9276",
        ),
        _cause("handover", "handover", "values going from one stage to the next", "#c9b458", "#d9c878"),
        _cause("token turn", "token turn", "the chosen token going back to where tokens enter", "#8a6fb0", "#b199d6"),
        _cause("pipeline", "pipeline", "prompts that wait for those before them", "#e4c9a0", "#8f7a58"),
        _cause("move", "move", "weights and cache laid out anew between reading and writing", "#3a8f78", "#4fb398"),
        _cause("guesses", "guesses", "a small model's guesses, and checking them", "#b8567a", "#d97d9f"),
        _cause("idle", "idle", "nothing to do", "#e4e1d9", "#3d3c39"),
        _cause("folded", "the same again", "equal layers or passes, counted instead of played", "#e4e1d9", "#3d3c39"),
        _cause("overlap", "overlap", "transfers hidden behind other layers", "#c9b458", "#d9c878"),
    )
}
_SPARE = (("#c3a0c4", "#d9bcda"), ("#6d4c41", "#a98274"), ("#4f6d7d", "#86a7ba"), ("#a08c4a", "#c4b27a"))


def known(names: Iterable[str]) -> dict[str, Cause]:
    """Return a cause for each of *names*, in order; those nobody described get a spare colour each, in turn."""
    found: dict[str, Cause] = {}
    spare = 0
    for name in names:
        if name in found:
            continue
        if name in _KNOWN:
            found[name] = _KNOWN[name]
            continue
        light, dark = _SPARE[spare % len(_SPARE)]
        spare += 1
        found[name] = _cause(name, name, "", light, dark)
    return found
