"""Tokens to a syntax tree, by recursive descent; accepts the union of all dialects of the language."""

from __future__ import annotations

from wsesim.csl import tree
from wsesim.csl.expressions import Expressions
from wsesim.csl.lexer import tokens
from wsesim.csl.limits import deep
from wsesim.csl.source import SourceFile, nearest
from wsesim.csl.tree import Node

ASSIGNMENTS = ("=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^=")


def parse(source: SourceFile) -> tree.File:
    """The syntax tree of a file.

    Raises:
        CslError: Where the text is not CSL.
    """
    with deep():
        return Parser(source, tokens(source)).file()


class Parser(Expressions):
    """Reads statements, declarations and files."""

    def file(self) -> tree.File:
        """A whole file."""
        here, items = self.here, []
        while self.token.kind != "end":
            items.extend(self.item())
        return tree.File(here, items)

    def item(self) -> list[Node]:
        """What stands at the top of a file."""
        here = self.here
        if self.accept(";"):
            return []
        if self.accept("comptime"):
            if self.at("var", "const"):
                return [self.declaration("", True)]
            body = self.block()
            self.accept(";")
            return [tree.Comptime(here, body)]
        if self.accept("layout"):
            return [tree.LayoutNode(here, self.block())]
        if self.token.text == "color" and self.ahead().kind == "name":
            return self.old_colors()
        storage, inline = self.storage()
        if self.at("var", "const", "param"):
            return [self.declaration(storage, False)]
        if self.at("fn", "task"):
            return [self.function(storage, inline)]
        words = ("var", "const", "param", "fn", "task", "comptime", "layout", "export", "extern")
        begin = "var, const, param, fn, task, comptime, layout, export or extern begins one"
        self.fail("expected a declaration", nearest(self.token.text, words) or begin)
        raise AssertionError

    def old_colors(self) -> list[Node]:
        """`color a, b;`, as files before 0.6 declare params of type color."""
        self.take()
        found: list[Node] = []
        while True:
            here = self.here
            name, of = self.name("of a color"), tree.Name(here, "color")
            found.append(tree.VarDecl(here, "param", name, of, {}, None, "", False))
            if not self.accept(","):
                break
        self.expect(";", "after the names of colors")
        return found

    def storage(self) -> tuple[str, bool]:
        """`export`, `extern`, and whether it is inline."""
        storage, inline = "", False
        while self.at("export", "extern", "inline", "noinline"):
            word = self.take().text
            inline |= word == "inline"
            storage = word if word in ("export", "extern") else storage
        return storage, inline

    def declaration(self, storage: str, comptime: bool) -> Node:
        """`var`, `const`, `param` up to the semicolon."""
        kind, here = self.take().text, self.here
        name = self.name(f"after {kind}")
        of = self.type() if self.accept(":") else None
        attributes = self.attributes()
        value = self.expression() if self.accept("=") else None
        self.expect(";", f"after the declaration of {name}")
        return tree.VarDecl(here, kind, name, of, attributes, value, storage, comptime)

    def attributes(self) -> dict[str, Node]:
        """`align(n)` and its like."""
        found = {}
        while self.at("align", "linksection", "linkname"):
            name = self.take().text
            self.expect("(", f"after {name}")
            found[name] = self.expression()
            self.expect(")", f"after the value of {name}")
        return found

    def function(self, storage: str, inline: bool) -> Node:
        """A function or a task."""
        task = self.take().text == "task"
        here = self.here
        name = self.name("of a task" if task else "of a function")
        self.expect("(", f"after {name}")
        parameters = []
        while not self.accept(")"):
            parameters.append(self.parameter())
            if not self.at(")"):
                self.expect(",", f"or ) after a parameter of {name}")
        attributes = self.attributes()
        if self.at("{"):
            self.fail(f"expected the type that {name} returns", "void, if it returns nothing")
        result = self.type()
        attributes |= self.attributes()
        body = None
        if not (storage == "extern" and self.accept(";")):
            body = self.block()
            self.accept(";")
        return tree.FnDecl(here, task, name, parameters, result, body, storage, inline, attributes)

    def parameter(self) -> tree.ParameterNode:
        """A parameter of a function."""
        comptime, here = self.accept("comptime"), self.here
        if self.token.kind == "name" and self.ahead().text == ":":
            name = self.name("of a parameter")
            self.take()
            return tree.ParameterNode(here, name, self.type(), comptime)
        return tree.ParameterNode(here, "_", self.type(), comptime)

    def block(self, label: str = "") -> tree.BlockNode:
        """`{...}`."""
        self.deeper()
        here = self.expect("{", "at the start of a block")
        body = []
        while not self.accept("}"):
            if self.token.kind == "end":
                self.fail("expected } at the end of a block", f"the block begins in line {here.line}")
            if not self.accept(";"):
                body.append(self.statement())
        self.depth -= 1
        return tree.BlockNode(here, body, label)

    def statement(self, closed: bool = False) -> Node:
        """A statement; `closed`: `else`, `,` or `}` may end it in place of `;`."""
        here = self.here
        if self.at("var", "const"):
            return self.declaration("", False)
        if self.at("comptime"):
            return self.comptime_statement(closed)
        label = ""
        if (
            self.token.kind == "name"
            and self.ahead().text == ":"
            and self.ahead(2).text in ("for", "while", "{", "inline")
        ):
            label = self.take().text
            self.take()
        inline = self.at("inline") and self.accept("inline")
        if self.at("{"):
            return self.block(label)
        if self.at("if"):
            return self.if_statement(closed)
        if self.at("for"):
            return self.for_statement(label, inline, closed)
        if self.at("while"):
            return self.while_statement(label, inline, closed)
        if self.at("switch"):
            switch = self.switch()
            self.accept(";")
            return switch
        if self.at("asm", "volatile"):
            self.fail("assembly is not taken", "write the operation as a builtin")
        node = self.simple()
        if not self.accept(";") and not (closed and self.at("else", ",", "}")):
            if isinstance(node, tree.Evaluate) and isinstance(node.value, tree.Name) and self.token.kind == "name":
                self.fail("expected ; after a statement", f"var {self.token.text}: {node.value.name} declares")
            self.expect(";", "after a statement")
        node.at = here if not isinstance(node, tree.Assign | tree.Evaluate) else node.at
        return node

    def comptime_statement(self, closed: bool) -> Node:
        """What follows `comptime` in a block."""
        here = self.here
        self.take()
        if self.at("var", "const"):
            return self.declaration("", True)
        if self.at("{", "for", "while", "if"):
            return tree.Comptime(here, self.statement(closed))
        self.position -= 1
        node = self.simple()
        self.expect(";", "after a statement")
        return node

    def simple(self) -> Node:
        """A statement that ends with a semicolon, without it."""
        here = self.here
        if self.accept("return"):
            return tree.Return(here, None if self.at(";", "else", ",", "}") else self.expression())
        if self.at("break", "continue"):
            word, label = self.take().text, ""
            if self.accept(":"):
                label = self.name("of a label")
            if word == "continue":
                return tree.Continue(here, label)
            return tree.Break(here, label, None if self.at(";", "else", ",", "}") else self.expression())
        target = self.expression()
        if self.at(*ASSIGNMENTS):
            here, op = self.here, self.take().text
            return tree.Assign(here, op, target, self.expression())
        return tree.Evaluate(target.at, target)

    def if_statement(self, closed: bool) -> Node:
        """`if (c) ... else ...`."""
        here = self.here
        self.take()
        self.expect("(", "after if")
        condition = self.expression()
        self.expect(")", "after the condition of if")
        self.deeper()
        then = self.statement(True)
        self.depth -= 1
        otherwise = self.statement(closed) if self.accept("else") else None
        return tree.If(here, condition, then, otherwise)

    def for_statement(self, label: str, inline: bool, closed: bool) -> Node:
        """`for (a) |v, i| ...`."""
        here = self.here
        self.take()
        self.expect("(", "after for")
        iterable = self.expression()
        self.expect(")", "after what for goes through")
        self.expect("|", "before the variable of for: for (...) |i| {...}")
        name, index = self.name("for the element"), ""
        if self.accept(","):
            index = self.name("for the index")
        self.expect("|", "after the variables of for")
        return tree.For(here, iterable, name, index, self.statement(closed), label, inline)

    def while_statement(self, label: str, inline: bool, closed: bool) -> Node:
        """`while (c) : (step) ...`."""
        here, step = self.here, None
        self.take()
        self.expect("(", "after while")
        condition = self.expression()
        self.expect(")", "after the condition of while")
        if self.accept(":"):
            self.expect("(", "before the step of while")
            step = self.simple()
            self.expect(")", "after the step of while")
        return tree.While(here, condition, step, self.statement(closed), label, inline)

    def switch(self) -> tree.Switch:
        """`switch (x) {...}`."""
        here = self.here
        self.take()
        self.expect("(", "after switch")
        subject = self.expression()
        self.expect(")", "after the value of switch")
        self.expect("{", "before the cases of switch")
        cases = []
        while not self.accept("}"):
            cases.append(self.case())
            if not self.at("}"):
                self.expect(",", "or } after a case")
        return tree.Switch(here, subject, cases)

    def case(self) -> tree.Case:
        """A case of a switch."""
        here, values = self.here, []
        if not self.accept("else"):
            values.append(self.expression())
            while self.accept(","):
                if self.at("=>"):
                    break
                values.append(self.expression())
        self.expect("=>", "after the value of a case")
        body = self.block() if self.at("{") else self.simple()
        return tree.Case(here, values, body)
