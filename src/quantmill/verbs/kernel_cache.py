"""Where compiled kernels are kept: in the home, one folder per combination of versions."""

import os
import sys
from importlib.metadata import version

from quantmill.config.home import Home
from quantmill.core.version import VERSION, code_stamp

__all__ = ["keep_kernels_in"]

_VARIABLE = "NUMBA_CACHE_DIR"


def keep_kernels_in(home: Home) -> None:
    """Let kernels compiled from now on be kept in the cache of `home`.

    Numba reads the folder when it is imported, and a kernel when it is declared: call this before
    a module with kernels is imported. A folder that the user named stays; so does that of
    the home opened first in this process. Where nothing can be written, numba finds a place of its own.
    """
    nearest = next(place for place in (home.root, *home.root.absolute().parents) if place.exists())
    if os.environ.get(_VARIABLE) or not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        return
    folder = str(home.numba_cache_path(version("numba"), version("numpy"), VERSION, code_stamp()))
    os.environ[_VARIABLE] = folder
    loaded = sys.modules.get("numba.core.config")
    if loaded is not None:
        setattr(loaded, "CACHE_DIR", folder)  # noqa: B010 - the module has no types
