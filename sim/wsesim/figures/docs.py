"""What the fields of a dataclass hold, as the string below each says."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any


def field_docs(kind: type[Any]) -> Mapping[str, str]:
    """Return the text below each field of a class, lines joined."""
    return {name: " ".join(text.split()) for name, text in texts_below(kind).items()}


def texts_below(kind: type[Any]) -> Mapping[str, str]:
    """Return the text below each field of a class."""
    return _texts(kind.__module__, kind.__name__)


@cache
def _texts(module: str, name: str) -> Mapping[str, str]:
    body = _classes(module)[name].body
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }  # fmt: skip


@cache
def _classes(module: str) -> Mapping[str, ast.ClassDef]:
    """Return the classes of a module as they are written; its source is read once for all of them."""
    source = ast.parse(inspect.getsource(sys.modules[module]))
    return {each.name: each for each in ast.walk(source) if isinstance(each, ast.ClassDef)}
