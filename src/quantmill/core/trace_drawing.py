"""Draws panels of traces: areas, lines and markers over one axis, and a second axis at the right."""
# The keyword arguments of matplotlib have no types.
# pyright: basic

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from quantmill.core.panels import Trace, TracePanel

__all__ = ["draw_traces"]

_FAINT: Final = "#D9D9D9"
_MUTED: Final = "#666666"
_PAPER: Final = "#FFFFFF"
_AREA_ALPHA: Final = 0.28
_MARKER_POINTS: Final = 30
_STEPS: Final = (1, 2, 2.5, 5, 10)


def draw_traces(axes: Axes, panel: TracePanel, colors: Mapping[str, str]) -> None:
    """Draw a panel; what belongs to the right axis lies below the rest."""
    if not any(trace.x.size for trace in panel.series.values()):
        axes.text(0.5, 0.5, panel.empty, transform=axes.transAxes, ha="center", va="center", color=_MUTED)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    marked = axes
    if panel.right:
        marked = axes.twinx()
        # The left axes go on top, without a background that would hide the right ones.
        axes.set_zorder(marked.get_zorder() + 1)
        axes.patch.set_visible(False)
        marked.spines[:].set_visible(False)
        marked.tick_params(which="both", length=0)
        _draw_lines(marked, panel.right, colors, width=0.9)
        marked.set_ylabel(panel.right_axis)
    for name, trace in panel.areas.items():
        axes.fill_between(trace.x, trace.y, 0.0, color=colors[name], alpha=_AREA_ALPHA, linewidth=0)
        axes.plot(trace.x, trace.y, color=colors[name], linewidth=1.0, label=name)
    _draw_lines(axes, panel.lines, colors, width=1.3)
    for markers, shape in ((panel.ups, "^"), (panel.downs, "v")):
        for name, trace in markers.items():
            axes.scatter(
                trace.x,
                trace.y,
                s=_MARKER_POINTS,
                marker=shape,
                color=colors[name],
                edgecolors=_PAPER,
                linewidths=0.5,
                label=name,
                zorder=3,
            )
    for value in panel.across:
        marked.axhline(value, color=_MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    if panel.areas and all(float(trace.y.max()) <= 0.0 for trace in panel.areas.values()):
        axes.set_ylim(top=0.0)
    axes.set_xlim(*panel.along.limits)
    axes.set_xticks(list(panel.along.ticks), list(panel.along.ticks.values()))
    axes.set_xlabel(panel.along.name)
    axes.set_ylabel(panel.axis)
    for one in {axes, marked}:
        one.yaxis.set_major_locator(MaxNLocator(5, steps=_STEPS))
        _write_ticks(one)
    axes.grid(axis="y", color=_FAINT, linewidth=0.6)


def _draw_lines(axes: Axes, lines: Mapping[str, Trace], colors: Mapping[str, str], *, width: float) -> None:
    for name, trace in lines.items():
        axes.plot(trace.x, trace.y, color=colors[name], linewidth=width, label=name, solid_joinstyle="round")


def _write_ticks(axes: Axes) -> None:
    """Values with as many places as tell neighboring ticks apart."""
    step = float(np.min(np.diff(axes.get_yticks())))
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    # A tick such as 2.5 needs one place more than its step of 2.5 tells.
    if round(step, places) != round(step, 6):
        places += 1
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:,.{places}f}"))
