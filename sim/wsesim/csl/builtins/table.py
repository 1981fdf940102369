"""The table of builtins: what a call of one sees of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wsesim.csl import tree, types
from wsesim.csl.aggregates import fields_of
from wsesim.csl.core import evaluate, expression, type_of, whole_of
from wsesim.csl.frame import Frame
from wsesim.csl.source import CslError, SourcePlace, nearest
from wsesim.csl.types import CslType
from wsesim.csl.values import KnownValue, Value
from wsesim.units import plural


@dataclass(slots=True)
class Use:
    """A call of a builtin."""

    node: tree.Builtin
    frame: Frame
    wanted: CslType | None

    @property
    def at(self) -> SourcePlace:
        """Where it stands."""
        return self.node.at

    @property
    def count(self) -> int:
        """How many arguments it has."""
        return len(self.node.arguments)

    def place(self, index: int) -> SourcePlace:
        """Where an argument stands."""
        return self.node.arguments[index].at

    def value(self, index: int, wanted: CslType | None = None) -> Value:
        """What an argument comes to."""
        return evaluate(self.node.arguments[index], self.frame, wanted)

    def known(self, index: int, what: str) -> KnownValue:
        """An argument that must be known, evaluated while compiling.

        Raises:
            CslError: It is not.
        """
        value = evaluate(self.node.arguments[index], self.frame.comptime() if self.frame.body else self.frame)
        if not isinstance(value, KnownValue):
            raise CslError(self.place(index), f"{what} of {self.node.name} must be known while compiling")
        return value

    def whole(self, index: int, what: str, low: int, high: int) -> int:
        """An argument that is a whole number in a range."""
        return whole_of(self.known(index, what), self.place(index), what, low, high)

    def type(self, index: int) -> CslType:
        """An argument that is a type."""
        return type_of(self.node.arguments[index], self.frame)

    def fields(self, index: int, what: str) -> dict[str, Value]:
        """An argument that is a struct; none if it is not there."""
        if index >= self.count:
            return {}
        return fields_of(self.value(index), self.place(index), f"{what} of {self.node.name}")

    def known_names(self, index: int, fields: Iterable[str], names: Sequence[str]) -> None:
        """Refuse fields that an argument does not have."""
        for name in fields:
            if name not in names:
                right = nearest(name, names) or f"it has .{', .'.join(names)}"
                raise CslError(self.place(index), f"{self.node.name} has no option .{name}", right)

    def text(self, index: int, what: str) -> str:
        """An argument that is a string."""
        value = self.known(index, what)
        if not isinstance(value.data, str):
            raise CslError(self.place(index), f"{what} of {self.node.name} is a {value.type}, not a string")
        return value.data

    def effect(self) -> None:
        """Refuse to act in code of a core or while a value is computed.

        Raises:
            CslError: It stands where it cannot act.
        """
        if self.frame.body is not None or not self.frame.effects:
            where = "in a comptime block or a layout block"
            raise CslError(self.at, f"{self.node.name} stands where it configures nothing", f"it stands {where}")


Action = Callable[[Use], Value]
BUILTINS: dict[str, tuple[Action, int, int]] = {}


def builtin(*names: str, least: int, most: int | None = None) -> Callable[[Action], Action]:
    """The decorated function is what these builtins do, with `least` to `most` arguments."""

    def enter(action: Action) -> Action:
        for name in names:
            BUILTINS[name] = (action, least, least if most is None else most)
        return action

    return enter


@expression(tree.Builtin)
def call(node: tree.Builtin, frame: Frame, wanted: CslType | None) -> Value:
    """`@name(arguments)`."""
    if node.name not in BUILTINS:
        if node.name == "@import_module":
            raise CslError(node.at, "@import_module within an expression", "it is the value of a const of the file")
        raise CslError(node.at, f"there is no builtin {node.name}", nearest(node.name, BUILTINS))
    action, least, most = BUILTINS[node.name]
    if not least <= len(node.arguments) <= most:
        needs = str(least) if least == most else f"{least} to {most}"
        raise CslError(node.at, f"{node.name} with {plural(len(node.arguments), 'argument')}", f"it takes {needs}")
    return action(Use(node, frame, wanted))


def is_number(of: CslType) -> bool:
    """Whether values of it are numbers."""
    return isinstance(of, types.Int | types.Float) or of in (types.COMPTIME_INT, types.COMPTIME_FLOAT)
