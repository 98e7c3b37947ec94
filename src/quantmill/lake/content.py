"""Digests of a frame's rows: one of rows in their order, one that adds up over any cut into files."""

import hashlib
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from quantmill.core.arrays import Bools
from quantmill.core.columns import is_constant

__all__ = ["add_digests", "content_digest", "digest_of_rows", "digests_by_start"]

_LEFT_OUT: Final = ("ingested_at",)
_NULL: Final = np.uint64(0x9E3779B97F4A7C15)
_SECOND_LANE: Final = np.uint64(0xD1B54A32D192ED03)
_DIGEST_HEX: Final = 32

_Words = npt.NDArray[np.uint64]


def content_digest(frame: pl.DataFrame) -> str:
    """SHA-256 over column names, types and values in row order; `ingested_at` is left out."""
    hasher = hashlib.sha256()
    for column in frame:
        if column.name in _LEFT_OUT:
            continue
        hasher.update(f"{column.name}\0{column.dtype}\0{len(column)}\0{column.null_count()}\0".encode())
        if column.null_count():
            hasher.update(np.packbits(_is_null(column)).tobytes())
        if column.dtype == pl.String:
            for part in _lengths_and_text(column.fill_null("") if column.null_count() else column):
                hasher.update(part)
        else:
            hasher.update(_filled(_numbers(column)).to_numpy().tobytes())
    return hasher.hexdigest()


def digest_of_rows(frame: pl.DataFrame) -> str:
    """Digest of the set of rows, `ingested_at` left out: 32 hexadecimal digits.

    It does not depend on the order of rows, and those of two frames add up to that of both (`add_digests`).

    Source:
        Ours: each row is hashed to 64 bits by the finalizer of SplitMix64 (Steele, Lea and Flood 2014, "Fast
        splittable pseudorandom number generators"), column after column; two sums of these, modulo 2^64.
    """
    return _digests(np.array([[lane.sum(dtype=np.uint64)] for lane in _lanes(frame)]))[0]


def digests_by_start(frame: pl.DataFrame, starts: npt.NDArray[np.int64]) -> list[str]:
    """`digest_of_rows` of each stretch of rows; `starts` are their first rows, ascending from 0."""
    if frame.height == 0:
        return []
    return _digests(np.array([np.add.reduceat(lane, starts) for lane in _lanes(frame)]))


def add_digests(*digests: str) -> str:
    """The digest of all rows together, of digests of parts that share no row."""
    lanes = np.frombuffer(bytes.fromhex("".join(digests)), dtype=">u8").reshape(len(digests), 2)
    return _digests(lanes.sum(axis=0, dtype=np.uint64).reshape(2, 1))[0]


def _lanes(frame: pl.DataFrame) -> tuple[_Words, _Words]:
    hashes = np.zeros(frame.height, dtype=np.uint64)
    for column in frame:
        if column.name not in _LEFT_OUT:
            hashes = _mix(hashes ^ _words(column) ^ _word_of(column.name))
    return hashes, _mix(hashes ^ _SECOND_LANE)


def _words(column: pl.Series) -> _Words:
    """The column's values as 64-bit words, each null the same word."""
    if column.null_count() == len(column):
        return np.full(len(column), _NULL)
    if column.dtype == pl.String:
        return _words_of_texts(column)
    if column.dtype.is_float():
        # Zero has one sign.
        words = (_filled(column.cast(pl.Float64)).to_numpy() + 0.0).view(np.uint64)
    else:
        words = _filled(column.cast(pl.Int64)).to_numpy().view(np.uint64)
    return np.where(_is_null(column), _NULL, words) if column.null_count() else words


def _numbers(column: pl.Series) -> pl.Series:
    """The column as the numbers that hold it."""
    # As `to_physical`, which takes many times as long.
    if column.dtype == pl.Boolean:
        return column.cast(pl.UInt8)
    if isinstance(column.dtype, pl.Datetime):
        return column.cast(pl.Int64)
    return column.cast(pl.Int32) if column.dtype == pl.Date else column


def _filled(column: pl.Series) -> pl.Series:
    # Most columns have no null, or nothing else, and filling takes longer than to see that.
    if column.null_count() == len(column):
        return pl.Series(column.name, np.zeros(len(column)), dtype=column.dtype)
    return column.fill_null(0) if column.null_count() else column


def _is_null(column: pl.Series) -> Bools:
    if column.null_count() == len(column):
        return np.ones(len(column), dtype=np.bool_)
    return column.is_null().to_numpy()


def _lengths_and_text(column: pl.Series) -> tuple[bytes, bytes]:
    """How many bytes each text has, and all of them one after the other."""
    if is_constant(column):
        # As nearly every provider and feed of a file.
        text: bytes = column[0].encode()
        return np.full(len(column), len(text), dtype=np.uint32).tobytes(), text * len(column)
    return column.str.len_bytes().to_numpy().tobytes(), "".join(column.to_list()).encode()


def _words_of_texts(column: pl.Series) -> _Words:
    if is_constant(column):
        return np.full(len(column), _word_of(column[0]))
    return np.fromiter(map(_word_of, column.to_list()), dtype=np.uint64, count=len(column))


def _mix(words: _Words) -> _Words:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


@lru_cache(maxsize=100_000)
def _word_of(text: str | None) -> np.uint64:
    if text is None:
        return _NULL
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _digests(sums: _Words) -> list[str]:
    """Digests of sums of the two lanes, shape (2, n_digests), as 32 hexadecimal digits each."""
    text = sums.T.astype(">u8").tobytes().hex()
    return [text[at : at + _DIGEST_HEX] for at in range(0, len(text), _DIGEST_HEX)]
