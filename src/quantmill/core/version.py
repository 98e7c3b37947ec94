"""The version of this package, part of every result's recipe."""

import hashlib
from pathlib import Path

__all__ = ["VERSION", "code_stamp"]

VERSION = "0.1.0"


def code_stamp() -> str:
    """Ten digits that change with any edit of the package's modules, which a version alone does not show.

    Compiled kernels are kept by it: numba looks at the file of a kernel, not at those of the functions that it calls.
    """
    package = Path(__file__).parents[1]
    hasher = hashlib.sha256()
    for module in sorted(package.rglob("*.py")):
        status = module.stat()
        hasher.update(f"{module.relative_to(package)} {status.st_size} {status.st_mtime_ns}|".encode())
    return hasher.hexdigest()[:10]
