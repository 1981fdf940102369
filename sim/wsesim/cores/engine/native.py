"""The engine's machine code, kept in a file: the compiler, which takes a while to import, is needed only to make it.

numba's own cache would need numba to be read. What numba hands from one compiled function to another is plain: a place
for the result, one for an exception, then the fields of all arguments, one after the other; an array's are two pointers
to who owns it (none here), its elements, their bytes, the first of them, its sizes and its strides.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CFUNCTYPE, byref, c_int32, c_int64, c_void_p
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from wsesim.cores.state import State

_HERE = Path(__file__).parent
_NAME_END = b"\0"
_READABLE = 0o644
_FOUND: dict[tuple[Any, ...], tuple[Callable[..., int], Any]] = {}
"""By the layout of a state: the function, and what keeps it in memory."""


def run_cycles(until: int, state: State) -> int:
    """Do as `clock.run_cycles` does."""
    layout = tuple((array.dtype, array.ndim) for array in state)
    if layout not in _FOUND:
        _FOUND[layout] = _linked(_machine_code(layout, state), arguments=len(_fields(state)))
    result, raised = c_int64(), c_void_p()
    if _FOUND[layout][0](byref(result), byref(raised), until, *_fields(state)):
        raise RuntimeError("the engine's machine code has raised an exception")
    return result.value


def _fields(state: State) -> list[int]:
    found = []
    for array in state:
        assert array.flags.c_contiguous
        found += [0, 0, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides]
    return found


def _linked(code: bytes, *, arguments: int) -> tuple[Callable[..., int], Any]:
    """Return the function that machine code begins with the name of."""
    from llvmlite import binding  # type: ignore[import-untyped]

    name, _, compiled = code.partition(_NAME_END)
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    linker = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    linker.add_object_file(binding.ObjectFileRef.from_data(compiled))
    linker.finalize_object()
    kind = CFUNCTYPE(c_int32, c_void_p, c_void_p, *(1 + arguments) * [c_int64])
    return kind(linker.get_function_address(name.decode())), linker


def _machine_code(layout: tuple[Any, ...], state: State) -> bytes:
    """Return what is kept for a layout; it is made, and kept where that is possible, if there is nothing yet."""
    file = _folder() / f"engine-{sha256(repr((layout, _made_from())).encode()).hexdigest()[:16]}.o"
    try:
        return file.read_bytes()
    except OSError:
        code = _compile(state)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, delete=False) as made:
            made.write(code)
        Path(made.name).chmod(_READABLE)
        Path(made.name).replace(file)
    except OSError:
        pass  # a folder that nobody may write to: it is made again next time
    return code


def _folder() -> Path:
    """Return where machine code is kept: beside the source, or where numba is told to keep its own."""
    import os

    return Path(os.environ.get("NUMBA_CACHE_DIR") or _HERE / "__pycache__")


@cache
def _made_from() -> tuple[object, ...]:
    """Return what machine code depends on beside the layout: its source, the compiler and the processor."""
    from importlib.metadata import version

    from llvmlite import binding

    sources = [*(_HERE.parent / f"{name}.py" for name in ("isa", "issues", "state")), *sorted(_HERE.glob("*.py"))]
    source = sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    features = binding.get_host_cpu_features().flatten()
    return source, version("numba"), version("llvmlite"), binding.get_host_cpu_name(), features


def _compile(state: State) -> bytes:
    """Return the name and the machine code of `clock.run_cycles`."""
    import numba

    from wsesim.cores.engine import clock

    function: Any = clock.run_cycles
    function.compile((numba.int64, numba.typeof(state)))
    found = next(iter(function.overloads.values()))
    name, library = found.fndesc.llvm_func_name, found.library
    library.get_pointer_to_function(name)  # which has the library made
    code: bytes = name.encode() + _NAME_END + library._get_compiled_object()
    return code
