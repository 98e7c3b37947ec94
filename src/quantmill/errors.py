"""Every error a person can meet, as one tree.

QuantmillError                  .hint, .retryable; str() is fit to show
├── ConfigError
├── UsageError                  a request that cannot be meant
├── ProviderError               AuthError · RateLimitError · UnavailableError · NoDataError
│                               NotEntitledError
├── DataError                   BadBarsError · SchemaDriftError · LeakageError · ConflictError
│                               SymbolKindError · QueryError · NotFoundError
├── StoreError                  CommitConflictError · DamagedFileError
├── ModelError                  FeatureMismatchError · ArtifactError
├── SimulationError
└── JobError                    JobNotFoundError · JobCancelledError · LeaseLostError
"""

__all__ = [
    "ArtifactError",
    "AuthError",
    "BadBarsError",
    "CommitConflictError",
    "ConfigError",
    "ConflictError",
    "DamagedFileError",
    "DataError",
    "FeatureMismatchError",
    "JobCancelledError",
    "JobError",
    "JobNotFoundError",
    "LeakageError",
    "LeaseLostError",
    "ModelError",
    "NoDataError",
    "NotEntitledError",
    "NotFoundError",
    "ProviderError",
    "QuantmillError",
    "QueryError",
    "RateLimitError",
    "SchemaDriftError",
    "SimulationError",
    "StoreError",
    "SymbolKindError",
    "UnavailableError",
    "UsageError",
]


class QuantmillError(Exception):
    """Something a person can act on: `str()` says what was found and needed, `hint` what to do."""

    hint: str = ""
    retryable: bool = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class ConfigError(QuantmillError):
    """A setting or credential is missing, unknown or unusable."""


class UsageError(QuantmillError):
    """A request that cannot be meant: an option missing, out of range or contradicting another."""


class ProviderError(QuantmillError):
    """A data source did not deliver."""


class AuthError(ProviderError):
    """The provider refused the credentials; never retried."""


class RateLimitError(ProviderError):
    """The provider asks for a pause of `wait_s` seconds."""

    retryable = True

    def __init__(self, message: str, *, wait_s: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.wait_s = wait_s


class UnavailableError(ProviderError):
    """The provider cannot be reached or answered with a fault that may pass."""

    retryable = True


class NoDataError(ProviderError):
    """There is nothing for the symbol and span that were asked for."""


class NotEntitledError(ProviderError):
    """The plan behind the credentials does not include what was asked for."""


class DataError(QuantmillError):
    """Data is not what it must be."""


class BadBarsError(DataError):
    """Bars that cannot be stored as they are: wrong columns, types, interval or time zone."""


class SchemaDriftError(DataError):
    """A stored or arriving schema differs from the declared one."""


class LeakageError(DataError):
    """A dataset could see its own future."""

    hint = "raise the purge to at least the target horizon"

    def __init__(self, fold: int, gap_bars: int, needed_bars: int) -> None:
        super().__init__(
            f"fold {fold}: train ends {gap_bars} bars before test, but the target looks {needed_bars} bars ahead"
        )
        self.fold, self.gap_bars, self.needed_bars = fold, gap_bars, needed_bars


class ConflictError(DataError):
    """Rows differ from stored ones and the policy is to fail."""

    hint = "use --on-conflict keep or replace"


class SymbolKindError(DataError):
    """Synthetic bars over real ones, or the other way round."""

    hint = "synthetic and real bars never share a symbol in a home: use another --home"


class QueryError(DataError):
    """A SQL query is refused or cannot be run."""


class NotFoundError(DataError):
    """Nothing is stored under the name that was asked for."""


class StoreError(QuantmillError):
    """The lake or the state database is not as it must be."""


class CommitConflictError(StoreError):
    """Another writer published the same partition first; the commit can be prepared again."""

    retryable = True


class DamagedFileError(StoreError):
    """A lake file is missing or its content differs from what was committed."""

    hint = "run `quantmill verify lake`"


class ModelError(QuantmillError):
    """A model cannot be trained or used."""


class FeatureMismatchError(ModelError):
    """The features at hand are not those the model was fitted on."""


class ArtifactError(ModelError):
    """A model artifact is missing, altered, or holds a type outside the allow-list."""


class SimulationError(QuantmillError):
    """A simulation cannot be run as asked."""


class JobError(QuantmillError):
    """A job failed."""


class JobNotFoundError(JobError):
    """No job has this id."""


class JobCancelledError(JobError):
    """The job was cancelled."""


class LeaseLostError(JobError):
    """Another attempt owns the job now; this attempt's work is not published."""
