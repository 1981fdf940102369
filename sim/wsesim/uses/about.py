"""What a trained model is for, and what its numbers mean."""

from __future__ import annotations

from dataclasses import dataclass

from wsesim.errors import SpecError, require_choice, require_positive

WEIGHTS, ABOUT, CONFIG = "model.safetensors", "model.json", "config.json"
ANSWERING, CLASSIFYING, WRITING = "question answering", "text classification", "language model"
USES = {ANSWERING: "wsesim ask", CLASSIFYING: "wsesim classify", WRITING: "wsesim generate"}
"""What a model is for, and the command that asks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a model is for, and what its numbers mean.

    Raises:
        SpecError: on construction, for a use that there is not, or one that lacks what it needs.
    """

    use: str
    """question answering | text classification | language model."""
    text: str
    """What it learned from, as a file says it."""
    length: int
    """Tokens of a sequence it learned from."""
    labels: tuple[str, ...] = ()
    """Of classes in their order, or the words that are answers."""
    words: tuple[str, ...] = ()
    """Tokens from 1, where each is a word; none: the first merges of GPT-2's."""

    def __post_init__(self) -> None:
        """Check that there is all that the use needs."""
        require_choice("use", self.use, USES)
        require_positive(length=self.length)
        if self.use != WRITING and not self.labels:
            raise SpecError("labels", f"are missing: {self.use} has some")
        if self.use == ANSWERING and not set(self.labels) <= set(self.words):
            raise SpecError("words", "must hold all labels, which are answers")
