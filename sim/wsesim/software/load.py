"""Presets of software stacks: read, overridden, and assembled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from wsesim.answer import UsedFigure
from wsesim.errors import InputError, SpecError
from wsesim.figures import Presets
from wsesim.software.stacks import Inference, SoftwareStack, Training
from wsesim.units import Dimension

_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})

STACKS = Presets(
    what="stack",
    of="the software",
    example="training.kernel_launch",
    folder=Path(__file__).with_name("presets"),
    groups=MappingProxyType({"training": Training, "inference": Inference}),
    optional=True,
)
"""The stacks, and every figure of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwareChoice:
    """A stack and every number it was built from, in the order of the dataclasses."""

    stack: str
    """As it was named: a preset or a path."""
    about: str
    """What it is, in a few words; may be empty."""
    software: SoftwareStack
    figures: tuple[UsedFigure, ...]

    def for_training(self) -> Training:
        """Return the figures of training and evaluation.

        Raises:
            SpecError: the stack has none; its name is `software`.
        """
        if self.software.training is None:
            raise SpecError("software", _lacks(self.stack, "training"))
        return self.software.training

    def for_inference(self) -> Inference:
        """Return the figures of inference.

        Raises:
            SpecError: the stack has none; its name is `software`.
        """
        if self.software.inference is None:
            raise SpecError("software", _lacks(self.stack, "inference"))
        return self.software.inference


@cache
def software_names() -> tuple[str, ...]:
    """Return the names `load_software` knows, sorted."""
    return STACKS.names()


def software_override_names() -> dict[str, Dimension | None]:
    """Return every name that can be overridden, with what it measures; None is a plain number."""
    return dict(STACKS.overridable)


def load_software(
    stack: str, *, overrides: Mapping[str, object] = _NO_OVERRIDES, folder: Path = Path()
) -> SoftwareChoice:
    """Build the stack a preset describes, with some figures replaced.

    Args:
        stack: name of a preset, or path of a file of the user's own, which starts at *folder* and ends in .yaml.
        overrides: figures by name, nested or dotted, as of `load_cluster`.
        folder: where a path starts.

    Raises:
        SpecError: an unknown stack or figure, or a value that cannot be; its name is `stack` or the figure.
        InputError: mistakes in a file of the user's own.
    """
    preset = STACKS.read(stack, folder=folder).with_values(overrides)
    groups = {group: preset.build(group) if preset.has(group) else None for group in STACKS.groups}
    if not any(groups.values()) and preset.document:
        message = f"gives no figures; extend a stack (extends: {' or '.join(software_names())})"
        raise InputError([preset.document.problem(message)])
    software = SoftwareStack(name=preset.title, **groups)
    return SoftwareChoice(stack=stack, about=preset.about, software=software, figures=preset.figures)


def _lacks(stack: str, group: str) -> str:
    have = [name for name in software_names() if STACKS.read(name).has(group)]
    verb = "have" if len(have) > 1 else "has"
    return f"= {stack!r} has no figures of {group}; {', '.join(have)} {verb}"
