"""What the fields of a dataclass hold, as the string below each says."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Any


def field_docs(kind: type[Any]) -> Mapping[str, str]:
    """Return the text below each field of a class, lines joined."""
    return {name: " ".join(text.split()) for name, text in texts_below(kind).items()}


def texts_below(kind: type[Any]) -> Mapping[str, str]:
    """Return the text below each field of a class."""
    (body,) = ast.parse(dedent(inspect.getsource(kind))).body
    assert isinstance(body, ast.ClassDef), "the source of a class"
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }  # fmt: skip
