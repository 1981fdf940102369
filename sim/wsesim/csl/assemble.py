"""A tile program as the machine takes it: addresses of variables, numbers of labels, entries of tasks and functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsesim.csl import image, types, vectors
from wsesim.csl.calls import entry_of
from wsesim.csl.code import Label, StepDraft, scalar
from wsesim.csl.entries import Entries
from wsesim.csl.image import CodeStep, Operation, TileClass
from wsesim.csl.memory_image import MemoryImage, functions_of
from wsesim.csl.passes import optimised
from wsesim.csl.program import TileProgram
from wsesim.csl.recursion import with_stack
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.values import Address, Dsd, FunctionRef, KnownValue, Value
from wsesim.csl.vectors import NOWHERE


class Assembler:
    """Makes a tile class of a program whose comptime blocks have run."""

    def __init__(self, program: TileProgram, name: str, spots: dict[str, int]) -> None:
        self.program, self.name, self.spots = program, name, spots
        self.setup, self.code = program.setup, program.code
        self.words = MemoryImage(program)

    def tile(self) -> TileClass:
        """The tile class.

        Raises:
            CslError: What does not fit a core, and names that nothing stands for.
        """
        begins = Entries(self.program)
        active = frozenset(self._number(value, at) for value, at in self.setup.active)
        active_checked = self._check_active(active, {task.id for task, _ in begins.tasks})
        entries = self._pointers()
        stack = with_stack(self.code, self.program.lowered)
        self.words.place()
        steps = self._steps(begins.labels)
        values = self._first_values(entries)
        if stack >= 0:
            values[stack] = self.words.end
        return TileClass(
            name=self.name, steps=steps, registers=self.code.registers, first_values=values,
            memory=self.words.content(self._bits),
            tasks=tuple(image_task(task, label) for task, label in begins.tasks), active=active_checked,
            blocked=frozenset(self._number(value, at) for value, at in self.setup.blocked_values),
            unblocked=frozenset(self._number(value, at) for value, at in self.setup.unblocked_values),
            input_queues=self._queues("input"), output_queues=self._queues("output"), colors=self.setup.colors,
            fifos=self._fifos(), shapes=tuple(self.setup.shapes), exports=self._exports(),
            functions=tuple(image_task(function, label) for function, label in begins.functions),
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
        if not isinstance(value, KnownValue) or not isinstance(value.data, int):
            raise CslError(at, f"an id of type {value.type}", "it is an id or a task, known while compiling")
        return int(value.data)

    def _check_active(self, active: frozenset[int], bound: set[int]) -> frozenset[int]:
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
            return vectors.descriptor(vectors.DsdKind.FIFO, base=fields["number"])
        kind = vectors.DsdKind[dsd.kind.upper()]
        if dsd.kind.startswith("fab"):
            return vectors.descriptor(kind, length=dsd.length, **fields)
        base = self.words.address(dsd.base) if dsd.base else 0
        if dsd.shape is not None:
            shape = vectors.Shape(*dsd.shape)
            if shape not in self.setup.shapes:
                self.setup.shapes.append(shape)
            return vectors.descriptor(kind, base=base, length=self.setup.shapes.index(shape), **fields)
        return vectors.descriptor(kind, base=base, length=dsd.length, stride=dsd.stride, **fields)

    def _first_values(self, entries: dict[int, tuple[KnownValue, Any]]) -> dict[int, int]:
        values = {register: bits for bits, register in self.code.constants.bits.items() if bits}
        for register, (value, _) in entries.items():
            values[register] = self._bits(value)
        return values

    def _steps(self, begins: list[Label]) -> tuple[CodeStep, ...]:
        drafts: list[StepDraft] = []
        for body in optimised(self.code.bodies, self.code, [*begins, *self._thunks()], self.program.options.passes):
            for item in body:
                if isinstance(item, Label):
                    item.number = len(drafts)
                else:
                    drafts.append(item)
        names = {id(lowered.entry): lowered.ref.declaration.name for lowered, _ in self.program.lowered if lowered.ref}
        return tuple(self._step(draft, names) for draft in drafts)

    def _thunks(self) -> list[Label]:
        """Where code begins that pointers to functions point to."""
        return [entry for entry in self.program.thunks.values() if isinstance(entry, Label)]

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
            vector = vectors.VectorUse("", (), options)
            register = self.code.constant(dsd, at)
            found.append(
                CodeStep(Operation.LOAD_DSR, image.Type.U64, a=register, n=number, spot=self._spot(at), vector=vector)
            )  # fmt: skip
        return tuple(found)


def image_task(entry: Any, label: Label) -> Any:
    """A task or function with the number of its first instruction."""
    from dataclasses import replace

    return replace(entry, entry=label.number)
