"""What kinds of question about models have in common: of one step, and of one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wsesim.answer import FigureSpec, Level, Limit, Number, Outcome
from wsesim.graph import Graph
from wsesim.questions.base import Asked, Draft, Reads, Say, silent
from wsesim.questions.shared.capped import outlined, sketched, under_cap
from wsesim.questions.shared.numbers import files_of
from wsesim.questions.shared.step import AT_BEST, FIGURES, Step, check_step, named
from wsesim.workload import Derived, Section

if TYPE_CHECKING:
    from wsesim.questions.shared.request import Request


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelQuestion:
    """A question about a model, whose numbers can be verified."""

    kind: ClassVar[str]
    mark: ClassVar[str] = ""
    file: ClassVar[type[Section]]
    figures: ClassVar[tuple[FigureSpec, ...]]
    usual: ClassVar[tuple[str, ...]]
    level: ClassVar[Level] = "system"
    stack: ClassVar[str] = "waferllm"
    reads: ClassVar[Reads]
    kin: ClassVar[tuple[str, ...]] = ()
    supported: ClassVar[str]

    asked: Asked

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.asked.name}, asked in {self.asked.file}>"

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that verification reads."""
        return files_of(self.asked)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StepQuestion(ModelQuestion):
    """How long one step takes, with weights that stream."""

    figures: ClassVar[tuple[FigureSpec, ...]] = FIGURES
    usual: ClassVar[tuple[str, ...]] = ("step_s", "tokens_per_s", "mfu", "bound_s", "micro_batch", "passes")
    stack: ClassVar[str] = "release-2"
    supported: ClassVar[str] = (
        "Measured steps support the system level (`wsesim validate`); cores run our own programs, no compiler's; "
        "closed forms leave out what waits for what."
    )
    bounded: ClassVar[tuple[str, ...]] = AT_BEST
    bound: ClassVar[str] = (
        "no step is played faster than its stages one after the other, each as long as what takes longest of it"
    )
    what: ClassVar[str]
    """Names the step in the title."""
    trains: ClassVar[bool]

    step: Step

    @property
    def title(self) -> str:
        """What is asked."""
        step = self.step
        each = f"{step.sequences:,} sequence{'' if step.sequences == 1 else 's'} of {step.length:,} tokens"
        return f"One {self.what} of {named(self.asked)}: {each}, {step.precision} precision."

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the length of the batch."""
        return values["batch"].length if "batch" in values else 1  # a broken batch must not pass for a missing length

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the batch; return its defaults."""
        return check_step(draft)

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Return the question of a checked file."""
        return cls(asked=asked, step=Step.of(asked, trains=cls.trains))

    def graph(self) -> Graph:
        """Return the graph of the batch of one system."""
        return self.step.graph()

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        if level == "cores":
            from wsesim.questions.shared.step_cores import solve_on_cores

            found = solve_on_cores(self, self.step, say)
            return under_cap(self, found, level, lambda at: at.solve(level, say))
        from wsesim.questions.shared.step_answer import solve_step

        found = solve_step(self, self.step, level, say)
        return under_cap(self, found, level, lambda at: at.solve(level, say))

    def sketch(self, level: Level) -> Outcome:
        """Answer at a level in figures alone."""
        if level == "cores":
            return self.solve(level, silent)
        from wsesim.questions.shared.step_answer import sketch_step

        return under_cap(self, sketch_step(self, self.step, level), level, partial(sketched, level=level))

    def at_best(self) -> Mapping[str, Number]:
        """Return figures that no step which is played betters; none where a cap on power may lower the clock."""
        from wsesim.questions.shared.step_answer import step_at_best

        return {} if self.asked.hardware.cluster.wafer.energy.capped else step_at_best(self.step)

    def limits(self, level: Level) -> tuple[Limit, ...]:
        """Return what holds the time, laid as it is; cores are asked by `solve` alone."""
        if level == "cores":
            return ()
        from wsesim.questions.shared.step_answer import step_limits

        return step_limits(self, self.step, level)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestQuestion(ModelQuestion):
    """How long one request takes, or as many as are held at once, with weights resident."""

    supported: ClassVar[str] = (
        "Measured prompts and tokens support the system level (`wsesim validate`); on cores, ops run as programs of "
        "ours."
    )
    title_form: ClassVar[str]
    """The title, with places for the `model`, the `prompt`, what to `generate`, and for `each` of how many."""
    prompts: ClassVar[bool]
    """Whether a prompt is read."""
    writes: ClassVar[bool]
    """Whether tokens are written."""

    request: Request

    @property
    def title(self) -> str:
        """What is asked."""
        request = self.request
        each = "" if request.batch == 1 else f" for each of {request.batch:,} sequences"
        return self.title_form.format(
            model=named(self.asked),
            prompt=request.prompt,
            generate=request.generate,
            each=each,
            precision=self.asked.resolved["precision"],
        )

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the tokens read and written."""
        from wsesim.questions.shared.request import tokens_of

        section = values.get("inference")
        return tokens_of(section, writes=cls.writes) if section else 1

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the request; return its defaults."""
        from wsesim.questions.shared.request import check_request

        return check_request(draft, reads=cls.prompts, writes=cls.writes)

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Return the question of a checked file."""
        from wsesim.questions.shared.request import request_of

        return cls(asked=asked, request=request_of(asked, reads=cls.prompts, writes=cls.writes))

    def graph(self) -> Graph:
        """Return the graph of the sequences held."""
        from wsesim.questions.shared.request import forward_graph

        return forward_graph(self.asked, sequences=self.request.batch, length=self.request.positions)

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        if level == "cores":
            from wsesim.questions.shared.request_cores import solve_on_cores

            found = solve_on_cores(self, self.request, say)
            return under_cap(self, found, level, lambda at: at.solve(level, say))
        from wsesim.questions.shared.request_answer import solve_request

        found = solve_request(self, self.request, level, say)
        return under_cap(self, found, level, lambda at: at.solve(level, say))

    def sketch(self, level: Level) -> Outcome:
        """Answer at a level in figures alone."""
        if level == "cores":
            return self.solve(level, silent)
        from wsesim.questions.shared.request_answer import sketch_request

        return under_cap(self, sketch_request(self, self.request, level), level, partial(sketched, level=level))

    def outline(self, level: Level) -> Outcome:
        """Answer at a level in figures, facts and ops."""
        if level == "cores":
            return self.solve(level, silent)
        from wsesim.questions.shared.request_answer import outline_request

        return under_cap(self, outline_request(self, self.request, level), level, lambda at: outlined(at, level))

    def limits(self, level: Level) -> tuple[Limit, ...]:
        """Return what holds the time, placed as it is; cores are asked by `solve` alone."""
        if level == "cores":
            return ()
        from wsesim.questions.shared.request_answer import request_limits

        return request_limits(self, self.request, level)
