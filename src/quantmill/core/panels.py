"""What a picture shows, as values: panels of bars, of areas over time, of lines, traces and cells, with titles and units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from quantmill.core.arrays import Bools, Floats

__all__ = [
    "Along",
    "AreaPanel",
    "BarPanel",
    "HeatPanel",
    "LinePanel",
    "Panel",
    "Picture",
    "Quantity",
    "Shade",
    "Trace",
    "TracePanel",
]

Quantity = Literal["bytes", "number"]
"""How values are written at an axis: sizes with their unit, or plain numbers."""


@dataclass(frozen=True, slots=True)
class BarPanel:
    """Horizontal bars, the first on top, each made of the parts of `series` end to end.

    Attributes:
        title: What is shown.
        axis: What the values are, with their unit.
        labels: One per bar.
        series: Values of shape (n_bars,) by the name of the part, at least 0; parts are colored in this order.
        quantity: How values are written.
        notes: What is written at the end of each bar; its sum when empty.
        limit: Where the axis ends; beyond the longest bar when None.
        empty: What is written when there are no bars.
    """

    title: str
    axis: str
    labels: tuple[str, ...]
    series: Mapping[str, Floats]
    quantity: Quantity = "number"
    notes: tuple[str, ...] = ()
    limit: float | None = None
    empty: str = "nothing yet"


@dataclass(frozen=True, slots=True)
class AreaPanel:
    """Levels that hold from one instant to the next, on top of one another.

    Attributes:
        title: What is shown.
        axis: What the values are, with their unit.
        at: Instants in UTC, ascending.
        series: Levels of shape (n_instants,) by name, the lowest first, at least 0.
        quantity: How values are written.
        empty: What is written when there is nothing to draw.
    """

    title: str
    axis: str
    at: tuple[datetime, ...]
    series: Mapping[str, Floats]
    quantity: Quantity = "number"
    empty: str = "nothing yet"


@dataclass(frozen=True, slots=True)
class LinePanel:
    """Lines over a common axis of numbers.

    Attributes:
        title: What is shown.
        x_axis: What runs along, with its unit.
        axis: What the values are, with their unit.
        x: Shape (n_points,), ascending.
        series: Values of shape (n_points,) by name; NaN leaves a hole.
        marks: Values at which a thin line with a name is drawn across.
        is_log: Whether the values' axis is logarithmic.
    """

    title: str
    x_axis: str
    axis: str
    x: Floats
    series: Mapping[str, Floats]
    marks: Mapping[str, float] = field(default_factory=dict[str, float])
    is_log: bool = False


@dataclass(frozen=True, slots=True)
class Shade:
    """Cells with a value of at least `least` have this shade, the first one of a panel that fits; named in the legend."""

    name: str
    least: float


@dataclass(frozen=True, slots=True)
class HeatPanel:
    """A grid of cells, shaded by their values.

    Attributes:
        title: What is shown.
        rows: One label per row, the first on top.
        ticks: Labels of some columns.
        values: Shape (n_rows, n_columns); NaN leaves a cell empty.
        shades: From the highest values, drawn lightest, to the lowest, drawn darkest.
        crosses: True at cells that are crossed out in a color of their own, same shape.
        grays: True at cells that are gray with a dot, same shape.
        dots: True at cells with a dot in a corner, same shape.
    """

    title: str
    rows: tuple[str, ...]
    ticks: Mapping[int, str]
    values: Floats
    shades: tuple[Shade, ...]
    crosses: Bools
    grays: Bools
    dots: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Points with places of their own: places along the axis and values, both of shape (n_points,)."""

    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class Along:
    """An axis along: what runs there, where it begins and ends, and the labels at its places."""

    name: str
    limits: tuple[float, float]
    ticks: Mapping[float, str]


@dataclass(frozen=True, slots=True)
class TracePanel:
    """Lines with points of their own over one axis, with areas, markers and a second axis at the right.

    Attributes:
        title: What is shown.
        axis: What the values at the left are, with their unit.
        along: The axis along.
        areas: Filled between their line and zero.
        lines: Lines over the areas.
        ups: Points marked with a triangle that points up.
        downs: Points marked with a triangle that points down.
        right: Lines of the second axis, drawn below the others.
        right_axis: What its values are, with their unit.
        across: Values of the second axis, else of the first, at which a thin line is drawn across.
        empty: What is written when there is no point at all.
    """

    title: str
    axis: str
    along: Along
    areas: Mapping[str, Trace] = field(default_factory=dict[str, Trace])
    lines: Mapping[str, Trace] = field(default_factory=dict[str, Trace])
    ups: Mapping[str, Trace] = field(default_factory=dict[str, Trace])
    downs: Mapping[str, Trace] = field(default_factory=dict[str, Trace])
    right: Mapping[str, Trace] = field(default_factory=dict[str, Trace])
    right_axis: str = ""
    across: tuple[float, ...] = ()
    empty: str = "nothing yet"

    @property
    def series(self) -> dict[str, Trace]:
        """All that is drawn, by name."""
        return {**self.lines, **self.areas, **self.right, **self.ups, **self.downs}


Panel = BarPanel | AreaPanel | LinePanel | HeatPanel | TracePanel


@dataclass(frozen=True, slots=True)
class Picture:
    """Panels under one title, row by row.

    Attributes:
        title: What the panels are about; empty where the page around says it.
        rows: The panels.
        heights: Height of each row, inches.
        legend: Names of series that have one color in all panels, explained once under the title; further names are
            explained in their panel.
        faint: Names of the legend that are gray: what is there but does not count.
        marks: What crosses, grays and dots of heat panels mean, in this order; explained behind their shades.
        note: A line of explanation below.
        width: Inches.
    """

    title: str
    rows: tuple[tuple[Panel, ...], ...]
    heights: tuple[float, ...]
    legend: tuple[str, ...] = ()
    faint: tuple[str, ...] = ()
    marks: tuple[str, str, str] | None = None
    note: str = ""
    width: float = 11.0

    def __post_init__(self) -> None:
        """Refuse rows without a height."""
        if len(self.rows) != len(self.heights):
            raise ValueError(f"{len(self.rows)} rows of panels and {len(self.heights)} heights")
