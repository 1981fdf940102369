"""What an op states of itself: its facets, or for each that is missing the reason.

facet      read by                  says
work       streamed kernels         counts of the textbook formula, or a kernel with a closed form of its own
resident   resident kernels         the same of the program that keeps weights in SRAM
numpy      the executor             what it computes
program    trials on cores          the core program that does it
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wsesim.errors import SpecError

INNER = "inner"
"""Of `Kind.sums_along`: the last axis of the op's first input."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A facet that an op does not have."""

    reason: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """Work per element and per row of elements (a token, or a token's head)."""

    ops: float = 0
    """Vector operations an element."""
    exps: float = 0
    """Exponentials an element."""
    divides: float = 0
    """Divisions an element."""
    row_sums: int = 0
    """Values a row whose sum (or maximum) runs along the row and back."""
    row_roots: int = 0
    """Square roots a row."""
    row_divides: int = 0
    """Divisions a row."""
    launches: int = 1
    """Kernels that a compiler of streamed steps makes of it; each is started."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel with a closed form of its own."""

    name: str
    """`kernels.costs` knows those of streamed work; `kernels.resident_ops` those of resident work."""
    recipe: Recipe = Recipe()
    """What it does to each of its elements beside."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A facet stated by a package above this one, which has what it takes, under the name of the kind."""

    package: str


NUMERICS = Elsewhere("numerics")
"""A function over arrays that is not elementwise: registered by `numerics.functions.computes`."""


@dataclass(frozen=True, slots=True)
class CoreProgram:
    """The program for simulated cores that does what an op does."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict)
    unit: int = 1
    """Features that stay together on a core."""


@dataclass(frozen=True, slots=True)
class Option:
    """The choice of a model that an op stands for."""

    field: str
    """Of `ModelSpec`: activation | norm."""
    value: str
    hugging_face: tuple[str, ...] = ()
    """What a Hugging Face config.json calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of op.

    Raises:
        SpecError: on construction, for counts that the kernels of streamed work do not read.
    """

    name: str
    meaning: str
    work: Recipe | Kernel | Gap
    """With weight streaming."""
    resident: Recipe | Kernel | Gap
    """With resident weights, where the program and so the counts differ."""
    numpy: Callable[..., Any] | Elsewhere | Gap
    """An elementwise function of arrays alike in shape and type, or a function registered elsewhere. Of a gradient, it
    takes that of the output, then what `needs` says; it returns that of the input, or a tuple of those of several."""
    program: CoreProgram | Gap
    matrix: bool = False
    """Whether it multiplies matrices, so that it has multiply-accumulates."""
    differentiable: tuple[int, ...] = ()
    """Inputs (by position) that receive a gradient."""
    needs: tuple[int, ...] = (0, 1, 2)
    """Inputs (by position) that the backward pass reads again."""
    needs_output: bool = False
    """Whether the backward pass reads the op's output again."""
    backward: tuple[Kind, ...] = ()
    """Its gradient: one kind, or one for its input and one for its weight, between which the sweep goes on."""
    passes_gradient: bool = False
    """Whether its inputs receive the gradient of its output as it is, so that nothing is computed."""
    sums_along: str | None = None
    """Axis along which a number of its output adds up terms; `INNER`; None: elementwise."""
    option: Option | None = None
    gated: bool = False
    """Of an activation: whether it takes a gate beside its input."""
    weights: tuple[str, ...] = ()
    """Of a norm: names of what it reads beside its input, in order."""
    is_loss: bool = False
    """Whether its output is what training lessens, its inputs being logits and labels."""

    def __post_init__(self) -> None:
        """Refuse counts that nobody reads."""
        recipe = self.work.recipe if isinstance(self.work, Kernel) else self.work
        if isinstance(recipe, Recipe) and (recipe.row_roots or recipe.row_divides):
            raise SpecError(self.name, "states roots or divisions a row in work, where they are not counted")

    @property
    def is_norm(self) -> bool:
        """Whether it scales what it reads to a norm of one."""
        return bool(self.weights) or (self.option is not None and self.option.field == "norm")


def gradient_of(
    name: str, work: Recipe | Kernel, *, meaning: str = "", suffix: str = "backward", program: str = "",
    matrix: bool = False, sums_along: str | None = None, numpy: Callable[..., Any] | Elsewhere = NUMERICS,
) -> Kind:  # fmt: skip
    """Return the kind `<name>_<suffix>` of the backward pass; it has no place in inference."""
    return Kind(
        name=f"{name}_{suffix}", meaning=meaning or f"gradient of {name}", work=work,
        resident=Gap("inference has no backward pass"), numpy=numpy,
        program=CoreProgram(program) if program else Gap("no core program does what comes back through it"),
        matrix=matrix, sums_along=sums_along,
    )  # fmt: skip
