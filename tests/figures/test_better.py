"""Which way a figure is better stands beside it, or why neither way is."""

import pytest

from wsesim.figures import Slot
from wsesim.hardware import MACHINES
from wsesim.software import STACKS

SLOTS = (*MACHINES.slots.values(), *STACKS.slots.values())


@pytest.mark.parametrize("slot", SLOTS, ids=lambda slot: slot.name)
def test_every_figure_says_which_way_is_better_or_why_neither_is(slot: Slot) -> None:
    assert bool(slot.better) != bool(slot.why)
    said = slot.schema()["description"]
    assert said.endswith(f"{slot.better.capitalize()} is better." if slot.better else f"is better: {slot.why}.")
