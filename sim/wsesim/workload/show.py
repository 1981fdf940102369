"""A workload as yaml again: everything filled in, and why; and a workload to start from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

from wsesim.result import Figure
from wsesim.workload.shape import plain
from wsesim.workload.spec import Workload

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_YAML_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_COMMENT_COLUMN = 34


def show(workload: Workload) -> str:
    """Return *workload* as yaml that resolves to the same, each default with its source, then all figures."""
    sources = {default.name: default.source for default in workload.defaults}
    lines = [_comment(workload.title), "# Values with a comment were filled in.", ""]
    lines += [*_mapping(workload.resolved, sources, ""), ""]
    lines += _figures(f"The hardware, {workload.hardware.cluster.name}", workload.hardware.figures)
    lines += ["#", *_figures(f"The software, {workload.software.software.name}", workload.software.figures)]
    return "\n".join(lines) + "\n"


def _figures(title: str, figures: Sequence[Figure]) -> Iterator[str]:
    yield _comment(f"{title}: value, confidence (H, M, L), source")
    name_width = max(len(figure.name) for figure in figures)
    text_width = max(len(figure.text) for figure in figures)
    for figure in figures:
        note = f"; {figure.note}" if figure.note else ""
        head = f"  {figure.name:{name_width}}  {figure.text:{text_width}}  {figure.confidence or '-'}"
        yield _comment(f"{head}  {figure.source}{note}")


def starter() -> str:
    """Return a commented workload to start from."""
    return (files(__package__) / "starter.yaml").read_text("utf-8")


def _comment(text: str) -> str:
    """Return *text* as a comment; what a user wrote into it cannot end it."""
    return "# " + "".join(sign if sign.isprintable() else " " for sign in text)


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
    if not isinstance(value, str):
        return plain(value)
    if _BARE.fullmatch(value) and value.lower() not in _YAML_WORDS:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\U{ord(sign):08x}" for sign in quoted)
