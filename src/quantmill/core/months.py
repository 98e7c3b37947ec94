"""Names of the months as pictures and tables write them, whatever the locale."""

from typing import Final

__all__ = ["MONTHS"]

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
