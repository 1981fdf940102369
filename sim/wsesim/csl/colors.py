"""What routers of a core are told of a color, as it is written: routes, switch positions, filter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class SwitchSetting:
    """A switch position as written: masks of sides (1 W, 2 E, 4 N, 8 S, 16 RAMP), None where it names none."""

    rx: int | None = None
    tx: int | None = None
    is_valid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterSetting:
    """A filter: `kind` is counter, sparse_counter or range; the fields are those of CSL."""

    kind: str
    count_data: bool = False
    count_control: bool = False
    filter_control: bool = False
    init_counter: int = 0
    max_counter: int = 0
    limit1: int = 0
    limit2: int = -1
    """-1: none."""
    min_idx: int = 0
    max_idx: int = 0xFFFF


class PopMode(IntEnum):
    """When a router takes the command that it executed off a control wavelet."""

    NO_POP, ALWAYS_POP, POP_ON_ADVANCE, POP_ON_ADVANCE_NOP = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorSetting:
    """What `@set_color_config` says of a color on a core, unaccumulated: `positions[0]` is the routes."""

    positions: tuple[SwitchSetting, ...] = (SwitchSetting(0, 0),)
    current: int = 0
    ring: bool = False
    pop_mode: PopMode = PopMode.NO_POP
    filter: FilterSetting | None = None
    teardown: bool = False
    swap_x: bool = False
    swap_y: bool = False
    to_host: bool = False
    """Whether data that leave by no side are kept for the host."""
