"""The engine's machine code, kept in a file: the compiler, which takes a while to import, is needed only to make it.

numba's own cache would need numba to be read. What numba hands from one compiled function to another is plain: a place
for the result, one for an exception, then the fields of all arguments, one after the other; an array's are two pointers
to who owns it (none here), its elements, their bytes, the first of them, its sizes and its strides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, byref, c_double, c_int32, c_int64, c_void_p
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from wsesim.cores.state import Array, State
from wsesim.packaged import keep

Argument = Array | float
_HERE = Path(__file__).parent
_NAME_END = b"\0"
_FOUND: dict[tuple[Any, ...], tuple[Callable[..., int], Any]] = {}
"""By the layout of a state: the function, and what keeps it in memory."""


def run_cycles(until: int, state: State) -> int:
    """Do as `clock.run_cycles` does."""
    return _run(until, state, "clock", "run_cycles")


def run_code_cycles(until: int, state: State) -> int:
    """Do as `code_clock.run_code_cycles` does."""
    return _run(until, state, "code_clock", "run_code_cycles")


def _run(until: int, state: State, module: str, name: str) -> int:
    """Run a function of a module of the engine."""
    each = list(_each(state))
    kinds = ((one.dtype, one.ndim) if isinstance(one, np.ndarray) else type(one) for one in each)
    layout = (name, *kinds)
    if layout not in _FOUND:
        _FOUND[layout] = _linked(_machine_code(layout, state, module), [kind for one in each for kind in _kinds(one)])
    result, raised = c_int64(), c_void_p()
    if _FOUND[layout][0](byref(result), byref(raised), until, *(field for one in each for field in _fields(one))):
        raise RuntimeError("the engine's machine code has raised an exception")
    return result.value


def _each(state: State) -> Iterator[Argument]:
    """Yield the arrays of a state and the numbers that stand among them."""
    for field in state:
        if isinstance(field, tuple):
            yield from field
        else:
            yield field


def _fields(argument: Argument) -> tuple[float, ...]:
    """Return an array, or a number, as the arguments that it is passed in."""
    if not isinstance(argument, np.ndarray):
        return (argument,)
    assert argument.flags.c_contiguous
    place = argument.ctypes.data
    return 0, 0, argument.size, argument.itemsize, place, *argument.shape, *argument.strides


def _kinds(argument: Argument) -> list[Any]:
    if isinstance(argument, np.ndarray):
        return (5 + 2 * argument.ndim) * [c_int64]
    return [c_int64 if isinstance(argument, int) else c_double]


def _linked(code: bytes, kinds: list[Any]) -> tuple[Callable[..., int], Any]:
    """Return the function that machine code begins with the name of; *kinds* are those of the state's arguments."""
    from llvmlite import binding  # type: ignore[import-untyped]

    name, _, compiled = code.partition(_NAME_END)
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    linker = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    linker.add_object_file(binding.ObjectFileRef.from_data(compiled))
    linker.finalize_object()
    kind = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_int64, *kinds)
    return kind(linker.get_function_address(name.decode())), linker


def _machine_code(layout: tuple[Any, ...], state: State, module: str) -> bytes:
    """Return what is kept for a layout; it is made, and kept where that is possible, if there is nothing yet."""
    file = _folder() / f"engine-{sha256(repr((layout, _made_from())).encode()).hexdigest()[:16]}.o"
    try:
        return file.read_bytes()
    except OSError:
        code = _compile(state, module, layout[0])
    keep(file, code)
    return code


def _folder() -> Path:
    """Return where machine code is kept: beside the source, or where numba is told to keep its own."""
    import os

    return Path(os.environ.get("NUMBA_CACHE_DIR") or _HERE / "__pycache__")


@cache
def _made_from() -> tuple[object, ...]:
    """Return what machine code depends on beside the layout: its source, the compiler and the processor."""
    from llvmlite import binding

    sources = [
        *(_HERE.parent / f"{name}.py" for name in ("codestate", "isa", "issues", "state")),
        *sorted(_HERE.glob("*.py")),
    ]
    source = sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    features = binding.get_host_cpu_features().flatten()
    return source, _version("numba"), _version("llvmlite"), binding.get_host_cpu_name(), features


def _version(package: str) -> bytes:
    """Return the file that says which version of a package there is; importlib.metadata takes a while to be read."""
    found = find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("_version.py").read_bytes()


def _compile(state: State, module: str, name: str) -> bytes:
    """Return the name and the machine code of a function of a module of the engine."""
    from importlib import import_module

    import numba

    function: Any = getattr(import_module(f"wsesim.cores.engine.{module}"), name)
    signature = numba.int64, numba.typeof(state)
    function.compile(signature)
    found = function.overloads[signature]
    symbol, library = found.fndesc.llvm_func_name, found.library
    library.get_pointer_to_function(symbol)  # which has the library made
    code: bytes = symbol.encode() + _NAME_END + library._get_compiled_object()
    return code
