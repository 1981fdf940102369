"""What a training is to do, taken from a question with a section `learning`: model, batch, text, schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from wsesim.errors import InputError
from wsesim.graph import Graph, with_training
from wsesim.model import ModelSpec, build_graph
from wsesim.numerics import EXACT, KEPT_AS, AdamW, LossScale, Schedule, Storage
from wsesim.questions.base import Question

_ABOUT = ("name", "source", "token_budget")
"""What a model is called; nothing that its numbers depend on."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """A question of training, and how to learn by it.

    Raises:
        InputError: on construction, for a question without a section `learning`.
    """

    question: Question
    seed: int | None = None
    """In place of the question's own."""

    def __post_init__(self) -> None:
        if "learning" not in self.question.asked.resolved:
            raise InputError.at(
                "says nothing of learning: `wsesim train` reads a question of training with a section `learning`, "
                "at least `learning: {steps: 100}`", file=self.question.asked.file,
            )  # fmt: skip

    @property
    def name(self) -> str:
        """Names the folder."""
        return self.question.asked.name

    @property
    def model(self) -> ModelSpec:
        """The model, the same that is simulated."""
        return self.question.asked.shape

    @property
    def learning(self) -> Mapping[str, Any]:
        """The section `learning`, every default filled in, with one seed."""
        found: Mapping[str, Any] = self.question.asked.resolved["learning"]
        one = found["seed"] if self.seed is None else self.seed
        return {**{key: value for key, value in found.items() if key != "seeds"}, "seed": one}

    @property
    def sequences(self) -> int:
        """Of a batch."""
        return int(self.question.asked.resolved["batch"]["sequences"])

    @property
    def length(self) -> int:
        """Tokens of a sequence."""
        return int(self.question.asked.resolved["batch"]["length"])

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return int(self.learning["steps"])

    @property
    def part(self) -> int:
        """Sequences that are computed at once."""
        return self.sequences // int(self.learning["micro_batches"])

    @cached_property
    def graph(self) -> Graph:
        """The graph of a part of a batch, forward, backward and update."""
        return with_training(build_graph(
            self.model, sequences=self.part, length=self.length, precision=self.storage.format,
            padded=self.model.task == "classify",
        ))  # fmt: skip

    @cached_property
    def storage(self) -> Storage:
        """How numbers are kept between ops: as they are, or as the machine keeps them."""
        machine = self.learning["numbers"] == "machine"
        return Storage(format=KEPT_AS[self.question.asked.resolved["precision"]]) if machine else EXACT

    @property
    def loss_scale(self) -> LossScale:
        """What the loss is multiplied with at the first step."""
        asked = self.learning
        if self.storage is EXACT:
            return LossScale()
        begun = LossScale.of(asked["loss_scaling_factor"], initial=asked["initial_loss_scale"])
        return replace(begun, steps_per_increase=asked["steps_per_increase"])

    @cached_property
    def optimizer(self) -> AdamW:
        """AdamW with the schedule of the learning rate."""
        asked, constant = self.learning, self.learning["schedule"] == "constant"
        schedule = Schedule(
            peak=asked["learning_rate"], warmup=asked["warmup"], end=asked["final_rate"],
            decay=0 if constant else self.steps - asked["warmup"],
            shape="linear" if constant else asked["schedule"],
        )  # fmt: skip
        return AdamW(schedule=schedule, beta1=asked["beta1"], beta2=asked["beta2"],
                     weight_decay=asked["weight_decay"], clip=asked["clip"])  # fmt: skip

    def decides(self) -> dict[str, object]:
        """Return all that the numbers of a training depend on but its text, by dotted name."""
        model = {f"model.{key}": value for key, value in self.model.stated.items() if key not in _ABOUT}
        learning = {f"learning.{key}": value for key, value in self.learning.items()}
        return {**model, "batch.sequences": self.sequences, "batch.length": self.length,
                "kept as": self.storage.name, **learning}  # fmt: skip
