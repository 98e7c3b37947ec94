"""The trial ledger: every configuration ever run on a session of a symbol counts, for ever."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, distinct, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from quantmill.core.digest import HOLE, digests_with
from quantmill.simulation.run import identity_of
from quantmill.simulation.signal import Filters, SignalSource
from quantmill.simulation.thresholds import Threshold, parse_threshold
from quantmill.simulation.trial import TrialSetup
from quantmill.state.tables.optimize import TRIAL_LEDGER

__all__ = [
    "Evidence",
    "configuration_of",
    "configurations_of",
    "count_trials",
    "evidence_of",
    "record",
    "record_trial",
]

_ROWS_PER_STATEMENT = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """Sessions of one symbol that a result rests on: days since 1970, both included."""

    symbol: str
    first_session: int
    last_session: int

    def __post_init__(self) -> None:
        """Refuse a stretch that ends before it begins."""
        if self.last_session < self.first_session:
            raise ValueError(f"last session {self.last_session} is before first session {self.first_session}")


def configuration_of(source: SignalSource, filters: Filters, setup: TrialSetup) -> int:
    """The identity of a trial's configuration, the same in a grid and in a run of its own."""
    return configurations_of(source, filters, setup, [setup.threshold])[0]


def configurations_of(
    source: SignalSource, filters: Filters, setup: TrialSetup, thresholds: Iterable[Threshold]
) -> list[int]:
    """The identities of configurations that differ from `setup` in their threshold alone.

    Args:
        source: Predictions: known by the model, or by the digest of their file.
        filters: Filters and gates.
        setup: Costs and cash.
        thresholds: One per configuration.

    Returns:
        63 bits each of the digest of everything that decides the trades, as whole numbers of at least 0, which
        every database can hold.
    """
    signal = source.model_id or f"sha256:{source.predictions_sha256}"
    parameters = {**identity_of(filters, setup), "threshold": HOLE}
    digests = digests_with(map(parse_threshold, thresholds), signal, parameters)
    return [int.from_bytes(raw[:8], "big") >> 1 for raw in digests]


def evidence_of(source: SignalSource) -> Evidence:
    """The sessions that every trial of a source rests on."""
    session = source.market.session
    return Evidence(source.market.symbol, int(session[0]), int(session[-1]))


def record_trial(
    connection: Connection, source: SignalSource, filters: Filters, setup: TrialSetup, *, recorded_us: int
) -> None:
    """Write down a single simulation; call it before the simulation runs."""
    record(
        connection, evidence_of(source), [configuration_of(source, filters, setup)], recorded_us=recorded_us
    )


def record(
    connection: Connection, evidence: Evidence, configurations: Iterable[int], *, recorded_us: int
) -> None:
    """Write down that configurations are run on the sessions of `evidence`; what stands there already stays.

    Call it in the transaction that starts or publishes the work: a trial that fails, is killed or is
    deleted later was looked at all the same. There is no function that removes rows.
    """
    kind = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = kind.insert(TRIAL_LEDGER).on_conflict_do_nothing()
    rows = [
        {
            "symbol": evidence.symbol,
            "first_session": evidence.first_session,
            "last_session": evidence.last_session,
            "configuration": configuration,
            "recorded_us": recorded_us,
        }
        for configuration in sorted(set(configurations))
    ]
    for first in range(0, len(rows), _ROWS_PER_STATEMENT):
        connection.execute(statement, rows[first : first + _ROWS_PER_STATEMENT])


def count_trials(connection: Connection, evidence: Sequence[Evidence]) -> int:
    """How many distinct configurations were ever run on any session of the evidence.

    A configuration run on two symbols is two trials: each had its own chance to look lucky.

    Args:
        connection: A connection to the state database.
        evidence: The sessions that a result, or the ranking it won, rests on.
    """
    total = 0
    for symbol in sorted({one.symbol for one in evidence}):
        overlaps = [
            and_(
                TRIAL_LEDGER.c.first_session <= one.last_session,
                TRIAL_LEDGER.c.last_session >= one.first_session,
            )
            for one in evidence
            if one.symbol == symbol
        ]
        configurations = func.count(distinct(TRIAL_LEDGER.c.configuration))
        total += connection.execute(
            select(configurations).where(TRIAL_LEDGER.c.symbol == symbol, or_(*overlaps))
        ).scalar_one()
    return total
