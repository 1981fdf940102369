"""Text to tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from wsesim.csl.source import CslError, LimitError, SourceFile, SourcePlace

KEYWORDS = frozenset(
    [
        "and",
        "or",
        "if",
        "else",
        "for",
        "while",
        "switch",
        "return",
        "break",
        "continue",
        "comptime",
        "fn",
        "task",
        "var",
        "const",
        "param",
        "struct",
        "union",
        "enum",
        "packed",
        "asm",
        "volatile",
        "inline",
        "noinline",
        "export",
        "extern",
        "layout",
        "align",
        "linksection",
        "linkname",
    ]
)
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+|//[^\n]*)
      |(?P<float>[0-9][0-9_]*\.[0-9][0-9_]*(?:[eE][+-]?[0-9]+)?|[0-9][0-9_]*[eE][+-]?[0-9]+)
      |(?P<int>0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|[0-9][0-9_]*)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<builtin>@[A-Za-z_]\w*)
      |(?P<string>"(?:[^"\\\n]|\\.)*")
      |(?P<char>'(?:[^'\\\n]|\\x[0-9a-fA-F]{2}|\\.)')
      |(?P<comment>/\*)
      |(?P<mark><<=|>>=|\.\*|=>|->|==|!=|<=|>=|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|[-+*/%&|^~!<>=(){}\[\],;:.])""",
    re.VERBOSE | re.ASCII,
)
MAX_NESTING = 120
"""Expressions, types and blocks nested in each other: a limit that keeps hostile files from the stack of Python."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind (int, float, name, keyword, builtin, string, char, mark, end), its text, where it stands."""

    kind: str
    text: str
    offset: int


def tokens(source: SourceFile) -> list[Token]:
    """All tokens of a file, the last one of kind `end`.

    Raises:
        CslError: A character that begins no token.
    """
    found, offset, depth, text = [], 0, 0, source.text
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise CslError(SourcePlace(source, offset), *_unreadable(text, offset))
        kind, word = str(match.lastgroup), match.group()
        if kind == "name" and word in KEYWORDS:
            kind = "keyword"
        elif kind == "mark" and word in "([{":
            depth += 1
            if depth > MAX_NESTING:
                raise LimitError(SourcePlace(source, offset), f"nested more than {MAX_NESTING} levels deep", "split it")
        elif kind == "mark" and word in ")]}":
            depth -= 1
        elif kind == "comment":
            raise CslError(SourcePlace(source, offset), "/* begins no comment", "comments begin with //")
        if kind != "space":
            found.append(Token(kind, word, offset))
        offset = match.end()
    return [*found, Token("end", "", len(text))]


def _unreadable(text: str, offset: int) -> tuple[str, str]:
    char = text[offset]
    if char == '"':
        return "this string has no end", 'a string ends on its own line with "'
    if char == "'":
        return "this is no character", "a character is one letter or an escape (\\n, \\x0a) between '"
    return f"{char!r} begins nothing in CSL", "if (c) a else b chooses" if char == "?" else ""


def unescape(source: SourceFile, token: Token) -> str:
    """The characters of a string or character token, one for each byte.

    Raises:
        CslError: An unknown escape.
    """

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if code.startswith("x") and len(code) == 3:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            place = SourcePlace(source, token.offset + 1 + match.start())
            raise CslError(place, f"\\{code} is no escape", "escapes are \\n \\t \\r \\\\ \\\" \\' \\0 \\xNN")
        return _ESCAPES[code]

    return re.sub(r"\\(x[0-9a-fA-F]{2}|.)", one, token.text[1:-1])
