"""What `@set_color_config` says, as the machine takes it."""

from __future__ import annotations

from wsesim.csl import types
from wsesim.csl.aggregates import fields_of
from wsesim.csl.colors import ColorSetting, FilterSetting, PopMode, SwitchSetting
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.values import Aggregate, KnownValue, Value, wrap

SIDES = {"WEST": 1, "EAST": 2, "NORTH": 4, "SOUTH": 8, "RAMP": 16, "NONE": 0}
GROUPS = ("routes", "switches", "filter", "teardown")
ROUTES = ("rx", "tx", "color_swap_x", "color_swap_y")
SWITCHES = ("pos1", "pos2", "pos3", "current_switch_pos", "ring_mode", "pop_mode")
ROUTABLE = 24
"""Colors that routers know; files before 1.0 name tasks by the rest."""
SWITCHABLE = frozenset({*range(10), 12, 13, 16, 17, 20, 21})
"""Colors with switch positions on WSE-3."""


def color_setting(value: Value, at: SourcePlace, arch: str, color: int) -> ColorSetting:
    """The setting of a color on a core.

    Raises:
        CslError: Fields that are not known, positions that the generation has not.
    """
    fields = fields_of(value, at, "the configuration of a color")
    if color >= ROUTABLE:
        raise CslError(at, f"color {color} has no routes", f"routers know colors 0 to {ROUTABLE - 1}")
    routes = fields
    if "routes" in fields or not ({"rx", "tx"} & set(fields)):
        _names(fields, GROUPS, at)
        if "routes" not in fields:
            raise CslError(
                at, "a color without .routes", ".routes = .{ .rx = .{WEST}, .tx = .{RAMP} }; .{} if it has none"
            )
        routes = fields_of(fields["routes"], at, ".routes")
        _names(routes, ROUTES, at)
        switches = fields_of(fields["switches"], at, ".switches") if "switches" in fields else {}
        _names(switches, SWITCHES, at)
    else:
        _names(fields, (*ROUTES, *SWITCHES, "filter", "teardown"), at)
        switches = fields
    positions, current = _positions(routes, switches, at)
    if len(positions) > 1 and arch == "wse3" and color not in SWITCHABLE:
        raise CslError(at, f"color {color} has no switch on wse3", "colors 0-9, 12, 13, 16, 17, 20, 21 have")
    return ColorSetting(
        positions=positions, current=current, ring=_truth(switches, "ring_mode"), pop_mode=_pop_mode(switches, at),
        filter=_filter(fields["filter"], at) if "filter" in fields else None, teardown=_truth(fields, "teardown"),
        swap_x=_truth(routes, "color_swap_x"), swap_y=_truth(routes, "color_swap_y"),
    )  # fmt: skip


def _names(fields: dict[str, Value], names: tuple[str, ...], at: SourcePlace) -> None:
    for name in fields:
        if name not in names:
            raise CslError(at, f"there is no .{name} here", nearest(name, names) or f"there is .{', .'.join(names)}")


def _positions(
    routes: dict[str, Value], switches: dict[str, Value], at: SourcePlace
) -> tuple[tuple[SwitchSetting, ...], int]:
    rx = _sides(routes.get("rx"), at)
    tx = _sides(routes.get("tx"), at)
    found = [SwitchSetting(rx or 0, tx or 0)]
    given = [number for number in (1, 2, 3) if f"pos{number}" in switches]
    for number in range(1, max(given, default=0) + 1):
        found.append(_position(switches.get(f"pos{number}"), at))
    current = switches.get("current_switch_pos")
    start = current.data if isinstance(current, KnownValue) else 0
    if not 0 <= start <= 3:
        raise CslError(at, f".current_switch_pos is {start}", "it is from 0 to 3")
    if start >= len(found):
        raise CslError(
            at, f".current_switch_pos is {start} and there is no .pos{start}", "a switch starts where it has one"
        )
    return tuple(found), start


def _position(value: Value | None, at: SourcePlace) -> SwitchSetting:
    if value is None:
        return SwitchSetting(None, None, False)
    fields = fields_of(value, at, "a switch position")
    _names(fields, ("rx", "tx", "invalid"), at)
    if _truth(fields, "invalid") or not fields:
        return SwitchSetting(None, None, False)
    rx = _sides(fields.get("rx"), at)
    if rx is not None and rx & (rx - 1):
        raise CslError(at, "a switch position with two sides in .rx", "it receives from one")
    return SwitchSetting(rx, _sides(fields.get("tx"), at))


def _sides(value: Value | None, at: SourcePlace) -> int | None:
    """A mask of one direction, a tuple or an array of them."""
    if value is None:
        return None
    if isinstance(value, Aggregate):
        items = list(value.fields.values())
    elif isinstance(value, KnownValue) and isinstance(value.data, list):
        items = [wrap(types.DIRECTION, item) for item in value.data]
    else:
        items = [value]
    mask = 0
    for item in items:
        if not isinstance(item, KnownValue) or item.type != types.DIRECTION:
            raise CslError(at, f"a {item.type} is no direction", "EAST, WEST, NORTH, SOUTH, RAMP are")
        mask |= SIDES[[*types.DIRECTIONS, "NONE"][item.data]]
    return mask


def _truth(fields: dict[str, Value], name: str) -> bool:
    value = fields.get(name)
    return bool(value.data) if isinstance(value, KnownValue) else False


def _pop_mode(switches: dict[str, Value], at: SourcePlace) -> PopMode:
    if "pop_mode" not in switches:
        return PopMode.NO_POP
    fields = fields_of(switches["pop_mode"], at, ".pop_mode")
    _names(fields, tuple(mode.name.lower() for mode in PopMode), at)
    chosen = [mode for mode in PopMode if _truth(fields, mode.name.lower())]
    if len(chosen) > 1:
        names = " and .".join(mode.name.lower() for mode in chosen)
        raise CslError(at, f"both .{names}", "a color pops in one way")
    return chosen[0] if chosen else PopMode.NO_POP


def _filter(value: Value, at: SourcePlace) -> FilterSetting | None:
    fields = fields_of(value, at, ".filter")
    kinds = fields_of(fields["kind"], at, ".kind") if "kind" in fields else {}
    _names(kinds, ("counter", "sparse_counter", "range"), at)
    kind = next((name for name in ("sparse_counter", "counter", "range") if _truth(kinds, name)), "")
    if not kind:
        raise CslError(at, "a filter without a kind", ".kind = .{ .counter = true }; also .sparse_counter, .range")
    numbers = ("init_counter", "max_counter", "limit1", "limit2", "min_idx", "max_idx")
    switches = ("count_data", "count_control", "filter_control")
    _names(fields, (*numbers, *switches, "kind", "fast_mode"), at)
    given = {name: fields[name].data for name in numbers if name in fields}  # type: ignore[attr-defined]
    return FilterSetting(kind=kind, **given, **{name: _truth(fields, name) for name in switches})
