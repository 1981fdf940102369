"""A validation of models as a Markdown document with two drawings beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from wsesim._version import __version__
from wsesim.errors import InputError
from wsesim.validation import naive, text
from wsesim.validation.constants import MOST, load_constants
from wsesim.validation.groups import CLAIMS
from wsesim.validation.lines import (
    CLAIM_HEAD,
    CONSTANT_HEAD,
    GROUP_HEAD,
    LEFT_HEAD,
    ROW_HEAD,
    claims,
    constant_lines,
    groups,
    left_out_lines,
    row_line,
    shift_head,
    shift_lines,
    verdict,
)
from wsesim.validation.score import Score, Validation
from wsesim.validation.sensitivity import Shift


def write_document(validation: Validation, shifts: Sequence[Shift], path: Path, *, scatter: str, errors: str) -> None:
    """Write the document to *path*, and its drawings beside it under its name.

    Raises:
        InputError: a file cannot be written.
    """
    drawings = {
        path.with_name(f"{path.stem}-{name}.svg"): svg for name, svg in (("scatter", scatter), ("errors", errors))
    }
    for file, svg in drawings.items():
        try:
            file.write_text(svg, encoding="utf-8")
        except OSError as error:
            raise InputError.at(f"cannot be written: {error.strerror}", file=str(file)) from None
    by_points, by_group = (file.name for file in drawings)
    parts = [*_head(), *_summary(validation, by_group), f"![Simulated against measured]({by_points})",
             *_rows(validation), *_constants(shifts), *_rest(validation)]  # fmt: skip
    text.write_document(parts, path)


def _head() -> Iterator[str]:
    mfu = ", ".join(f"{100 * share:.0f} % on {name}" for name, share in naive.MFU.items())
    yield "# Measured and simulated"
    yield (
        f"Written by `wsesim validate`, version {__version__}. Every row is run again by its columns alone. An error "
        "is simulated over measured, less one, in the row's own unit: of times and cycles `+` means that the simulator "
        "is too slow, of rates too fast. Rows that count cycles are compared in cycles. Medians and worst rows are "
        "without sign; the bias is the median with sign. Goals are for median / worst row."
    )
    yield (
        f"The baseline knows peaks only: training, evaluation and prompts at one utilization ({mfu}) of the dense "
        "16-bit peak; a token as long as its stage's cores read the weights, each once; hosts at the whole bandwidth "
        "of the wafer."
    )


def _summary(validation: Validation, drawing: str) -> Iterator[str]:
    yield "## Groups"
    yield text.markdown_table(GROUP_HEAD, groups(validation))
    yield f"![Errors by group]({drawing})"
    if lines := claims(validation):
        yield (
            "Not measured, and kept apart: sums on model cards, which no machine was timed for; speeds that a service "
            "is said to reach, of which neither program nor placement nor clock is known."
        )
        yield text.markdown_table(CLAIM_HEAD, lines)


def _rows(validation: Validation) -> Iterator[str]:
    yield "## Rows"
    for name, group in validation.summary().items():
        run = [score for score in validation.scores if score.group == name and score.simulated is not None]
        if run:
            yield f"### {name}"
            yield verdict(group) if name not in CLAIMS.values() else "No measurement."
            yield text.markdown_table(ROW_HEAD, [row_line(score) for score in run])


def _constants(shifts: Sequence[Shift]) -> Iterator[str]:
    constants = load_constants()
    yield "## Constants set with these rows in view"
    yield (
        f"{len(constants.calibrated)} of at most {MOST}: one value each for all models and machines. All other figures "
        "have a source of their own (`wsesim machines NAME`)."
    )
    yield text.markdown_table(CONSTANT_HEAD, constant_lines(constants))
    yield "Also chosen with these rows in view:"
    yield "\n".join(f"- {choice.what} (`{choice.where}`): {choice.why}." for choice in constants.chosen)
    if constants.left_out:
        yield "### A group left out"
        yield (
            "Each constant set anew on all groups but one (the value of a grid with the least mean of |ln(simulated / "
            "measured)|, the other constants as they are; nothing where no other group shows it), and the errors of "
            "that group then, which are nearer to those of a blind prediction. "
            "Groups that are not listed depend on no calibrated constant. Written by `make calibrate`."
        )
        yield text.markdown_table(LEFT_HEAD, left_out_lines(constants))
    yield "### Sensitivity"
    if not shifts:
        yield "Not asked for: `wsesim validate --sensitivity`."
        return
    yield (
        "What a tenth less, and a tenth more, of each constant does to the bias of each group that it moves, in "
        "percentage points; what counts whole things is changed by one."
    )
    yield text.markdown_table(shift_head(shifts), shift_lines(shifts))


def _rest(validation: Validation) -> Iterator[str]:
    yield "## Assumed, or run otherwise than stated"
    yield text.markdown_table(("row", "what"), [(score.id, score.note) for score in validation.scores if score.note])
    yield "## Not run"
    yield text.markdown_table(
        ("row", "group", "why"), [_why(score) for score in validation.scores if score.simulated is None]
    )


def _why(score: Score) -> tuple[str, ...]:
    return (score.id, score.group, score.reason)
