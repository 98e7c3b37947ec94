"""Tiingo, which took the place of IEX Cloud: minutes of the venue IEX."""
