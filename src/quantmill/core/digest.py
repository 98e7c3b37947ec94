"""Content digests that tie a result to its inputs."""

import base64
import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

__all__ = ["canonical_json", "digest", "file_digest", "short_id"]

_CHUNK_BYTES = 1 << 20


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no blanks and shortest floats: equal values give equal text.

    Args:
        value: Nested dicts, lists, tuples, strings, numbers, booleans, null, dates or paths.

    Raises:
        ValueError: If a float is not finite.
        TypeError: If a value has no JSON form.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    )


def digest(*parts: object) -> str:
    """SHA-256 of the canonical JSON of `parts`, in hexadecimal."""
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def short_id(prefix: str, *parts: object) -> str:
    """An id such as `m-4xk2c7q5ab`: the prefix and 10 base32 characters of the digest of `parts`."""
    raw = hashlib.sha256(canonical_json(parts).encode()).digest()
    return f"{prefix}-{base64.b32encode(raw).decode().lower()[:10]}"


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
