"""A tile program as the machine takes it: addresses of variables, numbers of labels, entries of tasks and functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsesim.csl import image, types
from wsesim.csl.calls import call_with, entry_of
from wsesim.csl.code import Body, Label, StepDraft, scalar
from wsesim.csl.frame import Frame, Lowered
from wsesim.csl.image import NOWHERE, CodeStep, Operation, TaskArgument, TaskKind, TileClass, TileTask
from wsesim.csl.memory_image import MemoryImage, functions_of
from wsesim.csl.modules import function_type
from wsesim.csl.operators import arithmetic
from wsesim.csl.passes import optimised
from wsesim.csl.program import TileProgram
from wsesim.csl.recursion import with_stack
from wsesim.csl.rotating import Rotation, rotate
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import Address, Dsd, FunctionRef, KnownValue, Runtime, Value


class Assembler:
    """Makes a tile class of a program whose comptime blocks have run."""

    def __init__(self, program: TileProgram, name: str, spots: dict[str, int]) -> None:
        self.program, self.name, self.spots = program, name, spots
        self.setup, self.code = program.setup, program.code
        self.words = MemoryImage(program)
        self.tasks: list[tuple[TileTask, Label]] = []
        self.functions: list[tuple[image.HostFunction, Label]] = []

    def tile(self) -> TileClass:
        """The tile class.

        Raises:
            CslError: What does not fit a core, and names that nothing stands for.
        """
        self._entries()
        active = frozenset(self._number(value, at) for value, at in self.setup.active)
        active_checked = self._check_active(active)
        entries = self._pointers()
        stack = with_stack(self.code, self.program.lowered)
        self.words.place()
        steps = self._steps()
        values = self._first_values(entries)
        if stack >= 0:
            values[stack] = self.words.end
        return TileClass(
            name=self.name, steps=steps, registers=self.code.registers, first_values=values,
            memory=self.words.content(self._bits),
            tasks=tuple(image_task(task, label) for task, label in self.tasks), active=active_checked,
            blocked=frozenset(self._number(value, at) for value, at in self.setup.blocked_values),
            unblocked=frozenset(self._number(value, at) for value, at in self.setup.unblocked_values),
            input_queues=self._queues("input"), output_queues=self._queues("output"), colors=self.setup.colors,
            fifos=self._fifos(), shapes=tuple(self.setup.shapes), exports=self._exports(),
            functions=tuple(image_task(function, label) for function, label in self.functions),
            symbols=self.words.symbols(), strings=tuple(self.setup.strings),
            start_dsrs=self._start_dsrs(), separate_control_table=self.setup.control_table, bodies=self._bodies(),
        )  # fmt: skip

    def _bodies(self) -> tuple[image.FunctionBody, ...]:
        """Where functions and tasks that have code stand in the source."""
        refs = (lowered.ref for lowered, _ in self.program.lowered if lowered.ref is not None)
        found = {(self._spot(ref.declaration.at), ref.declaration.name) for ref in refs}
        return tuple(image.FunctionBody(spot.file, spot.line, name) for spot, name in sorted(found, key=repr))

    def _queues(self, side: str) -> dict[int, int]:
        return {number: color for (of, number), color in self.setup.queues.items() if of == side}

    def _entries(self) -> None:
        for kind, number, ref, at in self.setup.tasks:
            self._task(kind, number, ref, at)
        for name, value, is_variable, at in self.setup.exports:
            if not is_variable and isinstance(value, KnownValue) and isinstance(value.data, FunctionRef):
                self._function(name, value.data, at)
        for ref in self.program.exported_functions:
            if ref.declaration.body is not None and not ref.declaration.task:
                self._function(ref.declaration.name, ref, ref.declaration.at)
        if self.setup.teardowns or self.setup.flushes:
            self._handlers()
        for position, (number, dsd, _, at) in enumerate(self.setup.dsrs):
            self.code.constant(dsd, at)
            del position, number

    def _frame(self, ref: FunctionRef) -> Frame:
        return Frame(ref.module, self.program, Body(self.code), Lowered(ref, types.VOID))

    def _task(self, kind: str, number: int, ref: FunctionRef, at: SourcePlace) -> None:
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
        self._close(ref, frame, list(values), ref.declaration.at, rotation)
        task = TileTask(
            name=ref.declaration.name, kind=TaskKind[kind.upper()], id=number, entry=0, arguments=tuple(arguments),
            high_priority=number in self.setup.high,
        )  # fmt: skip
        self.tasks.append((task, entry))

    def _close(
        self, ref: FunctionRef, frame: Frame, values: list[Value], at: SourcePlace, rotation: Rotation | None = None
    ) -> None:
        """Call the function, then end; a task is called here and nowhere else."""
        if ref.declaration.body is None:
            raise CslError(at, f"{ref.declaration.name} has no body")
        if rotation is None:
            call_with(ref, values, frame, at, [at] * len(values))
        else:
            rotate(rotation, ref, values, frame)
        frame.code.emit(Operation.END, at)
        self.code.bodies.append(frame.code.steps)

    def _function(self, name: str, ref: FunctionRef, at: SourcePlace) -> None:
        if any(function.name == name for function, _ in self.functions):
            return
        frame, entry = self._frame(ref), Label()
        frame.code.mark(entry)
        arguments, values = [], []
        for parameter, of in zip(ref.declaration.parameters, _parameters(ref), strict=True):
            register = self.code.register()
            arguments.append(TaskArgument(register, scalar(of, parameter.at)))
            values.append(Runtime(of, register))
        self._close(ref, frame, list(values), at)
        self.functions.append((image.HostFunction(name=name, entry=0, arguments=tuple(arguments)), entry))

    def _handlers(self) -> None:
        """Task 29: it calls the handlers of what is pending."""
        at = (self.setup.teardowns or self.setup.flushes)[0][2]
        first = (self.setup.teardowns or self.setup.flushes)[0][1]
        frame, entry = self._frame(first), Label()
        frame.code.mark(entry)
        for name, handlers in (("teardown_pending", self.setup.teardowns), ("flush_pending", self.setup.flushes)):
            for number, ref, place in handlers:
                self._handler(name, number, ref, place, frame)
        frame.code.emit(Operation.END, at)
        self.code.bodies.append(frame.code.steps)
        self.tasks.append((TileTask(name="teardown", kind=TaskKind.LOCAL, id=29, entry=0), entry))

    def _handler(self, name: str, number: int, ref: FunctionRef, at: SourcePlace, frame: Frame) -> None:
        from wsesim.csl.intrinsics import TABLE

        pending = Runtime(types.U32, frame.code.result(Operation.INTRINSIC, at, image.Type.U32, n=TABLE[name].number))
        bit = arithmetic("&", pending, KnownValue(types.U32, 1 << number), frame, at)
        skip = Label()
        frame.code.emit(
            Operation.JUMP_EQUAL, at, image.Type.U32, a=frame.register(bit, at), b=self.code.number(0), n=skip
        )  # fmt: skip
        call_with(ref, [], frame, at, [])
        frame.code.mark(skip)

    def _number(self, value: Value, at: SourcePlace) -> int:
        """The number of an id, or that a task is bound to.

        Raises:
            CslError: A task that is bound to none.
        """
        if isinstance(value, KnownValue) and isinstance(value.data, FunctionRef):
            for _, number, ref, _ in self.setup.tasks:
                if ref == value.data:
                    return number
            name = value.data.declaration.name
            raise CslError(at, f"task {name} is bound to no id", f"@bind_local_task({name}, id) in a comptime block")
        assert isinstance(value, KnownValue), value
        return int(value.data)

    def _check_active(self, active: frozenset[int]) -> frozenset[int]:
        bound = {task.id for task, _ in self.tasks}
        for value, at in self.setup.active:
            if self._number(value, at) not in bound:
                self.program.warn(f"{at}: id {self._number(value, at)} is activated and no task is bound to it")
        return active

    def _pointers(self) -> dict[int, tuple[KnownValue, Any]]:
        """What each register with an address, a descriptor or a function holds; lowering functions finds more."""
        found: dict[int, tuple[KnownValue, Any]] = {}
        seen = -1
        while seen != (seen := len(self.code.constants.later) + len(list(self.words.used()))):
            for register, value in list(self.code.constants.later.values()):
                if register not in found:
                    found[register] = (value, self._entry(value))
            for storage in self.words.used():
                for function in functions_of(storage.value):
                    self._entry(function)
        for storage in self.words.used():
            self.words.note(storage)
        return found

    def _entry(self, value: KnownValue) -> Label | None:
        if not isinstance(value.data, FunctionRef) or value.data.declaration.task:
            return None
        of = value.type.target if isinstance(value.type, types.Pointer) else value.type
        assert isinstance(of, types.Function)
        return entry_of(value.data, of, self.program, value.data.declaration.at)

    def _bits(self, value: KnownValue) -> int:
        """A known value as the bits of a register."""
        data = value.data
        if isinstance(data, Address):
            return self.words.address(data)
        if isinstance(data, Dsd):
            return self._descriptor(data)
        if isinstance(data, FunctionRef):
            if data.declaration.task:
                return self._number(value, data.declaration.at)
            entry = self._entry(value)
            return entry.number if entry else 0
        from wsesim.csl.numbers import bits_of

        return bits_of(value.type, data)

    def _descriptor(self, dsd: Dsd) -> int:
        fields = dict(dsd.flags)
        if dsd.kind == "none":
            return 0
        if dsd.kind == "fifo":
            return image.descriptor(image.DsdKind.FIFO, base=fields["number"])
        kind = image.DsdKind[dsd.kind.upper()]
        if dsd.kind.startswith("fab"):
            return image.descriptor(kind, length=dsd.length, **fields)
        base = self.words.address(dsd.base) if dsd.base else 0
        if dsd.shape is not None:
            shape = image.Shape(*dsd.shape)
            if shape not in self.setup.shapes:
                self.setup.shapes.append(shape)
            return image.descriptor(kind, base=base, length=self.setup.shapes.index(shape), **fields)
        return image.descriptor(kind, base=base, length=dsd.length, stride=dsd.stride, **fields)

    def _first_values(self, entries: dict[int, tuple[KnownValue, Any]]) -> dict[int, int]:
        values = {register: bits for bits, register in self.code.constants.bits.items() if bits}
        for register, (value, _) in entries.items():
            values[register] = self._bits(value)
        return values

    def _steps(self) -> tuple[CodeStep, ...]:
        drafts: list[StepDraft] = []
        for body in optimised(self.code.bodies, self.code, self._roots(), self.program.options.passes):
            for item in body:
                if isinstance(item, Label):
                    item.number = len(drafts)
                else:
                    drafts.append(item)
        names = {id(lowered.entry): lowered.ref.declaration.name for lowered, _ in self.program.lowered if lowered.ref}
        return tuple(self._step(draft, names) for draft in drafts)

    def _roots(self) -> list[Label]:
        """Where code begins that no call names: tasks, launches, what pointers to functions point to."""
        thunks = [entry for entry in self.program.thunks.values() if isinstance(entry, Label)]
        return [label for _, label in (*self.tasks, *self.functions)] + thunks

    def _step(self, draft: StepDraft, names: Mapping[int, str]) -> CodeStep:
        n = draft.n.number if isinstance(draft.n, Label) else draft.n
        within = tuple(names[id(label)] for label in draft.within if id(label) in names)
        return CodeStep(
            draft.op, draft.t, draft.d, draft.a, draft.b, draft.c, n, self._spot(draft.at), draft.vector, draft.is_map,
            within,
        )  # fmt: skip

    def _spot(self, at: SourcePlace) -> image.SourceSpot:
        file = self.spots.setdefault(at.source.path, len(self.spots))
        return image.SourceSpot(file, at.line, at.column)

    def _fifos(self) -> tuple[image.FifoSetting, ...]:
        found = []
        for storage, fields, at in self.setup.fifos:
            assert isinstance(storage.type, types.Array)
            element = types.words(storage.type.element)
            base = self.words.address(Address(storage, 0)) if storage.used else 0
            ids = {
                name: self._number(fields[name], at) if name in fields else NOWHERE
                for name in ("activate_push", "activate_pop")
            }
            words = types.words(storage.type) if storage.used else 0
            found.append(image.FifoSetting(base=base, words=words, element=element, **ids))
        return tuple(found)

    def _exports(self) -> tuple[image.Variable, ...]:
        found = []
        for name, value, is_variable, at in self.setup.exports:
            if not isinstance(value, KnownValue) or not isinstance(value.data, Address):
                if not (isinstance(value, KnownValue) and isinstance(value.data, FunctionRef)):
                    raise CslError(
                        at, f"{name} is a {value.type}, which the host cannot name", "a pointer or a function"
                    )
                continue
            found.append(self._export(name, value, is_variable, at))
        return tuple(found)

    def _export(self, name: str, value: KnownValue, is_variable: bool, at: SourcePlace) -> image.Variable:
        of = value.type
        assert isinstance(of, types.Pointer)
        inner = of.target
        address = self.words.address(value.data)
        is_pointer = is_variable and isinstance(inner, types.Pointer)
        if is_pointer:
            assert isinstance(inner, types.Pointer)
            inner = inner.target
        count = 0 if of.many or is_pointer else 1
        if isinstance(inner, types.Array):
            count, inner = inner.count, inner.element
        return image.Variable(name=name, address=address, t=scalar(inner, at), count=count, is_pointer=is_pointer)

    def _start_dsrs(self) -> tuple[CodeStep, ...]:
        found = []
        for number, dsd, options, at in self.setup.dsrs:
            vector = image.VectorUse("", (), options)
            register = self.code.constant(dsd, at)
            found.append(
                CodeStep(Operation.LOAD_DSR, image.Type.U64, a=register, n=number, spot=self._spot(at), vector=vector)
            )  # fmt: skip
        return tuple(found)


def _parameters(ref: FunctionRef) -> tuple[CslType, ...]:
    of = function_type(ref.module, ref.declaration)
    assert isinstance(of, types.Function)
    return of.parameters


def image_task(entry: Any, label: Label) -> Any:
    """A task or function with the number of its first instruction."""
    from dataclasses import replace

    return replace(entry, entry=label.number)
