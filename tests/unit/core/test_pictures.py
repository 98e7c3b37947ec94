"""Pictures: the same bytes for the same values, nothing left behind, every panel with its words."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from quantmill.core.panels import Along, AreaPanel, BarPanel, LinePanel, Picture, Trace, TracePanel
from quantmill.core.pictures import PictureKind, draw

BARS = BarPanel("By dataset", "bytes", ("bars", "features"), {"live": np.array([3e6, 1e6])}, "bytes")
AREA = AreaPanel(
    "Growth",
    "bytes",
    (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
    {"live": np.array([1.0, 2.0]), "retired": np.array([0.0, 1.0])},
)
LINE = LinePanel(
    "Syncs", "share, %", "ms", np.arange(3.0), {"fsync": np.array([1.0, np.nan, 9.0])}, is_log=True
)
ALONG = Along("bars", (0.0, 2.0), {0.0: "first", 2.0: "last"})
UP = Trace(np.arange(3.0), np.array([1.0, 3.0, 2.0]))
TRACES = TracePanel(
    "Run",
    "USD",
    ALONG,
    areas={"fall": Trace(UP.x, -UP.y)},
    lines={"live": UP},
    ups={"buy": UP},
    downs={"sell": UP},
    right={"rate": UP},
    right_axis="%",
    across=(1.5,),
)
PICTURE = Picture(
    "Everything",
    ((BARS, LINE), (AREA,), (TRACES,)),
    (2.0, 2.0, 2.0),
    legend=("live", "retired"),
    note="A note.",
)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_equal_pictures_are_equal_bytes(kind: PictureKind) -> None:
    assert draw(PICTURE, kind) == draw(PICTURE, kind)


def test_the_kind_is_the_format() -> None:
    assert draw(PICTURE, "png").startswith(b"\x89PNG")
    assert ElementTree.fromstring(draw(PICTURE, "svg")).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_style_does_not_stay() -> None:
    before = dict(mpl.rcParams)

    draw(PICTURE, "svg")

    assert dict(mpl.rcParams) == before


def test_panels_without_values_are_drawn() -> None:
    nothing = BarPanel("By dataset", "bytes", (), {})
    never = AreaPanel("Growth", "bytes", (), {})

    untraced = TracePanel("Run", "USD", ALONG, lines={"live": Trace(np.empty(0), np.empty(0))})

    assert draw(Picture("Empty", ((nothing, never, untraced),), (2.0,)), "svg")


def test_a_line_without_change_is_drawn() -> None:
    still = TracePanel("Run", "USD", ALONG, lines={"live": Trace(np.arange(3.0), np.full(3, 1e5))})

    assert draw(Picture("", ((still,),), (2.0,)), "svg")


def test_a_row_without_height_is_refused() -> None:
    with pytest.raises(ValueError, match="2 rows of panels and 1 heights"):
        Picture("Everything", ((BARS,), (AREA,)), (2.0,))
