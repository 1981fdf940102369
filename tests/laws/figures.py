"""Figures of machine and software that a kind reads, made better or worse, one or several at once."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from tests.laws.asking import Data, asked

from wsesim import questions
from wsesim.figures import Presets, Slot
from wsesim.hardware import MACHINES
from wsesim.software import STACKS

Factors = Mapping[tuple[str, str], float]
"""By section of a file and name of a figure, what its number is multiplied by."""
PRESETS: Mapping[str, Presets] = {"hardware": MACHINES, "software": STACKS}
OFF = (0.1, 0.25, 0.5, 0.8, 1.25, 2.0, 4.0, 16.0)
BETTER = (2.0, 1.01, 1.1, 1.5, 4.0, 16.0)
TIMES_WIDER = (2.0, 4.0, 16.0)
"""More lanes that are a whole multiple never issue a vector more often; others may fit its length worse."""


def is_lanes(name: str) -> bool:
    """Return whether a figure is how wide a core's datapath is."""
    return name.startswith(("core.simd_", "core.fmac_"))


def read_by(kind: str) -> tuple[tuple[str, Slot], ...]:
    """Return section and slot of the figures that a kind reads and that one way is better of."""
    reads = questions.kinds()[kind].reads
    found = [
        (section, slot) for section, presets in PRESETS.items() for name, slot in presets.slots.items()
        if name in getattr(reads, section) and name in presets.overridable and slot.better
        and not slot.kind.startswith("tuple") and slot.kind != "bool"
    ]  # fmt: skip
    return tuple(found)


def machine_figures(kind: str) -> st.SearchStrategy[Factors]:
    """Return a strategy of machines and software: a few figures that are off."""
    names = st.sampled_from([(section, slot.name) for section, slot in read_by(kind)])
    return st.dictionaries(names, st.sampled_from(OFF), max_size=3)


@st.composite
def improvements(draw: st.DrawFn, kind: str) -> Factors:
    """Return factors that make figures better, often a single one.

    Of single kernels not the lanes: an issue moves the bytes of its whole width at the end of a short row, too, so that
    where memory is slow a narrow datapath is faster.
    """
    known = {
        (section, slot.name): slot for section, slot in read_by(kind) if kind != "kernel" or not is_lanes(slot.name)
    }  # fmt: skip
    names = draw(st.lists(st.sampled_from(sorted(known)), min_size=1, max_size=4, unique=True))
    times = {name: draw(st.sampled_from(TIMES_WIDER if is_lanes(name[1]) else BETTER)) for name in names}
    return {name: factor if known[name].better == "more" else 1 / factor for name, factor in times.items()}


def all_times(factor: float) -> Factors:
    """Return factors that make a machine and its software so many times as fast in all that has a time."""
    ways = {"HERTZ": factor, "BYTES_PER_SECOND": factor, "SECONDS": 1 / factor}
    return {
        (section, name): ways[slot.dimension.name] for section, presets in PRESETS.items()
        for name, slot in presets.slots.items() if slot.dimension and slot.dimension.name in ways
    }  # fmt: skip


def with_factors(data: Data, factors: Factors) -> Data:
    """Return a question with figures multiplied; what the question's software has no figure of stays away."""
    question = asked(data) if factors else None
    if question is None:
        return data
    now = {figure.name: figure.text for figure in question.asked.figures}
    found = {**data, **{section: dict(data.get(section, {})) for section, _ in factors}}
    for (section, name), factor in factors.items():
        if name in now:
            found[section][name] = PRESETS[section].slots[name].multiplied(now[name], factor)
    return found
