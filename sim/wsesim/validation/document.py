"""A validation of models as JSON, as tables in the terminal, and as a Markdown document with two drawings beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from wsesim._version import __version__
from wsesim.validation import naive, text
from wsesim.validation.calibrate import Otherwise, Shift
from wsesim.validation.constants import MOST, Constants, load_constants
from wsesim.validation.gpus.report import in_short, packaged_report
from wsesim.validation.groups import CLAIMS
from wsesim.validation.plots import errors_svg, scatter_svg
from wsesim.validation.score import GroupSummary, ModelValidation, RowScore
from wsesim.validation.text import Line, left_lines, markdown_table, percent, print_table, signed

if TYPE_CHECKING:
    from rich.console import Console

STEM = "validation"
"""With which names of files begin."""
GROUP_HEAD = ("group", "rows run", "bias", "median", "worst", "worst row", "goals", "met", "baseline")
CLAIM_HEAD = ("group", "rows run", "bias", "median", "worst", "worst row", "baseline")
ROW_HEAD = ("row", "measured", "simulated", "unit", "error", "told without it", "baseline")
CONSTANT_HEAD = ("constant", "value", "plausible", "meaning", "set on")
OTHER_HEAD = ("chosen", "otherwise", "group", "median", "worst", "otherwise: median", "worst")
LEFT_HEAD = ("group", "constants as all other groups set them", "median", "worst", "in view: median", "worst")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """A validation, ready to be shown."""

    validation: ModelValidation
    shifts: tuple[Shift, ...] = ()
    """What each calibrated constant does; empty if nobody asked."""
    others: tuple[Otherwise, ...] = ()
    """What each thing chosen with rows in view does; empty if nobody asked."""
    own: bool = False
    """Whether the rows are of the user's own table: then why some were not run is printed."""

    @property
    def rows(self) -> int:
        """How many rows were asked."""
        return len(self.validation.scores)

    @property
    def left(self) -> dict[str, str]:
        """Why rows were not run, by row."""
        return {score.id: score.reason for score in self.validation.scores if score.simulated is None}

    def to_dict(self) -> dict[str, object]:
        """Return rows, summary, constants, and shifts if there are any, as plain data."""
        rows = []
        for score in self.validation.scores:
            row = asdict(score) | {"error": score.error, "naive_error": score.naive_error}
            if score.nearest is not None:
                row["nearest"]["within"] = score.nearest.within
            for empty in [name for name in ("reason", "note", "nearest") if not row[name]]:
                del row[empty]
            rows.append(row)
        summary = {name: asdict(group) | {"met": group.met} for name, group in self.validation.summary().items()}
        found: dict[str, object] = {"rows": rows, "summary": summary, "constants": asdict(load_constants())}
        return found | ({"sensitivity": [asdict(shift) for shift in self.shifts]} if self.shifts else {})

    def print(self, console: Console) -> None:
        """Print one line a group, groups of claims apart; rows not run are counted, of a user's table named."""
        from wsesim.answers.printer import Printer

        to = Printer(console)
        print_table(to, "Measured", GROUP_HEAD, _groups(self.validation), left=("worst row", "met"))
        if lines := _claims(self.validation):
            print_table(to, "Claims", CLAIM_HEAD, lines, left=("worst row",))
        if self.shifts:
            title = "Points by which the bias moves if a constant is a tenth smaller, and a tenth larger"
            print_table(to, title, _shift_head(self.shifts), _shift_lines(self.shifts), left=())
        to.line((_told(self.validation), ""))
        for line in left_lines(self.left) if self.own else ():
            to.line((line, ""))

    def files(self) -> dict[str, bytes]:
        """Return everything as Markdown, and two drawings that it shows, by name."""
        drawn = {f"{STEM}-errors.svg": errors_svg(self.validation), f"{STEM}-scatter.svg": scatter_svg(self.validation)}
        by_group, by_points = drawn
        parts = [*_head(), *_summary(self.validation, by_group), f"![Simulated against measured]({by_points})",
                 *_rows(self.validation), *in_short(packaged_report()), *_constants(self.shifts, self.others),
                 *_rest(self.validation)]  # fmt: skip
        return {f"{STEM}.md": text.document(parts)} | {name: svg.encode() for name, svg in drawn.items()}


def _told(validation: ModelValidation) -> str:
    left, every = sum(score.simulated is None for score in validation.scores), len(validation.scores)
    if not left:
        return f"All {every} rows were run; --json and the report show them."
    return f"{every - left} of {every} rows were run; --json and the report show them, and why the others were not."


def _groups(validation: ModelValidation) -> list[Line]:
    """Return a line for each group of measured rows of which some were run."""
    return [
        (*_spread(name, group), _goal(group), _met(group), percent(group.naive_median))
        for name, group in validation.summary().items()
        if group.run and name not in CLAIMS.values()
    ]


def _claims(validation: ModelValidation) -> list[Line]:
    """Return a line for each group that is no measurement."""
    return [
        (*_spread(name, group), percent(group.naive_median))
        for name, group in validation.summary().items()
        if group.run and name in CLAIMS.values()
    ]


def _spread(name: str, group: GroupSummary) -> Line:
    return (
        name, f"{group.run} of {group.rows}", signed(group.signed_median), percent(group.median), percent(group.worst),
        group.worst_id,
    )  # fmt: skip


def _goal(group: GroupSummary) -> str:
    """Return the goals for the median and the worst row."""
    goals = (group.median_goal, group.worst_goal)
    if goals == (None, None):
        return ""
    return " / ".join("-" if goal is None else f"{100 * goal:g} %" for goal in goals)


def _met(group: GroupSummary) -> str:
    return "" if group.met is None else "yes" if group.met else "no"


def _row_line(score: RowScore) -> Line:
    simulated = "" if score.simulated is None else f"{score.simulated:.5g}"
    nearest = score.nearest
    within = "" if nearest is None else f"within {percent(nearest.within)}, as {nearest.group}"
    baseline = signed(score.naive_error)
    return (score.id, f"{score.measured:.5g}", simulated, score.unit, signed(score.error), within, baseline)


def _verdict(group: GroupSummary) -> str:
    """Return how far off a group is and what it was meant to reach, in a sentence."""
    found = f"Median {percent(group.median)}, worst {percent(group.worst)}"
    if group.met is None:
        return f"{found}; no goal was set."
    goals = (("median", group.median_goal), ("worst", group.worst_goal))
    wanted = " and ".join(f"{name} at most {100 * goal:g} %" for name, goal in goals if goal is not None)
    return f"{found}; the goal is {wanted}: {'met' if group.met else 'not met'}."


def _shift_head(shifts: Sequence[Shift]) -> Line:
    """Return the head of the table of shifts: a column for each constant, with the values it is given."""
    values = {shift.constant: f"{_field(shift.constant)}: {shift.low}, {shift.high}" for shift in shifts}
    return ("group", *values.values())


def _shift_lines(shifts: Sequence[Shift]) -> list[Line]:
    """Return a line for each group that some constant moves."""
    constants = dict.fromkeys(shift.constant for shift in shifts)
    found = {(shift.group, shift.constant): shift for shift in shifts if shift.at_low or shift.at_high}
    groups = dict.fromkeys(shift.group for shift in shifts if (shift.group, shift.constant) in found)
    return [(group, *(_moved(found.get((group, constant))) for constant in constants)) for group in groups]


def _moved(shift: Shift | None) -> str:
    """Return changes of a percentage."""
    if shift is None:
        return ""
    points = (f"{100 * change:+.1f}" for change in (shift.at_low, shift.at_high))
    return ", ".join("0" if point in ("+0.0", "-0.0") else point for point in points)


def _field(constant: str) -> str:
    return constant.partition(".")[2]


def _head() -> Iterator[str]:
    mfu = ", ".join(f"{100 * share:.0f} % on {name}" for name, share in naive.MFU.items())
    yield "# Measured and simulated"
    yield (
        f"Written by `wsesim validate`, version {__version__}. Every row is a question, made of its columns alone: "
        "`wsesim validate --show ROW` prints its file, which `wsesim run` answers with the same figure. An error "
        "is simulated over measured, less one, in the row's own unit: of times and cycles `+` means that the simulator "
        "is too slow, of rates too fast. Rows that count cycles are compared in cycles. Medians and worst rows are "
        "without sign; the bias is the median with sign. Goals are for median / worst row."
    )
    yield (
        f"The baseline knows peaks only: training, evaluation and prompts at one utilization ({mfu}) of the dense "
        "16-bit peak; a token as long as its stage's cores read the weights, each once; hosts at the whole bandwidth "
        "of the wafer."
    )


def _summary(validation: ModelValidation, drawing: str) -> Iterator[str]:
    yield "## Groups"
    yield markdown_table(GROUP_HEAD, _groups(validation))
    yield f"![Errors by group]({drawing})"
    if lines := _claims(validation):
        yield (
            "Not measured, and kept apart: sums on model cards, which no machine was timed for; speeds that a service "
            "is said to reach, of which neither program nor placement nor clock is known."
        )
        yield markdown_table(CLAIM_HEAD, lines)


def _rows(validation: ModelValidation) -> Iterator[str]:
    yield "## Rows"
    for name, group in validation.summary().items():
        run = [score for score in validation.scores if score.group == name and score.simulated is not None]
        if run:
            yield f"### {text.escaped(name)}"
            yield _verdict(group) if name not in CLAIMS.values() else "No measurement."
            yield markdown_table(ROW_HEAD, [_row_line(score) for score in run])


def _constants(shifts: Sequence[Shift], others: Sequence[Otherwise]) -> Iterator[str]:
    constants = load_constants()
    yield "## Constants set with these rows in view"
    yield (
        f"{len(constants.calibrated)} of at most {MOST}: one value each for all models and machines. All other figures "
        "have a source of their own (`wsesim machines NAME`, `wsesim software NAME`)."
    )
    yield markdown_table(CONSTANT_HEAD, _constant_lines(constants))
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
        yield markdown_table(LEFT_HEAD, _left_out_lines(constants))
    yield "### Sensitivity"
    if not shifts:
        yield "Not asked for: `wsesim validate --sensitivity`."
        return
    yield (
        "What a tenth less, and a tenth more, of each constant does to the bias of each group that it moves, in "
        "percentage points; what counts whole things is changed by one."
    )
    yield markdown_table(_shift_head(shifts), _shift_lines(shifts))
    yield "### Chosen otherwise"
    yield "What mechanisms and figures chosen with rows in view do to the errors of each group that they move."
    yield markdown_table(OTHER_HEAD, _other_lines(others))


def _other_lines(others: Sequence[Otherwise]) -> list[Line]:
    return [
        (
            other.choice.what, ", ".join(f"{name} = {value}" for name, value in other.choice.instead.items()), name,
            percent(now.median), percent(now.worst), percent(then.median), percent(then.worst),
        )
        for other in others for name, (now, then) in other.groups.items()
    ]  # fmt: skip


def _constant_lines(constants: Constants) -> list[Line]:
    return [
        (constant.name, constant.value, " to ".join(constant.range), constant.meaning, constant.set_on)
        for constant in constants.calibrated
    ]


def _left_out_lines(constants: Constants) -> list[Line]:
    return [
        (
            left.group, ", ".join(f"{_field(name)} {value}" for name, value in left.values.items()),
            percent(left.median), percent(left.worst), percent(left.median_in_view), percent(left.worst_in_view),
        )
        for left in constants.left_out
    ]  # fmt: skip


def _rest(validation: ModelValidation) -> Iterator[str]:
    yield "## Assumed, or run otherwise than stated"
    yield markdown_table(("row", "what"), [(score.id, score.note) for score in validation.scores if score.note])
    yield "## Not run"
    left = [(score.id, score.group, score.reason) for score in validation.scores if score.simulated is None]
    yield markdown_table(("row", "group", "why"), left)
