"""Digests of a frame's rows: one of rows in their order, one that adds up over any cut into files."""

import hashlib
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["add_digests", "content_digest", "digest_of_rows", "digests_by_start"]

_LEFT_OUT: Final = ("ingested_at",)
_NULL: Final = np.uint64(0x9E3779B97F4A7C15)
_SECOND_LANE: Final = np.uint64(0xD1B54A32D192ED03)
_LANE_HEX: Final = 16

_Words = npt.NDArray[np.uint64]


def content_digest(frame: pl.DataFrame) -> str:
    """SHA-256 over column names, types and values in row order; `ingested_at` is left out."""
    hasher = hashlib.sha256()
    for column in frame:
        if column.name in _LEFT_OUT:
            continue
        hasher.update(f"{column.name}\0{column.dtype}\0{len(column)}\0{column.null_count()}\0".encode())
        if column.null_count():
            hasher.update(np.packbits(column.is_null().to_numpy()).tobytes())
        if column.dtype == pl.String:
            filled = column.fill_null("") if column.null_count() else column
            hasher.update(filled.str.len_bytes().to_numpy().tobytes())
            if _is_constant(filled):
                hasher.update(filled[0].encode() * len(filled))
            else:
                hasher.update("".join(filled.to_list()).encode())
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
    first, second = _lanes(frame)
    return _hex(first.sum(dtype=np.uint64), second.sum(dtype=np.uint64))


def digests_by_start(frame: pl.DataFrame, starts: npt.NDArray[np.int64]) -> list[str]:
    """`digest_of_rows` of each stretch of rows; `starts` are their first rows, ascending from 0."""
    if frame.height == 0:
        return []
    sums = [np.add.reduceat(lane, starts) for lane in _lanes(frame)]
    return [_hex(first, second) for first, second in zip(*sums, strict=True)]


def add_digests(*digests: str) -> str:
    """The digest of all rows together, of digests of parts that share no row."""
    lanes = [sum(int(digest[at : at + _LANE_HEX], 16) for digest in digests) % 2**64 for at in (0, _LANE_HEX)]
    return f"{lanes[0]:016x}{lanes[1]:016x}"


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
    return np.where(column.is_null().to_numpy(), _NULL, words) if column.null_count() else words


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


def _words_of_texts(column: pl.Series) -> _Words:
    if _is_constant(column):
        return np.full(len(column), _word_of(column[0]))
    return np.array([_word_of(text) for text in column.to_list()], dtype=np.uint64)


def _is_constant(column: pl.Series) -> bool:
    """Whether a column of texts has rows, none of them null and all the same; cheaper than to count what is unique."""
    return len(column) > 0 and column.null_count() == 0 and bool((column == column[0]).all())


def _mix(words: _Words) -> _Words:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


@lru_cache(maxsize=100_000)
def _word_of(text: str | None) -> np.uint64:
    if text is None:
        return _NULL
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _hex(first: np.uint64, second: np.uint64) -> str:
    return f"{int(first):016x}{int(second):016x}"
