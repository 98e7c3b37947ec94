"""The way of bars from a provider into the lake: backfill, import, validation, gaps."""
