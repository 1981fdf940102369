"""The documents that figures name as where they are from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from wsesim.packaged import yaml_data


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a number was published; `url` is empty for what has no page of its own."""

    tag: str
    title: str
    url: str


@cache
def sources() -> Mapping[str, Source]:
    """Return the documents that figures name, by tag."""
    data = yaml_data(Path(__file__).with_name("sources.yaml"))
    return MappingProxyType({tag: Source(tag=tag, **source) for tag, source in data.items()})
