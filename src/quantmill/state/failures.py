"""What went wrong with the state database, in words for a person and without a password."""

from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

__all__ = ["FAILURES", "describe_failure", "shown_url"]

# Not among them: errors that only a mistake in a statement causes, and broken constraints, which callers know.
FAILURES: Final = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)

_HIDDEN: Final = "***"
_SECRET_OPTIONS: Final = ("password", "sslpassword")
_BUSY: Final = ("database is locked", "lock timeout")
_SQLITE_HINT: Final = "check that the folder exists, is writable, has free space, and that the file is a quantmill state database"
_SERVER_HINT: Final = "check that the server runs and lets this user connect and create tables; what was not confirmed was not stored"


def shown_url(url: URL) -> str:
    """A database's URL, passwords hidden."""
    hidden = {name: _HIDDEN for name in _SECRET_OPTIONS if name in url.query}
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def describe_failure(error: DBAPIError | PoolTimeoutError, url: URL) -> tuple[str, str]:
    """Message and hint for a failure of the database or of the way to it."""
    cause = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    name = f"the state database {shown_url(url)}"
    if any(words in cause for words in _BUSY):
        return (
            f"{name} is being written to by others for too long",
            "wait until their work is done, then try again",
        )
    hint = _SQLITE_HINT if url.get_backend_name() == "sqlite" else _SERVER_HINT
    return f"{name} cannot be used: {cause}", hint
