"""Pictures of values as SVG or PNG bytes, in one style."""
# The keyword arguments of matplotlib have no types.
# pyright: basic

import threading
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from quantmill.core.heat_drawing import draw_heat, heat_handles
from quantmill.core.panels import (
    AreaPanel,
    BarPanel,
    HeatPanel,
    LinePanel,
    Panel,
    Picture,
    Quantity,
    TracePanel,
)
from quantmill.core.sizes import size_text
from quantmill.core.trace_drawing import draw_traces

__all__ = ["PictureKind", "draw"]

PictureKind = Literal["svg", "png"]

# Told apart under every common kind of color blindness. Source: Okabe and Ito (2008), "Color Universal Design",
# without yellow, which is faint on white, and in an order that keeps neighbors apart.
_COLORS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_GRAY: Final = "#C4C4C4"
_INK: Final = "#222222"
_FAINT: Final = "#D9D9D9"
_MUTED: Final = "#666666"
_DPI: Final = 150
_LOCK: Final = threading.Lock()
_TITLE_IN: Final = 0.5
_NO_TITLE_IN: Final = 0.06
_LEGEND_IN: Final = 0.3
_NOTE_IN: Final = 0.45
_STYLE: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelcolor": _MUTED,
    "axes.edgecolor": _FAINT,
    "axes.labelsize": 9,
    "xtick.color": _MUTED,
    "ytick.color": _INK,
    "text.color": _INK,
    "svg.fonttype": "path",
    # Equal pictures are equal bytes: names inside an SVG come from this instead of chance.
    "svg.hashsalt": "quantmill",
}

_LEGEND: Final[Mapping[str, Any]] = {
    "frameon": False,
    "fontsize": 8.5,
    "borderaxespad": 0.1,
    "handlelength": 1.0,
    "handleheight": 0.9,
    "columnspacing": 1.2,
    "borderpad": 0.0,
}


def draw(picture: Picture, kind: PictureKind) -> bytes:
    """A picture as the bytes of an SVG or PNG file; equal pictures give equal bytes."""
    # The style is state of the whole process, and put back at the end of the block.
    with _LOCK, rc_context(_STYLE):
        note_in = _NOTE_IN if picture.note else 0.1
        handles = _handles(picture)
        over_legend_in = _TITLE_IN if picture.title else _NO_TITLE_IN
        title_in = over_legend_in + (_LEGEND_IN if handles else 0.0)
        height = sum(picture.heights) + title_in + note_in
        bottom, top = note_in / height, 1 - title_in / height
        layout = ConstrainedLayoutEngine(rect=(0.01, bottom, 0.98, top - bottom), h_pad=0.08, w_pad=0.08)
        figure = Figure(figsize=(picture.width, height), facecolor="white", layout=layout)
        figure.text(0.015, 1 - 0.2 / height, picture.title, fontsize=14, fontweight="bold", va="top")
        colors = _shared_colors(picture)
        if handles:
            place = (0.013, 1 - (over_legend_in + 0.02) / height)
            figure.legend(
                handles=handles, loc="upper left", bbox_to_anchor=place, ncols=len(handles), **_LEGEND
            )
        if picture.note:
            figure.text(0.015, 0.14 / height, picture.note, color=_MUTED, fontsize=8.5, va="bottom")
        grid = figure.add_gridspec(len(picture.rows), 1, height_ratios=picture.heights)
        for at, panels in enumerate(picture.rows):
            # What stands alone in its row lies in the outer grid, whose axes begin at one line.
            row = grid if len(panels) == 1 else grid[at].subgridspec(1, len(panels))
            n_bars = max((len(panel.labels) for panel in panels if isinstance(panel, BarPanel)), default=0)
            for column, panel in enumerate(panels):
                _draw_panel(figure.add_subplot(row[at if row is grid else column]), panel, colors, n_bars)
        stream = BytesIO()
        metadata: Mapping[str, str | None] = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(stream, format=kind, dpi=_DPI, metadata=dict(metadata))
        return stream.getvalue()


def _handles(picture: Picture) -> list[Any]:
    """What the legend under the title shows."""
    patches = [Patch(color=color, label=name) for name, color in _shared_colors(picture).items()]
    cells = [panel for panels in picture.rows for panel in panels if isinstance(panel, HeatPanel)]
    return [*patches, *(heat_handles(cells[0].shades, picture.marks) if cells else ())]


def _shared_colors(picture: Picture) -> dict[str, str]:
    strong = [name for name in picture.legend if name not in picture.faint]
    colors = {name: _COLORS[at % len(_COLORS)] for at, name in enumerate(strong)}
    return {name: colors.get(name, _GRAY) for name in picture.legend}


def _draw_panel(axes: Axes, panel: Panel, shared: Mapping[str, str], n_bars: int) -> None:
    """Draw a panel; series in `shared` have their color, and bars are as thick as where there are `n_bars`."""
    free = [color for color in _COLORS if color not in shared.values()]
    if isinstance(panel, HeatPanel):
        axes.set_title(panel.title, pad=6, fontsize=10)
        axes.spines[:].set_visible(False)
        axes.tick_params(which="both", length=0)
        draw_heat(axes, panel)
        return
    own = [name for name in panel.series if name not in shared]
    colors = {**shared, **{name: free[at % len(free)] for at, name in enumerate(own)}}
    explains = len(own) > 1
    axes.set_title(panel.title, pad=24 if explains else 8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(which="both", length=0)
    axes.set_axisbelow(True)
    match panel:
        case BarPanel():
            _draw_bars(axes, panel, colors, n_bars)
        case AreaPanel():
            _draw_area(axes, panel, colors)
        case LinePanel():
            _draw_lines(axes, panel, colors)
        case TracePanel():
            draw_traces(axes, panel, colors)
    if explains and axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(own), **_LEGEND)


def _draw_bars(axes: Axes, panel: BarPanel, colors: Mapping[str, str], n_bars: int) -> None:
    if not panel.labels:
        _draw_empty(axes, panel.empty)
        return
    at = np.arange(len(panel.labels))
    start = np.zeros(len(panel.labels))
    for name, values in panel.series.items():
        axes.barh(at, values, left=start, height=0.68, color=colors[name], label=name)
        start = start + values
    notes = panel.notes or tuple(_text(float(value), panel.quantity) for value in start)
    for place, end, note in zip(at, start, notes, strict=True):
        axes.annotate(
            note, (float(end), float(place)), (4, 0), textcoords="offset points", va="center", fontsize=8.5
        )
    axes.set_yticks(at, panel.labels)
    axes.set_ylim(n_bars - 0.4, -0.6)
    axes.set_xlim(0, panel.limit or max(float(start.max()) * 1.22, 1e-9))
    axes.set_xlabel(panel.axis)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _at: _tick(value, panel.quantity)))
    axes.grid(axis="x", color=_FAINT, linewidth=0.6)


def _draw_area(axes: Axes, panel: AreaPanel, colors: Mapping[str, str]) -> None:
    if len(panel.at) < 2:
        _draw_empty(axes, panel.empty)
        return
    x = np.array([float(date2num(instant)) for instant in panel.at])
    base = np.zeros(x.size)
    for name, values in panel.series.items():
        axes.fill_between(x, base, base + values, step="post", color=colors[name], linewidth=0, label=name)
        base = base + values
    axes.set_xlim(float(x[0]), float(x[-1]))
    axes.set_ylim(0, max(float(base.max()) * 1.08, 1e-9))
    axes.set_ylabel(panel.axis)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: _tick(value, panel.quantity)))
    locator = AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_xlabel("time, UTC")
    axes.grid(axis="y", color=_FAINT, linewidth=0.6)


def _draw_lines(axes: Axes, panel: LinePanel, colors: Mapping[str, str]) -> None:
    for name, values in panel.series.items():
        axes.plot(panel.x, values, color=colors[name], linewidth=1.8, label=name)
    for name, value in panel.marks.items():
        axes.axhline(value, color=_MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.annotate(
            name,
            (1.0, value),
            (-2, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            fontsize=8.5,
            color=_MUTED,
        )
    if panel.is_log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.margins(x=0)
    axes.set_xlabel(panel.x_axis)
    axes.set_ylabel(panel.axis)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:g}"))
    axes.grid(axis="y", color=_FAINT, linewidth=0.6)


def _draw_empty(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=_MUTED)
    axes.set_xticks([])
    axes.set_yticks([])


def _text(value: float, quantity: Quantity) -> str:
    if quantity == "bytes":
        return size_text(value)
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _tick(value: float, quantity: Quantity) -> str:
    """A round value, without zeros behind the point."""
    number, blank, unit = _text(value, quantity).partition(" ")
    return "0" if value == 0 else (number.rstrip("0").rstrip(".") if "." in number else number) + blank + unit
