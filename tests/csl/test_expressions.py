"""What is known while compiling comes to what cores compute: the same expressions of constants and of variables."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from tests.csl.cases import Case, run_all

NAMES = ("p", "q", "r")
TYPES = ("i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "f32")
COUNT = 25


class Expressions:
    """Expressions of a type, drawn by a seed: as they are of variables, and of constants of the same values."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.t = TYPES[seed % len(TYPES)]
        self.floats, self.unsigned = self.t[0] == "f", self.t[0] == "u"

    def text(self) -> str:
        """The program."""
        pool = (1, 2, 3, 5, 7, 11) if self.unsigned else (1, 2, 3, 5, 7, -1, -2, -5)
        values = {name: self._literal(self.draw.choice(pool)) for name in NAMES}
        declared = [f"var {name}: {self.t} = {value};\nconst known_{name}: {self.t} = {value};"
                    for name, value in values.items()]  # fmt: skip
        lines = [self._value(2) for _ in range(COUNT)]
        body = [f"computed[{at}] = {line.format(**{name: name for name in NAMES})};" for at, line in enumerate(lines)]
        body += [f"known[{at}] = {line.format(**{name: f'known_{name}' for name in NAMES})};"
                 for at, line in enumerate(lines)]  # fmt: skip
        declared += [f"var {name} = @zeros([{COUNT}]{self.t});" for name in ("computed", "known")]
        return "\n".join([*declared, "fn main() void {", *body, "}", ""])

    def _literal(self, value: int) -> str:
        return f"{value}.0" if self.floats else str(value)

    def _value(self, depth: int) -> str:
        """An expression in which names of variables stand in braces."""
        kind = self.draw.randrange(8 if depth else 2)
        if kind == 0:
            return f"{{{self.draw.choice(NAMES)}}}"
        if kind == 1:
            return f"@as({self.t}, {self._literal(self.draw.randrange(1, 9))})"
        one, other = self._value(depth - 1), self._value(depth - 1)
        if kind == 2:
            order = self.draw.choice(("<", "<=", "==", "!=", ">", ">="))
            return f"(if ({one} {order} {other}) {self._value(depth - 1)} else {self._value(depth - 1)})"
        if self.floats:
            return f"({one} {self.draw.choice('+-*')} {other})"
        if kind == 3:
            return f"({one} >> {self.draw.randrange(4)})"
        if kind == 4:
            return f"({one} {self.draw.choice('/%')} @as({self.t}, {self.draw.choice((1, 2, 3, 5))}))"
        if kind == 5:
            return f"(~{{{self.draw.choice(NAMES)}}})"
        return f"({one} {self.draw.choice('+-*&|^')} {other})"


def hold(seeds: range, folder: Path) -> None:
    expected: dict[str, list[float]] = {"computed": [], "known": []}
    drawn = [Case("drawn", str(seed), Expressions(seed).text(), "wse3", expected) for seed in seeds]
    found = run_all(drawn, "wse3", folder)
    for case in drawn:
        values = found[case.id]
        assert not isinstance(values, Exception), (values, case.text)
        assert np.array_equal(values["computed"], values["known"], equal_nan=True), (values, case.text)


def test_what_is_known_is_what_is_computed(tmp_path: Path) -> None:
    hold(range(2 * len(TYPES)), tmp_path)


@pytest.mark.nightly
def test_what_is_known_is_what_is_computed_by_many(tmp_path: Path) -> None:
    hold(range(100, 500), tmp_path)
