"""Figures as a person reads them on a page: percent, dollars, counts, each with its unit."""

from typing import Final

__all__ = ["MISSING", "dollars", "figure", "percent", "signed_percent"]

MISSING: Final = "–"
_MINUS: Final = "−"


def figure(value: float | int | None, unit: str) -> str:
    """A metric's value with its unit, as `quantmill.simulation.metrics` names it; a dash without a value."""
    if value is None:
        return MISSING
    kind, _, per = unit.partition(" ")
    rest = f" {per}" if per else ""
    if kind == "fraction":
        return f"{percent(value)}{rest}"
    if kind == "USD":
        return f"{dollars(value)}{rest}"
    if kind == "bps":
        return _minus(f"{value:,.2f} {unit}")
    if isinstance(value, int):
        return _minus(f"{value:,}")
    return _minus(f"{value:,.3f}" if abs(value) < 100 else f"{value:,.1f}")


def percent(value: float | None, *, places: int = 2) -> str:
    """A fraction in percent."""
    return MISSING if value is None else _minus(f"{100 * value:,.{places}f} %")


def signed_percent(value: float | None) -> str:
    """A fraction in percent with one place and its sign, without the unit."""
    return MISSING if value is None else _minus(f"{100 * value:+,.1f}")


def dollars(value: float | None) -> str:
    """An amount in US dollars and cents."""
    return MISSING if value is None else _minus(f"{'-' if value < 0 else ''}${abs(value):,.2f}")


def _minus(text: str) -> str:
    """A text with a real minus sign, and without one before a value that is written as zero."""
    if not text.startswith("-"):
        return text
    return text.replace("-", _MINUS, 1) if any(digit in text for digit in "123456789") else text[1:]
