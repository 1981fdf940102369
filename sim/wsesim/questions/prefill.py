"""Prefill: reading a prompt, with weights resident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from wsesim.answer import FigureSpec, Level, Outcome
from wsesim.graph import Graph
from wsesim.questions.base import Asked, Draft, Reads, Say
from wsesim.questions.shared.numbers import files_of
from wsesim.questions.shared.reads import PREFILL
from wsesim.questions.shared.request import (
    COMMON_FIGURES,
    READ_FIGURES,
    SUPPORTED,
    ReadSection,
    Request,
    ResidentFile,
    check_request,
    forward_graph,
    request_of,
)
from wsesim.questions.shared.step import named
from wsesim.workload import Derived, Section


class PrefillFile(ResidentFile):
    """A file that asks how long a prompt takes."""

    phase: Literal["prefill"]
    """What the machine does: read a prompt, with weights resident."""
    inference: ReadSection
    """The prompt, and how weights lie on the wafers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefill:
    """How long reading a prompt takes."""

    kind: ClassVar[str] = "prefill"
    mark: ClassVar[str] = ""
    file: ClassVar[type[Section]] = PrefillFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (*READ_FIGURES, *COMMON_FIGURES)
    usual: ClassVar[tuple[str, ...]] = ("ttft_s", "prompt_tokens_per_s", "chunk", "energy_per_token_j", "wafers")
    level: ClassVar[Level] = "system"
    stack: ClassVar[str] = "waferllm"
    reads: ClassVar[Reads] = PREFILL
    supported: ClassVar[str] = SUPPORTED

    asked: Asked
    request: Request

    @property
    def title(self) -> str:
        """What is asked."""
        each = "" if self.request.batch == 1 else f" for each of {self.request.batch:,} sequences"
        return f"Prefill of {named(self.asked)}: a prompt of {self.request.prompt:,} tokens{each}, fp16 precision."

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Files that verification reads."""
        return files_of(self)

    @classmethod
    def positions(cls, values: Mapping[str, Any]) -> int | None:
        """Return the tokens of the prompt."""
        return values["inference"].prompt if "inference" in values else 1

    @classmethod
    def check(cls, draft: Draft) -> Derived:
        """Check the request; return its defaults."""
        return check_request(draft, reads=True, writes=False)

    @classmethod
    def of(cls, asked: Asked) -> Prefill:
        """Return the question of a checked file."""
        return cls(asked=asked, request=request_of(asked, reads=True, writes=False))

    def graph(self) -> Graph:
        """Return the graph of the sequences held."""
        return forward_graph(self.asked, sequences=self.request.batch, length=self.request.positions)

    def solve(self, level: Level, say: Say) -> Outcome:
        """Answer at a level."""
        from wsesim.questions.shared.request_answer import solve_request

        return solve_request(self, self.request, level, say)
