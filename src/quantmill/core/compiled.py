"""The one way to compiled numeric loops: the same numba options for every kernel."""

# pyright: basic
# numba ships no types for its decorators; this is the one module that touches it.

from collections.abc import Callable
from typing import Any, TypeVar

import numba

__all__ = ["compiled", "interpreted", "n_compilations"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """`function` as machine code: cached on disk, run without the interpreter lock, IEEE division, no fast-math.

    It compiles at its first call, once per set of argument types, so callers keep types fixed:
    writable, C-contiguous arrays of one element kind, and plain `int` and `float`.
    """
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


def interpreted(function: Function) -> Function:
    """The Python function behind a compiled one, for tests that compare the two."""
    return function.py_func  # type: ignore[attr-defined] - every compiled function has it


def n_compilations(function: Callable[..., Any]) -> int:
    """For how many sets of argument types a compiled function was compiled or loaded in this process."""
    return len(function.signatures)  # type: ignore[attr-defined] - every compiled function has it
