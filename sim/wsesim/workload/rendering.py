"""A resolved file as yaml again: everything filled in, and why; and a workload to start from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

from wsesim.answer import UsedFigure
from wsesim.signs import printable
from wsesim.units import Sizes
from wsesim.workload.filling import as_yaml

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_YAML_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_COMMENT_COLUMN = 34


def show(
    title: str, resolved: Mapping[str, object], defaults: Iterable[UsedFigure],
    figures: Mapping[str, Iterable[UsedFigure]],
) -> str:  # fmt: skip
    """Return a resolved file as yaml that resolves to the same, each default with its source, then all figures.

    *figures* are those of the machine and of the software, by what stands above them.
    """
    sources = {default.name: default.source for default in defaults}
    lines = [_comment(title), "# Values with a comment were filled in.", "", *_mapping(resolved, sources, "")]
    for heading, known in figures.items():
        lines += ["", f"# {heading}: value, confidence (H, M, L), source", *_figures(tuple(known))]
    return "\n".join(lines) + "\n"


def plain_yaml(data: Mapping[str, object], title: str) -> str:
    """Return plain data as yaml under a title."""
    return "\n".join([_comment(title), *_mapping(data, {}, "")]) + "\n"


def starter() -> str:
    """Return a commented workload to start from."""
    return (files(__package__) / "starter.yaml").read_text("utf-8")


def _figures(known: tuple[UsedFigure, ...]) -> Iterator[str]:
    name_width = max((len(figure.name) for figure in known), default=0)
    text_width = max((len(figure.text) for figure in known), default=0)
    for figure in known:
        note = f"; {figure.note}" if figure.note else ""
        head = f"  {figure.name:{name_width}}  {figure.text:{text_width}}  {figure.confidence or '-'}"
        yield _comment(f"{head}  {figure.source}{note}")


def _comment(text: str) -> str:
    """Return *text* as a comment; what a user wrote into it cannot end it."""
    return f"# {printable(text, keep='')}"


def _mapping(data: Mapping[str, object], sources: Mapping[str, str], prefix: str) -> Iterator[str]:
    indent = "  " if prefix else ""
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:"
            yield from _mapping(value, sources, f"{prefix}{key}.")
            continue
        line = f"{indent}{key}: {_scalar(value)}"
        source = sources.get(f"{prefix}{key}")
        yield f"{line:{_COMMENT_COLUMN}}  {_comment(source)}" if source else line


def _scalar(value: object) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sizes):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_scalar, value))}]"
    if not isinstance(value, str):
        return as_yaml(value)
    if _BARE.fullmatch(value) and value.lower() not in _YAML_WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)
