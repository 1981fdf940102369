"""The parser's part for expressions and types, by recursive descent."""

from __future__ import annotations

from wsesim.csl import tree
from wsesim.csl.lexer import unescape
from wsesim.csl.numbers import MAX_BITS
from wsesim.csl.reading import TokenReader
from wsesim.csl.source import CslError, LimitError, SourcePlace
from wsesim.csl.tree import Node

LEVELS = (
    ("or",), ("and",), ("==", "!=", "<", ">", "<=", ">="), ("&", "^", "|"), ("<<", ">>"), ("+", "-"), ("*", "/", "%"),
)  # fmt: skip


class Expressions(TokenReader):
    """Reads expressions and types."""

    def expression(self, level: int = 0) -> Node:
        """An expression whose operators bind at least as tightly as `level`."""
        if level == len(LEVELS):
            return self.unary()
        left = self.expression(level + 1)
        while self.at(*LEVELS[level]):
            here = self.here
            self.no_doubled(here)
            left = tree.Binary(here, self.take().text, left, self.expression(level + 1))
        return left

    def no_doubled(self, here: SourcePlace) -> None:
        """Refuse && and ||, which other languages have."""
        first, second = self.token, self.ahead()
        if first.text in ("&", "|") and second.text[:1] == first.text and second.offset == first.offset + 1:
            right = "write and" if first.text == "&" else "write or"
            raise CslError(here, f"{first.text * 2} is no operator", right)

    def unary(self) -> Node:
        """An operand with what stands before it."""
        self.deeper()
        here = self.here
        if self.at("!", "~", "-", "&", "comptime"):
            node: Node = tree.Unary(here, self.take().text, self.unary())
        elif self.at("if"):
            node = self.if_value()
        elif self.at("switch"):
            node = self.switch()
        elif self.at("|"):
            node = self.tensor()
        elif self.at("{"):
            node = self.block()
        elif self.token.kind == "name" and self.ahead().text == ":" and self.ahead(2).text == "{":
            node = self.labelled_block()
        else:
            node = self.curly()
        self.depth -= 1
        return node

    def labelled_block(self) -> Node:
        """`name: {...}`."""
        label = self.take().text
        self.take()
        return self.block(label)

    def if_value(self) -> Node:
        """`if (c) a else b`."""
        here = self.here
        self.take()
        self.expect("(", "after if")
        condition = self.expression()
        self.expect(")", "after the condition of if")
        then = self.expression()
        otherwise = self.expression() if self.accept("else") else None
        return tree.If(here, condition, then, otherwise)

    def tensor(self) -> Node:
        """`|i|{n} -> A[i]`."""
        here = self.here
        self.take()
        names = [self.name("of an index of the tensor access")]
        while self.accept(","):
            names.append(self.name("of an index of the tensor access"))
        self.expect("|", "after the indices of a tensor access")
        self.expect("{", "before the lengths of a tensor access")
        lengths = self.listed("}", "in the lengths of a tensor access")
        self.expect("->", "between the lengths of a tensor access and what it accesses")
        return tree.TensorNode(here, names, lengths, self.postfix())

    def listed(self, end: str, where: str) -> list[Node]:
        """Expressions with commas between them, up to the mark that ends them."""
        found = []
        while not self.accept(end):
            found.append(self.expression())
            if not self.at(end):
                self.expect(",", f"or {end} {where}")
        return found

    def curly(self) -> Node:
        """A type, or a literal of one."""
        here = self.here
        node = self.type()
        if self.at("{") and isinstance(node, tree.ArrayType | tree.Name | tree.Member | tree.StructType):
            self.take()
            node = self.braces(here, node)
        return node

    def braces(self, here: SourcePlace, of: Node | None) -> Node:
        """What stands between braces: fields with names, or items."""
        if self.at(".") and self.ahead().kind == "name" and self.ahead(2).text == "=":
            return tree.Braces(here, of, self.named_fields(), [])
        return tree.Braces(here, of, None, self.listed("}", "in a list of items"))

    def named_fields(self) -> list[tuple[str, Node]]:
        """`.name = value, ...` up to }."""
        fields = []
        while not self.accept("}"):
            self.expect(".", "before the name of a field")
            name = self.name("of a field")
            self.expect("=", "after the name of a field")
            fields.append((name, self.expression()))
            if not self.at("}"):
                self.expect(",", "or } after a field")
        return fields

    def type(self) -> Node:
        """A type, or whatever else is written like one."""
        self.deeper()
        here = self.here
        if self.at("*"):
            self.take()
            node: Node = tree.PointerType(here, False, self.accept("const"), self.type())
        elif self.at("["):
            node = self.array_type()
        elif self.at("fn", "task"):
            node = self.function_type()
        elif self.at("struct", "union", "packed", "extern"):
            node = self.struct_type()
        elif self.at("enum"):
            node = self.enum_type()
        else:
            node = self.postfix()
        self.depth -= 1
        return node

    def array_type(self) -> Node:
        """`[n]T` or `[*]T`."""
        here = self.here
        self.take()
        if self.at("*") and self.ahead().text == "]":
            self.position += 2
            return tree.PointerType(here, True, self.accept("const"), self.type())
        lengths = self.listed("]", "in the lengths of an array type")
        return tree.ArrayType(here, lengths, self.type())

    def function_type(self) -> Node:
        """`fn (A) R`."""
        here, task = self.here, self.take().text == "task"
        self.expect("(", "after fn")
        parameters = []
        while not self.accept(")"):
            if self.token.kind == "name" and self.ahead().text == ":":
                self.position += 2
            parameters.append(self.type())
            if not self.at(")"):
                self.expect(",", "or ) in the parameters of a function type")
        return tree.FunctionType(here, task, parameters, self.type())

    def struct_type(self) -> Node:
        """`struct {...}` and its like."""
        here, packed = self.here, False
        while self.at("packed", "extern"):
            packed |= self.take().text == "packed"
        kind = self.take().text
        self.expect("{", f"after {kind}")
        fields = []
        while not self.accept("}"):
            name = self.name(f"of a field of the {kind}")
            self.expect(":", "between a field and its type")
            fields.append((name, self.type()))
            if not self.at("}"):
                self.expect(",", f"or }} after a field of the {kind}")
        return tree.StructType(here, kind, packed, fields)

    def enum_type(self) -> Node:
        """`enum (T) {...}`."""
        here, base = self.here, None
        self.take()
        if self.accept("("):
            base = self.expression()
            self.expect(")", "after the type of an enum")
        self.expect("{", "before the members of an enum")
        members: list[tuple[str, Node | None]] = []
        while not self.accept("}"):
            name = self.name("of a member of the enum")
            members.append((name, self.expression() if self.accept("=") else None))
            if not self.at("}"):
                self.expect(",", "or } after a member of the enum")
        return tree.EnumType(here, base, members)

    def postfix(self) -> Node:
        """An atom with members, elements, calls behind it."""
        node = self.atom()
        while True:
            here = self.here
            if self.accept(".*"):
                node = tree.Deref(here, node)
            elif self.at(".") and self.ahead().kind != "mark":
                self.take()
                node = tree.Member(self.here, node, self.member_name())
            elif self.accept("["):
                node = tree.Index(here, node, self.listed("]", "in an index"))
            elif self.accept("("):
                node = tree.Call(here, node, self.listed(")", "in the arguments of a call"))
            else:
                return node

    def member_name(self) -> str:
        """A name behind a point: a word of the language too."""
        if self.token.kind == "keyword":
            return self.take().text
        return self.name("of a member after .")

    def atom(self) -> Node:
        """A name, a literal, a builtin, what stands in parentheses."""
        here, token = self.here, self.token
        if token.kind == "name":
            return tree.Name(here, self.take().text)
        if token.kind == "int":
            return tree.Number(here, self.whole_number())
        if token.kind == "float":
            return tree.Number(here, float(self.take().text.replace("_", "")))
        if token.kind == "string":
            return tree.String(here, unescape(self.source, self.take()))
        if token.kind == "char":
            return tree.Number(here, ord(unescape(self.source, self.take())))
        if token.kind == "builtin":
            self.take()
            self.expect("(", f"after {token.text}")
            return tree.Builtin(here, token.text, self.listed(")", f"in the arguments of {token.text}"))
        if self.accept("("):
            node = self.expression()
            self.expect(")", "that closes (")
            return node
        if self.at(".") and self.ahead().text == "{":
            self.position += 2
            return self.braces(here, None)
        self.fail("expected an expression", self.instead())
        raise AssertionError

    def whole_number(self) -> int:
        """An integer literal."""
        token, following = self.take(), self.token
        digits = token.text.replace("_", "")
        if following.text == "." and following.offset == token.offset + len(token.text):
            if self.tokens[self.position + 1].text == ".":
                raise CslError(self.here, f"{digits}.. is no range in CSL", f"@range(i16, {digits}, n, 1) is one")
            raise CslError(self.here, "a number ends with a point", f"write {digits}.0")
        if len(digits) > MAX_BITS // 4:
            raise LimitError(self.here, f"a number of {len(digits)} digits", f"at most {MAX_BITS // 4}")
        return int(digits, 0 if digits[1:2].isalpha() else 10)

    def instead(self) -> str:
        """What would be right where an expression should stand and other languages have something."""
        before = "".join(token.text for token in self.tokens[max(0, self.position - 2) : self.position + 1])
        if before.endswith("++") or "--" in before:
            return f"write x {before[-1] if before.endswith('++') else '-'}= 1"
        if self.at("."):
            if self.ahead(2).text == ":":
                return f"fields are given by =: .{self.ahead().text} = ..."
            return f"a member of an enum is written behind its type: T.{self.ahead().text}"
        return "for goes through a range: for (@range(i16, n)) |i| {...}" if self.at("var", "const") else ""

    def block(self, label: str = "") -> tree.BlockNode:
        """`{...}`."""
        raise NotImplementedError

    def switch(self) -> tree.Switch:
        """`switch (x) {...}`."""
        raise NotImplementedError
