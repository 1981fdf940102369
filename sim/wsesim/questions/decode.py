"""Decode: writing tokens after some that are cached, with weights resident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from wsesim.answer import FigureSpec
from wsesim.questions.base import Reads
from wsesim.questions.shared.kinds import RequestQuestion
from wsesim.questions.shared.reads import DECODE
from wsesim.questions.shared.request import ResidentFile, WriteSection
from wsesim.questions.shared.request_figures import COMMON_FIGURES, WRITE_FIGURES
from wsesim.workload import Default, Section
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decode(RequestQuestion):
    """How long writing tokens takes."""

    kind: ClassVar[str] = "decode"
    kin: ClassVar[tuple[str, ...]] = ("generate",)
    file: ClassVar[type[Section]] = DecodeFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (*WRITE_FIGURES, *COMMON_FIGURES)
    usual: ClassVar[tuple[str, ...]] = ("tpot_s", "tokens_per_s_user", "tokens_per_s", "energy_per_token_j", "wafers")
    reads: ClassVar[Reads] = DECODE
    title_form: ClassVar[str] = "Decode of {model}: {generate:,} tokens after {prompt:,}{each}, {precision} precision."
    prompts: ClassVar[bool] = False
    writes: ClassVar[bool] = True
