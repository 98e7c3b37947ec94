"""The verb `ingest`: bars of a provider into the lake."""

from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from quantmill.core.progress import Progress
from quantmill.core.symbols import canonical_symbol
from quantmill.errors import UsageError
from quantmill.ingest.backfill import ingest_symbols
from quantmill.ingest.chain import Chain
from quantmill.ingest.spikes import SpikeLimits
from quantmill.ingest.validation import ValidationRules
from quantmill.providers.access import Access
from quantmill.providers.http.traffic import Traffic
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
_CHAIN: Final = "chain"
_AUTO: Final = "auto"


class IngestRequest(SessionsRequest):
    """Store bars of a provider.

    Only sessions that are missing are asked for. With a provider's key set, the providers of the setting `ingest.chain`
    are asked in turn. The provider sim makes up a market that needs no key and no network: 250 sessions from 2023-01-03
    unless told otherwise.
    """

    symbols: Annotated[tuple[Symbol, ...], POSITIONAL, FromSetting("symbols")] = Field(
        default=(), description="Symbols."
    )
    provider: Annotated[str | None, FromSetting("ingest.provider")] = Field(
        default=None,
        description="Where from: a name, several as A,B in the order in which they are asked, chain for the setting's, "
        "auto for the chain when a key is set, else sim.",
    )
    feed: str | None = Field(
        default=None,
        description="Feed of a single provider, such as sip at alpaca; else the provider's setting.",
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
    # Counts and connections of this backfill alone.
    with closing(replace(mill.access, traffic=Traffic())) as access:
        names = _names(mill, request.provider or settings.provider)
        chain = _chain(mill, request, names, access)
        start, end = _sessions(request, names)
        key = (
            ",".join(one.name for one in chain.providers),
            ",".join(one.feed for one in chain.providers),
            symbols,
            start.isoformat(),
            end.isoformat(),
        )
        report = work(
            mill,
            "ingest",
            key,
            lambda context: ingest_symbols(
                mill.lake,
                chain,
                symbols,
                start,
                end,
                force=request.force,
                on_conflict=request.on_conflict or settings.on_conflict,
                rules=ValidationRules(SpikeLimits(min_frac=settings.spike_limit_frac)),
                parallel=settings.parallel,
                lateness_minutes=settings.lateness_minutes,
                traffic=access.traffic,
                progress=context,
            ),
            progress=progress,
        )
    return Ingested.of(report)


def _names(mill: Mill, text: str) -> tuple[str, ...]:
    """The providers that a text means, in the order in which they are asked."""
    settings = mill.settings
    has_key = settings.alpaca.key_id or settings.massive.api_key or settings.tiingo.api_key
    if text == _AUTO:
        text = _CHAIN if has_key else _SIM
    given = settings.ingest.chain if text == _CHAIN else text.split(",")
    names = tuple(name for part in given if (name := part.strip()))
    if not names:
        raise UsageError(
            "no provider is named", hint=f"such as --provider {_SIM}, or the setting `ingest.chain`"
        )
    if _SIM in names and len(names) > 1:
        raise UsageError(
            "sim stands in a chain of providers", hint="made-up bars never fill in for real ones"
        )
    return names


def _chain(mill: Mill, request: IngestRequest, names: tuple[str, ...], access: Access) -> Chain:
    options = _provider_options(mill, request, names)
    if not options:
        return Chain.of(names, access)
    if len(names) != 1:
        raise UsageError(
            f"{', '.join(sorted(options))} needs one provider, not {', '.join(names)}",
            hint=f"such as --provider {names[0]}",
        )
    return Chain((make_provider(names[0], access, **options),))


def _provider_options(mill: Mill, request: IngestRequest, names: tuple[str, ...]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "feed": request.feed,
        "seed": request.seed,
        "planted": request.planted,
        "planted_symbols": request.planted_symbols or None,
        "noise_only": request.noise_only or None,
    }
    options = {option: value for option, value in given.items() if value is not None}
    return {"seed": mill.settings.training.seed, **options} if names == (_SIM,) else options


def _sessions(request: IngestRequest, names: tuple[str, ...]) -> tuple[date, date]:
    if names == (_SIM,):
        first, end = default_span()
        return request.start or first, request.end or end
    if request.start is None or request.end is None:
        raise UsageError(
            f"{', '.join(names)} needs --start and --end", hint="such as --start 2024-01-02 --end 2024-02-01"
        )
    return request.start, request.end
