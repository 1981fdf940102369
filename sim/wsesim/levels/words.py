"""Figures, costs and ratios as people read them; the same on the terminal and on the page."""

from __future__ import annotations

from wsesim.levels.comparison import Answer, Comparison, Difference, KernelRow
from wsesim.report import text

LABELS = {
    "step_s": "one step", "tokens_per_s": "tokens per second", "ttft_s": "first token after",
    "tpot_s": "next token after",
    "largest_rate_per_s": "largest rate, requests per second", "ttft_p50_s": "median to first token",
    "tpot_p50_s": "median to next token", "cycles": "cycles", "time_s": "time",
}  # fmt: skip
MEANINGS = {
    "closed": "closed forms added up, nothing played",
    "system": "stores, trees, wafers and requests played; kernels in closed form",
    "cores": "kernels run wavelet by wavelet on a few cores, and what they say put into the system",
}
DISTANT = 0.0005
"""Difference below which two levels say the same."""


def shown(figure: str, value: float | None) -> str:
    """Print a figure."""
    if value is None:
        return "–"
    if figure == "cycles":
        return f"{value:,.0f}"
    return text.rate(value) if figure.endswith("per_s") else text.seconds(value)


def off(comparison: Comparison, answer: Answer, figure: str) -> str:
    """Print how far a level is from the most detailed one."""
    if answer is comparison.finest or not answer.figures:
        return ""
    found = comparison.off(answer, figure)
    if found is None:
        return "–"
    return "the same" if abs(found) < DISTANT else f"{found:+.1%}" if found < 1 else f"{1 + found:.3g} times"


def seconds(value: float) -> str:
    """Print what a cause adds, with its sign."""
    return f"{'+' if value > 0 else '−'}{text.seconds(abs(value))}"


def title(difference: Difference) -> str:
    """Say which levels differ, and in what."""
    coarse, fine = difference.levels
    return f"{LABELS[difference.figure]}, from {coarse} to {fine}"


def ran(row: KernelRow) -> str:
    """Say what ran."""
    if not row.program:
        return row.note
    columns, rows = row.grid
    held = f" ({row.note})" if row.note else ""
    return f"{row.program} {'x'.join(map(str, row.shape))} on {columns} x {rows}{held}"


def cost(answer: Answer) -> str:
    """Print the CPU time."""
    return f"{answer.cpu_s:.2f} s"
