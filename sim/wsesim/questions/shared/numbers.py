"""Whether a question's numbers are right: a small run of its model's graph against an independent formulation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wsesim.answer import Verification
from wsesim.errors import InputError
from wsesim.questions.base import Asked, Question, Say, silent
from wsesim.units import show_bytes
from wsesim.workload import SAMPLE, weights_file

if TYPE_CHECKING:
    from wsesim.numerics import Computed, Part

VERIFIED_LENGTH = 64
"""Tokens of a verified sequence. Assumed: enough for attention to matter, few enough to take seconds."""
MOST_VERIFICATION_BYTES = 8 << 30
_SHORTER = "make verification.sequences or verification.length smaller"
_SMALLER = "make verification.sequences, verification.length or the model smaller, or leave verification.whole out"


def verify(question: Question, *, say: Say = silent) -> Verification:
    """Execute the graph on the question's text and compare with an independent float64 formulation.

    Raises:
        InputError: a kind without a model, text or weights that cannot be used, or more memory needed than
            `MOST_VERIFICATION_BYTES`.
    """
    asked = question.asked
    if asked.model is None:
        raise InputError.at("has no model whose numbers could be verified", file=asked.file)
    need = verification_bytes(question)
    if need > MOST_VERIFICATION_BYTES:
        raise InputError.at(f"verification would take {show_bytes(need)}; {_SMALLER}", file=asked.file)
    return _verified(question, say)


def forward(question: Question, *, tell: Callable[[int, int, str], None]) -> Computed:
    """Run all of the question's model forward on its text, layer by layer.

    Raises:
        InputError: a kind without a model, text or weights that cannot be used, or more memory needed than
            `MOST_VERIFICATION_BYTES`.
    """
    from wsesim.numerics import compute

    asked = question.asked
    if asked.model is None:
        raise InputError.at("has no model that could be computed", file=asked.file)
    need = _whole(question).forward_bytes
    if need > MOST_VERIFICATION_BYTES:
        raise InputError.at(f"this would take {show_bytes(need)}; {_SHORTER}", file=asked.file)
    return compute(asked.shape, tell=tell, **_settings(asked))


def verified_if_possible(question: Question, say: Say) -> tuple[Verification | None, tuple[str, ...]]:
    """Verify where the question has a model and asks for it; or say why not."""
    if question.asked.model is None or not question.asked.resolved["verification"]["enabled"]:
        return None, ()
    need = verification_bytes(question)
    if need > MOST_VERIFICATION_BYTES:
        return None, (f"Not verified: that takes {show_bytes(need)}; {_SMALLER}.",)
    return _verified(question, say), ()


def _verified(question: Question, say: Say) -> Verification:
    from wsesim.numerics import verify_model

    asked, settings = question.asked, question.asked.resolved["verification"]
    layers = settings["layers"]
    return verify_model(
        asked.shape, layers=layers if isinstance(layers, int) else None, whole=settings["whole"],
        fixed_length=_length_is_given(asked), progress=say, **_settings(asked),
    )  # fmt: skip


def _settings(asked: Asked) -> dict[str, Any]:
    """Return what is read and how much of it, under the names that numerics has for it."""
    settings, text = asked.resolved["verification"], asked.resolved["text"]
    weights = settings["weights"]
    return {
        "text": text if text.startswith(SAMPLE) else str(asked.folder / text),
        "weights": weights_file(asked.folder / weights) if weights else None,
        **{name: settings[name] for name in ("sequences", "length", "seed")},
    }


def _whole(question: Question) -> Part:
    from wsesim.numerics import Part

    settings = question.asked.resolved["verification"]
    return Part(model=question.asked.shape, sequences=settings["sequences"], length=settings["length"])


def _length_is_given(asked: Asked) -> bool:
    return not asked.given.isdisjoint({"verification.sequences", "verification.length"})


def verification_bytes(question: Question) -> int:
    """Return about how much memory verification takes."""
    from wsesim.numerics import quick

    asked, settings, whole = question.asked, question.asked.resolved["verification"], _whole(question)
    if settings["whole"]:
        return whole.bytes
    return quick(whole, length=not _length_is_given(asked), weights=settings["weights"] is None).bytes


def files_of(asked: Asked) -> tuple[Path, ...]:
    """Return the user's own files that verification reads."""
    settings = asked.resolved["verification"]
    if not settings["enabled"]:
        return ()
    text = asked.resolved["text"]
    found = [] if text.startswith(SAMPLE) else [asked.folder / text]
    return (*found, *([weights_file(asked.folder / settings["weights"])] if settings["weights"] else []))
