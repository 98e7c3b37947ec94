"""What providers said of sessions: bars, too few of them, or none; written with the bars, read by the next plan."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import polars as pl
from sqlalchemy import Connection, select

from quantmill.core.instants import date_of_day, day_of_date
from quantmill.state.engine import State
from quantmill.state.statements import upsert_all
from quantmill.state.tables.providers import SESSION_ANSWER

__all__ = [
    "MIN_SHARE",
    "Outcome",
    "SessionAnswer",
    "answers_of",
    "confirmed_sessions",
    "outcome_of",
    "record",
]

Outcome = Literal["bars", "short", "empty"]

# A session with a smaller share of its regular minutes is short.
MIN_SHARE: Final = 0.9
_KEY: Final = ("symbol", "session", "provider", "feed")


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """What one provider said of one session of a symbol.

    `is_provisional` when it was asked before the session was final: it is asked for once more.
    """

    symbol: str
    session: date
    provider: str
    feed: str
    outcome: Outcome
    n_regular: int
    n_extended: int
    is_provisional: bool
    asked_us: int


def outcome_of(n_regular: int, n_minutes: int) -> Outcome:
    """How a session with `n_regular` bars of `n_minutes` regular minutes counts."""
    if n_regular == 0:
        return "empty"
    return "bars" if n_regular >= MIN_SHARE * n_minutes else "short"


def answers_of(state: State, symbol: str, start: date, end: date) -> list[SessionAnswer]:
    """What providers said of a symbol's sessions from `start` up to, not including, `end`; the newest last."""
    table = SESSION_ANSWER.c
    query = (
        select(SESSION_ANSWER)
        .where(table.symbol == symbol, table.session >= day_of_date(start), table.session < day_of_date(end))
        .order_by(table.asked_us)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    return [
        SessionAnswer(
            row.symbol,
            date_of_day(row.session),
            row.provider,
            row.feed,
            row.outcome,
            row.n_regular,
            row.n_extended,
            row.is_provisional,
            row.asked_us,
        )
        for row in rows
    ]


def confirmed_sessions(state: State, symbols: Sequence[str]) -> pl.DataFrame:
    """Sessions that a provider finally said to be short or empty: `symbol, session, outcome, provider`.

    Of several answers for a session the one with the most bars counts.
    """
    table = SESSION_ANSWER.c
    query = (
        select(table.symbol, table.session, table.outcome, table.provider)
        .where(table.symbol.in_(symbols), table.outcome != "bars", table.is_provisional.is_(False))
        .order_by(table.n_regular)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    schema = {"symbol": pl.String, "session": pl.Int32, "outcome": pl.String, "provider": pl.String}
    found = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    return found.with_columns(pl.col("session").cast(pl.Date)).unique(
        ("symbol", "session"), keep="last", maintain_order=True
    )


def record(connection: Connection, answers: Iterable[SessionAnswer]) -> None:
    """Write answers, over earlier ones of the same provider and feed, within the caller's transaction."""
    rows = [
        {name: getattr(answer, name) for name in SessionAnswer.__slots__}
        | {"session": day_of_date(answer.session)}
        for answer in answers
    ]
    upsert_all(connection, SESSION_ANSWER, rows, key=_KEY)
