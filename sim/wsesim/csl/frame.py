"""Where code is evaluated: module, program, local names, and the function that is lowered, if one is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wsesim.csl.code import Body, Label
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import Binding, Fields, FunctionRef, InRegister, KnownValue, Runtime, Value, Where

if TYPE_CHECKING:
    from wsesim.csl.modules import ModuleInstance
    from wsesim.csl.program import TileProgram


@dataclass(slots=True, eq=False)
class Loop:
    """A loop or a labelled block of a function that is lowered."""

    label: str
    leave: Label
    again: Label | None
    wanted: CslType | None = None
    place: Where | None = None
    """Where the value of a labelled block goes."""
    is_left: bool = False
    """Whether some break leaves it."""


@dataclass(slots=True, eq=False)
class Lowered:
    """A function that has code: where it begins, where its arguments, its result, its link go."""

    ref: FunctionRef | None
    result: CslType
    entry: Label = field(default_factory=Label)
    end: Label = field(default_factory=Label)
    link: int = -1
    parameters: list[Where | None] = field(default_factory=list)
    """None where a value is built into the code."""
    returned: Where | None = None
    loops: list[Loop] = field(default_factory=list)
    done: bool = False
    addressed: frozenset[str] = frozenset()
    """Local names whose address is taken."""

    @property
    def result_register(self) -> int:
        """The register of a scalar result, or -1."""
        return self.returned.register if isinstance(self.returned, InRegister) else -1

    def received(self) -> Iterator[int]:
        """Registers of arguments."""
        todo = list(self.parameters)
        while todo:
            place = todo.pop()
            if isinstance(place, InRegister):
                yield place.register
            elif isinstance(place, Fields):
                todo.extend(place.places.values())


@dataclass(slots=True, eq=False)
class Frame:
    """Names and where they are evaluated. `body` is None while compiling only."""

    module: ModuleInstance
    program: TileProgram
    body: Body | None = None
    function: Lowered | None = None
    parent: Frame | None = None
    names: dict[str, Binding] = field(default_factory=dict)
    effects: bool = False
    """Whether configuration builtins may act: top-level comptime blocks, layout, and what they call."""
    result: CslType | None = None
    """What the function that is evaluated returns."""
    choices: int = 0
    """Branches and loops around it that are decided as the function runs."""

    def inner(self) -> Frame:
        """A scope within this one."""
        return self._within(self.body, self.function, self.choices)

    def chosen(self) -> Frame:
        """A scope within this one that is entered, or not, as the function runs."""
        return self._within(self.body, self.function, self.choices + 1)

    def comptime(self) -> Frame:
        """The same scope, evaluated while compiling."""
        return self._within(None, None, self.choices)

    def _within(self, body: Body | None, function: Lowered | None, choices: int) -> Frame:
        return Frame(self.module, self.program, body, function, self, {}, self.effects, self.result, choices)

    def find(self, name: str) -> Binding | None:
        """What a local name stands for."""
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                return frame.names[name]
            frame = frame.parent
        return None

    @property
    def code(self) -> Body:
        """The code that is made.

        Raises:
            AssertionError: None is: the caller looks at `body` first.
        """
        assert self.body is not None
        return self.body

    def register(self, value: Value, at: SourcePlace) -> int:
        """The register that holds a scalar.

        Raises:
            CslError: No scalar.
        """
        if isinstance(value, Runtime):
            return value.register
        if not isinstance(value, KnownValue):
            raise CslError(at, f"a {value.type} where one number is wanted", "take an element or a field of it")
        return self.code.code.constant(value, at)
