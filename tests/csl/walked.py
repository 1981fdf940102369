"""Functions of scalar code drawn at random, whose results are known twice: evaluated while compiling, and by the core.

The two share the parser and nothing that lowers code: what differs is a mistake of the one or the other.
"""

from __future__ import annotations

from random import Random

INTS = ("u16", "i16", "u32", "i32", "u8", "i8", "i64", "u64")
FLOATS = ("f32", "f16")
STRUCTS = {"Pair": (("x", "i16"), ("y", "u32")), "Nest": (("f", "f32"), ("b", "bool"), ("p", "Pair"))}
ARRAYS = ("[4]u16", "[4]i32")
DECLARED = """\
const Pair = struct { x: i16, y: u32 };
const Nest = struct { f: f32, b: bool, p: Pair };
fn bump(p: *i16, by: i16) void { if (by > 3) { p.* += by; } else { p.* -= 1; } }
"""
RUNS = 4
"""How often functions are called, each time with other arguments."""
_FEW = 0.15
_LITERALS = {"u": ("0", "1", "2", "7", "100"), "i": ("0", "1", "-1", "-3", "100"), "f": ("0.0", "1.0", "-2.5", "0.125")}


class Walked:
    """A program, drawn by a seed: `known` are its results while compiling, `found` those of the core."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.count = 0
        self.scopes: list[list[tuple[str, str, bool]]] = []
        """Names, their types, and whether they are variables."""
        self.loops: list[str] = []
        self.functions: list[tuple[str, list[str], str]] = []
        self.result = ""

    def text(self) -> str:
        """The program."""
        functions = [self._function(of) for of in ("Pair", self._one(*ARRAYS), "Nest", "", "")]
        self.scopes = [[]]
        lines, calls = [], []
        for run in range(RUNS):
            name, of, result = self.functions[-1 - run % 2]
            given = [self._value(t, 0) for t in of]
            held = [self._name("g") for _ in of]
            lines += [f"var {place}: {t} = {value};" for place, t, value in zip(held, of, given, strict=True)]
            lines += [f"const k{run}: {result} = {name}({', '.join(given)});", f"var known{run}: {result} = k{run};"]
            lines.append(f"var found{run} = @constants([1]{result}, {self._literal(result)});")
            calls.append(f"  found{run}[0] = {name}({', '.join(held)});")
        return "\n".join((DECLARED, *functions, *lines, "fn main() void {", *calls, "}\n"))

    def _one(self, *of: str) -> str:
        return self.draw.choice(of)

    def _name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}_{self.count}"

    def _names(self, of: str, *, variables: bool = False) -> list[str]:
        return [name for scope in self.scopes for name, t, varies in scope if t == of and (varies or not variables)]

    def _function(self, of: str) -> str:
        name, types = (
            self._name("fn"),
            [self._one(*INTS[:4], "i64", "bool", "Pair", "Pair", "[4]u16") for _ in range(2)],
        )
        self.result = of or self._one("i16", "u32", "f32", "i32", "u16", "f16")
        names = [self._name("p") for _ in types]
        self.scopes = [[(each, t, False) for each, t in zip(names, types, strict=True)], []]
        body = "\n".join(self._statement(3) for _ in range(self.draw.randrange(2, 7)))
        taken = ", ".join(f"{each}: {t}" for each, t in zip(names, types, strict=True))
        text = f"fn {name}({taken}) {self.result} {{\n{body}\nreturn {self._value(self.result, 2)};\n}}"
        self.functions.append((name, types, self.result))
        return text

    def _literal(self, of: str) -> str:
        return self._one("true", "false") if of == "bool" else f"@as({of}, {self._one(*_LITERALS[of[0]])})"

    def _call(self, of: str, depth: int) -> str:
        name, types, _ = self.draw.choice([each for each in self.functions if each[2] == of])
        return f"{name}({', '.join(self._value(t, depth - 1) for t in types)})"

    def _value(self, of: str, depth: int) -> str:
        names, less = self._names(of), depth - 1
        if depth > 0 and any(each[2] == of for each in self.functions) and self.draw.random() < 3 * _FEW:
            return self._call(of, depth)
        if of in STRUCTS or of in ARRAYS:
            return self.draw.choice(names) if names and self.draw.randrange(3) else self._compound(of, max(0, less))
        if depth <= 0 or self.draw.random() < _FEW:
            return self.draw.choice(names) if names and self.draw.randrange(4) else self._literal(of)
        if self.draw.random() < _FEW:
            return f"(if ({self._value('bool', less)}) {self._value(of, less)} else {self._value(of, less)})"
        if fields := [(name, each) for name in STRUCTS for each, t in STRUCTS[name] if t == of]:
            struct, field = self.draw.choice(fields)
            if any(each[2] == struct for each in self.functions) and self.draw.random() < _FEW:
                return f"{self._call(struct, depth)}.{field}"
        return self._test(less) if of == "bool" else self._number(of, less)

    def _compound(self, of: str, depth: int) -> str:
        if of in ARRAYS:
            return f"{of} {{ {', '.join(self._value(of[3:], depth) for _ in range(4))} }}"
        return f"{of} {{ {', '.join(f'.{name} = {self._value(t, depth)}' for name, t in STRUCTS[of])} }}"

    def _test(self, depth: int) -> str:
        kind = self.draw.randrange(8)
        if kind < 3:
            return f"({self._value('bool', depth)} {self._one('and', 'or')} {self._value('bool', depth)})"
        if kind == 3:
            return f"(!{self._value('bool', depth)})"
        of, compare = self._one(*INTS, *FLOATS), self._one("==", "!=", "<", "<=", ">", ">=")
        return f"({self._value(of, depth)} {compare} {self._value(of, depth)})"

    def _number(self, of: str, depth: int) -> str:
        value, kind = self._value(of, depth), self.draw.randrange(8)
        if kind == 0:
            other = self._one("i16", "u16", "i8", "u8") if of in FLOATS else self._one(*INTS, "bool")
            return f"@as({of}, {self._value(other, depth)})"
        if of in FLOATS:
            return f"({value} {self._one('+', '-', '*')} {self._value(of, depth)})"
        if kind == 1:
            return f"(~{value})"
        if kind == 2:
            return f"({value} {self._one('<<', '>>')} @as(u16, {self._value('u16', depth)} & 7))"
        if kind == 3:
            return f"({value} {self._one('/', '%')} @as({of}, {self._one('3', '7', '16')}))"
        if kind == 4 and (arrays := self._names(f"[4]{of}")):
            return f"{self.draw.choice(arrays)}[@as(u16, {self._value('u8', depth)} & 3)]"
        return f"({value} {self._one(*'+-*&|^')} {self._value(of, depth)})"

    def _block(self, depth: int) -> str:
        self.scopes.append([])
        body = "\n".join(self._statement(depth) for _ in range(self.draw.randrange(1, 4)))
        self.scopes.pop()
        return f"{{\n{body}\n}}"

    def _statement(self, depth: int) -> str:
        kinds = (self._declare, self._declare, self._declare_test, self._assign, self._assign, self._call_bump)
        deep = (
            self._branch,
            self._branch,
            self._switch,
            self._loop,
            self._loop,
            self._leave,
            self._chosen,
            self._named,
        )
        return self.draw.choice(kinds + deep if depth > 0 else kinds)(depth - 1)

    def _declare(self, depth: int) -> str:
        of, kind = self._one(*INTS, *INTS[:4], "f32", "bool", *STRUCTS, *ARRAYS), self._one("var", "const")
        name, value = self._name("v"), self._value(of, 2)
        self.scopes[-1].append((name, of, kind == "var"))
        return f"{kind} {name}: {of} = {value};"

    def _declare_test(self, depth: int) -> str:
        of, name = self._one(*INTS), self._name("t")
        text = f"const {name} = {self._value(of, 1)} {self._one('<', '==', '!=', '>=')} {self._value(of, 1)};"
        self.scopes[-1].append((name, "bool", False))
        return f"{text}\nif ({name}) {self._block(depth)}"

    def _assign(self, depth: int) -> str:
        variables = [(name, t) for scope in self.scopes for name, t, varies in scope if varies]
        if not variables:
            return self._declare(depth)
        name, of = self.draw.choice(variables)
        if of in STRUCTS and self.draw.randrange(2):
            field, of = self.draw.choice(STRUCTS[of])
            name = f"{name}.{field}"
        elif of in ARRAYS and self.draw.randrange(2):
            name, of = f"{name}[@as(u16, {self._value('u16', 1)} & 3)]", of[3:]
        plain = of == "bool" or of in STRUCTS or of in ARRAYS
        return f"{name} {'=' if plain else self._one('=', '+=', '-=', '*=')} {self._value(of, 2)};"

    def _call_bump(self, depth: int) -> str:
        names = self._names("i16", variables=True)
        return f"bump(&{self.draw.choice(names)}, {self._value('i16', 1)});" if names else self._assign(depth)

    def _branch(self, depth: int) -> str:
        other = f" else {self._block(depth)}" if self.draw.randrange(2) else ""
        return f"if ({self._value('bool', 2)}) {self._block(depth)}{other}"

    def _switch(self, depth: int) -> str:
        arms = ", ".join(f"{case} => {self._block(depth)}" for case in self.draw.sample(range(6), 2))
        return (
            f"switch ({self._value(self._one('u16', 'i16', 'u8'), 1)} & 7) {{ {arms}, else => {self._block(depth)} }}"
        )

    def _leave(self, depth: int) -> str:
        if not self.loops:
            return self._assign(depth)
        return f"if ({self._value('bool', 1)}) {self._one('break', 'continue')} :{self.draw.choice(self.loops)};"

    def _loop(self, depth: int) -> str:
        label, name, of = self._name("l"), self._name("i"), self._one("u16", "i16", "i32")
        self.loops.append(label)
        self.scopes.append([(name, of, False)])
        body = self._block(depth)
        self.scopes.pop()
        self.loops.pop()
        if self.draw.randrange(2):
            return f"{label}: for (@range({of}, {self._one('3', '1, 6, 2', '0')})) |{name}| {body}"
        test = f"{name} < 4 and {self._value('bool', 1)}" if self.draw.randrange(2) else f"{name} < 3"
        return f"{{ var {name}: {of} = 0;\n{label}: while ({test}) : ({name} += 1) {body} }}"

    def _chosen(self, depth: int) -> str:
        of, name = self._one("i16", "u32", "f32", "Pair"), self._name("w")
        values = [self._value(of, 1) for _ in range(3)]
        text = f"0 => {values[0]}, 1, 2 => {values[1]}, else => {values[2]}"
        subject = self._value("u16", 1)
        self.scopes[-1].append((name, of, False))
        return f"const {name}: {of} = switch ({subject} & 3) {{ {text} }};"

    def _named(self, depth: int) -> str:
        of, name, label = self._one("i16", "u32", "f32"), self._name("b"), self._name("k")
        body, values = self._block(depth)[:-1], [self._value(of, 1) for _ in range(2)]
        text = f"{body}if ({self._value('bool', 1)}) break :{label} {values[0]};\nbreak :{label} {values[1]};"
        self.scopes[-1].append((name, of, False))
        return f"const {name}: {of} = {label}: {text} }};"
