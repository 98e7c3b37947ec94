"""Digests of a frame's rows: one of rows in their order, one that adds up over any cut into files."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from quantmill.core.arrays import Bools
from quantmill.core.columns import is_constant

__all__ = ["Column", "Content", "add_digests", "content_digest", "digest_of_rows"]

_LEFT_OUT: Final = ("ingested_at",)
_NULL: Final = np.uint64(0x9E3779B97F4A7C15)
_SECOND_LANE: Final = np.uint64(0xD1B54A32D192ED03)
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))
_FACTORS: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_DIGEST_HEX: Final = 32
_NONE: Final = np.empty(0, np.bool_)

_Words = npt.NDArray[np.uint64]


class Content:
    """Rows as their digests see them: each column is looked at once, whatever digests are asked for."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._height = frame.height
        self._columns = {column.name: Column.of(column) for column in frame if column.name not in _LEFT_OUT}

    def __getitem__(self, name: str) -> "Column":
        """A column; `ingested_at` is none."""
        return self._columns[name]

    def __contains__(self, name: str) -> bool:
        """Whether there is a column of this name."""
        return name in self._columns

    def digest(self) -> str:
        """SHA-256 over column names, types and values in row order; `ingested_at` is left out."""
        hasher = hashlib.sha256()
        for column in self._columns.values():
            hasher.update(f"{column.name}\0{column.dtype}\0{self._height}\0{column.n_null}\0".encode())
            if column.n_null:
                hasher.update(np.packbits(column.is_null).tobytes())
            for part in column.payload():
                hasher.update(part)
        return hasher.hexdigest()

    def digest_of_rows(self) -> str:
        """Digest of the set of rows, `ingested_at` left out: 32 hexadecimal digits.

        It does not depend on the order of rows, and those of two frames add up to that of both (`add_digests`).

        Source:
            Ours: each row is hashed to 64 bits by the finalizer of SplitMix64 (Steele, Lea and Flood 2014, "Fast
            splittable pseudorandom number generators"), column after column; two sums of these, modulo 2^64.
        """
        return _digests(np.array([[lane.sum(dtype=np.uint64)] for lane in self._lanes]))[0]

    def digests_by_start(self, starts: npt.NDArray[np.int64]) -> list[str]:
        """`digest_of_rows` of each stretch of rows; `starts` are their first rows, ascending from 0."""
        if self._height == 0:
            return []
        return _digests(np.array([np.add.reduceat(lane, starts) for lane in self._lanes]))

    @cached_property
    def _lanes(self) -> tuple[_Words, _Words]:
        hashes = np.zeros(self._height, dtype=np.uint64)
        for column in self._columns.values():
            hashes = _mix(hashes ^ column.words() ^ _word_of(column.name))
        return hashes, _mix(hashes ^ _SECOND_LANE)


def content_digest(frame: pl.DataFrame) -> str:
    """`Content.digest` of a frame."""
    return Content(frame).digest()


def digest_of_rows(frame: pl.DataFrame) -> str:
    """`Content.digest_of_rows` of a frame."""
    return Content(frame).digest_of_rows()


def add_digests(*digests: str) -> str:
    """The digest of all rows together, of digests of parts that share no row."""
    lanes = np.frombuffer(bytes.fromhex("".join(digests)), dtype=">u8").reshape(len(digests), 2)
    return _digests(lanes.sum(axis=0, dtype=np.uint64).reshape(2, 1))[0]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: nulls are told by `is_null` (empty when there are none) and stand as 0 in `numbers`.

    Texts have no numbers; where all are the same, as nearly every provider and feed of a file, there is one.
    """

    name: str
    dtype: pl.DataType
    n_rows: int
    n_null: int
    is_null: Bools
    numbers: npt.NDArray[Any]
    texts: list[str | None]

    @classmethod
    def of(cls, column: pl.Series) -> "Column":
        """Look at a column."""
        dtype, n_rows, n_null = column.dtype, len(column), column.null_count()
        is_null = _NONE
        if n_null:
            # Most columns have no null, or nothing else, which needs no look at each row.
            is_null = np.ones(n_rows, np.bool_) if n_null == n_rows else column.is_null().to_numpy()
        numbers, texts = _NONE, list[str | None]()
        if dtype == pl.String:
            texts = column.head(1 if is_constant(column) else n_rows).to_list()
        elif n_null == n_rows:
            numbers = np.zeros(n_rows, _numpy_type(dtype))
        else:
            filled = _as_numbers(column, dtype)
            numbers = (filled.fill_null(0) if n_null else filled).to_numpy()
        return cls(column.name, dtype, n_rows, n_null, is_null, numbers, texts)

    def payload(self) -> Iterator[bytes]:
        """Its values as bytes; of texts the lengths, then all of them one after the other."""
        if self.dtype != pl.String:
            yield self.numbers.tobytes()
        elif len(self.texts) == 1:
            text = (self.texts[0] or "").encode()
            yield np.full(self.n_rows, len(text), dtype=np.uint32).tobytes()
            yield text * self.n_rows
        else:
            texts = [text or "" for text in self.texts]
            joined = "".join(texts)
            lengths = map(len, texts if joined.isascii() else map(str.encode, texts))
            yield np.fromiter(lengths, dtype=np.uint32, count=len(texts)).tobytes()
            yield joined.encode()

    def words(self) -> _Words:
        """Its values as 64-bit words, each null the same word."""
        if self.n_null == self.n_rows:
            return np.full(self.n_rows, _NULL)
        if self.dtype == pl.String:
            words = np.fromiter(map(_word_of, self.texts), dtype=np.uint64, count=len(self.texts))
            return np.repeat(words, self.n_rows) if len(words) == 1 else words
        if self.dtype.is_float():
            # Zero has one sign.
            words = (self.numbers.astype(np.float64, copy=False) + 0.0).view(np.uint64)
        else:
            words = self.numbers.astype(np.int64, copy=False).view(np.uint64)
        return np.where(self.is_null, _NULL, words) if self.n_null else words


def _as_numbers(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The column as the numbers that hold it."""
    # As `to_physical`, which takes many times as long.
    if dtype == pl.Boolean:
        return column.cast(pl.UInt8)
    if isinstance(dtype, pl.Datetime):
        return column.cast(pl.Int64)
    return column.cast(pl.Int32) if dtype == pl.Date else column


@lru_cache(maxsize=256)
def _numpy_type(dtype: pl.DataType) -> np.dtype[Any]:
    """The type of the numbers that hold a column type."""
    return _as_numbers(pl.Series(dtype=dtype), dtype).to_numpy().dtype


def _mix(words: _Words) -> _Words:
    # In place but for the first step, which leaves what was given alone.
    words = words ^ (words >> _SHIFTS[0])
    words *= _FACTORS[0]
    words ^= words >> _SHIFTS[1]
    words *= _FACTORS[1]
    words ^= words >> _SHIFTS[2]
    return words


@lru_cache(maxsize=100_000)
def _word_of(text: str | None) -> np.uint64:
    if text is None:
        return _NULL
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _digests(sums: _Words) -> list[str]:
    """Digests of sums of the two lanes, shape (2, n_digests), as 32 hexadecimal digits each."""
    text = sums.T.astype(">u8").tobytes().hex()
    return [text[at : at + _DIGEST_HEX] for at in range(0, len(text), _DIGEST_HEX)]
