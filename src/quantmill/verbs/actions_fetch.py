"""The verb `actions fetch`: splits and dividends of a provider into the lake."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.core.symbols import describe_symbol
from quantmill.errors import NoDataError, UsageError
from quantmill.ingest.actions_fetching import FetchedCounts, fetch_actions
from quantmill.providers.action_registry import make_action_provider
from quantmill.verbs.chosen_symbols import stored_or_named
from quantmill.verbs.mill import Mill
from quantmill.verbs.outcome import Outcome
from quantmill.verbs.request import POSITIONAL, FromSetting, Symbol
from quantmill.verbs.sessions_request import SessionsRequest
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "ActionsFetchRequest", "FetchedActions", "run"]

READS_ONLY: Final = False


class ActionsFetchRequest(SessionsRequest):
    """Store splits and dividends of a provider.

    Without symbols those of all stored equities are fetched, without dates those from the first stored session until
    today. Fetching again stores nothing new.
    """

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL] = Field(default=(), description="Symbols.")
    provider: str = Field(default="alpaca", description="Where from.")
    on_conflict: Annotated[Literal["keep", "replace", "fail"] | None, FromSetting("ingest.on_conflict")] = (
        Field(default=None, description="What happens to stored splits and dividends that differ.")
    )


@dataclass(frozen=True)
class FetchedActions(Outcome):
    """Splits and dividends fetched, stored, known already and left out; each count as in `FetchedCounts`."""

    provider: str
    read: int
    stored: int
    replaced: int
    existing: int
    conflicts: int
    skipped: int
    splits: int
    dividends: int
    symbols: tuple[str, ...]
    snapshot: int
    notes: tuple[str, ...]

    @classmethod
    def of(cls, provider: str, counts: FetchedCounts) -> "FetchedActions":
        """The verb's result for the counts of the stage."""
        values: dict[str, Any] = {field.name: getattr(counts, field.name) for field in fields(counts)}
        return cls(provider, **values)

    def lines(self) -> list[str]:
        """Counts in words, then every note."""
        replaced = f", {self.replaced:,} replaced" if self.replaced else ""
        lines = [
            f"{self.provider} has {self.splits:,} splits and {self.dividends:,} dividends of "
            f"{', '.join(self.symbols) or 'no symbol'}: {self.stored:,} stored, {self.existing:,} were there{replaced}; "
            f"snapshot {self.snapshot}"
        ]
        if self.conflicts:
            lines.append(f"{self.conflicts:,} conflicts: other values for the same symbol, ex-date and kind")
        return [*lines, *self.notes]


def run(mill: Mill, request: ActionsFetchRequest, progress: Progress) -> FetchedActions:
    """Fetches, checks and stores in one commit.

    Raises:
        UsageError: If the provider is unknown, or a symbol without bars is named without --start.
        NoDataError: If no symbol is named and no equity is stored.
        ConfigError: If the provider's key is not set.
        SymbolKindError: If a symbol holds synthetic bars here; nothing is asked.
        ConflictError: If actions differ from stored ones under `fail`; nothing is stored.
    """
    provider = make_action_provider(request.provider, mill.access)
    symbols = request.symbols or _equities(mill)
    end = request.end or mill.clock.now().date() + timedelta(days=1)
    start = request.start or _first_session(mill, symbols)
    if start >= end:
        raise UsageError(
            f"start {start} is not before end {end}", hint="the end is excluded: give a later --end"
        )
    counts = work(
        mill,
        "actions fetch",
        (request.provider, symbols, start.isoformat(), end.isoformat()),
        lambda context: fetch_actions(
            mill.lake,
            provider,
            symbols,
            start,
            end,
            on_conflict=request.on_conflict or mill.settings.ingest.on_conflict,
            progress=context,
            completing=context.completing,
        ),
        progress=progress,
    )
    return FetchedActions.of(request.provider, counts)


def _equities(mill: Mill) -> tuple[str, ...]:
    names = [name for name in stored_or_named(mill, ()) if describe_symbol(name).asset_class == "equity"]
    if not names:
        raise NoDataError(
            "no equity is stored", hint="name symbols: quantmill actions fetch SPY --start 2016-01-04"
        )
    return tuple(names)


def _first_session(mill: Mill, symbols: Sequence[str]) -> date:
    firsts: list[date] = []
    for symbol in symbols:
        sessions: list[date] = mill.lake.sessions(symbol)["session"].to_list()
        if not sessions:
            raise UsageError(
                f"no bars of {symbol} are stored that would say from when", hint="such as --start 2016-01-04"
            )
        firsts.append(min(sessions))
    return min(firsts)
