"""A lake in a bucket: the same answers as on a disk, from copies that are never stale."""

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmill.config.settings import S3Settings
from quantmill.core.clock import FixedClock, SystemClock
from quantmill.errors import CommitConflictError, ConfigError, DamagedFileError, StoreError
from quantmill.lake import Lake
from quantmill.lake.volume import Volume
from quantmill.lake.volumes import open_volume
from quantmill.testing.lakes import make_bars, open_lake
from tests.s3_server import S3Server

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret"}
HOUR = timedelta(hours=1)
CENTURY_S = 36_500 * 86_400.0

OpenVolume = Callable[..., Volume]


@pytest.fixture
def bucket(s3: S3Server) -> str:
    return s3.fresh()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 20, tzinfo=UTC))


@pytest.fixture
def open_bucket(s3: S3Server, tmp_path: Path, clock: FixedClock) -> OpenVolume:
    """Function `(bucket, cache=…, **settings)` that opens a bucket's folder `my/lake`."""

    def opened(name: str, *, cache: str = "cache", **settings: object) -> Volume:
        given = {"endpoint_url": s3.url, "max_retries": 1, "timeout_s": 5, **settings}
        return open_volume(
            tmp_path / "none",
            f"s3://{name}/my/lake",
            S3Settings.model_validate(given),
            cache_path=tmp_path / cache,
            clock=clock,
            environment=KEYS,
        )

    return opened


@pytest.fixture
def volume(bucket: str, open_bucket: OpenVolume) -> Volume:
    return open_bucket(bucket)


@pytest.fixture
def lake(volume: Volume, tmp_path: Path) -> Iterator[Lake]:
    opened = open_lake(tmp_path / "home", volume=volume)
    yield opened
    opened.state.close()


def copies(tmp_path: Path, cache: str = "cache") -> list[Path]:
    return sorted(path for path in (tmp_path / cache).rglob("*") if path.is_file())


def test_a_lake_in_a_bucket_answers_as_one_on_a_disk(lake: Lake, tmp_path: Path) -> None:
    disk = open_lake(tmp_path / "disk")
    for one in (lake, disk):
        one.write("bars", pl.concat([make_bars("X:BTC-USD", 30), make_bars("SPY", 20)]))
        one.write("bars", make_bars("SPY", 5, close=90.0), on_conflict="replace")
        one.write("bars", make_bars("SPY", 25))

    for symbol in ("SPY", "X:BTC-USD"):
        assert_frame_equal(lake.read_bars(symbol), disk.read_bars(symbol))
    query = "SELECT symbol, count(*), sum(close) FROM bars GROUP BY symbol ORDER BY symbol"
    assert lake.sql(query).rows() == disk.sql(query).rows()
    assert lake.read_bars("SPY", as_of=1).height == 20
    assert lake.tail("SPY", 1).equals(disk.tail("SPY", 1))
    assert lake.input_digest("bars") == disk.input_digest("bars")
    assert lake.verify().findings == []
    assert lake.verify().files == disk.verify().files == 3
    assert not (lake.root / "bars").exists()
    disk.state.close()


def test_objects_have_the_names_of_the_catalogue(lake: Lake, bucket: str, s3: S3Server) -> None:
    lake.write("bars", pl.concat([make_bars(symbol, 1) for symbol in ("X:BTC-USD", "BRK.B", "I:VIX")]))
    named = {file.path for file in lake.files("bars")}

    assert {file.path for file in lake.volume.listing()} == named
    keys = {found["Key"] for found in s3.client().list_objects_v2(Bucket=bucket)["Contents"]}
    assert {f"my/lake/{path}" for path in named} == {key for key in keys if key.endswith(".parquet")}
    assert lake.sweep(min_age_s=-CENTURY_S).orphan_files == 0


def test_another_machine_reads_what_was_stored(
    lake: Lake, bucket: str, open_bucket: OpenVolume, tmp_path: Path
) -> None:
    lake.write("bars", pl.concat([make_bars(f"S{number}", 5) for number in range(20)]))

    other = Lake.open(tmp_path / "other", lake.state, lake.clock, volume=open_bucket(bucket, cache="theirs"))

    assert other.scan("bars").collect().height == 100
    assert len(copies(tmp_path, "theirs")) == 20


def test_the_second_read_asks_the_store_for_nothing(lake: Lake, bucket: str, s3: S3Server) -> None:
    lake.write("bars", make_bars("SPY", 30))
    for found in s3.client().list_objects_v2(Bucket=bucket)["Contents"]:
        s3.client().delete_object(Bucket=bucket, Key=found["Key"])

    assert lake.read_bars("SPY").height == 30
    assert lake.verify().findings == [f"{lake.files('bars')[0].path}: the file is missing"]


def test_a_damaged_object_is_found_out(
    lake: Lake, bucket: str, s3: S3Server, open_bucket: OpenVolume, tmp_path: Path
) -> None:
    lake.write("bars", make_bars("SPY", 300))
    client, key = s3.client(), f"my/lake/{lake.files('bars')[0].path}"
    stored = client.get_object(Bucket=bucket, Key=key)
    content = bytearray(stored["Body"].read())
    content[len(content) // 2] ^= 1
    client.put_object(Bucket=bucket, Key=key, Body=bytes(content), Metadata=stored["Metadata"])
    theirs = open_bucket(bucket, cache="theirs")
    other = Lake.open(tmp_path / "other", lake.state, lake.clock, volume=theirs)

    with pytest.raises(DamagedFileError, match="SHA-256"):
        other.read_bars("SPY")
    assert copies(tmp_path, "theirs") == []
    for one in (lake, other):
        assert any("SHA-256 of its bytes" in finding for finding in one.verify().findings)

    client.put_object(Bucket=bucket, Key=key, Body=b"")
    assert any("found 0 bytes" in finding for finding in lake.verify().findings)


def test_a_swept_staged_file_is_missed_and_orphans_go(lake: Lake) -> None:
    lake.write("bars", make_bars("QQQ", 3))
    staged = lake.stage("bars", pl.concat([make_bars("SPY", 3), make_bars("IWM", 3)]))

    assert lake.sweep(min_age_s=CENTURY_S).spared_files == 2
    swept = lake.sweep(min_age_s=-CENTURY_S)

    assert (swept.orphan_files, swept.partial_files) == (2, 0)
    assert swept.n_bytes == sum(draft.n_bytes for draft in staged.drafts)
    with pytest.raises(CommitConflictError, match="swept away"):
        lake.commit([staged])
    assert lake.read_bars("QQQ").height == 3
    assert lake.verify().ok


def test_a_refused_commit_leaves_no_object(lake: Lake) -> None:
    staged = lake.stage("bars", make_bars("SPY", 3))
    lake.write("bars", make_bars("SPY", 1))

    with pytest.raises(CommitConflictError):
        lake.commit([staged])

    assert len(list(lake.volume.listing())) == 1


def test_lines_of_commits_come_back_in_their_order(volume: Volume) -> None:
    for snapshot, line in ((1, '{"a":1}'), (2, '{"b":"é"}'), (10, '{"c":3}'), (2, '{"b":2}')):
        volume.log(snapshot, line)

    assert list(volume.read_log()) == [(1, '{"a":1}'), (2, '{"b":2}'), (10, '{"c":3}')]
    assert list(volume.listing()) == []


def test_the_oldest_copies_go_when_they_outgrow_their_bound(
    bucket: str, open_bucket: OpenVolume, clock: FixedClock, tmp_path: Path
) -> None:
    small = open_bucket(bucket, cache_bytes=2_500)
    names = [f"bars/symbol=S/{number}.parquet" for number in range(4)]
    for number, name in enumerate(names[:3]):
        small.write(name, memoryview(bytes(1_000)), uid=str(number))
        clock.instant += HOUR
    small.local(names[:1])

    small.write(names[3], memoryview(bytes(1_000)), uid="3")

    # Number 0 was used just now, 3 is new: 1 and 2 are the oldest, and both must go to get below the bound.
    assert [path.name for path in copies(tmp_path)] == ["0.parquet", "3.parquet"]
    assert [path.read_bytes() for path in small.local(names)] == [bytes(1_000)] * 4


def test_partial_copies_of_dead_processes_are_cleared(
    bucket: str, open_bucket: OpenVolume, clock: FixedClock, tmp_path: Path
) -> None:
    old, young = (tmp_path / "cache" / "_staging" / name for name in ("old", "young"))
    old.parent.mkdir(parents=True)
    for path, age in ((old, 2 * HOUR), (young, HOUR / 2)):
        path.write_bytes(b"half")
        os.utime(path, ((clock.now() - age).timestamp(),) * 2)

    open_bucket(bucket).write("bars/symbol=S/1.parquet", memoryview(b"x"), uid="1")

    assert [path.name for path in copies(tmp_path)] == ["young", "1.parquet"]


def test_a_large_file_goes_up_and_comes_back_whole(
    bucket: str, open_bucket: OpenVolume, tmp_path: Path
) -> None:
    content = os.urandom(12_000_001)
    open_bucket(bucket).write("bars/symbol=S/1.parquet", memoryview(content), uid="1")

    copy = open_bucket(bucket, cache="theirs").local(["bars/symbol=S/1.parquet"])[0]

    assert copy.read_bytes() == content


def test_a_lost_cache_is_fetched_again(lake: Lake, tmp_path: Path) -> None:
    lake.write("bars", make_bars("SPY", 3))
    shutil.rmtree(tmp_path / "cache")

    assert lake.read_bars("SPY").height == 3


def test_a_file_that_never_was_is_told_apart(volume: Volume) -> None:
    with pytest.raises(FileNotFoundError):
        volume.local(["bars/symbol=SPY/2024.none.parquet"])
    assert volume.missing(["a", "b"]) == ["a", "b"]
    volume.delete("bars/symbol=SPY/2024.none.parquet")


def test_the_script_for_other_programs_names_the_bucket(lake: Lake, bucket: str) -> None:
    lake.write("bars", make_bars("SPY", 3))
    script = (lake.root / "_views" / "lake.sql").read_text()

    with duckdb.connect() as connection:
        # Up to the first view over files, which would read them.
        connection.execute(script[: script.index("CREATE OR REPLACE TEMP VIEW bars")])
        files = connection.sql("SELECT unnest(getvariable('bars_files').paths)").fetchall()

    assert files == [(f"s3://{bucket}/my/lake/{lake.files('bars')[0].path}",)]


EVERY_USE: list[Callable[[Volume], object]] = [
    lambda volume: volume.write("a.parquet", memoryview(b"x"), uid="1"),
    lambda volume: volume.local(["a.parquet"]),
    lambda volume: volume.delete("a.parquet"),
    lambda volume: list(volume.listing()),
    lambda volume: volume.log(1, "{}"),
    lambda volume: list(volume.read_log()),
]


@pytest.mark.parametrize("use", EVERY_USE)
def test_a_missing_bucket_is_told(open_bucket: OpenVolume, use: Callable[[Volume], object]) -> None:
    with pytest.raises(StoreError, match="has no bucket nowhere") as caught:
        use(open_bucket("nowhere"))

    assert "lake_url" in caught.value.hint


@pytest.mark.parametrize("use", [*EVERY_USE, lambda volume: volume.missing(["a.parquet"])])
def test_a_silent_server_is_told_within_moments(
    open_bucket: OpenVolume, use: Callable[[Volume], object]
) -> None:
    started = time.monotonic()

    with pytest.raises(StoreError, match=r"no server answers at http://127\.0\.0\.1:1") as caught:
        use(open_bucket("lake", endpoint_url="http://127.0.0.1:1"))

    assert "s3.endpoint_url" in caught.value.hint
    assert time.monotonic() - started < 5


class Answering(BaseHTTPRequestHandler):
    """Answers as the class is told: status codes in turn, the last for ever, after a pause."""

    codes: ClassVar[list[int]] = []
    pause_s: ClassVar[float] = 0.0
    n_asked: ClassVar[int] = 0

    def do_PUT(self) -> None:
        type(self).n_asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.pause_s)
        code = self.codes[0] if len(self.codes) == 1 else self.codes.pop(0)
        body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>" if code == 403 else b""
        self.send_response(code)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", str(len(body)))
        with suppress(BrokenPipeError):
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(*codes: int, pause_s: float = 0.0) -> Iterator[tuple[str, type[Answering]]]:
    told = type("Told", (Answering,), {"codes": list(codes), "pause_s": pause_s, "n_asked": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), told) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()


def put_one(volume: Volume) -> None:
    volume.write("a.parquet", memoryview(b"x"), uid="1")


def test_a_passing_fault_is_tried_again(open_bucket: OpenVolume) -> None:
    with answering(500, 503, 200) as (url, told):
        put_one(open_bucket("lake", endpoint_url=url, max_retries=2))

    assert told.n_asked == 3


def test_tries_are_bounded(open_bucket: OpenVolume) -> None:
    with answering(503) as (url, told), pytest.raises(StoreError, match="503"):
        put_one(open_bucket("lake", endpoint_url=url, max_retries=2))

    assert told.n_asked == 3


def test_missing_rights_are_told_at_once(open_bucket: OpenVolume) -> None:
    with answering(403) as (url, told), pytest.raises(StoreError, match="refuses access") as caught:
        put_one(open_bucket("lake", endpoint_url=url))

    assert "AccessDenied" in str(caught.value)
    assert "rights to list, read, write and delete" in caught.value.hint
    assert told.n_asked == 1


def test_a_server_that_does_not_answer_is_given_up(open_bucket: OpenVolume) -> None:
    with answering(200, pause_s=1.0) as (url, _), pytest.raises(StoreError, match=r"took longer than 0\.2 s"):
        put_one(open_bucket("lake", endpoint_url=url, timeout_s=0.2, max_retries=0))


@pytest.mark.parametrize(
    ("url", "settings", "environment", "said"),
    [
        ("gs://lake", {}, KEYS, "gs://lake"),
        ("s3://", {}, KEYS, "s3://"),
        ("s3://key:s3cret@lake/x", {}, KEYS, "holds a user or a key"),
        ("s3://[lake", {}, KEYS, "cannot be understood"),
        ("s3://lake", {"endpoint_url": "minio:9000"}, KEYS, "not of the form"),
        ("s3://lake", {"endpoint_url": "http://10.0.0.1:9000"}, KEYS, "unencrypted"),
        ("s3://lake", {}, KEYS | {"AWS_ENDPOINT_URL": "http://minio"}, "unencrypted"),
        ("s3://lake", {}, {}, "no credentials"),
        ("s3://lake", {"access_key_id": "s3cret"}, KEYS, "go together"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, url: str, settings: dict[str, str], environment: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        open_volume(
            tmp_path,
            url,
            S3Settings.model_validate(settings),
            cache_path=tmp_path,
            clock=SystemClock(),
            environment=environment,
        )

    assert caught.value.hint
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


def test_without_the_client_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError("No module named 'obstore'")

    monkeypatch.setattr("importlib.import_module", fail)

    with pytest.raises(ConfigError, match="client of object stores") as caught:
        open_volume(
            tmp_path, "s3://lake", S3Settings(), cache_path=tmp_path, clock=SystemClock(), environment=KEYS
        )

    assert "quantmill[s3]" in caught.value.hint
