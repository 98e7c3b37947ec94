"""Draws panels of cells: pale where much is, dark where little is, crossed out where nothing is."""
# The keyword arguments of matplotlib have no types.
# pyright: basic

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from quantmill.core.panels import HeatPanel, Shade

__all__ = ["draw_heat", "heat_handles"]

# One hue from pale to dark, which every eye and a gray print keep in order, and vermillion against it.
_SHADES: Final = ("#D3E4F0", "#8FC1DE", "#3B8BC2", "#08457E")
_CROSSED: Final = "#D55E00"
_GRAYED: Final = "#BDBDBD"
_INK: Final = "#222222"
_PAPER: Final = "#FFFFFF"


def draw_heat(axes: Axes, panel: HeatPanel) -> None:
    """Draw the cells, their marks, and the labels of rows and columns."""
    n_rows, n_columns = panel.values.shape
    for row, column in np.argwhere(~np.isnan(panel.values)).tolist():
        axes.add_patch(_rectangle(panel, row, column))
    size = _cell_points(axes, n_rows, n_columns)
    for places, marker, color, factor, shift in (
        (panel.crosses, "x", _PAPER, 0.5, 0.0),
        (panel.grays, "o", _INK, 0.22, 0.0),
        (panel.dots, "o", _INK, 0.2, 0.26),
    ):
        rows, columns = np.nonzero(places)
        axes.scatter(
            columns + shift,
            rows + shift,
            s=(size * factor) ** 2,
            marker=marker,
            c=color,
            linewidths=min(1.4, size / 7) if marker == "x" else 0,
            zorder=3,
        )
    axes.set_xlim(-0.5, n_columns - 0.5)
    axes.set_ylim(n_rows - 0.5, -0.5)
    axes.set_yticks(range(n_rows), panel.rows, fontsize=min(8.5, max(6.5, size * 0.8)))
    axes.set_xticks(list(panel.ticks), list(panel.ticks.values()), fontsize=7.5)
    axes.xaxis.set_ticks_position("bottom")
    axes.spines["bottom"].set_visible(False)


def heat_handles(shades: tuple[Shade, ...], marks: tuple[str, str, str] | None) -> list[Patch | Line2D]:
    """What the legend shows of cells: their shades, then their marks."""
    handles: list[Patch | Line2D] = [
        Patch(color=color, label=shade.name) for color, shade in zip(_SHADES, shades, strict=False)
    ]
    if marks is None:
        return handles
    crossed, grayed, dotted = marks
    square = {"linestyle": "none", "marker": "s", "markersize": 8.5, "markeredgewidth": 0}
    handles += [
        Line2D([], [], color=_CROSSED, label=crossed, **square),
        Line2D([], [], color=_GRAYED, label=grayed, **square),
        Line2D([], [], linestyle="none", marker="o", markersize=3.0, color=_INK, label=dotted),
    ]
    return handles


def _rectangle(panel: HeatPanel, row: int, column: int) -> Rectangle:
    if panel.crosses[row, column]:
        color = _CROSSED
    elif panel.grays[row, column]:
        color = _GRAYED
    else:
        value = panel.values[row, column]
        fitting = (at for at, shade in enumerate(panel.shades) if value >= shade.least)
        color = _SHADES[next(fitting, len(panel.shades) - 1)]
    return Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, facecolor=color, linewidth=0)


def _cell_points(axes: Axes, n_rows: int, n_columns: int) -> float:
    """The shorter side of a cell in points, before the layout gives room to labels."""
    box = axes.get_window_extent()
    points = 72 / axes.figure.dpi
    return points * min(box.width / n_columns, box.height / n_rows)
