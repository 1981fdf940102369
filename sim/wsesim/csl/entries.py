"""Where the code of a tile begins: its tasks, functions that the host launches, handlers of teardown and flushes."""

from __future__ import annotations

from wsesim.csl import image, types
from wsesim.csl.calls import call_with
from wsesim.csl.code import Body, Label, scalar
from wsesim.csl.frame import Frame, Lowered
from wsesim.csl.image import Operation, TaskArgument, TaskKind, TileTask
from wsesim.csl.intrinsics import TABLE
from wsesim.csl.modules import function_type
from wsesim.csl.operators import arithmetic
from wsesim.csl.program import TileProgram
from wsesim.csl.rotating import Rotation, rotate
from wsesim.csl.source import CslError
from wsesim.csl.types import CslType
from wsesim.csl.values import FunctionRef, KnownValue, Runtime, Value


class Entries:
    """Lowers what starts by itself, by a wavelet or by the host, and what that calls."""

    def __init__(self, program: TileProgram) -> None:
        self.setup, self.code, self.program = program.setup, program.code, program
        self.tasks: list[tuple[TileTask, Label]] = []
        self.functions: list[tuple[image.HostFunction, Label]] = []
        self._lower()

    @property
    def labels(self) -> list[Label]:
        """Where they begin."""
        return [label for _, label in (*self.tasks, *self.functions)]

    def _lower(self) -> None:
        for kind, number, ref, _ in self.setup.tasks:
            self._task(kind, number, ref)
        for name, value, is_variable, _ in self.setup.exports:
            if not is_variable and isinstance(value, KnownValue) and isinstance(value.data, FunctionRef):
                self._function(name, value.data)
        for ref in self.program.exported_functions:
            if ref.declaration.body is not None and not ref.declaration.task:
                self._function(ref.declaration.name, ref)
        if self.setup.teardowns or self.setup.flushes:
            self._handlers()
        for _, dsd, _, at in self.setup.dsrs:
            self.code.constant(dsd, at)

    def _frame(self, ref: FunctionRef) -> Frame:
        return Frame(ref.module, self.program, Body(self.code), Lowered(ref, types.VOID))

    def _task(self, kind: str, number: int, ref: FunctionRef) -> None:
        frame, entry = self._frame(ref), Label()
        frame.code.mark(entry)
        values, arguments, shift = [], [], 0
        for parameter, of in zip(ref.declaration.parameters, _parameters(ref), strict=True):
            register = self.code.register()
            if isinstance(of, types.Int) and of.bits not in (16, 32):
                raise CslError(parameter.at, f"an argument of type {of}", "tasks take numbers of 16 or 32 bits")
            arguments.append(TaskArgument(register, scalar(of, parameter.at), shift))
            shift += 16 * types.words(of)
            if shift > 32:
                raise CslError(
                    parameter.at, "more than 32 bits of arguments", "a wavelet carries one 32-bit number or two of 16"
                )
            values.append(Runtime(of, register))
        rotation = self.setup.rotations.get(number) if kind == "data" else None
        self._close(ref, frame, list(values), rotation)
        task = TileTask(
            name=ref.declaration.name, kind=TaskKind[kind.upper()], id=number, entry=0, arguments=tuple(arguments),
            high_priority=number in self.setup.high,
        )  # fmt: skip
        self.tasks.append((task, entry))

    def _close(self, ref: FunctionRef, frame: Frame, values: list[Value], rotation: Rotation | None = None) -> None:
        """Call the function, then end, where it is declared; a task is called here and nowhere else."""
        at = ref.declaration.at
        if ref.declaration.body is None:
            raise CslError(at, f"{ref.declaration.name} has no body")
        if rotation is None:
            call_with(ref, values, frame, at, [at] * len(values))
        else:
            rotate(rotation, ref, values, frame)
        frame.code.emit(Operation.END, at)
        self.code.bodies.append(frame.code.steps)

    def _function(self, name: str, ref: FunctionRef) -> None:
        if any(function.name == name for function, _ in self.functions):
            return
        frame, entry = self._frame(ref), Label()
        frame.code.mark(entry)
        arguments, values = [], []
        for parameter, of in zip(ref.declaration.parameters, _parameters(ref), strict=True):
            register = self.code.register()
            arguments.append(TaskArgument(register, scalar(of, parameter.at)))
            values.append(Runtime(of, register))
        self._close(ref, frame, list(values))
        self.functions.append((image.HostFunction(name=name, entry=0, arguments=tuple(arguments)), entry))

    def _handlers(self) -> None:
        """Task 29: it calls the handlers of what is pending."""
        first = (self.setup.teardowns or self.setup.flushes)[0][1]
        frame, entry = self._frame(first), Label()
        frame.code.mark(entry)
        for name, handlers in (("teardown_pending", self.setup.teardowns), ("flush_pending", self.setup.flushes)):
            for number, ref, _ in handlers:
                self._handler(name, number, ref, frame)
        frame.code.emit(Operation.END, first.declaration.at)
        self.code.bodies.append(frame.code.steps)
        self.tasks.append((TileTask(name="teardown", kind=TaskKind.LOCAL, id=29, entry=0), entry))

    def _handler(self, name: str, number: int, ref: FunctionRef, frame: Frame) -> None:
        at = ref.declaration.at
        pending = Runtime(types.U32, frame.code.result(Operation.INTRINSIC, at, image.Type.U32, n=TABLE[name].number))
        bit = arithmetic("&", pending, KnownValue(types.U32, 1 << number), frame, at)
        skip = Label()
        frame.code.emit(
            Operation.JUMP_EQUAL, at, image.Type.U32, a=frame.register(bit, at), b=self.code.number(0), n=skip
        )  # fmt: skip
        call_with(ref, [], frame, at, [])
        frame.code.mark(skip)


def _parameters(ref: FunctionRef) -> tuple[CslType, ...]:
    of = function_type(ref.module, ref.declaration)
    assert isinstance(of, types.Function)
    return of.parameters
