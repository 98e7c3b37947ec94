"""Regimes: states of the market as a whole, labeled once from the benchmark and the volatility source."""
