"""A server of the S3 protocol on this machine, in a process of its own, and fresh buckets on it."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex

import boto3

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test-secret"}
# It ends when the tests' end of its standard input is closed, however they end.
_SERVE = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class S3Server:
    """A server at `url` that takes any key."""

    url: str

    def fresh(self) -> str:
        """Name of a new, empty bucket."""
        name = f"lake-{token_hex(6)}"
        self.client().create_bucket(Bucket=name)
        return name

    def client(self):
        """A client by other hands than quantmill's."""
        return boto3.client("s3", endpoint_url=self.url, **KEYS, region_name="us-east-1")

    def environment(self, bucket: str) -> dict[str, str]:
        """The environment that makes a home keep its lake in a bucket."""
        return {
            "QUANTMILL_LAKE_URL": f"s3://{bucket}/my/lake",
            "QUANTMILL_S3__ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
        }


@contextmanager
def own_s3_server() -> Generator[S3Server]:
    """Start a server without buckets."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield S3Server(server.stdout.readline().strip())
        finally:
            server.kill()
