"""Functions of the engine: compiled with numba, or as they are where it is not to be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from wsesim.cores import jit

Function = TypeVar("Function", bound=Callable[..., Any])
Rule = Callable[..., Any]
"""A function of the engine that another one is given: compiled code then calls that very one."""

if not jit.COMPILED:

    def called(function: Function) -> Function:
        """Return *function* as it is."""
        return function

    inlined = called

else:
    from llvmlite import ir as _ir  # type: ignore[import-untyped]
    from numba import njit as _njit
    from numba.core import types as _types
    from numba.extending import intrinsic as _intrinsic
    from numba.np import arrayobj as _arrayobj

    _count_from_the_end = _arrayobj.fix_integer_index

    def _index(context: Any, builder: Any, kind: Any, index: Any, size: Any) -> Any:
        """Take an index of the engine for what it is: none is negative, and to ask each takes a seventh of the time."""
        if context.fndesc is None or not context.fndesc.modname.startswith(__package__):
            return _count_from_the_end(context, builder, kind, index, size)
        return context.cast(builder, index, kind, _types.intp)

    _arrayobj.fix_integer_index = _index

    _AS_C = {"boundscheck": False, "error_model": "numpy", "_nrt": False}
    _WITHIN = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

    def called(function: Function) -> Function:
        """Return *function* compiled, for compiled code to call, or for `native` to keep."""
        return cast(Function, _njit(**_AS_C, **_WITHIN)(function))

    def inlined(function: Function) -> Function:
        """Return *function* compiled into its callers, for what is given the whole state: calls copy all arguments."""
        return cast(Function, _njit(forceinline=True, **_AS_C, **_WITHIN)(function))


def _trailing(_: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], _ir.IntType(1)(1))

    return _types.int64(_types.int64), generate


def uncompiled_trailing_zeros(bits: Any) -> Any:
    """Return how many zeros stand below the lowest bit that is set."""
    return np.int64((int(bits) & -int(bits)).bit_length() - 1)


trailing_zeros: Callable[[Any], Any] = _intrinsic(_trailing) if jit.COMPILED else uncompiled_trailing_zeros
