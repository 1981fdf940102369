"""Prefill: reading a prompt, with weights resident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from wsesim.answer import FigureSpec
from wsesim.questions.base import Reads
from wsesim.questions.shared.kinds import RequestQuestion
from wsesim.questions.shared.reads import PREFILL
from wsesim.questions.shared.request import ReadSection, ResidentFile
from wsesim.questions.shared.request_figures import COMMON_FIGURES, READ_FIGURES
from wsesim.workload import Section


class PrefillFile(ResidentFile):
    """A file that asks how long a prompt takes."""

    phase: Literal["prefill"]
    """What the machine does: read a prompt, with weights resident."""
    inference: ReadSection
    """The prompt, and how weights lie on the wafers."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prefill(RequestQuestion):
    """How long reading a prompt takes."""

    kind: ClassVar[str] = "prefill"
    kin: ClassVar[tuple[str, ...]] = ("generate",)
    file: ClassVar[type[Section]] = PrefillFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (*READ_FIGURES, *COMMON_FIGURES)
    usual: ClassVar[tuple[str, ...]] = ("ttft_s", "prompt_tokens_per_s", "chunk", "energy_per_token_j", "wafers")
    reads: ClassVar[Reads] = PREFILL
    title_form: ClassVar[str] = "Prefill of {model}: a prompt of {prompt:,} tokens{each}, {precision} precision."
    prompts: ClassVar[bool] = True
    writes: ClassVar[bool] = False
