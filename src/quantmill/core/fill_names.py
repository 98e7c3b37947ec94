"""Names of the fill models, which settings, requests and simulations share."""

from typing import Literal

__all__ = ["FillName"]

FillName = Literal["next_open", "close", "delayed_mid", "vwap", "adverse", "atr"]
