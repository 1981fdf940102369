"""What of a study can be said in a line: `cluster.systems=1..16`, `hardware.core.sram=48KiB,96KiB`, `sobol:64`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wsesim.errors import InputError
from wsesim.workload import split_setting
from wsesim.yamlfile import Loc, parse_yaml

_RANGE = re.compile(r"(?P<first>[^:]+?)\.\.(?P<last>[^:]+?)(:(?P<steps>\d+))?(:(?P<scale>log|linear))?")


def varied(texts: Sequence[str], *, drawn: bool = False) -> tuple[dict[str, Any], dict[Loc, str]]:
    """Return what `NAME=VALUES` of a command line make of `vary`, and how each was given, by place.

    Args:
        texts: as they were given.
        drawn: whether points are drawn from ranges, which then need no steps.

    Raises:
        InputError: not NAME=VALUES, or a name given twice.
    """
    found: dict[str, Any] = {}
    given: dict[Loc, str] = {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if not equals or not name or not values:
            message = "write NAME=VALUES, for example --vary cluster.systems=1..16 or --vary batch.sequences=60,90"
            raise InputError.at(f"--vary {text}: {message}")
        if name in found:
            raise InputError.at(f"--vary {text}: {name} varies already; give its values together")
        found[name] = values_in(values, f"--vary {text}", drawn=drawn)
        given["vary", name] = f"--vary {text}"
    return found, given


def values_in(text: str, said: str = "values", *, drawn: bool = False) -> Any:
    """Return the list or the range that *text* gives: `1,2,4`, `1..16`, `0.15Tb/s..4.8Tb/s:9:log`.

    Without a number of steps a range goes by ones.

    Raises:
        InputError: neither.
    """
    match = _RANGE.fullmatch(text)
    if match is None:
        return _yaml(f"[{text}]", said)
    steps, scale = match["steps"], match["scale"]
    ends = {"from": _yaml(match["first"], said), "to": _yaml(match["last"], said)}
    if drawn and steps is None:
        return {**ends, **({"scale": scale} if scale else {})}
    if steps is None and not all(isinstance(end, int) for end in ends.values()):
        raise InputError.at(f"{said}: say how many values: {match['first']}..{match['last']}:9, or 9:log")
    if steps is None:
        return {**ends, "by": 1 if ends["from"] <= ends["to"] else -1}
    return {**ends, "steps": int(steps), **({"scale": scale} if scale else {})}


def sample_in(text: str) -> dict[str, Any]:
    """Return what `METHOD:POINTS:SEED` makes of `sample`; method and seed may be left out.

    Raises:
        InputError: no number of points.
    """
    match = re.fullmatch(r"((?P<method>[a-z]+):)?(?P<points>\d+)(:(?P<seed>\d+))?", text)
    if match is None:
        raise InputError.at(f"--sample {text}: write POINTS, METHOD:POINTS or METHOD:POINTS:SEED, as sobol:64")
    found: dict[str, Any] = {"points": int(match["points"])}
    found |= {"method": match["method"]} if match["method"] else {}
    return found | ({"seed": int(match["seed"])} if match["seed"] else {})


def budget_in(text: str) -> dict[str, Any]:
    """Return what `POINTS:SEED` makes of `optimize`; the seed may be left out.

    Raises:
        InputError: no number of points.
    """
    match = re.fullmatch(r"(?P<budget>\d+)(:(?P<seed>\d+))?", text)
    if match is None:
        raise InputError.at(f"--budget {text}: write POINTS or POINTS:SEED, as 500 or 500:1")
    return {key: int(value) for key, value in match.groupdict().items() if value}


def fixed(settings: Sequence[str]) -> tuple[dict[str, Any], dict[Loc, str]]:
    """Return what `KEY=VALUE` of a command line make of `set`, and how each was given, by place.

    Raises:
        InputError: not KEY=VALUE.
    """
    found, given = dict[str, Any](), dict[Loc, str]()
    for setting in settings:
        key, value = split_setting(setting)
        found[key], given["set", key] = value, f"--set {setting}"
    return found, given


def _yaml(text: str, said: str) -> Any:
    try:
        return parse_yaml(f"value: {text}").data["value"]
    except (InputError, KeyError, TypeError):
        raise InputError.at(f"{said}: {text} cannot be read as values") from None
