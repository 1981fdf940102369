"""Read one yaml document safely, remembering where every key and value stands.

YAML 1.2, plain data only: no tags, no duplicate keys; a date stays the text it was. Every key is text. Aliases and
merge keys (`*name`, `<<`) are read as what they stand for, within bounds: with them a small file can be huge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from wsesim.errors import InputError, Problem
from wsesim.piped import piped

_TAG = "tag:yaml.org,2002:"
_DOTTED = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
_TEXT, _DATE = f"{_TAG}str", f"{_TAG}timestamp"
LARGEST_FILE_BYTES = 1 << 20
DEEPEST_NESTING = 32
MOST_REPEATED = 50_000
"""Values that aliases and merge keys of one file may add to those that stand in it."""

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed yaml file: `data` is plain Python, `places` gives (line, column) of keys and of values."""

    file: str
    data: Any
    lines: tuple[str, ...]
    places: Mapping[Loc, tuple[int, int]]
    keys: Mapping[Loc, tuple[int, int]]
    names: Mapping[str, str] = field(default_factory=dict)
    """By a dotted name of `data`, what it is called in the file, where that is otherwise."""

    def problem(self, message: str, loc: Loc = (), *, at_key: bool = False) -> Problem:
        """Make a problem that points at *loc*, or at the nearest enclosing place that stands in the file.

        Keys in the message are called what they are called there.
        """
        message = _DOTTED.sub(lambda found: self.names.get(found[0], found[0]), message)
        place = (self.keys if at_key else self.places).get(loc)
        while place is None and loc:
            place = self.keys.get(loc) or self.places.get(loc)
            loc = loc[:-1]
        line, column = place or self.places.get((), (1, 1))
        return _problem(message, self.file, self.lines, line, column)


def read_yaml(path: str | Path) -> Document:
    """Read and parse the file at *path*.

    Raises:
        InputError: missing, unreadable, too large, not UTF-8, empty, or not the plain yaml described above.
    """
    return parse_yaml(read_text(path, kind="yaml file"), str(path))


def parse_yaml(text: str, file: str = "<text>") -> Document:
    """Parse *text*; *file* is only the name shown in messages.

    Raises:
        InputError: as `read_yaml`.
    """
    reader = YAML(typ="safe", pure=True)
    reader.Composer, reader.Constructor = _PlainComposer, _PlainConstructor
    lines = tuple(re.split(r"\r\n|\r|\n", text))
    try:
        node = reader.compose(text)
        if node is not None:
            _Expansion().measure(node)
        if wrong := list(_wrong_keys(node)):
            raise InputError(_problem(message, file, lines, *place) for message, place in wrong)
        data = None if node is None else reader.constructor.construct_document(node)
    except MarkedYAMLError as error:
        raise InputError([_marked(error, file, lines)]) from None
    except ReaderError as error:
        raise InputError([_unreadable(text, error, file, lines)]) from None
    except YAMLError as error:
        raise InputError.at(f"not valid yaml: {str(error).splitlines()[0]}", file=file, line=1) from None
    if node is None or data is None:
        raise InputError.at("the file is empty; `wsesim init` writes one to start from", file=file, line=1)
    places: dict[Loc, tuple[int, int]] = {}
    keys: dict[Loc, tuple[int, int]] = {}
    for loc, place, is_key in _walk(node, ()):
        (keys if is_key else places)[loc] = place
    return Document(file=file, data=data, lines=lines, places=places, keys=keys)


def read_text(source: str | Path, *, kind: str) -> str:
    """Read the file at *source*, or standard input if that is `-`, as UTF-8; *kind* names what it should be.

    Raises:
        InputError: missing, a folder, unreadable, over `LARGEST_FILE_BYTES`, or not UTF-8.
    """
    file = str(source)
    try:
        path = piped(source, most=LARGEST_FILE_BYTES + 1)
        if path.is_dir():
            raise InputError.at(f"is a folder, not a {kind}", file=file)
        with path.open("rb") as stream:  # never more than the limit: a device or a pipe has no size to ask for
            raw = stream.read(LARGEST_FILE_BYTES + 1)
    except FileNotFoundError:
        raise InputError.at("no such file", file=file) from None
    except OSError as error:
        raise InputError.at(f"cannot be read: {error.strerror}", file=file) from None
    if len(raw) > LARGEST_FILE_BYTES:
        raise InputError.at(f"is too large; a {kind} has at most {LARGEST_FILE_BYTES:,} bytes", file=file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise InputError.at(message, file=file, line=line, column=column) from None


class _PlainComposer(Composer):
    """Builds nodes and stops at the first that is not plain data."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.warn_double_anchors = False
        self.nesting = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        message = _not_plain(event, self.nesting)
        if message is not None:
            raise ComposerError(None, None, message, event.start_mark)
        self.nesting += 1
        node = super().compose_node(parent, index)
        self.nesting -= 1
        return node


class _PlainConstructor(SafeConstructor):
    """Builds plain Python values from nodes."""

    def construct_yaml_int(self, node: Any) -> Any:
        try:
            return super().construct_yaml_int(node)
        except ValueError:  # Python refuses to read an integer of thousands of digits
            raise ConstructorError(None, None, "a number has too many digits", node.start_mark) from None


_PlainConstructor.add_constructor(_DATE, SafeConstructor.construct_yaml_str)
_PlainConstructor.add_constructor(f"{_TAG}int", _PlainConstructor.construct_yaml_int)


def _not_plain(event: Any, nesting: int) -> str | None:
    kind = type(event).__name__
    if getattr(event, "ctag", None):
        return f"yaml tags ({event.ctag}) are not used here; write a plain value"
    if kind not in ("ScalarEvent", "AliasEvent") and nesting >= DEEPEST_NESTING:
        return f"nested more than {DEEPEST_NESTING} deep"
    return None


class _Expansion:
    """Merges mappings in place, and measures what a document comes to with its aliases written out.

    Nothing is written out for it: of every node only size and depth are kept.
    """

    def __init__(self) -> None:
        self.known: dict[int, tuple[int, int]] = {}
        self.open: set[int] = set()
        self.seen, self.merged = 0, 0

    def measure(self, node: Node) -> tuple[int, int]:
        """Return how many values *node* has and how deep they are nested.

        Raises:
            ComposerError: it holds itself, or is too large or too deep.
        """
        if id(node) in self.open:
            raise ComposerError(None, None, "an anchor whose value holds itself", node.start_mark)
        if id(node) not in self.known:
            self.open.add(id(node))
            self.seen += 1
            if isinstance(node, MappingNode):
                self._merge(node)
            found = [self.measure(part) for part in _parts(node)]
            size, deepest = 1 + sum(size for size, _ in found), max((deep for _, deep in found), default=0)
            self._check(node, size, depth := deepest + (not isinstance(node, ScalarNode)))
            self.known[id(node)] = size, depth
            self.open.remove(id(node))
        return self.known[id(node)]

    def _check(self, node: Node, size: int, depth: int) -> None:
        if size > self.seen + MOST_REPEATED or self.merged > MOST_REPEATED:
            message = f"aliases and merge keys add more than {MOST_REPEATED:,} values to this; write less with them"
            raise ComposerError(None, None, message, node.start_mark)
        if depth > DEEPEST_NESTING:
            raise ComposerError(None, None, f"nested more than {DEEPEST_NESTING} deep by aliases", node.start_mark)

    def _merge(self, node: MappingNode) -> None:
        """Put the pairs of merge keys into *node*: its own keys stay, then those of the first mapping merged count."""
        merges = [value for key, value in node.value if _is_merge(key)]
        if not merges:
            return
        own = [(key, value) for key, value in node.value if not _is_merge(key)]
        names = {key.value for key, _ in own if isinstance(key, ScalarNode)}
        for value in merges:
            for part in value.value if isinstance(value, SequenceNode) else [value]:
                if not isinstance(part, MappingNode):
                    message = "a merge key (<<) takes a mapping, or a list of mappings"
                    raise ComposerError(None, None, message, part.start_mark)
                self.measure(part)
                new = [pair for pair in part.value if isinstance(pair[0], ScalarNode) and pair[0].value not in names]
                names |= {key.value for key, _ in new}
                self.merged += len(part.value)
                self._check(node, 0, 0)
                own += new
        node.value = own


def _is_merge(key: Node) -> bool:
    return isinstance(key, ScalarNode) and key.value == "<<" and key.style is None


def _parts(node: Node) -> Iterator[Node]:
    """Yield the nodes right inside *node*."""
    if isinstance(node, MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, SequenceNode):
        yield from node.value


_CLEARER = (
    ("found undefined alias", "an alias of which no anchor (&name) stands above"),
    ("but found another document", "a second document starts here; a file holds one"),
    ("expected <block end>", "does not line up with the lines above it; check the indentation"),
    ("mapping values are not allowed here", "a ':' cannot stand here; quote the text, or check the indentation"),
    ("found unexpected end of stream", "the file ends inside quotes; close them"),
    ("'\\t'", "a tab cannot indent yaml; use spaces"),
)


def _marked(error: MarkedYAMLError, file: str, lines: tuple[str, ...]) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = str(error.problem or error.context or "not valid yaml").splitlines()[0]
    message = next((clear for raw, clear in _CLEARER if raw in message), message)
    if mark is None:
        return Problem(message, file=file, line=1)
    return _problem(message, file, lines, mark.line + 1, mark.column + 1)


def _problem(message: str, file: str, lines: tuple[str, ...], line: int, column: int) -> Problem:
    excerpt = lines[line - 1] if line <= len(lines) else None
    return Problem(message, file=file, line=line, column=column, excerpt=excerpt)


def _unreadable(text: str, error: ReaderError, file: str, lines: tuple[str, ...]) -> Problem:
    """Say which sign cannot stand in yaml, where it stands."""
    before = re.split(r"\r\n|\r|\n", text[: error.position])
    message = f'the sign U+{error.character:04X} cannot stand in yaml; write it as "\\u{error.character:04x}" in quotes'
    return _problem(message, file, lines, len(before), len(before[-1]) + 1)


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _wrong_keys(node: Node | None) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield what is wrong with keys that are not text or stand twice, and where each does."""
    if isinstance(node, SequenceNode):
        for value in node.value:
            yield from _wrong_keys(value)
    elif isinstance(node, MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                yield "a key must be text; this is a list or a mapping", _place(key)
            elif key.tag not in (_TEXT, _DATE):
                yield f"the key {key.value or 'null'} is not text; quote it if it is meant", _place(key)
            elif key.value in lines:
                yield f'duplicate key "{key.value}", first in line {lines[key.value]}; keep one of them', _place(key)
            else:
                lines[key.value] = key.start_mark.line + 1
            yield from _wrong_keys(value)


def _walk(node: Node, loc: Loc) -> Iterator[tuple[Loc, tuple[int, int], bool]]:
    """Yield place and position of everything."""
    yield loc, _place(node), False
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield (*loc, key.value), _place(key), True
            yield from _walk(value, (*loc, key.value))
    elif isinstance(node, SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, (*loc, index))
