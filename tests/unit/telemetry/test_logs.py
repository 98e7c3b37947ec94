"""Log lines: JSON, without credentials."""

import json
import logging

import pytest

from quantmill.telemetry.logs import JsonFormatter, redact


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("api_key=abc123&x=1", "abc123"),
        ("Authorization: Bearer eyJhbGci", "eyJhbGci"),
        ("postgresql://user:hunter2@host/db", "hunter2"),
        ('{"token": "t0ps3cret"}', "t0ps3cret"),
    ],
)
def test_credentials_are_redacted(text: str, secret: str) -> None:
    redacted = redact(text)

    assert secret not in redacted
    assert "********" in redacted


def test_a_line_is_one_json_object_with_its_extras() -> None:
    record = logging.makeLogRecord(
        {"name": "quantmill.lake", "levelname": "INFO", "msg": "commit %d", "args": (7,)}
    )
    record.snapshot = 7

    line = json.loads(JsonFormatter().format(record))

    assert (line["message"], line["snapshot"], line["logger"]) == ("commit 7", 7, "quantmill.lake")
