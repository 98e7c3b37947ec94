"""Content digests that tie a result to its inputs."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

__all__ = ["HOLE", "canonical_json", "digest", "digests_with", "file_digest", "id_of", "short_id"]

HOLE: Final = "\x00hole\x00"
"""Stands where the parts of `digests_with` differ."""

_CHUNK_BYTES: Final = 1 << 20
# Of which the first ten characters of base32 are made.
_ID_BYTES: Final = 10


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no blanks and shortest floats: equal values give equal text.

    Args:
        value: Nested dicts, lists, tuples, strings, numbers, booleans, null, dates or paths.

    Raises:
        ValueError: If a float is not finite.
        TypeError: If a value has no JSON form.
    """
    return _ENCODER.encode(value)


def digest(*parts: object) -> str:
    """SHA-256 of the canonical JSON of `parts`, in hexadecimal."""
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def digests_with(values: Iterable[object], *parts: object) -> Iterator[bytes]:
    """SHA-256 of the canonical JSON of `parts` with each value in turn at their `HOLE`; what stands before it is read once.

    Raises:
        ValueError: If the parts have not exactly one hole, or as `canonical_json`.
        TypeError: As `canonical_json`.
    """
    around = canonical_json(parts).split(canonical_json(HOLE))
    if len(around) != 2:
        raise ValueError(f"parts have {len(around) - 1} holes, exactly one is needed")
    before, after = hashlib.sha256(around[0].encode()), around[1]
    for value in values:
        hasher = before.copy()
        hasher.update((canonical_json(value) + after).encode())
        yield hasher.digest()


def short_id(prefix: str, *parts: object) -> str:
    """An id such as `m-4xk2c7q5ab`: the prefix and 10 base32 characters of the digest of `parts`."""
    return id_of(prefix, hashlib.sha256(canonical_json(parts).encode()).digest())


def id_of(prefix: str, raw_digest: bytes) -> str:
    """The id that `short_id` makes of a digest."""
    return f"{prefix}-{base64.b32encode(raw_digest[:_ID_BYTES]).decode().lower()[:10]}"


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            hasher.update(chunk)
    return hasher.hexdigest()


def _plain(value: Any) -> Any:  # noqa: ANN401 - json hands over whatever it cannot write
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
)
