"""Measurements of speed against goals and against other programs; run `python -m benchmarks`."""
