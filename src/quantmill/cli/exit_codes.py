"""The one table from error type to exit code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from quantmill import errors
from quantmill.errors import QuantmillError

__all__ = ["DONE", "EXIT_CODES", "FAILED", "INTERRUPTED", "USAGE", "exit_code"]

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NO_DATA: Final = 3
CONFIGURATION: Final = 4
INTERRUPTED: Final = 130

EXIT_CODES: Final[Mapping[type[QuantmillError], int]] = MappingProxyType(
    {
        errors.QuantmillError: FAILED,
        errors.ConfigError: CONFIGURATION,
        errors.UsageError: USAGE,
        errors.ProviderError: FAILED,
        errors.AuthError: CONFIGURATION,
        errors.RateLimitError: FAILED,
        errors.UnavailableError: FAILED,
        errors.NoDataError: NO_DATA,
        errors.NotEntitledError: FAILED,
        errors.DataError: FAILED,
        errors.BadBarsError: FAILED,
        errors.SchemaDriftError: FAILED,
        errors.LeakageError: FAILED,
        errors.ConflictError: FAILED,
        errors.SymbolKindError: FAILED,
        errors.QueryError: FAILED,
        errors.NotFoundError: NO_DATA,
        errors.StoreError: FAILED,
        errors.CommitConflictError: FAILED,
        errors.DamagedFileError: FAILED,
        errors.ModelError: FAILED,
        errors.FeatureMismatchError: FAILED,
        errors.ArtifactError: FAILED,
        errors.SimulationError: FAILED,
        errors.JobError: FAILED,
        errors.JobNotFoundError: NO_DATA,
        errors.JobCancelledError: INTERRUPTED,
        errors.LeaseLostError: FAILED,
    }
)


def exit_code(error: QuantmillError) -> int:
    """The exit code of an error: that of its type, or of the nearest type above it."""
    return next(EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES)
