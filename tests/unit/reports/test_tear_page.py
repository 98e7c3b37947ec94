"""The page holds what it must, and nothing from elsewhere, whatever the run was."""

import re
from html.parser import HTMLParser

import pytest

from quantmill.reports.tear_page import tear_page
from quantmill.reports.trade_section import MAX_LISTED
from tests.recorded_run import recorded, trade

NASTY = '<script>alert("x")</script>'


class Shown(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in {"src", "href", "xlink:href", "action", "data"}:
                self.addresses.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_names_and_findings_are_texts() -> None:
    page = tear_page(
        recorded(
            [[100.0, 101.0]],
            model_name=NASTY,
            labels={"x": NASTY},
            params={"threshold": NASTY, "initial_cash_usd": 1000.0},
            null_reasons={"sharpe": NASTY},
            metrics={"sharpe": None},
        )
    )

    shown = Shown(page)
    assert "script" not in shown.tags
    # Title, heading, head, finding, parameter, reason.
    assert shown.text.count('alert("x")') == 6


def test_nothing_comes_from_elsewhere() -> None:
    page = tear_page(recorded([[100.0, 101.0]], trades=[trade(1, 0, 1)]))

    shown = Shown(page)
    assert "default-src 'none'" in page
    assert not {"script", "link", "iframe", "img", "object"} & set(shown.tags)
    assert shown.addresses
    assert all(address.startswith("#") for address in shown.addresses)
    assert not re.search(r"url\((?!#)|@import", page)


def test_names_inside_pictures_differ() -> None:
    shown = Shown(tear_page(recorded([[100.0, 101.0]], trades=[trade(1, 0, 1)])))

    assert shown.tags.count("svg") == 3
    assert len(shown.ids) == len(set(shown.ids))
    assert {address.removeprefix("#") for address in shown.addresses} <= set(shown.ids)


def test_the_same_run_gives_the_same_page() -> None:
    first, second = (tear_page(recorded([[100.0, 101.0]], trades=[trade(1, 0, None)])) for _ in range(2))

    assert first == second


def test_synthetic_bars_are_said_on_top() -> None:
    assert "Synthetic bars" in tear_page(recorded([[100.0, 101.0]], is_synthetic=True))
    assert "Synthetic bars" not in tear_page(recorded([[100.0, 101.0]]))


def test_a_run_without_trades_has_a_page() -> None:
    text = Shown(tear_page(recorded([[100.0, 101.0], [102.0]]))).text

    assert "No order was filled." in text
    assert "0 bars count for the hit rate, too few for a rate of 100." in text


def test_a_position_still_open_has_no_exit_and_no_profit() -> None:
    text = Shown(tear_page(recorded([[100.0, 101.0, 99.0]], trades=[trade(1, 1, None)]))).text

    # The second minute of the first session of 2024 in New York.
    assert "12024-01-02 09:31still open––10100.0000–$0.04$0.50–––" in text


def test_a_short_trade_has_shares_below_zero_and_says_what_closed_it() -> None:
    one = {**trade(1, 0, 2, shares=-10.0, pnl=-10.04), "exit_reason": "stop"}

    text = Shown(tear_page(recorded([[100.0, 101.0, 99.0]], trades=[one]))).text

    assert "12024-01-02 09:302024-01-02 09:32stop2−10100.0000101.0000" in text


def test_a_run_of_one_bar_has_a_page() -> None:
    assert "2024-01-02 to 2024-01-02, 1 of them" in Shown(tear_page(recorded([[100.0]]))).text


def test_a_metric_without_a_value_has_its_reason() -> None:
    text = Shown(tear_page(recorded([[100.0, 101.0]], metrics={"win_rate_frac": None}))).text

    assert (
        "win_rate_frac–round trips with a profit after fees and spread – no value: no completed round trip"
        in text
    )


def test_a_run_from_before_hits_were_kept_says_so() -> None:
    text = Shown(tear_page(recorded([[100.0, 101.0]], metrics={"n_hit_bars": 2}))).text

    assert "This run was recorded before hits were kept bar by bar." in text


def test_hits_are_drawn_beside_the_equity() -> None:
    is_hit = [True, False] * 100
    sheet = recorded([[100.0] * 200], is_hit=is_hit, metrics={"n_hit_bars": 200, "hit_rate_frac": 0.5})

    page = tear_page(sheet)

    assert "Counted are 200 of 200 bars" in page
    assert Shown(page).tags.count("svg") == 4


@pytest.mark.parametrize(("n_trades", "n_rows"), [(MAX_LISTED, MAX_LISTED), (MAX_LISTED + 1, 400)])
def test_a_long_list_of_trades_leaves_out_its_middle(n_trades: int, n_rows: int) -> None:
    closes = [[100.0] * 390] * 4
    sheet = recorded(closes, trades=[trade(k, k, k + 1) for k in range(1, n_trades + 1)])

    page = tear_page(sheet)

    assert page.count("$0.04") == n_rows
    assert ("quantmill runs show r-byhand --rows trades" in page) == (n_rows < n_trades)
    assert ("101 of 501 trades are left out" in page) == (n_rows < n_trades)
    assert len(page) < 2_000_000
