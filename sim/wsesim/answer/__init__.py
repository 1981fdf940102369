"""What a question is answered with: data only, one type for every kind of question, so that every reader sees the same.

Question ─solve(level)─► Answer | DoesNotFit | NotAnswered ─► Result ─► terminal, page, JSON, tables, sweeps, validation
"""

from wsesim.answer.drawings import (
    CauseBars,
    CauseMaps,
    Chain,
    ChainLink,
    CodeLine,
    CodeListing,
    CoreFrames,
    CoreMap,
    Curve,
    Drawing,
    Flame,
    FlameFrame,
    Sketch,
)
from wsesim.answer.figures import (
    LEVELS,
    Bound,
    Choice,
    FigureSpec,
    Level,
    Limit,
    Number,
    Reason,
    Spent,
    Status,
    UsedFigure,
)
from wsesim.answer.outcome import Answer, DoesNotFit, NotAnswered, Outcome
from wsesim.answer.parts import Interval, MemoryUse, OpTime, Table
from wsesim.answer.readable import Readable
from wsesim.answer.result import Comparison, Difference, Nearest, Provenance, Result, SimulatorCost, Verification

__all__ = [
    "LEVELS",
    "Answer",
    "Bound",
    "CauseBars",
    "CauseMaps",
    "Chain",
    "ChainLink",
    "Choice",
    "CodeLine",
    "CodeListing",
    "Comparison",
    "CoreFrames",
    "CoreMap",
    "Curve",
    "Difference",
    "DoesNotFit",
    "Drawing",
    "FigureSpec",
    "Flame",
    "FlameFrame",
    "Interval",
    "Level",
    "Limit",
    "MemoryUse",
    "Nearest",
    "NotAnswered",
    "Number",
    "OpTime",
    "Outcome",
    "Provenance",
    "Readable",
    "Reason",
    "Result",
    "SimulatorCost",
    "Sketch",
    "Spent",
    "Status",
    "Table",
    "UsedFigure",
    "Verification",
]
