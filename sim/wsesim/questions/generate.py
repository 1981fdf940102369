"""Generate: a prompt in, tokens out, with weights resident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from wsesim.answer import FigureSpec, Level, Outcome
from wsesim.graph import Graph
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared.numbers import files_of
from wsesim.questions.shared.reads import GENERATE
from wsesim.questions.shared.request import (
    COMMON_FIGURES,
    READ_FIGURES,
    SUPPORTED,
    WRITE_FIGURES,
    ReadSection,
    Request,
    ResidentFile,
    WriteSection,
    check_request,
    forward_graph,
    request_of,
)
from wsesim.questions.shared.step import named
from wsesim.workload import Default, Derived, Section
from wsesim.workload.fields import Size


class GenerateSection(ReadSection, WriteSection):
    """A prompt that is read, and the tokens that answer it."""

    generate: Annotated[Size, Default("assumed: an answer of usual length")] = 128
    """Tokens of the answer; the first comes of reading the prompt."""


class GenerateFile(ResidentFile):
    """A file that asks how long a whole request takes."""

    phase: Literal["generate"]
    """What the machine does: read a prompt and write tokens, with weights resident."""
    inference: GenerateSection
    """The request, and how weights lie on the wafers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """How long a whole request takes."""

    kind: ClassVar[str] = "generate"
    mark: ClassVar[str] = ""
    file: ClassVar[type[Section]] = GenerateFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (*READ_FIGURES, *WRITE_FIGURES, *COMMON_FIGURES)
    usual: ClassVar[tuple[str, ...]] = (
        "ttft_s", "tpot_s", "tokens_per_s_user", "tokens_per_s", "total_s", "energy_per_token_j", "wafers",
    )  # fmt: skip
    level: ClassVar[Level] = "system"
    stack: ClassVar[str] = "waferllm"
    reads: ClassVar[Reads] = GENERATE
    supported: ClassVar[str] = SUPPORTED

    asked: Asked
    request: Request

    @property
    def title(self) -> str:
        """What is asked."""
        request = self.request
        each = "" if request.batch == 1 else f" for each of {request.batch:,} sequences"
        tokens = f"{request.prompt:,} tokens in, {request.generate:,} out{each}"
        return f"Generation with {named(self.asked)}: {tokens}, fp16 precision."

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that verification reads."""
        return files_of(self)

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the tokens read and written."""
        section = values.get("inference")
        return section.prompt + section.generate if section else 1

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the request; return its defaults."""
        return check_request(draft, reads=True, writes=True)

    @classmethod
    def of(cls, asked: Asked) -> Generate:
        """Return the question of a checked file."""
        return cls(asked=asked, request=request_of(asked, reads=True, writes=True))

    def graph(self) -> Graph:
        """Return the graph of the sequences held."""
        return forward_graph(self.asked, sequences=self.request.batch, length=self.request.positions)

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        from wsesim.questions.shared.request_answer import solve_request

        return solve_request(self, self.request, level, say)
