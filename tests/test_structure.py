"""One road from question to answer: only kinds know a kind, every package has one door, one name is one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import wsesim
from wsesim.questions import kinds

ROOT = Path(wsesim.__file__).parent
FILES = tuple(file.relative_to(ROOT).with_suffix("") for file in ROOT.rglob("*.py"))
MODULES = {".".join(("wsesim", *path.parts)).removesuffix(".__init__") for path in FILES}
DOORS = {".".join(("wsesim", *path.parent.parts)) for path in FILES if path.name == "__init__"}
ROWS = frozenset({"validation"})
"""Packages that write questions of their own, and so say which kind they ask: measured rows."""
LEAVES = {
    "wsesim.questions.base": "the type of a question",
    "wsesim.workload.fields": "types of fields, for whoever states a file",
    "wsesim.cores.measures": "figures that kernels are measured by, without the kernels",
    "wsesim.cores.jit": "whether there is a compiler, without what is compiled",
    "wsesim.csl.running": "programs in CSL asked as kernels, without what scripts of their hosts import",
    "wsesim.cores.show": "drawings of a run, for the kind that answers with them",
    "wsesim.answers.causes": "what causes of time mean, for who asks",
    "wsesim.answers.words": "the glossary, for who asks",
    "wsesim.figures.docs": "what fields of figures hold, for who asks",
    "wsesim.questions.shared.limits": "what limits are made of, for who asks",
    "wsesim.kernels.collectives": "cycles of collectives, which programs are built by",
    "wsesim.kernels.zeros": "how unevenly zeros fall, by which programs are timed",
    "wsesim.kernels.resident": "cycles of resident products and sums, which a kernel asks for by itself",
}
"""Modules beside the doors that other packages may import, because they are light, and why."""
INSIDE = {
    ("mapping", "kernels"): "resident kernels are no part of the door yet",
    ("trials", "kernels"): "trials hold a kernel's cores against its formula",
    ("trials", "cores"): "the same",
    ("cores", "answers"): "pictures of cores are fitted as an answer's",
    ("study", "answers"): "pages and tables of a sweep are drawn as an answer's",
    ("validation", "answers"): "the same",
    ("trainer", "answers"): "the same",
    ("csl", "cores"): "compiled programs are laid out for the engine, whose tables are no kernel's business",
    ("cli", "csl"): "its commands reach the compiler and the host's side, which share no more than an image",
}
"""Packages that look inside another, and why."""
PROGRAMMED = frozenset({"wsesim", "wsesim.gpt"})
"""Doors that programs of others come through."""
BESIDE = ("tests", "benchmarks", "docs", "examples")
"""Folders beside the source that ask its doors, too."""


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).with_suffix(".py").read_text("utf-8"))


@cache
def _imports(path: Path) -> list[tuple[str, str]]:
    """Return (module, name) of every import of ours that runs; no name where the module itself is imported."""
    found = []
    for node in _running(_tree(path)):
        if isinstance(node, ast.Import):
            found += [(each.name, "") for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [(node.module, each.name) for each in node.names]
    return found


def _running(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield all statements but those that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) or (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            continue
        if isinstance(child, ast.stmt):
            yield child
        yield from _running(child)


@cache
def _exported(door: str) -> set[str]:
    tree = _tree(Path(*door.split(".")[1:], "__init__"))
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = set(ast.literal_eval(node.value))
    return names


def _target(module: str, name: str) -> str:
    """Return the module that an import reaches: a door where it offers the name."""
    inner = f"{module}.{name}"
    return inner if inner in MODULES and not (module in DOORS and name in _exported(module)) else module


PACKAGES = sorted({path.parts[0] for path in FILES if len(path.parts) > 1})


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_entered_by_their_doors(package: str) -> None:
    wrong = set()
    for path in (path for path in FILES if path.parts[0] == package):
        for module, name in _imports(path):
            reached = _target(module, name)
            parts = reached.split(".")
            ours = parts[0] == "wsesim" and len(parts) > 2 and parts[1] != package
            if ours and reached not in DOORS | LEAVES.keys() and (package, parts[1]) not in INSIDE:
                wrong.add(f"{path} imports {reached}")
    assert not wrong


def test_what_is_allowed_is_used() -> None:
    reached = {(path.parts[0], _target(*found)) for path in FILES for found in _imports(path)}
    beside = {target for package, target in reached if not target.startswith(f"wsesim.{package}")}
    assert LEAVES.keys() <= beside
    looks = {(package, target.split(".")[1]) for package, target in reached if target.count(".") > 1}
    assert INSIDE.keys() <= looks


def test_nothing_but_the_kinds_knows_a_kind() -> None:
    names = set(kinds())
    classes = {kind.__name__ for kind in kinds().values()}
    wrong = set()
    for path in FILES:
        if path.parts[0] in {"questions", *ROWS}:
            continue
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Compare | ast.MatchValue):
                said = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
                wrong |= {f"{path}:{node.lineno} compares with {name!r}" for name in said & names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("wsesim.questions"):
                wrong |= {f"{path} imports {each.name}" for each in node.names if each.name in classes}
    assert not wrong


def test_a_public_class_name_stands_for_one_thing() -> None:
    where = defaultdict(list)
    for path in FILES:
        for node in _running(_tree(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                where[node.name].append(str(path))
    assert {name: paths for name, paths in where.items() if len(paths) > 1} == {}


def test_what_nobody_asks_for_is_no_part_of_a_door() -> None:
    asked = defaultdict(set)
    for path in FILES:
        of_modules = re.findall(r"\.(\w+)", (ROOT / path).with_suffix(".py").read_text("utf-8"))
        for name in {*of_modules, *(name for _, name in _imports(path))}:
            asked[name].add(".".join(("wsesim", *path.parts)))
    files = (file for folder in BESIDE for file in (ROOT.parent.parent / folder).rglob("*.py"))
    beside = {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}
    unasked = [
        f"{door}.{name}"
        for door in DOORS - PROGRAMMED
        for name in _exported(door) - beside
        if not _is_type(name) and all(module.startswith(f"{door}.") for module in asked[name])
    ]
    assert unasked == []


def _is_type(name: str) -> bool:
    """Whether a name is that of a type, by which others may say what they are handed."""
    return name[0].isupper() and not name.isupper()
