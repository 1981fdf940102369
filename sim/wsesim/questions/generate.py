"""Generate: a prompt in, tokens out, with weights resident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from wsesim.answer import FigureSpec
from wsesim.questions.base import Reads
from wsesim.questions.shared.kinds import RequestQuestion
from wsesim.questions.shared.reads import GENERATE
from wsesim.questions.shared.request import ReadSection, ResidentFile, WriteSection
from wsesim.questions.shared.request_figures import COMMON_FIGURES, READ_FIGURES, WRITE_FIGURES
from wsesim.workload import Default, Section
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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Generate(RequestQuestion):
    """How long a whole request takes."""

    kind: ClassVar[str] = "generate"
    kin: ClassVar[tuple[str, ...]] = ("decode", "prefill")
    file: ClassVar[type[Section]] = GenerateFile
    figures: ClassVar[tuple[FigureSpec, ...]] = (*READ_FIGURES, *WRITE_FIGURES, *COMMON_FIGURES)
    usual: ClassVar[tuple[str, ...]] = (
        "ttft_s", "tpot_s", "tokens_per_s_user", "tokens_per_s", "total_s", "energy_per_token_j", "wafers",
    )  # fmt: skip
    reads: ClassVar[Reads] = GENERATE
    title_form: ClassVar[str] = (
        "Generation with {model}: {prompt:,} tokens in, {generate:,} out{each}, {precision} precision."
    )
    prompts: ClassVar[bool] = True
    writes: ClassVar[bool] = True
