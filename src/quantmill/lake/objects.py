"""Objects of one bucket: put, fetched, listed and deleted over the S3 protocol, failures in plain words."""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from quantmill.core.instants import to_us
from quantmill.errors import StoreError
from quantmill.lake.access import Access, Key

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import S3Credential

__all__ = ["Objects"]

_SHA256: Final = "sha256"
_CONNECT_TIMEOUT: Final = "10s"
_READ_BYTES: Final = 8 * 1024 * 1024
_MAX_BACKOFF: Final = timedelta(seconds=5)


class Objects:
    """Objects below a prefix of a bucket; share it between threads.

    Each request ends within the time-out and its repetitions. A missing bucket or server, and refused
    credentials, are a StoreError with a hint.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        config: dict[str, str] = {"checksum_algorithm": "sha256"}
        if access.endpoint is not None:
            config["endpoint"] = access.endpoint
        if access.region is not None:
            config["region"] = access.region
        patience_s = access.timeout_s * (access.max_retries + 1)
        self._store = S3Store(
            access.bucket,
            prefix=access.prefix or None,
            config=config,  # pyright: ignore[reportArgumentType] - built from what is given
            client_options={
                "timeout": timedelta(seconds=access.timeout_s),
                "connect_timeout": _CONNECT_TIMEOUT,
                "allow_http": access.is_http,
            },
            retry_config={
                "max_retries": access.max_retries,
                "retry_timeout": timedelta(seconds=patience_s),
                "backoff": {"max_backoff": _MAX_BACKOFF},
            },
            credential_provider=None if access.key is None else partial(_credential, access.key),
        )

    def put(self, path: str, payload: memoryview | bytes, *, sha256: str) -> None:
        """Store an object, or replace the one of its name; others see all of it or nothing."""
        with self._translated(), self._in_bucket():
            obstore.put(self._store, path, payload, attributes={_SHA256: sha256})

    def get(self, path: str) -> tuple[Iterator[memoryview], int, str | None]:
        """The content of an object in parts, its size in bytes, and the digest that was stored with it.

        Raises:
            FileNotFoundError: If there is no such object.
        """
        with self._translated():
            found = obstore.get(self._store, path)
        return self._parts(found), found.meta["size"], found.attributes.get(_SHA256)

    def has(self, path: str) -> bool:
        """Whether there is such an object."""
        with self._translated():
            try:
                obstore.head(self._store, path)
            except FileNotFoundError:
                return False
        return True

    def delete(self, path: str) -> None:
        """Delete an object; one that is gone already is no error."""
        with self._translated(), self._in_bucket():
            obstore.delete(self._store, path)

    def list(self, folder: str = "") -> Iterator[tuple[str, int, int]]:
        """Path, bytes and time of the last change (µs) of all objects below a folder, by path."""
        with self._translated(), self._in_bucket():
            for chunk in obstore.list(self._store, folder or None):
                for found in chunk:
                    yield found["path"], found["size"], to_us(found["last_modified"])

    def _parts(self, found: "GetResult") -> Iterator[memoryview]:
        with self._translated():
            for part in found.stream(min_chunk_size=_READ_BYTES):
                yield memoryview(part)

    @contextmanager
    def _in_bucket(self) -> Generator[None]:
        """For requests that no object needs to exist for: what is not found is the bucket."""
        try:
            yield
        except FileNotFoundError as error:
            raise self._no_bucket() from error

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._no_bucket() from error
            raise FileNotFoundError(str(error).partition(": ")[0]) from error
        except (BaseError, OSError, ValueError) as error:
            raise self._failure(str(error)) from error

    def _no_bucket(self) -> StoreError:
        access = self._access
        return StoreError(
            f"{access.server} has no bucket {access.bucket}", hint="make the bucket, or correct `lake_url`"
        )

    def _failure(self, text: str) -> StoreError:
        access = self._access
        found = re.search(r"<Code>(\w+)</Code>", text)
        code = found[1] if found else ""
        if code == "NoSuchBucket":
            return self._no_bucket()
        for words, message, hint in _CAUSES:
            if any(word in text for word in words):
                facts: Mapping[str, object] = {"server": access.server, "url": access.url, "code": code}
                return StoreError(message.format(**facts, wait=f"{access.timeout_s:g}"), hint=hint)
        first = " ".join(re.sub(r"<[^>]*>", " ", text.partition("Debug source")[0]).split())
        return StoreError(f"{access.url} at {access.server}: {first}", hint="try again later")


def _credential(key: Key) -> "S3Credential":
    return {"access_key_id": key.id, "secret_access_key": key.secret, "token": key.token, "expires_at": None}


# What the text of an error holds, what is said of it, and what helps.
_CAUSES: Final = (
    (
        ("kind: Connect", "dns error"),
        "no server answers at {server}",
        "correct `s3.endpoint_url`, or look at the network; what was not confirmed was not stored",
    ),
    (
        ("kind: Timeout", "timed out"),
        "{server} took longer than {wait} s for an answer about {url}",
        "try again later, or raise `s3.timeout_s`",
    ),
    (
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "301 Moved", "redirect"),
        "the bucket of {url} is in another region",
        "name it in `s3.region` or AWS_REGION",
    ),
    (
        ("403 Forbidden", "401 Unauthorized", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"),
        "{server} refuses access to {url} ({code})",
        "look at the access key, its secret, and its rights to list, read, write and delete there",
    ),
    (
        ("metadata", "169.254.169.254", "credential"),
        "there are no credentials for {url}",
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
)
