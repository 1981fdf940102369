"""Where variables of a tile class lie, and what memory holds at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsesim.csl import image, types
from wsesim.csl.code import scalar
from wsesim.csl.numbers import bits_of
from wsesim.csl.program import TileProgram
from wsesim.csl.source import CslError, SourcePlace
from wsesim.csl.types import CslType
from wsesim.csl.values import Address, Aggregate, Dsd, FunctionRef, KnownValue, StoredVariable, Value, wrap

FIRST = 16
"""Word at which variables begin: address 0 is none."""
WORDS = 24576
"""Of a core: 48 KB."""


class MemoryImage:
    """Variables in the order of their declaration: the program first, then its modules, then what functions need."""

    def __init__(self, program: TileProgram) -> None:
        self.program = program
        self.placed: list[StoredVariable] = []
        self.end = FIRST

    def _order(self) -> list[StoredVariable]:
        constants = {mark: storage for mark, (_, storage) in self.program.constants.items()}
        found: list[StoredVariable] = []
        seen: set[int] = set()
        for module in self.program.modules:
            for name in module.items:
                storage = self.program.storages.get((module, name))
                binding = module.bindings.get(name)
                if storage is None and binding is not None and isinstance(binding.value, KnownValue):
                    data = binding.value.data
                    storage = constants.get(id(data) if isinstance(data, list) else id(binding.value))
                    if storage is not None:
                        storage.name = f"{module.name}.{name}" if module.name else name
                if storage is not None and id(storage) not in seen:
                    seen.add(id(storage))
                    found.append(storage)
        rest = [*constants.values(), *self.program.statics]
        return found + [storage for storage in rest if id(storage) not in seen]

    def used(self) -> Iterator[StoredVariable]:
        """Variables that code, exports or the values of others need."""
        for name, value, _, _ in self.program.setup.exports:
            del name
            _mark(value)
        changed = True
        while changed:
            changed = False
            for storage in self._order():
                if storage.used and storage.home != "seen":
                    storage.home = "seen"
                    changed = True
                    if storage.value is not None:
                        _mark(storage.value)
        yield from (storage for storage in self._order() if storage.used)

    def note(self, storage: StoredVariable) -> None:
        """The variable takes memory."""
        if storage not in self.placed:
            self.placed.append(storage)

    def place(self) -> None:
        """Give addresses.

        Raises:
            CslError: They do not fit the core.
        """
        taken = self._place_sections()
        at = FIRST
        for storage in self.placed:
            if storage.address < 0:
                at = _free(at, storage, taken)
                storage.address = at
                at += types.words(storage.type)
        at = max([at, *(end for _, end in taken)])
        self.end = -(-at // 4) * 4
        if at > WORDS:
            largest = max(self.placed, key=lambda storage: types.words(storage.type))
            bytes_ = types.words(largest.type) * 2
            path = self.program.modules[0].path
            raise CslError(
                self._declared(largest), f"variables of {path} take {at * 2} bytes of the 49152 of a core",
                f"the largest is {largest.name}: {bytes_} bytes",
            )  # fmt: skip

    def _place_sections(self) -> list[tuple[int, int]]:
        """Give addresses in sections whose start is given; the words that are taken."""
        ends = {name: start // 2 for name, start in self.program.options.sections.items()}
        taken = []
        for storage in self.placed:
            if storage.section in ends:
                at = _free(ends[storage.section], storage, [])
                storage.address, ends[storage.section] = at, at + types.words(storage.type)
                taken.append((at, ends[storage.section]))
        return taken

    def _declared(self, variable: StoredVariable) -> SourcePlace:
        """Where a variable is declared; of what has no name, the program."""
        for (module, name), storage in self.program.storages.items():
            if storage is variable:
                return module.items[name].at
        return self.program.modules[0].file.at

    def address(self, address: Address) -> int:
        """A known pointer as a word address."""
        base = address.storage.address if address.storage else 0
        return (base + address.words) & 0xFFFF

    def content(self, bits: Callable[[KnownValue], int]) -> bytes:
        """What memory holds at the start, up to the last word that is not 0."""
        words: dict[int, int] = {}
        for storage in self.placed:
            if storage.value is not None:
                _write(words, storage.address, storage.type, storage.value, bits)
        data = bytearray(2 * (max(words, default=-1) + 1))
        for at, word in words.items():
            data[2 * at : 2 * at + 2] = (word & 0xFFFF).to_bytes(2, "little")
        return bytes(data)

    def symbols(self) -> tuple[image.Variable, ...]:
        """All variables by name."""
        found = []
        for storage in self.placed:
            of = storage.type
            element = of.element if isinstance(of, types.Array) else of
            if isinstance(element, types.Struct):
                continue
            count = of.count if isinstance(of, types.Array) else 1
            t = scalar(element, self.program.modules[0].file.at)
            found.append(image.Variable(name=storage.name, address=storage.address, t=t, count=count))
        return tuple(found)


def _free(at: int, variable: StoredVariable, taken: list[tuple[int, int]]) -> int:
    """The first word from one on where a variable may begin, aligned, and before or behind what is taken."""
    step, size = max(variable.align, types.alignment(variable.type)), types.words(variable.type)
    at = -(-at // step) * step
    for first, end in sorted(taken):
        if at < end and first < at + size:
            at = -(-end // step) * step
    return at


def functions_of(value: Value | None) -> Iterator[KnownValue]:
    """Functions that a value points to."""
    if isinstance(value, KnownValue) and isinstance(value.data, FunctionRef):
        yield value
    elif isinstance(value, Aggregate):
        for inner in value.fields.values():
            yield from functions_of(inner)
    elif isinstance(value, KnownValue) and isinstance(value.data, list) and isinstance(value.type, types.Array):
        for item in value.data if isinstance(value.type.element, types.Pointer) else ():
            yield from functions_of(wrap(value.type.element, item))


def _mark(value: Value) -> None:
    """Whatever a value points to is used."""
    if isinstance(value, Aggregate):
        for inner in value.fields.values():
            _mark(inner)
    elif isinstance(value, KnownValue):
        data = value.data
        if isinstance(data, list):
            for item in data[:1] if data and isinstance(data[0], int | float) else data:
                if not isinstance(item, int | float):
                    _mark(item if isinstance(item, Value) else KnownValue(value.type, item))
        base = data.base if isinstance(data, Dsd) else data
        if isinstance(base, Address) and base.storage is not None:
            base.storage.used = True


def _number(value: KnownValue, bits: Callable[[KnownValue], int]) -> int:
    """The bits of a value; a negative one goes on beyond its width, as where a core stores it."""
    if isinstance(value.type, types.Int):
        return int(value.data)
    return bits(value) if isinstance(value.data, Address | Dsd | FunctionRef) else bits_of(value.type, value.data)


def _write(words: dict[int, int], at: int, of: CslType, value: Value, bits: Callable[[KnownValue], int]) -> None:
    if isinstance(of, types.Array) and isinstance(value, KnownValue):
        wide = types.words(of.element)
        if of.element in (types.I16, types.U16):
            words.update((at + i, item) for i, item in enumerate(value.data) if item)
            return
        for index, item in enumerate(value.data):
            if item:
                _write(words, at + index * wide, of.element, wrap(of.element, item), bits)
    elif isinstance(of, types.Struct) and isinstance(value, Aggregate):
        for name, inner in of.fields:
            _write(words, at, inner, value.fields[name], bits)
            at += types.words(inner)
    elif isinstance(value, KnownValue):
        number = _number(value, bits)
        for index in range(types.words(of)):
            words[at + index] = number >> (16 * index) & 0xFFFF


def _number(value: KnownValue, bits: Callable[[KnownValue], int]) -> int:
    """What lies in memory: narrow whole numbers fill their word, as a store leaves them."""
    if isinstance(value.data, Address | Dsd | FunctionRef):
        return bits(value)
    return int(value.data) if isinstance(value.type, types.Int) else bits_of(value.type, value.data)
