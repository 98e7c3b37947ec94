"""What part of the market a stored bar speaks for, told by its provider and feed."""

from typing import Final

from quantmill.providers.protocol import Grade

__all__ = ["grade_of"]

_BY_FEED: Final[dict[tuple[str, str], Grade]] = {
    ("alpaca", "sip"): "consolidated",
    ("alpaca", "delayed_sip"): "consolidated",
    ("alpaca", "iex"): "single venue",
    ("alpaca", "boats"): "single venue",
    ("alpaca", "overnight"): "single venue",
}
_BY_PROVIDER: Final[dict[str, Grade]] = {
    "sim": "synthetic",
    "files": "recorded",
    "iex": "single venue",
    "massive": "consolidated",
    "yahoo": "best effort",
}


def grade_of(provider: str, feed: str) -> Grade:
    """The grade of bars; `best effort` where a provider is not known.

    Of a single venue a minute without a trade says little: others may have traded.
    """
    name = provider.partition(":")[0]
    return _BY_FEED.get((name, feed)) or _BY_PROVIDER.get(name, "best effort")
