"""Which changes of one operator no test notices: a copy of the source is changed in one place, its package's tests run.

    python benchmarks/mutants.py                                a choice over all packages, the same for the same seed
    python benchmarks/mutants.py --package kernels --number 20 --seed 3
    python benchmarks/mutants.py --at kernels/base.py:17        all changes of a line

A comparison takes in its boundary or leaves it out, plus turns to minus, times to over, a small whole number to the
next. Exits 1 if a change survives.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = Path("sim/wsesim")
PACKAGES = ("graph", "kernels", "mapping", "model", "numerics", "ops", "questions", "system", "units.py", "yamlfile.py")
"""Whose tests take seconds to a minute; those of cores, studies and the command line take longer."""
OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}  # fmt: skip
LARGEST_CONSTANT = 8
SAID = (ast.Raise, ast.JoinedStr, ast.FormattedValue)
"""What is only said: words are not tried."""
SLOWER = 5
"""Times as long as unchanged that tests of a changed program may take; then it is as good as noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A change of one place."""

    path: Path
    """Below `SOURCE`."""
    line: int
    offset: int
    """In bytes, from the start of the file."""
    old: str
    new: str

    def __str__(self) -> str:
        source = (ROOT / SOURCE / self.path).read_text("utf-8").splitlines()[self.line - 1].strip()
        return f"{self.path}:{self.line}  {self.old} -> {self.new}  {source}"

    @property
    def package(self) -> str:
        return self.path.parts[0]

    @property
    def tests(self) -> tuple[str, ...]:
        """Tests of the module by itself, which are the first to notice, then all of its package."""
        if self.package.endswith(".py"):
            return (f"tests/test_{self.package}",)
        folder = ROOT / "tests" / self.package
        own = sorted(folder.glob(f"test_{self.path.stem}*.py"))
        return (*(str(file.relative_to(ROOT)) for file in own), f"tests/{self.package}")

    def apply(self, copy: Path) -> None:
        raw = (ROOT / SOURCE / self.path).read_bytes()
        end = self.offset + len(self.old.encode())
        (copy / SOURCE / self.path).write_bytes(raw[: self.offset] + self.new.encode() + raw[end:])

    def undo(self, copy: Path) -> None:
        shutil.copyfile(ROOT / SOURCE / self.path, copy / SOURCE / self.path)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield all changes of a file, given below `SOURCE`."""
    raw = (ROOT / SOURCE / path).read_bytes()
    starts = [0, *(at + 1 for at, byte in enumerate(raw) if byte == ord("\n"))]
    for node in _tried(ast.parse(raw)):
        for left, sign, right in _operations(node):
            start = starts[(left.end_lineno or left.lineno) - 1] + (left.end_col_offset or 0)
            end = starts[right.lineno - 1] + right.col_offset
            old, new = OPERATORS[type(sign)]
            at = raw.find(old.encode(), start, end)
            if at >= 0 and b"#" not in raw[start:end]:
                yield Mutant(path=path, line=raw.count(b"\n", 0, at) + 1, offset=at, old=old, new=new)
        for number in _boundaries(node):
            at = starts[number.lineno - 1] + number.col_offset
            yield Mutant(
                path=path, line=number.lineno, offset=at, old=f"{number.value!r}", new=f"({number.value!r} + 1)"
            )


def _tried(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, SAID):
            yield child
            yield from _tried(child)


def _operations(node: ast.AST) -> Iterator[tuple[ast.expr, ast.AST, ast.expr]]:
    """Yield left side, sign and right side of operations; text that is joined is none."""
    if isinstance(node, ast.BinOp) and not any(_is_text(side) for side in (node.left, node.right)):
        yield from ([(node.left, node.op, node.right)] if type(node.op) in OPERATORS else [])
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        yield from (
            (left, sign, right) for left, sign, right in zip(sides, node.ops, sides[1:], strict=False)
            if type(sign) in OPERATORS
        )  # fmt: skip


def _boundaries(node: ast.AST) -> Iterator[ast.Constant]:
    """Yield small whole numbers that are compared with, added, or the least or most of something."""
    sides: Sequence[ast.AST] = ()
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        sides = [node.left, node.right]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        sides = node.args
    yield from (side for side in sides if isinstance(side, ast.Constant) and type(side.value) is int and
                0 <= side.value <= LARGEST_CONSTANT)  # fmt: skip


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def chosen(packages: Sequence[str], number: int, seed: int) -> list[Mutant]:
    """Return so many changes, of all packages in turn."""
    draw = random.Random(seed)
    known = []
    for package in packages:
        at = ROOT / SOURCE / package
        files = [at] if at.is_file() else sorted(at.rglob("*.py"))
        found = [each for file in files for each in mutants_of(file.relative_to(ROOT / SOURCE))]
        known.append(draw.sample(found, len(found)))
    turns = chain.from_iterable(zip_longest(*known))
    return [each for each in turns if each is not None][:number]


def noticed(copy: Path, tests: Sequence[str], limit_s: float) -> bool:
    """Return whether tests fail, or do not end in time."""
    surroundings = {**os.environ, "CI": "true", "PYTHONPATH": f"{copy / 'sim'}{os.pathsep}{copy}",
                    "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        ended = subprocess.run(command, cwd=copy, env=surroundings, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return True
    return ended.returncode != 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the changes that are asked for, and return 1 if one survives."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", action="append", choices=PACKAGES, help="of all that are tried, unless given")
    parser.add_argument("--number", type=int, default=60, help="changes to try")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument("--seconds", type=float, default=3600, help="after which no other change is begun")
    parser.add_argument("--at", action="append", help="FILE:LINE below sim/wsesim, in place of a choice")
    asked = parser.parse_args(arguments)
    picked = chosen(asked.package or PACKAGES, asked.number, asked.seed)
    if asked.at:
        places = [(Path(file), int(line)) for file, _, line in (place.rpartition(":") for place in asked.at)]
        picked = [each for file, line in places for each in mutants_of(file) if each.line == line]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "runs", "reports"))
        survivors = list(_survivors(picked, copy, time.monotonic() + asked.seconds))
    print(f"{len(survivors)} of {len(picked)} changes survived")
    return 1 if survivors else 0


def _survivors(picked: Sequence[Mutant], copy: Path, end: float) -> Iterator[Mutant]:
    limits: dict[str, float] = {}
    for each in (mutant for mutant in picked if time.monotonic() < end):
        if each.package not in limits:
            started = time.monotonic()
            assert not noticed(copy, each.tests[-1:], end), f"{each.tests[-1]} fails unchanged"
            limits[each.package] = SLOWER * (time.monotonic() - started)
        each.apply(copy)
        killed = noticed(copy, each.tests, limits[each.package])
        each.undo(copy)
        print(f"{'killed  ' if killed else 'SURVIVED'} {each}", flush=True)
        if not killed:
            yield each


if __name__ == "__main__":
    sys.exit(main())
