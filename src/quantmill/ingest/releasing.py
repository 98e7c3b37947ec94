"""Quarantined rows that somebody finds to be good: into the bars, and marked, in one commit."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from quantmill.core.bars import us_of
from quantmill.core.calendar import calendar_for
from quantmill.core.instants import from_us
from quantmill.core.span import Span
from quantmill.core.symbols import describe_symbol
from quantmill.errors import BadBarsError, CommitConflictError, ConflictError, UsageError
from quantmill.ingest.importing import Completing
from quantmill.ingest.quarantine import Choice, list_quarantine, read_bars_of
from quantmill.ingest.reasons import REASONS
from quantmill.ingest.validation import ValidationRules, validate_bars
from quantmill.lake.datasets import BARS, QUARANTINE
from quantmill.lake.merging import OnConflict
from quantmill.lake.staging import Staged
from quantmill.lake.store import Lake
from quantmill.providers.protocol import PAGE_SCHEMA

__all__ = ["Released", "plan_release", "release_rows"]

# Reasons that are a matter of judgment, or of what the calendar and the clock said then. The others are facts.
_MAY_CHANGE: Final = frozenset({"spike", "future", "no_session", "outside_calendar"})
_FACTS_ONLY: Final = ValidationRules(spikes=None)
_COMPARED: Final = [name for name in PAGE_SCHEMA if name not in BARS.unique]


@dataclass(frozen=True, slots=True)
class Released:
    """The rows that were chosen, each with its `fate`, and the snapshot that holds them; None for a plan.

    `fate` is `stored`: no bar of that minute was there; `equal`: the same bar was; `replaced`: another bar was, and is
    a revision now; `kept`: another bar is stored and stays, so the row goes on waiting. `n_before` chosen rows had
    been released already.
    """

    rows: pl.DataFrame
    n_before: int
    snapshot: int | None = None

    @property
    def marked(self) -> pl.DataFrame:
        """The rows that wait no longer."""
        return self.rows.filter(pl.col("fate") != "kept")


def plan_release(lake: Lake, choice: Choice, *, on_conflict: OnConflict = "keep") -> Released:
    """What releasing the chosen rows would do; nothing is written.

    Args:
        lake: The lake.
        choice: Which rows; its status does not matter.
        on_conflict: What happens where another bar of the same minute is stored.

    Raises:
        UsageError: If nothing is chosen.
        NotFoundError: If an id begins no digest, or those of several rows.
        BadBarsError: If a chosen row cannot be a bar, or two of them are different bars of one minute.
        ConflictError: If another bar is stored under `fail`.
    """
    if choice.is_everything:
        raise UsageError("no rows are chosen", hint="name ids, or a symbol, reason or sessions")
    chosen = list_quarantine(
        lake, Choice(choice.symbol, choice.reason, choice.start, choice.end, choice.ids, "all")
    )
    waiting = chosen.filter(pl.col("released_at").is_null())
    _check_bars(waiting, now_us=lake.clock.now_us())
    rows = _with_fates(lake, waiting, on_conflict)
    conflicts = rows.filter(pl.col("fate").is_in(["kept", "replaced"]))
    if on_conflict == "fail" and conflicts.height:
        raise ConflictError(
            f"{conflicts.height} of {rows.height} rows differ from stored bars, first {_named(conflicts)}",
            hint="choose on_conflict keep, which leaves them in quarantine, or replace",
        )
    return Released(rows, chosen.height - waiting.height)


def release_rows(
    lake: Lake, choice: Choice, *, on_conflict: OnConflict = "keep", completing: Completing
) -> Released:
    """Store the chosen rows as bars and mark them as released, in one transaction; once more, it does nothing.

    A released bar is never quarantined again, whichever file or provider offers it.

    Args:
        lake: The lake.
        choice: Which rows; its status does not matter.
        on_conflict: What happens where another bar of the same minute is stored.
        completing: The write transaction to publish in.

    Raises:
        As `plan_release` does, and
        CommitConflictError: If another commit came in between; release again.
        SymbolKindError: If the symbol holds synthetic bars.
    """
    plan = plan_release(lake, choice, on_conflict=on_conflict)
    if plan.marked.height == 0:
        return Released(plan.rows, plan.n_before, lake.snapshot())
    marked = plan.marked.select(*QUARANTINE.columns)
    bars = read_bars_of(marked).unique(BARS.unique, keep="first", maintain_order=True)
    staged: list[Staged] = []
    try:
        staged.append(lake.stage(BARS.name, bars, on_conflict=on_conflict))
        if staged[0].conflicts != plan.rows.filter(fate="replaced").select(*BARS.unique).n_unique():
            raise CommitConflictError("bars of these minutes were stored meanwhile")
        now = pl.lit(from_us(lake.clock.now_us()), dtype=QUARANTINE.columns["released_at"])
        marks = marked.with_columns(now.alias("released_at"))
        staged.append(lake.stage(QUARANTINE.name, marks, on_conflict="replace"))
    except BaseException:
        lake.discard(staged)
        raise
    with completing() as connection:
        snapshot = lake.commit(staged, connection=connection, note=f"release {marked.height} rows").snapshot
    return Released(plan.rows, plan.n_before, snapshot)


def _check_bars(waiting: pl.DataFrame, *, now_us: int) -> None:
    """Refuse rows that no bar can be made of."""
    facts = waiting.filter(~pl.col("reason").is_in(_MAY_CHANGE))
    if facts.height:
        raise _refusal(facts, facts["reason"][0], waiting.height)
    read = read_bars_of(waiting)
    for symbol in read["symbol"].unique().sort():
        info = describe_symbol(symbol)
        part = read.filter(pl.col("symbol") == symbol)
        checked = validate_bars(part, info, calendar_for(info.calendar), now_us=now_us, rules=_FACTS_ONLY)
        if checked.bad.height:
            raise _refusal(checked.bad, checked.bad["reason"][0], waiting.height)
        if checked.overruled.height:
            raise BadBarsError(
                f"{checked.overruled.height} of {waiting.height} rows have the minute of another chosen row and other "
                f"values, first {_named(checked.overruled)}",
                hint="release one of them by its id",
            )


def _refusal(rows: pl.DataFrame, reason: str, n_chosen: int) -> BadBarsError:
    return BadBarsError(
        f"{rows.height} of {n_chosen} chosen rows cannot be bars, first {_named(rows)}: {REASONS[reason]}",
        hint="leave them out, as with --reason spike; correct the source and import it again to store them",
    )


def _with_fates(lake: Lake, waiting: pl.DataFrame, on_conflict: OnConflict) -> pl.DataFrame:
    if waiting.height == 0:
        return waiting.with_columns(pl.lit("stored").alias("fate"))
    ts_us = us_of(waiting["ts"])
    span = Span(from_us(int(ts_us.min())), from_us(int(ts_us.max()) + 1))
    symbols = waiting["symbol"].unique().to_list()
    stored = lake.scan(BARS.name, keys=symbols, span=span).select(*PAGE_SCHEMA)
    near = stored.filter(pl.col("ts").is_in(waiting["ts"].implode())).collect()
    joined = waiting.join(
        near.with_columns(pl.lit(True).alias("is_there")),
        on=list(BARS.unique),
        how="left",
        suffix=" stored",
        maintain_order="left",
    )
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name} stored")) for name in _COMPARED)
    fate = (
        pl.when(pl.col("is_there").is_null())
        .then(pl.lit("stored"))
        .when(~differs)
        .then(pl.lit("equal"))
        .otherwise(pl.lit("kept" if on_conflict == "keep" else "replaced"))
    )
    return joined.with_columns(fate.alias("fate")).select(*waiting.columns, "fate")


def _named(rows: pl.DataFrame) -> str:
    row = rows.row(0, named=True)
    when = "without a time" if row["ts"] is None else f"{row['ts']:%Y-%m-%d %H:%M}"
    return f"{row['symbol'] or 'without a symbol'} {when}"
