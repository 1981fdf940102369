"""What every part of the parser stands on: the tokens, looking ahead, saying what was expected."""

from __future__ import annotations

from wsesim.csl.lexer import MAX_NESTING, Token
from wsesim.csl.source import CslError, LimitError, SourceFile, SourcePlace


class TokenReader:
    """The tokens of a file and how far they are read."""

    def __init__(self, source: SourceFile, tokens: list[Token]) -> None:
        self.source, self.tokens, self.position, self.depth = source, tokens, 0, 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.position]

    @property
    def here(self) -> SourcePlace:
        """Where the next token stands."""
        return SourcePlace(self.source, self.tokens[self.position].offset)

    def ahead(self, count: int = 1) -> Token:
        """A token further on."""
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def at(self, *texts: str) -> bool:
        """Whether one of these keywords or marks comes next."""
        token = self.tokens[self.position]
        return token.text in texts and token.kind in ("mark", "keyword")

    def take(self) -> Token:
        """The next token."""
        token = self.tokens[self.position]
        self.position += token.kind != "end"
        return token

    def accept(self, *texts: str) -> bool:
        """Take the next token if it is one of these."""
        if self.at(*texts):
            self.position += 1
            return True
        return False

    def expect(self, text: str, after: str) -> SourcePlace:
        """Take this mark or keyword, or say that it is missing."""
        here = self.here
        if not self.accept(text):
            self.fail(f"expected {text} {after}")
        return here

    def name(self, what: str) -> str:
        """Take a name."""
        if self.token.kind != "name":
            hint = f"{self.token.text} is a word of the language" if self.token.kind == "keyword" else ""
            self.fail(f"expected a name {what}", hint)
        return self.take().text

    def fail(self, message: str, right: str = "") -> None:
        """Say what was expected and what stands there."""
        token = self.token
        found = "the end of the file" if token.kind == "end" else token.text
        place = self.here
        if message.startswith("expected ;") and self.position:
            last = self.tokens[self.position - 1]
            place = SourcePlace(self.source, last.offset + len(last.text))
        raise CslError(place, f"{message}, found {found}", right)

    def deeper(self) -> None:
        """Count one level of nesting."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise LimitError(self.here, f"nested more than {MAX_NESTING} levels deep", "split it")
