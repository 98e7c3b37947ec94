"""Which trades are marked, and where."""

import pytest

from quantmill.core.pictures import draw
from quantmill.reports.tear_panels import MAX_MARKED, closing_panel, marked_trades, price_panel, whole_picture
from quantmill.reports.tear_sheet import TearSheet
from tests.recorded_run import recorded, trade

CLOSES = [[100.0] * 390] * 2


def many(n_trades: int) -> TearSheet:
    """Trades of two bars each, of which number k earns k, and the last is open."""
    closed = [trade(k, 3 * k, 3 * k + 2, pnl=float(k)) for k in range(1, n_trades)]
    return recorded(CLOSES, trades=[*closed, trade(n_trades, 3 * n_trades, None)])


def test_few_trades_are_all_marked() -> None:
    marked, last = marked_trades(many(MAX_MARKED))

    assert marked.trades.height == marked.n_trades == MAX_MARKED
    assert last is None


def test_of_many_trades_the_largest_are_marked_and_those_of_the_end_besides() -> None:
    marked, last = marked_trades(many(250))

    # The open one and the 99 that earn most: 151 to 249.
    assert marked.trades["trade"].to_list() == list(range(151, 251))
    assert (marked.n_trades, marked.trades.height) == (250, MAX_MARKED)
    assert last is not None
    assert last.trades["trade"].to_list() == list(range(218, 251))
    # Trade 218 begins at bar 654; half an hour of price before it is shown.
    assert last.first_bar == 654 - 30
    assert min(closing_panel(many(250), last).lines["price"].x) == 624


def test_shares_owed_are_sold_first_and_bought_back() -> None:
    sheet = recorded(
        CLOSES, trades=[trade(1, 2, 5), trade(2, 10, 20, shares=-3.0), trade(3, 30, None, shares=-3.0)]
    )

    panel = price_panel(sheet, marked_trades(sheet)[0])

    assert panel.ups["buy ▲"].x.tolist() == [2, 20]
    assert panel.downs["sell ▼"].x.tolist() == [10, 30, 5]


@pytest.mark.parametrize("n_trades", [1, 150])
def test_all_panels_make_one_picture(n_trades: int) -> None:
    assert draw(whole_picture(many(n_trades)), "png").startswith(b"\x89PNG")
