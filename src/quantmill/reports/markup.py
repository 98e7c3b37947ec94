"""HTML put together so that every text is escaped: only what `element` made goes in as it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

__all__ = ["Html", "Part", "element", "joined", "table"]


@dataclass(frozen=True, slots=True)
class Html:
    """Text that is HTML already."""

    text: str


Part = Html | str
"""A child of an element: HTML, or a text that is escaped."""


def element(name: str, *parts: Part, **attributes: str) -> Html:
    """`<name ...>parts</name>`.

    Args:
        name: The element's name.
        parts: Its children.
        attributes: By name; `class_` is `class`, and an underscore a hyphen.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{given}>{joined(parts).text}</{name}>")


def joined(parts: Iterable[Part]) -> Html:
    """Parts one after the other."""
    return Html("".join(part.text if isinstance(part, Html) else escape(part) for part in parts))


def table(head: Mapping[str, str], rows: Iterable[Iterable[Part]], *, class_: str) -> Html:
    """A table.

    Args:
        head: Class of each column's cells by the column's name, empty for none.
        rows: Cells in the order of the columns.
        class_: Class of the table.
    """
    kinds = list(head.values())
    top = element("thead", element("tr", *(_cell("th", name, kind) for name, kind in head.items())))
    body = (
        element("tr", *(_cell("td", cell, kind) for cell, kind in zip(row, kinds, strict=True)))
        for row in rows
    )
    return element("table", top, element("tbody", *body), class_=class_)


def _cell(name: str, part: Part, kind: str) -> Html:
    return element(name, part, class_=kind) if kind else element(name, part)
