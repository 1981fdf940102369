"""Programs of scalar code drawn at random: loops, branches, arrays, functions, over whole numbers of several types."""

from __future__ import annotations

from random import Random

NAMES = ("a", "b", "c", "d")
TYPES = ("u16", "i16", "u32", "i32")
LENGTH = 8


class Drawn:
    """A program, drawn by a seed."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.t = self.draw.choice(TYPES)
        self.loops = 0

    def text(self) -> str:
        """The program."""
        body = self._block(3)
        test, t = self._test("p", "q"), self.t
        helper = f"fn help(p: {t}, q: {t}) {t} {{ if ({test}) {{ return p + q; }} return q; }}"
        names = "".join(f"var {name}: {self.t} = {self.draw.choice((0, 1, 2, 40))};\n" for name in NAMES)
        arrays = f"var x = @zeros([{LENGTH}]{t});\nvar y = @constants([{LENGTH}]{t}, 3);\nvar flag: bool = false;\n"
        found = f"var found = @zeros([{len(NAMES) + 1}]{self.t});\n"
        ends = "".join(f"found[{at}] = {name}; " for at, name in enumerate(NAMES))
        ends += f" if (flag) {{ found[{len(NAMES)}] = 1; }}"
        return f"{names}{arrays}{found}{helper}\nfn main() void {{\n{body}\n{ends}\n}}\n"

    def _test(self, *names: str) -> str:
        one, other = (self.draw.choice(names) if names else self._value(1) for _ in range(2))
        return f"{one} {self.draw.choice(('<', '<=', '==', '!=', '>', '>='))} {other}"

    def _bound(self, name: str) -> str:
        """A test that others of the same variable may decide."""
        return f"{name} {self.draw.choice(('<', '<=', '==', '!=', '>', '>='))} {self.draw.randrange(4)}"

    def _index(self) -> str:
        inside = [f"i{n}" for n in range(self.loops)]
        pick = self.draw.choice([*inside, *inside, str(self.draw.randrange(LENGTH))])
        return pick

    def _value(self, depth: int) -> str:
        kind = self.draw.randrange(9 if depth else 4)
        if kind < 2:
            return self.draw.choice(NAMES)
        if kind == 2:
            return f"@as({self.t}, {self.draw.choice((0, 1, 2, 7, 100))})"
        if kind == 3:
            return f"{self.draw.choice('xy')}[{self._index()}]"
        if kind == 4:
            return f"help({self._value(0)}, {self._value(0)})"
        if kind == 5:
            return f"({self._value(depth - 1)} {self.draw.choice(('<<', '>>'))} {self.draw.randrange(4)})"
        if kind == 6:
            name = self.draw.choice(NAMES)
            chosen = [f"(if ({self._bound(name)}) @as({self.t}, {at}) else 0)" for at in range(1, 4)]
            return f"({' + '.join(chosen)})"
        return f"({self._value(depth - 1)} {self.draw.choice('+-*&|^')} {self._value(depth - 1)})"

    def _block(self, depth: int) -> str:
        return "\n".join(self._statement(depth) for _ in range(self.draw.randrange(1, 5)))

    def _statement(self, depth: int) -> str:
        kind = self.draw.randrange(10)
        if kind < 3 or not depth:
            return f"{self.draw.choice(NAMES)} {self.draw.choice(('=', '+=', '-=', '^='))} {self._value(2)};"
        if kind < 5:
            return f"{self.draw.choice('xy')}[{self._index()}] {self.draw.choice(('=', '+=', '|='))} {self._value(2)};"
        if kind == 5:
            return (
                f"flag = {self._test()} {self.draw.choice(('and', 'or'))} {self.draw.choice(('flag', self._test()))};"
            )
        if kind < 8:
            other = f" else {{\n{self._block(depth - 1)}\n}}" if self.draw.randrange(2) else ""
            return f"if ({self._condition()}) {{\n{self._block(depth - 1)}\n}}{other}"
        return self._loop(depth)

    def _condition(self) -> str:
        bit = f"({self._value(1)} & {1 << self.draw.randrange(15)}) != 0"
        return self.draw.choice((self._test(), self._bound("a"), "flag", bit, f"{self._test()} and {self._bound('a')}"))

    def _loop(self, depth: int) -> str:
        name, turns = f"i{self.loops}", self.draw.randrange(1, LENGTH)
        self.loops += 1
        leave = f"if ({self._condition()}) {{ {self.draw.choice(('break', 'continue'))}; }}\n"
        body = (leave if self.draw.randrange(2) else "") + self._block(depth - 1)
        self.loops -= 1
        if self.draw.randrange(2):
            return f"for (@range(i16, {turns})) |{name}| {{\n{body}\n}}"
        if self.draw.randrange(2):
            return f"{{ var {name}: i16 = {turns};\nwhile ({name} >= 0) : ({name} -= 1) {{\n{body}\n}} }}"
        return f"{{ var {name}: u16 = 0;\nwhile ({name} < {turns}) : ({name} += 1) {{\n{body}\n}} }}"
