"""Decode: writing tokens after some that are cached, with weights resident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from wsesim.answer import FigureSpec, Level, Outcome
from wsesim.graph import Graph
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared.numbers import files_of
from wsesim.questions.shared.reads import DECODE
from wsesim.questions.shared.request import (
    COMMON_FIGURES,
    SUPPORTED,
    WRITE_FIGURES,
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


class DecodeSection(WriteSection):
    """Tokens that are written after others that are cached."""

    prompt: Size
    """Tokens in the cache when it begins."""
    generate: Annotated[Size, Default("one token")] = 1
    """Tokens to write."""


class DecodeFile(ResidentFile):
    """A file that asks how long tokens take."""

    phase: Literal["decode"]
    """What the machine does: write tokens, with weights resident."""
    inference: DecodeSection
    """The tokens, and how weights lie on the wafers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decode:
    """How long writing tokens takes."""

    kind: ClassVar[str] = "decode"
    mark: ClassVar[str] = ""
    file: ClassVar[type[Section]] = DecodeFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (*WRITE_FIGURES, *COMMON_FIGURES)
    usual: ClassVar[tuple[str, ...]] = ("tpot_s", "tokens_per_s_user", "tokens_per_s", "energy_per_token_j", "wafers")
    level: ClassVar[Level] = "system"
    stack: ClassVar[str] = "waferllm"
    reads: ClassVar[Reads] = DECODE
    supported: ClassVar[str] = SUPPORTED

    asked: Asked
    request: Request

    @property
    def title(self) -> str:
        """What is asked."""
        request = self.request
        each = "" if request.batch == 1 else f" for each of {request.batch:,} sequences"
        tokens = f"{request.generate:,} tokens after {request.prompt:,}{each}"
        return f"Decode of {named(self.asked)}: {tokens}, fp16 precision."

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that verification reads."""
        return files_of(self)

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the tokens cached and written."""
        section = values.get("inference")
        return section.prompt + section.generate if section else 1

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the request; return its defaults."""
        return check_request(draft, reads=False, writes=True)

    @classmethod
    def of(cls, asked: Asked) -> Decode:
        """Return the question of a checked file."""
        return cls(asked=asked, request=request_of(asked, reads=False, writes=True))

    def graph(self) -> Graph:
        """Return the graph of the sequences held."""
        return forward_graph(self.asked, sequences=self.request.batch, length=self.request.positions)

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        from wsesim.questions.shared.request_answer import solve_request

        return solve_request(self, self.request, level, say)
