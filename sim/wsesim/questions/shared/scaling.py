"""Keys of `learning` that say what numbers are learned in: this computer's own, or as the machine keeps them.

Names, defaults and the refusal of cb16 without a dynamic scale are those of the vendor's Model Zoo (`MixedPrecision`).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from wsesim.questions.base import Draft
from wsesim.workload import Default, Section
from wsesim.workload.fields import Size

_SCALES = ("loss_scaling_factor", "initial_loss_scale", "steps_per_increase", "unscaled")
_ZOO = "as in the vendor's Model Zoo (MixedPrecision)"
Scale = Annotated[float, Field(ge=2.0**-14, le=2.0**24)]


class NumbersSection(Section):
    """What numbers are learned in."""

    numbers: Annotated[Literal["float32", "machine"], Default("this computer's own")] = "float32"
    """float32, or machine: activations, gradients and streamed weights are rounded to the format of `precision` after
    each op, sums staying in fp32."""
    loss_scaling_factor: Annotated[Scale | Literal["dynamic"], Default(_ZOO)] = 1.0
    """What the loss is multiplied with, so that small gradients are not lost: a number, or dynamic: as large as goes
    well. Read with numbers: machine."""
    initial_loss_scale: Annotated[Scale, Default("assumed: what fp16 is usually begun with")] = 2.0**15
    """What a dynamic scale begins at."""
    steps_per_increase: Annotated[Size, Default(_ZOO)] = 2000
    """Steps without an overflow after which a dynamic scale doubles; it halves at each overflow."""
    unscaled: Annotated[bool, Default(_ZOO)] = False
    """Whether cb16 may learn without a dynamic scale, which the vendor's trainer refuses."""


def check_numbers(draft: Draft, section: NumbersSection) -> None:
    """Check what numbers are learned in against the precision of the step."""
    precision, notes = draft.values.get("precision", "mixed"), draft.problems.notes
    dynamic = section.loss_scaling_factor == "dynamic"
    given = [key for key in _SCALES if key in section.model_fields_set]
    if section.numbers == "float32":
        notes += [f"learning.{key} has no effect: it is read where learning.numbers is machine." for key in given]
        return
    if precision == "fp32":
        notes.append("learning.numbers: machine is float32, too, with precision: fp32.")
    if precision == "cb16" and not dynamic and not section.unscaled:
        draft.problems.add_field(
            ("learning", "loss_scaling_factor"), f"= {section.loss_scaling_factor:g} with precision: cb16 is refused, "
            "as the vendor's trainer does: make it dynamic, or set learning.unscaled: true"
        )  # fmt: skip
    if not dynamic:
        notes += [f"learning.{key} has no effect: learning.loss_scaling_factor is not dynamic."
                  for key in given if key in ("initial_loss_scale", "steps_per_increase")]  # fmt: skip
    if "unscaled" in given and (precision != "cb16" or dynamic):
        notes.append("learning.unscaled has no effect: it is read with precision: cb16 and a fixed scale.")
