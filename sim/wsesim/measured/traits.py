"""What makes a question like another one: what is asked, of which model, machine and software, and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsesim.errors import SpecError

SIZES = {
    "systems": "systems", "parameters": "parameters", "length": "tokens a sequence", "tokens": "tokens a system",
    "cores": "cores",
}  # fmt: skip
"""What questions have of different size, and in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a question is like.

    Raises:
        SpecError: on construction, where a size is unknown or not above zero.
    """

    kind: str
    machine: str
    """Its name: CS-2."""
    software: str
    """The stack's name; empty where none runs."""
    features: frozenset[str]
    """In words, what sets a model apart from a plain GPT; of a kernel, its name."""
    sizes: Mapping[str, float]
    """By the names of SIZES."""

    def __post_init__(self) -> None:
        for name, size in self.sizes.items():
            if name not in SIZES or not size > 0:
                raise SpecError("sizes", f"must be some of {', '.join(SIZES)} above zero, got {name} = {size}")


def traits_of(kind: str, software: str, facts: Mapping[str, Mapping[str, Any]]) -> Traits | None:
    """Return what a question is like; None of a kind whose answers name neither model nor kernel.

    Args:
        kind: of the question.
        software: the stack's name; empty where none runs.
        facts: what its answer says that it is about.
    """
    if kernel := facts.get("kernel"):
        columns, rows = kernel["grid"]
        features, sizes = frozenset({str(kernel["name"])}), {"cores": float(columns * rows)}
    elif model := facts.get("model"):
        features, sizes = _features(model), _sizes(facts)
    else:
        return None
    machine = str(facts["machine"]["name"])
    return Traits(kind=kind, machine=machine, software=software, features=features, sizes=sizes)


def _features(model: Mapping[str, Any]) -> frozenset[str]:
    has = {
        "an encoder": not model["causal"], "parallel blocks": model["block"] == "parallel",
        f"{model['position']} positions": model["position"] != "learned", "experts": "experts" in model,
        "sparse weights": "sparsity" in model, "adapters": "adapter_rank" in model,
        f"{model['activation']}": not model["activation"].startswith("gelu"),
    }  # fmt: skip
    return frozenset(name for name, true in has.items() if true)


def _sizes(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the sizes of a step or of requests; requests of a service have lengths of their own, left out here."""
    batch, systems = facts["batch"], facts["machine"]["systems"]
    found = {"systems": float(systems), "parameters": float(facts["model"]["parameters"])}
    length = batch.get("length") or batch.get("prompt", 0) + batch.get("generate", 0)
    if length:
        found["length"] = float(length)
    if batch.get("length"):
        found["tokens"] = batch["sequences"] * batch["length"] / systems
    return found
