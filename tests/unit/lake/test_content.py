"""Tests of the digests of rows against the plain computation that they are defined by, one value at a time."""

import hashlib
import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from quantmill.core.bars import UTC_TIME
from quantmill.lake.content import Content, add_digests, content_digest, digest_of_rows

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCHEMA = {
    "symbol": pl.String(),
    "ts": UTC_TIME,
    "close": pl.Float64(),
    "count": pl.Int64(),
    "feed": pl.String(),
}
# Texts of one, two, three and four bytes a character; one text in all rows, as feeds are.
TEXTS = st.sampled_from([None, "", "AAPL", "É", "€uro", "😀"])
ROWS = st.tuples(
    TEXTS,
    st.integers(0, 10**15).map(lambda us: EPOCH + timedelta(microseconds=us)),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.just("iex"),
)
FRAMES = st.lists(ROWS, max_size=12).map(lambda rows: pl.DataFrame(rows, schema=SCHEMA, orient="row"))
FORMATS = {"ts": "<q", "close": "<d", "count": "<q"}
MASK = 2**64 - 1


def number(value: object) -> int | float:
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return 0 if value is None else value


def plain_content_digest(frame: pl.DataFrame) -> str:
    hasher = hashlib.sha256()
    for name, values in frame.to_dict(as_series=False).items():
        n_null = values.count(None)
        hasher.update(f"{name}\0{SCHEMA[name]}\0{len(values)}\0{n_null}\0".encode())
        if n_null:
            bits = "".join(str(int(value is None)) for value in values).ljust(-(-len(values) // 8) * 8, "0")
            hasher.update(int(bits, 2).to_bytes(len(bits) // 8, "big"))
        if name in FORMATS:
            hasher.update(b"".join(struct.pack(FORMATS[name], number(value)) for value in values))
        else:
            texts = [(value or "").encode() for value in values]
            hasher.update(b"".join(struct.pack("<I", len(text)) for text in texts) + b"".join(texts))
    return hasher.hexdigest()


def mixed(word: int) -> int:
    """The finalizer of SplitMix64, as in Steele, Lea and Flood 2014."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def word_of(name: str, value: object) -> int:
    if value is None:
        return 0x9E3779B97F4A7C15
    if isinstance(value, str):
        return int.from_bytes(hashlib.sha256(value.encode()).digest()[:8], "big")
    raw = number(value)
    # Zero has one sign.
    return struct.unpack("<Q", struct.pack(FORMATS[name], raw + 0.0 if name == "close" else raw))[0]


def plain_digest_of_rows(frame: pl.DataFrame) -> str:
    lanes = [0, 0]
    for row in frame.iter_rows(named=True):
        word = 0
        for name, value in row.items():
            word = mixed(word ^ word_of(name, value) ^ word_of("", name))
        lanes = [lanes[0] + word, lanes[1] + mixed(word ^ 0xD1B54A32D192ED03)]
    return "".join(f"{lane & MASK:016x}" for lane in lanes)


@given(FRAMES)
def test_the_digest_of_a_file_is_that_of_its_values_one_by_one(frame: pl.DataFrame) -> None:
    assert content_digest(frame) == plain_content_digest(frame)


@given(FRAMES)
def test_the_digest_of_rows_is_that_of_its_values_one_by_one(frame: pl.DataFrame) -> None:
    assert digest_of_rows(frame) == plain_digest_of_rows(frame)


@given(FRAMES.filter(lambda frame: frame.height > 0), st.data())
def test_digests_of_the_parts_add_up_to_that_of_all(frame: pl.DataFrame, data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, frame.height - 1)))
    starts = np.array(sorted({0, *cuts}))
    ends = [*starts[1:], frame.height]
    parts = Content(frame).digests_by_start(starts)
    assert parts == [plain_digest_of_rows(frame[start:end]) for start, end in zip(starts, ends, strict=True)]
    assert add_digests(*parts) == digest_of_rows(frame)


def test_when_rows_came_is_no_part_of_their_digests() -> None:
    bars = pl.DataFrame([("AAPL", EPOCH, 1.0, 2, "iex")], schema=SCHEMA, orient="row")
    stamped = bars.with_columns(ingested_at=pl.lit(EPOCH).cast(UTC_TIME))
    assert content_digest(stamped) == content_digest(bars)
    assert digest_of_rows(stamped) == digest_of_rows(bars)
