"""Keys of files: of every kind of question, of studies, and the figures that machine and software files may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from made.markdown import cell, code, parts, table
from wsesim.figures import Presets
from wsesim.figures.docs import field_docs
from wsesim.hardware import MACHINES
from wsesim.questions import json_schema
from wsesim.software import STACKS
from wsesim.study.schema import StudyFile

Schema = Mapping[str, Any]
FIGURES = {"hardware", "software"}
"""Keys whose insides are figures of machine and software."""


def keys() -> str:
    """Every key of a file of questions: those of all kinds first, then kind by kind, then section by section."""
    schema = json_schema()
    known: Schema = schema["$defs"]
    kinds = [known[_name(each)] for each in schema["anyOf"]]
    shared = set.intersection(*(set(kind["properties"]) for kind in kinds))
    sections = _sections(kinds, known)
    pages = [parts("### In every file", _table(kinds[0], known, sections, keys=shared))]
    for kind in kinds:
        own = _table(kind, known, sections, keys=set(kind["properties"]) - shared)
        pages.append(parts(f"### {cell(kind['description']).rstrip('.')}", own))
    for name, title in sections.items():
        pages.append(parts(f"### {title}", cell(known[name].get("description", "")), _table(known[name], known, {})))
    return "\n\n".join(pages)


def study_keys() -> str:
    """Every key of a file of a study."""
    schema = StudyFile.model_json_schema(ref_template="#/$defs/{model}")
    known: Schema = schema.get("$defs", {})
    sections = _sections([schema], known)
    inner = [parts(f"### {title}", _table(known[name], known, {})) for name, title in sections.items()]
    return "\n\n".join([_table(schema, known, sections), *inner])


def _sections(files: Sequence[Schema], known: Schema) -> dict[str, str]:
    """Return the sections that keys of *files* open, each with its title: the key, of the kind if there are several."""
    found: dict[str, tuple[str, str]] = {}
    for file in files:
        kind = file["properties"].get("phase", {}).get("const", "")
        for key, about in file["properties"].items():
            if (name := _section(about, known)) and key not in FIGURES:
                found.setdefault(name, (key, kind))
    several = [key for key, _ in found.values()]
    return {name: f"{key} of {kind}" if several.count(key) > 1 else key for name, (key, kind) in found.items()}


def machine_keys() -> str:
    """Every figure that a file of a machine or a stack may state, and what it measures."""
    return parts("### Of a machine", _figures(MACHINES), "### Of a stack", _figures(STACKS))


def _figures(presets: Presets) -> str:
    docs = {group: field_docs(kind) for group, kind in presets.groups.items()}
    rows = [
        (code(name), cell(docs[slot.group].get(slot.field, "")), slot.better or cell(slot.why))
        for name, slot in presets.slots.items()
    ]
    return table(("figure", "is", "better"), rows)


def _table(holder: Schema, known: Schema, sections: Mapping[str, str], *, keys: Set[str] | None = None) -> str:
    rows = []
    for key, about in holder.get("properties", {}).items():
        if keys is None or key in keys:
            needed = "required" if key in holder.get("required", ()) else _default(about)
            title = sections.get(_section(about, known), "")
            rows.append((code(key), cell(about.get("description", "")), _type(about, title), needed))
    return table(("key", "means", "is", "if left out"), rows)


def _section(about: Schema, known: Schema) -> str:
    """Return the name of the section that a key opens, or an empty text."""
    each = [about, *about.get("anyOf", ()), *about.get("allOf", ())]
    names = [_name(part) for part in each if "$ref" in part]
    return next((name for name in names if known[name].get("properties")), "")


def _name(part: Schema) -> str:
    return str(part["$ref"]).rpartition("/")[2]


def _default(about: Schema) -> str:
    default = about.get("default")
    return (
        ""
        if default is None or isinstance(default, dict)
        else code(str(default).lower() if isinstance(default, bool) else default)
    )


def _type(about: Schema, section: str) -> str:
    if section:
        return f"[a section](#{section.replace(' ', '-')})"
    if "enum" in about:
        return ", ".join(code(each) for each in about["enum"])
    if "const" in about:
        return code(about["const"])
    if "anyOf" in about:
        return " or ".join(dict.fromkeys(filter(None, (_type(each, "") for each in about["anyOf"]))))
    named = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "true or false"}
    named |= {"array": "a list", "object": "a mapping"}
    return named.get(str(about.get("type", "")), "")
