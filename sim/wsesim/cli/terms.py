"""Everything that has a name here, with what it means: what `wsesim explain` says, and what a shell offers for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

_BETWEEN = re.compile(r"[\s._-]+")
_ENDS = re.compile(r"(?<=\w\w)ies$|(?:ss|sh|[tn]ch|x)es$|(?<=\w\w[^\Wsui])s$")
"""How many of a thing end in English: `ies` of y, `es` of a hiss, `s`; not the `s` of a bus or a basis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Something that has a name here."""

    term: str
    what: str
    """A word, a cause, a figure of answers, ..."""
    means: str
    names: tuple[str, ...]
    """By which it is found, in small letters."""
    here: tuple[str, ...] = ()
    """Of a word that is not used here, those that are, in small letters."""


def folded(name: str) -> str:
    """Return a name as it is looked for: small letters, words apart by one space, each as one would say of one."""
    return " ".join(_ENDS.sub(_one_of, word) for word in _BETWEEN.split(name.lower()) if word)


def _one_of(end: re.Match[str]) -> str:
    return "y" if end[0] == "ies" else end[0][: -len("es")] if end[0].endswith("es") else ""


def known_terms() -> Iterator[Explained]:
    """Yield everything that has a name."""
    yield from _words()
    yield from _of_answers()
    yield from _of_presets()
    yield from _keys()
    yield from _names()


def _one(term: str, what: str, means: str, *more: str) -> Explained:
    names = dict.fromkeys(name.lower() for name in (term, *more) if name)
    return Explained(term=term, what=what, means=means, names=tuple(names))


def _words() -> Iterator[Explained]:
    from wsesim.answers.words import synonyms, words

    for word, means in words().items():
        yield _one(word, "word", means, *word.split(", "))
    for said, here in synonyms().items():
        found = _one(said, "word of the field", f"is called {here} here", *said.split(", "))
        yield replace(found, here=tuple(here.lower().split("; ")))


def _of_answers() -> Iterator[Explained]:
    """Yield causes, figures of answers, and limits."""
    from wsesim import questions
    from wsesim.answers.causes import KNOWN
    from wsesim.questions.shared.limits import LIMITS

    for cause in KNOWN.values():
        yield _one(cause.label, "cause of time", cause.meaning, cause.name)
    figures = {spec.name: spec for kind in questions.kinds().values() for spec in kind.figures}
    for spec in figures.values():
        better = f"; {spec.better} is better" if spec.better else ""
        yield _one(spec.name, "figure of answers", f"{spec.label}: {spec.meaning}{better}", spec.label)
    for name, parts in LIMITS.items():
        yield _one(name, "limit", f"what holds a time, made of {', '.join(parts)}")


def _of_presets() -> Iterator[Explained]:
    """Yield figures of machines and software, with what each preset has."""
    from wsesim.figures.docs import field_docs
    from wsesim.hardware import MACHINES
    from wsesim.software import STACKS

    for what, presets in (("figure of a machine", MACHINES), ("figure of software", STACKS)):
        docs = {group: field_docs(kind) for group, kind in presets.groups.items()}
        read = {name: presets.read(name).entries for name in presets.names()}
        for name, slot in presets.slots.items():
            doc = docs[slot.group].get(slot.field, "")
            better = f"{slot.better.capitalize()} is better." if slot.better else f"Neither way is better: {slot.why}."
            values = [
                f"{preset} {entries[name].figure.text} ({entries[name].figure.source})"
                for preset, entries in read.items() if name in entries
            ]  # fmt: skip
            yield _one(name, what, f"{doc} {better} {', '.join(values)}.", name.partition(".")[2])


def _keys() -> Iterator[Explained]:
    """Yield the keys of files, those of sections dotted."""
    from wsesim.questions import json_schema

    schema: Mapping[str, Any] = json_schema()
    found: dict[str, str] = {}
    _walk(schema, schema, "", found)
    for name, means in found.items():
        yield _one(name, "key of files", means, name.rpartition(".")[2])


def _walk(node: Any, schema: Mapping[str, Any], path: str, found: dict[str, str]) -> None:
    if not isinstance(node, Mapping) or path.count(".") > 2:
        return
    if "$ref" in node:
        _walk(schema["$defs"][node["$ref"].rpartition("/")[2]], schema, path, found)
    for name, about in node.get("properties", {}).items():
        dotted = f"{path}.{name}" if path else name
        if isinstance(about, Mapping) and about.get("description"):
            found.setdefault(dotted, " ".join(str(about["description"]).split()))
        _walk(about, schema, dotted, found)
    for part in ("oneOf", "anyOf", "allOf"):
        for each in node.get(part, ()):
            _walk(each, schema, path, found)


def _names() -> Iterator[Explained]:
    """Yield kernels, machines, stacks and models."""
    from wsesim.cores.programs import PROGRAMS
    from wsesim.hardware import MACHINES
    from wsesim.model import load_preset, model_names
    from wsesim.software import STACKS

    for name, program in PROGRAMS.items():
        yield _one(name, "kernel", f"{program.summary} `wsesim kernel {name}` runs it.")
    for what, command, presets in (("machine", "machines", MACHINES), ("software", "software", STACKS)):
        for name in presets.names():
            preset = presets.read(name)
            yield _one(name, what, f"{preset.about or preset.title}. `wsesim {command} {name}` has every figure of it.")
    for name in model_names():
        yield _one(name, "model", f"{load_preset(name).source}. `wsesim models {name}` has its shape.")
