"""The decorator that compiles a loop over arrays to machine code."""

# pyright: basic
# numba ships no complete types; this is the one module that touches it.

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

import numba

__all__ = ["Kernel", "compiled"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class Kernel(Protocol[P, R_co]):
    """A compiled function; `py_func` is the same code run by Python."""

    @property
    def py_func(self) -> Callable[P, R_co]:
        """The function before compilation."""
        ...

    @property
    def signatures(self) -> list[Any]:
        """The sets of argument types compiled or loaded so far: more than one means that types vary."""
        ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the compiled code; the first call of a signature compiles it or loads it from the disk cache."""
        ...


def compiled(function: Callable[P, R_co]) -> Kernel[P, R_co]:
    """`function` as machine code: IEEE arithmetic without reordering, division by zero as in NumPy, no lock held."""
    kernel: Any = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    return kernel
