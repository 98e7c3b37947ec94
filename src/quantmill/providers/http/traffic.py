"""What was sent: counts that reports show."""

import threading
from dataclasses import dataclass, field

__all__ = ["Traffic"]


@dataclass
class Traffic:
    """Counts of one process, safe to share between its threads."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0
    waited_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, *, requests: int = 0, retries: int = 0, n_bytes: int = 0, waited_s: float = 0.0) -> None:
        """Add to the counts."""
        with self._lock:
            self.requests += requests
            self.retries += retries
            self.bytes += n_bytes
            self.waited_s += waited_s
