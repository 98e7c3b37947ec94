"""Sizes in bytes as a person reads them."""

from typing import Final

__all__ = ["size_text"]

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def size_text(n_bytes: float) -> str:
    """`12.3 MB`: three figures and a unit, powers of 1000 as disks are sold."""
    size, unit = float(n_bytes), 0
    while abs(size) >= 999.5 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    digits = 0 if unit == 0 or abs(size) >= 99.95 else 1 if abs(size) >= 9.995 else 2
    return f"{size:,.{digits}f} {_UNITS[unit]}"
