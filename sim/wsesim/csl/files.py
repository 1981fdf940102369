"""Files of programs: found, read and parsed once."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from wsesim.csl import tree
from wsesim.csl.parser import parse
from wsesim.csl.source import CslError, SourceFile, SourcePlace, nearest

LIBRARY = Path(__file__).parent / "library"
MAX_BYTES = 4 << 20
"""Of a file."""


def is_of_library(path: str) -> bool:
    """Whether a file is one of our library."""
    return Path(path).is_relative_to(LIBRARY)


@dataclass(slots=True)
class Files:
    """Syntax trees by path, and where imports are looked for."""

    import_paths: tuple[str, ...] = ()
    trees: dict[str, tree.File] = field(default_factory=dict)
    root: str = ""
    """The layout file: older programs name files from its folder everywhere."""
    printed: list[str] = field(default_factory=list)
    """What `@comptime_print` said."""

    def parsed(self, path: str) -> tree.File:
        """The syntax tree of a file.

        Raises:
            CslError: It cannot be read, or is not CSL.
        """
        if path not in self.trees:
            self.trees[path] = parse(source_file(path))
        return self.trees[path]

    def find(self, name: str, importer: str, at: SourcePlace) -> str:
        """The path of a file that another names: `<library>`, relative to that file, or in an import path.

        Raises:
            CslError: There is none.
        """
        if name.startswith("<") and name.endswith(">"):
            return self._library(name[1:-1], at)
        for folder in (Path(importer).parent, *map(Path, self.import_paths), Path(self.root or importer).parent):
            candidate = Path(os.path.normpath(folder / name))
            if candidate.is_file():
                return str(candidate)
        folder = Path(importer).parent
        alike = nearest(Path(name).name, [p.name for p in folder.glob("*.csl")])
        raise CslError(at, f"there is no file {name} beside {Path(importer).name}", alike)

    def _library(self, name: str, at: SourcePlace) -> str:
        for folder in (LIBRARY, *map(Path, self.import_paths)):
            candidate = folder / f"{name}.csl"
            if candidate.is_file() and Path(os.path.normpath(candidate)).is_relative_to(os.path.normpath(folder)):
                return str(candidate)
        names = [str(p.relative_to(LIBRARY).with_suffix("")) for p in LIBRARY.rglob("*.csl")]
        raise CslError(at, f"there is no library <{name}>", nearest(name, names))


def source_file(path: str) -> SourceFile:
    """A file as it is read.

    Raises:
        CslError: It cannot be.
    """
    return SourceFile(path, _text(path))


def _text(path: str) -> str:
    try:
        data = Path(path).read_bytes()
    except OSError as problem:
        raise CslError(None, f"{path}: cannot be read: {problem.strerror}") from problem
    if len(data) > MAX_BYTES:
        raise CslError(None, f"{path}: more than {MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise CslError(None, f"{path}: not UTF-8 at byte {problem.start}") from problem
