"""The section `learning` of a question of training: how `wsesim train` learns from a text, in this computer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wsesim.errors import InputError
from wsesim.model import ModelSpec
from wsesim.questions.base import Draft
from wsesim.questions.shared.scaling import NumbersSection, check_numbers
from wsesim.workload import SAMPLE, Default, Derived, check_sample, file_problem
from wsesim.workload.fields import Count, Size, Text

DATA = "data:"
"""Begins the name of a text that `wsesim data` lists."""
SMALLEST_VOCAB = 257
"""A token for each byte, and one for the end of a text."""
ONLY_OF_TEXTS = ("held_out", "evaluation_sequences", "prompt", "sample_tokens")
"""Keys that are not read where a made-up world is learned."""
EVALUATIONS = 20
"""Evaluations of a training, unless told otherwise."""
NOTE = "learning: `wsesim run` reads its steps alone, which make the token budget; `wsesim train` learns by it."
_ADAMW = "as in Cerebras-GPT 111M (the vendor's Model Zoo, 111m.yaml)"
Share = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class LearningSection(NumbersSection):
    """Learning from a text with real numbers: what from, how long, how fast."""

    text: Annotated[Text, Default("public-domain text that ships with wsesim")] = "sample:sotu"
    """Text to learn from: sample:NAME, data:NAME of what `wsesim data` lists, or a UTF-8 file relative to this file.
    Its vocabulary is that of the first of GPT-2's merges, as many as model.vocab has room for; a made-up world's is its
    words, and what is learned are answers to questions. Texts with labels are told apart, by a model of model.task:
    classify that reads the first tokens of each, as many as batch.length."""
    steps: Size
    """Steps of the training."""
    learning_rate: Annotated[float, Field(gt=0, le=100), Default("assumed: for models of some 100,000 weights")] = 0.003
    """Of AdamW, at its highest."""
    warmup: Annotated[Count | None, Default("a twentieth of the steps")] = None
    """Steps in which the rate goes up, in a line. Default: a twentieth of the steps."""
    schedule: Annotated[Literal["cosine", "linear", "constant"], Default("the usual")] = "cosine"
    """How the rate goes down from there to the last step."""
    final_rate: Annotated[float, Field(ge=0, le=1), Default(_ADAMW)] = 0.1
    """What is left of the rate in the end, as a share."""
    weight_decay: Annotated[float, Field(ge=0, le=100), Default(_ADAMW)] = 0.1
    """Of matrices and tables."""
    beta1: Annotated[Share, Default(_ADAMW)] = 0.9
    """How much the mean of gradients keeps from step to step."""
    beta2: Annotated[Share, Default(_ADAMW)] = 0.95
    """How much the mean of their squares keeps."""
    clip: Annotated[float, Field(gt=0), Default(_ADAMW)] = 1.0
    """Largest norm of all gradients together."""
    micro_batches: Annotated[Size, Default("all at once")] = 1
    """Parts in which this computer computes a batch, to need less memory."""
    seed: Annotated[Seed, Default("any will do; the same gives the same bits")] = 0
    """Seed of the first weights, of the order of the text and of samples."""
    seeds: Annotated[Size | list[Seed] | None, Default("one")] = None
    """Trainings that differ by their seed alone: how many, from `seed` on, or their seeds. Default: one."""
    left_out: Annotated[Share, Default("none, unless told otherwise")] = 0.0
    """Share of the tokens of a text with a label that are left out, others each time it is learned from."""
    weight_deviation: Annotated[float, Field(gt=0, le=10), Default("as in GPT-2")] = 0.02
    """Standard deviation of the first weights; of those that write to the stream smaller by sqrt(2 x layers)."""
    held_out: Annotated[float, Field(gt=0, le=0.5), Default("assumed: enough to judge by")] = 0.1
    """Share of the text that is not learned from: the end of each of ten equal parts."""
    evaluate_every: Annotated[Size | None, Default(f"{EVALUATIONS} times in all")] = None
    """Steps from one evaluation on held-out text, with sample and checkpoint, to the next. Default: 20 times in all."""
    evaluation_sequences: Annotated[Annotated[int, Field(ge=1, le=65536)], Default("assumed: enough to judge by")] = 64
    """Sequences of an evaluation, the same each time."""
    prompt: Annotated[Text, Default("a usual beginning")] = "The"
    """What samples begin with."""
    sample_tokens: Annotated[Annotated[int, Field(ge=0, le=4096)], Default("a line or two")] = 40
    """Tokens of a sample."""


def check_learning(draft: Draft) -> Derived:
    """Check the section `learning` against model and batch, where there is one; return its defaults."""
    section, batch = draft.values.get("learning"), draft.values.get("batch")
    if section is None:
        return {}
    draft.problems.notes.append(NOTE)
    check_numbers(draft, section)
    _check_text(section.text, draft)
    _note_unread(section, draft)
    if isinstance(section.seeds, list) and len(set(section.seeds)) < max(1, len(section.seeds)):
        _wrong(draft, "seeds", "must be one or more, each once")
    if draft.model is not None:
        _check_model(draft.model, section, draft)
    if batch is not None and batch.sequences % section.micro_batches:
        _wrong(draft, "micro_batches", f"= {section.micro_batches:,} does not divide batch.sequences = "
                                       f"{batch.sequences:,}")  # fmt: skip
    if section.warmup is not None and section.warmup > section.steps:
        _wrong(draft, "warmup", f"= {section.warmup:,} is over the {section.steps:,} steps")
    if batch is not None and (batch.length or 2) < 2:
        draft.problems.add_field(("batch", "length"), "must be at least 2 to learn from: each token tells the next")
    return {
        "learning.warmup": (section.steps // 20, "a twentieth of the steps"),
        "learning.evaluate_every": (-(-section.steps // EVALUATIONS), f"{EVALUATIONS} times in all"),
    }


def _note_unread(section: LearningSection, draft: Draft) -> None:
    labels = _labels(section.text)
    unread = ONLY_OF_TEXTS if labels or _is_world(section.text) else ()
    notes = [f"learning.{key} has no effect: it is read where learning.text is a text."
             for key in unread if key in section.model_fields_set]  # fmt: skip
    if section.left_out and not labels:
        notes.append("learning.left_out has no effect: it is read where learning.text is texts with labels.")
    if isinstance(section.seeds, list) and "seed" in section.model_fields_set:
        notes.append("learning.seed has no effect: learning.seeds lists them.")
    draft.problems.notes += notes


def _labels(text: str) -> tuple[str, ...]:
    """Return the labels of the texts that a source names; none, if they have none."""
    from wsesim.learning import PACKAGES, LabelledTexts

    package = PACKAGES.get(text.removeprefix(DATA)) if text.startswith(DATA) else None
    return package.labels if isinstance(package, LabelledTexts) else ()


def _is_world(text: str) -> bool:
    from wsesim.learning import WORLDS

    return text.startswith(DATA) and text.removeprefix(DATA) in WORLDS


def _smallest_vocab(text: str) -> tuple[int, str]:
    from wsesim.learning import world_words

    if _is_world(text):
        return len(world_words()) + 1, "a token for each word and one that fills up"
    return SMALLEST_VOCAB, "a token for each byte and one for the end"


def _check_model(model: ModelSpec, section: LearningSection, draft: Draft) -> None:
    least, what = _smallest_vocab(section.text)
    if labels := _labels(section.text):
        _check_classes(model, labels, draft)
    elif model.task != "lm" or not model.causal:
        why = "cannot learn from plain text: only a causal language model can (model.task: lm, model.causal: true)"
        draft.problems.add_field(("model",), f"= {model.name} {why}")
    if model.vocab < least:
        draft.problems.add_field(("model", "vocab"), f"= {model.vocab} is too small to learn from a text: it takes "
                                 f"{least}, {what}")  # fmt: skip


def _check_classes(model: ModelSpec, labels: tuple[str, ...], draft: Draft) -> None:
    wanted = f"model.task: classify and model.classes: {len(labels)}, for {', '.join(labels)}"
    if model.task != "classify" or not model.causal:
        draft.problems.add_field(("model",), f"= {model.name} cannot tell texts apart: it takes {wanted}")
    elif model.classes != len(labels):
        draft.problems.add_field(("model", "classes"), f"= {model.classes} does not go with the texts: {wanted}")


def _check_text(text: str, draft: Draft) -> None:
    if text.startswith(SAMPLE):
        check_sample(text, ("learning", "text"), draft.problems)
    elif _is_world(text):
        return
    elif text.startswith(DATA):
        from wsesim.learning import find_package

        try:
            find_package(text.removeprefix(DATA))
        except InputError as error:
            _wrong(draft, "text", f"= {text!r}: {error.problems[0].message}")
    elif problem := file_problem(draft.folder / text):
        _wrong(draft, "text", f"= {text!r} {problem}")


def _wrong(draft: Draft, key: str, message: str) -> None:
    draft.problems.add_field(("learning", key), message)
