"""Log lines as JSON on standard error, credentials redacted."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Final

__all__ = ["JsonFormatter", "log_to_stderr", "redact"]

_SECRETS: Final = re.compile(
    r"(?P<name>(?:api[-_]?key|secret|token|password|authorization)[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?)[^\s\"'&,;]+"
    r"|(?P<scheme>\w+://[^:/\s]+:)[^@\s]+(?=@)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with the values of keys, tokens and passwords replaced by asterisks."""
    return _SECRETS.sub(lambda found: f"{found['name'] or found['scheme']}********", text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: timestamp, level, logger, message, and what the caller passed as `extra`."""

    _STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted JSON line."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in record.__dict__.items() if name not in self._STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, default=str, ensure_ascii=False))


def log_to_stderr(*, verbose: bool) -> None:
    """Send our log lines to standard error: warnings, or everything when `verbose`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("quantmill")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logger.propagate = False
