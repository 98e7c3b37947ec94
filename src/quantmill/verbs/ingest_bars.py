"""The verb `ingest`: bars of a provider into the lake."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.core.symbols import canonical_symbol
from quantmill.errors import UsageError
from quantmill.ingest.backfill import ingest_symbols
from quantmill.ingest.spikes import SpikeLimits
from quantmill.ingest.validation import ValidationRules
from quantmill.providers.registry import make_provider
from quantmill.providers.sim.provider import default_span
from quantmill.verbs.ingest_report import Ingested
from quantmill.verbs.mill import Mill
from quantmill.verbs.request import POSITIONAL, FromSetting, Symbol
from quantmill.verbs.sessions_request import SessionsRequest
from quantmill.verbs.working import work

__all__ = ["READS_ONLY", "IngestRequest", "run"]

READS_ONLY: Final = False
_SIM: Final = "sim"


class IngestRequest(SessionsRequest):
    """Store bars of a provider.

    Only sessions that are missing are asked for. The provider sim makes up a market that needs no key
    and no network: 250 sessions from 2023-01-03 unless told otherwise.
    """

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL, FromSetting("symbols")] = Field(
        default=(), description="Symbols."
    )
    provider: Annotated[str | None, FromSetting("ingest.provider")] = Field(
        default=None, description="Where from."
    )
    seed: Annotated[int | None, FromSetting("training.seed")] = Field(
        default=None, ge=0, description="sim: which market."
    )
    planted: float | None = Field(
        default=None,
        ge=0,
        le=0.25,
        description="sim: correlation of the planted signal with the next minute's return.",
    )
    planted_symbols: tuple[Symbol, ...] = Field(
        default=(), description="sim: symbols with the signal; all when left out."
    )
    noise_only: bool = Field(default=False, description="sim: plant nothing at all.")
    force: bool = Field(default=False, description="Ask for complete sessions too.")
    on_conflict: Annotated[Literal["keep", "replace", "fail"] | None, FromSetting("ingest.on_conflict")] = (
        Field(
            default=None,
            description="What happens to stored rows that differ.",
        )
    )


def run(mill: Mill, request: IngestRequest, progress: Progress) -> Ingested:
    """Fetches missing sessions, checks them and stores them; interrupted, it goes on where it stopped.

    Raises:
        UsageError: If no symbol or no known provider is named, or the dates cannot be meant.
        NoDataError: If the provider has nothing for these symbols and sessions.
        SymbolKindError: If a symbol holds bars of the other kind; nothing is stored.
    """
    settings = mill.settings.ingest
    symbols = request.symbols or tuple(map(canonical_symbol, mill.settings.symbols))
    if not symbols:
        raise UsageError(
            "no symbol is named", hint="such as `quantmill ingest SPY QQQ`, or the setting `symbols`"
        )
    name = request.provider or settings.provider
    provider = make_provider(name, **_provider_options(mill, request, name))
    start, end = _sessions(request, name)
    report = work(
        mill,
        "ingest",
        (provider.name, provider.feed, symbols, start.isoformat(), end.isoformat()),
        lambda context: ingest_symbols(
            mill.lake,
            provider,
            symbols,
            start,
            end,
            force=request.force,
            on_conflict=request.on_conflict or settings.on_conflict,
            rules=ValidationRules(SpikeLimits(min_frac=settings.spike_limit_frac)),
            progress=context,
        ),
        progress=progress,
    )
    return Ingested.of(report)


def _provider_options(mill: Mill, request: IngestRequest, name: str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "seed": request.seed,
        "planted": request.planted,
        "planted_symbols": request.planted_symbols or None,
        "noise_only": request.noise_only or None,
    }
    options = {option: value for option, value in given.items() if value is not None}
    return {"seed": mill.settings.training.seed, **options} if name == _SIM else options


def _sessions(request: IngestRequest, name: str) -> tuple[date, date]:
    if name == _SIM:
        first, end = default_span()
        return request.start or first, request.end or end
    if request.start is None or request.end is None:
        raise UsageError(
            f"{name} needs --start and --end", hint="such as --start 2024-01-02 --end 2024-02-01"
        )
    return request.start, request.end
