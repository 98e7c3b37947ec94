"""What a verb that does not answer with a table gives back."""

from dataclasses import dataclass, fields
from html import escape
from typing import Any, cast

import polars as pl

from quantmill.verbs.json_form import Json, json_of

__all__ = ["Outcome"]


@dataclass(frozen=True)
class Outcome:
    """A small typed result; its fields are the keys of its JSON."""

    def to_json(self) -> Json:
        """The result as JSON values."""
        return {field.name: json_of(getattr(self, field.name)) for field in fields(self)}

    @property
    def succeeded(self) -> bool:
        """False when the work was done, but what it checked does not hold."""
        return True

    def lines(self) -> list[str]:
        """What a person should read, line by line."""
        return [f"{name}: {_short(value)}" for name, value in self.to_json().items()]

    def table(self) -> pl.DataFrame | None:
        """The rows that a person may want as a table or a file."""
        return None

    def shown_table(self) -> pl.DataFrame | None:
        """The rows as a person reads them on a terminal, where that is another form of `table`."""
        return self.table()

    def _repr_html_(self) -> str:
        text = "<br>".join(escape(line) for line in self.lines())
        table: Any = self.table()
        return f"<p>{text}</p>" if table is None else f"<p>{text}</p>{table._repr_html_()}"


def _short(value: Json) -> str:
    if isinstance(value, dict):
        pairs = cast("dict[str, Json]", value)
        return ", ".join(f"{name} {_short(item)}" for name, item in pairs.items()) or "none"
    if isinstance(value, list):
        return ", ".join(_short(item) for item in cast("list[Json]", value)) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
